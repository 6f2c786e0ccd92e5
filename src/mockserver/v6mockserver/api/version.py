"""
Routes that say which server this is and how it feels.
"""

from __future__ import annotations

from v6mockserver.api._routes import Answer, Call, Routes

routes = Routes("version")


@routes.add("GET", "/version", callers=())
def get_version(call: Call) -> Answer:
    """
    Say which release the server behaves as.
    """
    return 200, {"version": call.world.release.number}


@routes.add("GET", "/health", callers=())
def get_health(call: Call) -> Answer:  # noqa: ARG001 -- a view takes the call
    """
    Say whether the database answers; ours is in memory and always does.
    """
    return 200, {"database": True}
