"""
Collaborations: sets of organizations that may send each other tasks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, PermissionDeniedError
from v6mockserver.state import cascade, entities
from v6mockserver.state.lookup import existing, require_free
from v6mockserver.state.permissions import (
    CREATE,
    DELETE,
    EDIT,
    GLOBAL,
    ORGANIZATION,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    require,
    require_any,
    widest,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "collaboration"

BOOLEANS = {"1": True, "true": True, "0": False, "false": False}
"""What the filter `encrypted` reads, in lower case: SQLite understands the digits, PostgreSQL the words as well."""


def view(world: World, caller: Caller, id_: int) -> entities.Collaboration:
    """
    Return a collaboration that the caller may view: any with the global rule, else those of its organization.
    """
    row = existing(world.collaboration, NOUN, id_)
    is_member = (id_, caller.organization_id) in world.collaboration_organization
    require(decide(world, caller, NOUN, VIEW, [GLOBAL, ORGANIZATION] if is_member else [GLOBAL]))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Collaboration]:
    """
    Return the collaborations that the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [*likes(parameters, "name"), *_chosen(world, caller, parameters)]
    if require_any(world, caller, NOUN, VIEW) != GLOBAL:
        criteria.append(Among("id", world.collaboration_organization.lefts(caller.organization_id)))
    return select(world.collaboration, criteria)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if (encrypted := parameters.text("encrypted")) is not None:
        yield Among("encrypted", {BOOLEANS[encrypted.lower()]} if encrypted.lower() in BOOLEANS else ())
    if (organization_id := parameters.text("organization_id")) is not None:
        # Server quirk: the own id is compared as text, so that 02 is somebody else's (4.0 to 4.15, GET /collaboration).
        if widest(world, caller, NOUN, VIEW) != GLOBAL and organization_id != str(caller.organization_id):
            raise PermissionDeniedError(messages.DENIED.format(decision=decide(world, caller, NOUN, VIEW, [GLOBAL])))
        yield Among("id", world.collaboration_organization.lefts(parameters.foreign_key("organization_id")))
    if parameters.text("algorithm_store_id") is not None:
        store = existing(world.algorithm_store, "algorithm store", parameters.foreign_key("algorithm_store_id"))
        if store.collaboration_id is not None:
            yield Among("id", {store.collaboration_id})


def create(
    world: World, caller: Caller, *, name: str, organization_ids: Collection[int], encrypted: bool
) -> entities.Collaboration:
    """
    Create a collaboration.
    """
    # Server quirk: organizations that do not exist are passed over (4.0 to 4.15, POST /collaboration).
    require_free(world.collaboration, NOUN, "name", name)
    require(decide(world, caller, NOUN, CREATE, [GLOBAL]))
    row = world.collaboration.add(entities.Collaboration(id=world.next_id(NOUN), name=name, encrypted=encrypted))
    _set_members(world, row.id, organization_ids)
    return row


def _set_members(world: World, id_: int, organization_ids: Iterable[int]) -> None:
    world.collaboration_organization.assign(id_, [other for other in organization_ids if other in world.organization])


def require_may_edit(world: World, caller: Caller, id_: int) -> entities.Collaboration:
    """
    Return a collaboration that the caller may edit.
    """
    row = existing(world.collaboration, NOUN, id_)
    require(on_collaboration(world, caller, NOUN, EDIT, id_))
    return row


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.Collaboration:
    """
    Change a collaboration that the caller may edit; its members only with the global rule.
    """
    row = existing(world.collaboration, NOUN, id_)
    if changes.get("name", row.name) != row.name:
        require_free(world.collaboration, NOUN, "name", changes["name"])
    if "organization_ids" in changes:
        if world.release.guards_members:
            require(decide(world, caller, NOUN, EDIT, [GLOBAL]))
        _set_members(world, id_, changes["organization_ids"])
    columns = {name: changes[name] for name in ("name", "encrypted") if name in changes}
    return world.collaboration.replace(replace(row, **columns))


def delete(world: World, caller: Caller, id_: int, *, delete_dependents: bool) -> None:
    """
    Delete a collaboration, and with `delete_dependents` its tasks, nodes and studies.
    """
    existing(world.collaboration, NOUN, id_)
    require(on_collaboration(world, caller, NOUN, DELETE, id_))
    dependents = {
        "tasks": world.task.where("collaboration_id", id_),
        "nodes": world.node.where("collaboration_id", id_),
        "studies": world.study.where("collaboration_id", id_),
    }
    cascade.require_no_dependents(NOUN, id_, dependents, delete_dependents=delete_dependents)
    cascade.delete_collaboration(world, id_)


def members(world: World, id_: int) -> list[entities.Organization]:
    """
    Return the organizations of a collaboration, by id.
    """
    return [world.organization[other] for other in sorted(world.collaboration_organization.rights(id_))]


def nodes(world: World, id_: int) -> list[entities.Node]:
    """
    Return the nodes that serve a collaboration, by id.
    """
    return [world.node[node_id] for node_id in world.node.where("collaboration_id", id_)]


def add_organization(world: World, id_: int, organization_id: int) -> list[entities.Organization]:
    """
    Add an organization to a collaboration and return all its members; a member stays one.
    """
    existing(world.organization, "organization", organization_id)
    world.collaboration_organization.add(id_, organization_id)
    return members(world, id_)


def remove_organization(world: World, caller: Caller, id_: int, organization_id: int) -> list[entities.Organization]:
    """
    Remove a member and return the rest. Server quirk: its node and its studies stay (4.0 to 4.15).
    """
    existing(world.organization, "organization", organization_id)
    require_may_edit(world, caller, id_)
    if (id_, organization_id) not in world.collaboration_organization:
        raise BadRequestError(messages.NOT_A_MEMBER.format(organization=organization_id, collaboration=id_))
    world.collaboration_organization.discard(id_, organization_id)
    return members(world, id_)


def add_node(world: World, id_: int, node_id: int) -> list[entities.Node]:
    """
    Move a node to a collaboration and return all nodes there.
    """
    row = existing(world.node, "node", node_id)
    if row.collaboration_id == id_:
        raise BadRequestError(messages.NODE_ALREADY_HERE.format(node=node_id, collaboration=id_))
    if (id_, row.organization_id) not in world.collaboration_organization:
        raise BadRequestError(messages.NOT_A_MEMBER.format(organization=row.organization_id, collaboration=id_))
    world.node.replace(replace(row, collaboration_id=id_))
    return nodes(world, id_)


def remove_node(world: World, id_: int, node_id: int) -> None:
    """
    Take a node out of a collaboration; it stays without one.
    """
    row = existing(world.node, "node", node_id)
    if row.collaboration_id != id_:
        raise BadRequestError(messages.NODE_NOT_HERE.format(node=node_id, collaboration=id_))
    world.node.replace(replace(row, collaboration_id=None))
