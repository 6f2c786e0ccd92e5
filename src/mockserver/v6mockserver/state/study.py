"""
Studies: named subsets of a collaboration's organizations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, PermissionDeniedError
from v6mockserver.state import cascade, entities
from v6mockserver.state.lookup import existing, require_free
from v6mockserver.state.permissions import (
    COLLABORATION,
    CREATE,
    DELETE,
    EDIT,
    GLOBAL,
    ORGANIZATION,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    own_collaborations,
    require,
    require_any,
    scopes_to_collaboration,
    widest,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "study"


def view(world: World, caller: Caller, id_: int) -> entities.Study:
    """
    Return a study that the caller may view.
    """
    return _reached(world, caller, VIEW, id_)


def _reached(world: World, caller: Caller, operation: str, id_: int) -> entities.Study:
    """
    Return a study on which the caller may do an operation.

    COLLABORATION reaches it through its collaboration, ORGANIZATION through its members.
    """
    row = existing(world.study, NOUN, id_)
    scopes = scopes_to_collaboration(world, caller, row.collaboration_id)
    if (id_, caller.organization_id) in world.study_organization:
        scopes.append(ORGANIZATION)
    require(decide(world, caller, NOUN, operation, scopes))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Study]:
    """
    Return the studies that the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [
        *likes(parameters, "name"),
        *_chosen_by_member(world, caller, parameters),
        *_chosen_by_collaboration(world, caller, parameters),
        *_within_reach(world, caller),
    ]
    return select(world.study, criteria)


def _chosen_by_member(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    text = parameters.text("organization_id")
    if text is None:
        return
    scope = widest(world, caller, NOUN, VIEW)
    if scope in (GLOBAL, COLLABORATION):
        yield Among("id", world.study_organization.lefts(parameters.foreign_key("organization_id")))
    elif scope != ORGANIZATION or text != str(caller.organization_id):
        raise PermissionDeniedError(
            messages.DENIED.format(decision=decide(world, caller, NOUN, VIEW, [GLOBAL, COLLABORATION]))
        )


def _chosen_by_collaboration(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if parameters.text("collaboration_id") is None:
        return
    scope = widest(world, caller, NOUN, VIEW)
    if scope != GLOBAL:
        # Who may view no study at all is told so, whatever the value is.
        is_own = scope is not None and parameters.integer("collaboration_id") in own_collaborations(world, caller)
        # Here, unlike elsewhere, ORGANIZATION may filter by a collaboration, although it shows a part of it only.
        reach = [GLOBAL, COLLABORATION, ORGANIZATION] if is_own else [GLOBAL]
        require(decide(world, caller, NOUN, VIEW, reach))
    yield Among("collaboration_id", {parameters.foreign_key("collaboration_id")})


def _within_reach(world: World, caller: Caller) -> list[Among]:
    scope = require_any(world, caller, NOUN, VIEW)
    if scope == GLOBAL:
        return []
    if scope == COLLABORATION:
        return [Among("collaboration_id", own_collaborations(world, caller))]
    return [Among("id", world.study_organization.lefts(caller.organization_id))]


def create(
    world: World, caller: Caller, *, name: str, collaboration_id: int, organization_ids: Collection[Any]
) -> entities.Study:
    """
    Create a study of some members of a collaboration.
    """
    require_free(world.study, NOUN, "name", name)
    require(on_collaboration(world, caller, NOUN, CREATE, collaboration_id))
    # Not copied: the real server fails with a 500 on a collaboration that does not exist (4.15, POST /study).
    existing(world.collaboration, "collaboration", collaboration_id)
    _require_members(world, collaboration_id, organization_ids)
    row = world.study.add(entities.Study(id=world.next_id(NOUN), name=name, collaboration_id=collaboration_id))
    world.study_organization.assign(row.id, map(int, organization_ids))
    return row


def _require_members(world: World, collaboration_id: int, organization_ids: Collection[Any]) -> None:
    members = world.collaboration_organization.rights(collaboration_id)
    if strangers := [id_ for id_ in organization_ids if id_ not in members]:
        raise BadRequestError(
            messages.NOT_IN_COLLABORATION.format(collaboration=collaboration_id, organizations=strangers)
        )


def require_may_edit(world: World, caller: Caller, id_: int) -> entities.Study:
    """
    Return a study that the caller may edit.
    """
    return _reached(world, caller, EDIT, id_)


def update(world: World, id_: int, changes: Mapping[str, Any]) -> entities.Study:
    """
    Change a study's name and members; its collaboration stays, whatever is sent.
    """
    row = world.study[id_]
    if changes.get("name", row.name) != row.name:
        require_free(world.study, NOUN, "name", changes["name"])
    if "organization_ids" in changes:
        _require_members(world, row.collaboration_id, changes["organization_ids"])
        world.study_organization.assign(id_, map(int, changes["organization_ids"]))
    return world.study.replace(replace(row, name=changes.get("name", row.name)))


def delete(world: World, caller: Caller, id_: int, *, delete_dependents: bool) -> None:
    """
    Delete a study, and with `delete_dependents` its tasks.
    """
    _reached(world, caller, DELETE, id_)
    dependents = {"tasks": world.task.where("study_id", id_)}
    cascade.require_no_dependents(NOUN, id_, dependents, delete_dependents=delete_dependents)
    cascade.delete_study(world, id_)


def members(world: World, id_: int) -> list[entities.Organization]:
    """
    Return the organizations of a study, by id.
    """
    return [world.organization[other] for other in sorted(world.study_organization.rights(id_))]


def require_may_edit_members(world: World, caller: Caller, id_: int) -> entities.Study:
    """
    Return a study whose members the caller may add and remove one by one; ORGANIZATION does not reach that far.
    """
    row = existing(world.study, NOUN, id_)
    require(on_collaboration(world, caller, NOUN, EDIT, row.collaboration_id))
    return row


def add_organization(world: World, id_: int, organization_id: int) -> list[entities.Organization]:
    """
    Add an organization of the collaboration to a study and return all its members; a member stays one.
    """
    existing(world.organization, "organization", organization_id)
    _require_members(world, world.study[id_].collaboration_id, [organization_id])
    world.study_organization.add(id_, organization_id)
    return members(world, id_)


def remove_organization(world: World, caller: Caller, id_: int, organization_id: int) -> list[entities.Organization]:
    """
    Remove a member from a study and return the rest.
    """
    existing(world.organization, "organization", organization_id)
    require_may_edit_members(world, caller, id_)
    if (id_, organization_id) not in world.study_organization:
        # Not copied: the real server fails with a 500 here (4.15, DELETE /study/<id>/organization).
        raise BadRequestError(messages.NOT_IN_STUDY.format(study=id_, organizations=[organization_id]))
    world.study_organization.discard(id_, organization_id)
    return members(world, id_)
