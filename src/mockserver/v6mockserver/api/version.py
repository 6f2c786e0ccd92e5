"""
Routes that say which server this is and how it feels.
"""

from __future__ import annotations

from marshmallow import fields

from v6mockserver.api._answers import AnswerSchema, text
from v6mockserver.api._routes import Answer, Call, Routes

routes = Routes("version")


class VersionAnswer(AnswerSchema):
    """
    The release of the server.
    """

    version = text()


class HealthAnswer(AnswerSchema):
    """
    How the server feels.
    """

    database = fields.Boolean()


@routes.add("GET", "/version", callers=(), answers={200: VersionAnswer})
def get_version(call: Call) -> Answer:
    """
    Say which release the server behaves as.
    """
    return 200, {"version": call.world.release.number}


@routes.add("GET", "/health", callers=(), answers={200: HealthAnswer})
def get_health(call: Call) -> Answer:  # noqa: ARG001 -- a view takes the call
    """
    Say whether the database answers; ours is in memory and always does.
    """
    return 200, {"database": True}
