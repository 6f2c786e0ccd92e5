"""
Nodes: the stations of organizations in collaborations.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state import cascade, entities
from v6mockserver.state.lookup import existing, require_free
from v6mockserver.state.passwords import check_api_key, hash_api_key
from v6mockserver.state.permissions import (
    COLLABORATION,
    CREATE,
    DELETE,
    EDIT,
    GLOBAL,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    on_organization,
    own_collaborations,
    require,
    require_any,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, seen, select

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping
    from datetime import datetime

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "node"
ONLINE, OFFLINE = "online", "offline"


def find_by_api_key(world: World, api_key: str) -> entities.Node | None:
    """
    Return the node with this api key, or None.
    """
    row = world.node.first("api_key", hash_api_key(api_key))
    return row or next((one for one in world.node if check_api_key(api_key, one.api_key)), None)


def view(world: World, caller: Caller, id_: int) -> entities.Node:
    """
    Return a node that the caller may view.
    """
    row = existing(world.node, NOUN, id_)
    require(on_organization(world, caller, NOUN, VIEW, row.organization_id))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Node]:
    """
    Return the nodes that the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [
        *likes(parameters, "name"),
        *seen(parameters),
        *_chosen(world, caller, parameters),
        *_within_reach(world, caller),
    ]
    return select(world.node, criteria)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    for column in ("status", "ip"):
        if (text := parameters.text(column)) is not None:
            yield Among(column, {text})
    if (organization_id := parameters.integer("organization_id")) is not None:
        require(on_organization(world, caller, NOUN, VIEW, organization_id))
        yield Among("organization_id", {organization_id})
    if (collaboration_id := parameters.integer("collaboration_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
        yield Among("collaboration_id", {collaboration_id})
    if (study_id := parameters.integer("study_id")) is not None:
        row = existing(world.study, "study", study_id)
        require(on_collaboration(world, caller, NOUN, VIEW, row.collaboration_id))
        yield Among("collaboration_id", {row.collaboration_id})
        yield Among("organization_id", world.study_organization.rights(study_id))


def _within_reach(world: World, caller: Caller) -> list[Among]:
    scope = require_any(world, caller, NOUN, VIEW)
    if scope == GLOBAL:
        return []
    if scope == COLLABORATION:
        return [Among("collaboration_id", own_collaborations(world, caller))]
    return [Among("organization_id", {caller.organization_id})]


def create(
    world: World,
    caller: Caller,
    *,
    collaboration_id: int,
    organization_id: int | None = None,
    name: str | None = None,
) -> tuple[entities.Node, str]:
    """
    Register a node and return it with its api key, which is shown this once.
    """
    there = existing(world.collaboration, "collaboration", collaboration_id)
    owner = existing(
        world.organization, "organization", caller.organization_id if organization_id is None else organization_id
    )
    require(on_organization(world, caller, NOUN, CREATE, owner.id))
    if (there.id, owner.id) not in world.collaboration_organization:
        raise BadRequestError(messages.NOT_A_MEMBER.format(organization=owner.id, collaboration=there.id))
    _require_place(world, there.id, owner.id)
    name = f"{owner.name} - {there.name} Node" if name is None else name
    require_free(world.node, NOUN, "name", name)
    return register(world, name=name, organization_id=owner.id, collaboration_id=there.id)


def register(
    world: World, *, name: str, organization_id: int, collaboration_id: int, api_key: str | None = None
) -> tuple[entities.Node, str]:
    """
    Store a new node and return it with its api key.
    """
    api_key = world.next_uuid() if api_key is None else api_key
    row = entities.Node(
        id=world.next_id(NOUN),
        name=name,
        api_key=hash_api_key(api_key),
        collaboration_id=collaboration_id,
        organization_id=organization_id,
        status=world.release.new_node_status,
    )
    return world.node.add(row), api_key


def serving(world: World, collaboration_id: int | None, organization_id: int) -> entities.Node | None:
    """
    Return the node of an organization in a collaboration, or None.
    """
    mine = world.node.where("organization_id", organization_id)
    return next((world.node[id_] for id_ in mine if world.node[id_].collaboration_id == collaboration_id), None)


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.Node:
    """
    Change a node's name or address; in 4.0 also its organization and its collaboration.
    """
    moves = "organization_id" in changes or "collaboration_id" in changes
    if moves and not world.release.moves_nodes:
        raise BadRequestError(messages.NODE_STAYS)
    row = existing(world.node, NOUN, id_)
    require(on_organization(world, caller, NOUN, EDIT, row.organization_id))
    if changes.get("name", row.name) != row.name:
        require_free(world.node, NOUN, "name", changes["name"])
    if moves:
        _require_may_move(world, caller, row, changes)
    columns = {name: changes[name] for name in ("name", "organization_id", "collaboration_id") if name in changes}
    ip = changes.get("ip", None if changes.get("clear_ip") else row.ip)
    return world.node.replace(replace(row, **columns, ip=ip))


def _require_may_move(world: World, caller: Caller, row: entities.Node, changes: Mapping[str, Any]) -> None:
    """
    Refuse unless the caller may give a node another organization or collaboration, and the place is free.

    Server quirk: the organization need not be a member of the collaboration (4.0, PATCH /node/<id>).
    """
    organization_id = changes.get("organization_id", row.organization_id)
    collaboration_id = changes.get("collaboration_id", row.collaboration_id)
    if organization_id != row.organization_id:
        require(decide(world, caller, NOUN, EDIT, [GLOBAL]))
        existing(world.organization, "organization", organization_id)
    if collaboration_id != row.collaboration_id:
        existing(world.collaboration, "collaboration", collaboration_id)
        if (collaboration_id, caller.organization_id) not in world.collaboration_organization:
            # Not copied: the real server answers 200 with a message, and changes nothing (4.0).
            require(decide(world, caller, NOUN, EDIT, [GLOBAL]))
    if (organization_id, collaboration_id) != (row.organization_id, row.collaboration_id):
        _require_place(world, collaboration_id, organization_id)


def _require_place(world: World, collaboration_id: int, organization_id: int) -> None:
    if serving(world, collaboration_id, organization_id) is not None:
        raise BadRequestError(messages.NODE_EXISTS.format(organization=organization_id, collaboration=collaboration_id))


def delete(world: World, caller: Caller, id_: int) -> None:
    """
    Delete a node; its tokens are refused from then on.
    """
    row = existing(world.node, NOUN, id_)
    require(on_organization(world, caller, NOUN, DELETE, row.organization_id))
    cascade.delete_node(world, id_)


def configuration(world: World, id_: int) -> list[entities.NodeConfig]:
    """
    Return what a connected node shared about itself.
    """
    return [world.node_config[config_id] for config_id in world.node_config.where("node_id", id_)]


def set_status(world: World, id_: int, status: str) -> None:
    """
    Note that a node connected to, or left, the event channel. What it shared is forgotten when it leaves.
    """
    world.node.replace(replace(world.node[id_], status=status))
    if status == OFFLINE:
        cascade.delete_configuration(world, id_)


def watch(world: World, connected: Container[int], *, seen_since: datetime) -> None:
    """
    Note that the connected nodes are alive, and set those offline that are online and were not seen for too long.

    Parameters
    ----------
    world : World
        The world.
    connected : container of int
        The ids of the nodes that give signs of life.
    seen_since : datetime
        The others must have been seen since then.
    """
    now, limit = world.clock.text(), seen_since.replace(tzinfo=None).isoformat()
    for row in [row for row in world.node if row.status == ONLINE]:
        if row.id in connected:
            world.node.replace(replace(row, last_seen=now))
        elif (row.last_seen or "") < limit:
            world.node.replace(replace(row, status=OFFLINE))


def share_configuration(world: World, id_: int, settings: Iterable[tuple[str, str]]) -> None:
    """
    Replace what a node shares about itself.
    """
    cascade.delete_configuration(world, id_)
    for key, value in settings:
        world.node_config.add(entities.NodeConfig(id=world.next_id("node_config"), node_id=id_, key=key, value=value))
