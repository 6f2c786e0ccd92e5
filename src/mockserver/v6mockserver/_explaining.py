"""
Why a user may do something, or may not: which rules reach an object, and whether the user holds one of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError
from v6mockserver.state.permissions import (
    DELETE,
    EDIT,
    ORGANIZATION,
    OWN,
    SEND,
    VIEW,
    Caller,
    Decision,
    decide,
    rules_of_user,
    scopes_to_collaboration,
    scopes_to_organization,
)

if TYPE_CHECKING:
    from v6mockserver.state import entities
    from v6mockserver.state.world import World

REACHED_BY_MEMBERS = {
    ("collaboration", VIEW),
    ("study", VIEW),
    ("study", EDIT),
    ("study", DELETE),
}
"""Where ORGANIZATION is about the organizations that take part, not about one to which the object belongs."""

TASKS = {("task", VIEW), ("task", DELETE), ("run", VIEW)}
REACHED_BY_OWNER = TASKS | {("event", SEND)}
"""What belongs to a collaboration, and to the organization that began it or whose node it is."""


def user_named(world: World, username: str) -> entities.User:
    """
    Return the user with a name.

    Raises
    ------
    MockUsageError
        If there is none; the message says who there is.
    """
    user = world.user.first("username", username)
    if user is None:
        msg = f"there is no user {username!r}; there are {', '.join(sorted(row.username for row in world.user))}"
        raise MockUsageError(msg)
    return user


def explain(
    world: World,
    username: str,
    operation: str,
    resource: str,
    *,
    organization: int | str | None,
    collaboration: int | str | None,
    own: bool,
) -> Decision:
    """
    Decide what `MockServer.explain` is asked.
    """
    user = user_named(world, username)
    asked = operation.upper()
    known = sorted({(key.resource, key.operation) for key in world.rule_ids})
    if (resource, asked) not in known:
        choices = ", ".join(f"{one} {other}" for other, one in known)
        msg = f"no rule is about {asked} of {resource!r}; there are rules about {choices}"
        raise MockUsageError(msg)
    caller = Caller(kind="user", id=user.id, organization_id=user.organization_id, rules=rules_of_user(world, user.id))
    owner = _id(world.organization, "organization", organization)
    place = _id(world.collaboration, "collaboration", collaboration)
    scopes = _scopes(world, caller, (resource, asked), owner, place)
    return decide(world, caller, resource, asked, [*scopes, *([OWN] if own else [])])


def _scopes(world: World, caller: Caller, asked: tuple[str, str], owner: int | None, place: int | None) -> list[str]:
    """
    Return the scopes that reach an object of an organization, in a collaboration, or both.
    """
    through_any = owner is not None and asked in TASKS and world.release.reaches_tasks_through_any_collaboration
    if place is None or through_any:
        return scopes_to_organization(world, caller, owner)
    scopes = scopes_to_collaboration(world, caller, place)
    takes_part = (place, caller.organization_id) in world.collaboration_organization
    if asked in REACHED_BY_MEMBERS and takes_part and owner in (None, caller.organization_id):
        return [*scopes, ORGANIZATION]
    if asked in REACHED_BY_OWNER and owner == caller.organization_id:
        return [*scopes, ORGANIZATION]
    return scopes


def _id(table: Any, noun: str, which: int | str | None) -> int | None:
    """
    Return the id of a row that is given by its id or its name.
    """
    if which is None or (isinstance(which, int) and which in table):
        return which
    row = table.first("name", which) if isinstance(which, str) else None
    if row is None:
        known = ", ".join(f"{one.name!r} ({one.id})" for one in table) or "none"
        raise MockUsageError(f"there is no {noun} {which!r}; there are {known}")
    return int(row.id)
