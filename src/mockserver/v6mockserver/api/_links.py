"""
Links between objects in answers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v6mockserver.state.world import World

API_PATH = "/api"
"""Where the API lives below the server's root."""


def to_one(world: World, noun: str, id_: int | None) -> dict[str, Any] | None:
    """
    Return the link to one object, or None.
    """
    if id_ is None:
        return None
    return {"id": id_, "link": f"{API_PATH}/{noun}/{id_}", "methods": world.release.link_methods[noun]}


def to_many(noun: str, **owner: int) -> str:
    """
    Return the link to the list of what belongs to one object.

    A name and a number need no quoting, which would be half the time of a page of tasks.
    """
    ((name, id_),) = owner.items()
    return f"{API_PATH}/{noun}?{name}={id_}"
