"""
Algorithm stores: catalogues of algorithms, each for one collaboration or for all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state import cascade, entities, store_protocol
from v6mockserver.state.lookup import existing
from v6mockserver.state.permissions import (
    EDIT,
    GLOBAL,
    ORGANIZATION,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    require,
    require_any,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.talk import Talk
    from v6mockserver.state.world import World

NOUN = "algorithm store"
RESOURCE = "collaboration"
"""Stores go by the rules on collaborations."""


def view(world: World, caller: Caller, id_: int) -> entities.AlgorithmStore:
    """
    Return an algorithm store that the caller may view: one for all, or for a collaboration of its organization.
    """
    row = existing(world.algorithm_store, NOUN, id_)
    _require_may_view(world, caller, row.collaboration_id)
    return row


def _require_may_view(world: World, caller: Caller, collaboration_id: int | None) -> None:
    is_near = collaboration_id is None or (collaboration_id, caller.organization_id) in world.collaboration_organization
    require(decide(world, caller, RESOURCE, VIEW, [GLOBAL, ORGANIZATION] if is_near else [GLOBAL]))


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.AlgorithmStore]:
    """
    Return the algorithm stores that the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [*likes(parameters, "name", "url"), *_chosen(world, caller, parameters)]
    if require_any(world, caller, RESOURCE, VIEW) != GLOBAL:
        own = world.collaboration_organization.lefts(caller.organization_id)
        criteria.append(Among("collaboration_id", own | {None}))
    return select(world.algorithm_store, criteria)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if parameters.text("collaboration_id") is not None:
        there = existing(world.collaboration, RESOURCE, parameters.foreign_key("collaboration_id"))
        _require_may_view(world, caller, there.id)
        yield Among("collaboration_id", {there.id, None})


def create(
    world: World,
    caller: Caller,
    *,
    name: str,
    algorithm_store_url: str,
    authorization: str,
    server_url: str | None = None,
    collaboration_id: int | None = None,
    force: bool = False,
) -> Talk[entities.AlgorithmStore]:
    """
    Add an algorithm store to a collaboration, or to all of them, once the store itself has agreed.

    Parameters
    ----------
    world, caller
        Where, and by whom.
    name : str
        For people.
    algorithm_store_url : str
        Where the store's API is.
    authorization : str
        The header with which the caller came; the store asks this server in turn who that is.
    server_url : str, optional
        Where this server's API is; by default its settings tell.
    collaboration_id : int, optional
        The collaboration; by default all of them.
    force : bool, default False
        Whether the store may be on localhost.

    Returns
    -------
    AlgorithmStore
        The new record. One for all takes the place of those for single collaborations.

    Raises
    ------
    BadRequestError
        If the store is there already, is on localhost, or nobody says where this server is.
    NotFoundError
        If the collaboration does not exist, or the store cannot be reached.
    StoreRefusedError
        If the store refuses.
    """
    url = algorithm_store_url.removesuffix("/")
    if collaboration_id is not None:
        # Server quirk: a fraction is cut off here, and here only (4.15, POST /algorithmstore).
        collaboration_id = int(collaboration_id)
    _require_place(world, collaboration_id)
    require(on_collaboration(world, caller, RESOURCE, EDIT, collaboration_id))
    _require_new(world, url, collaboration_id)
    if not force and store_protocol.is_local(url):
        raise BadRequestError(messages.STORE_INSECURE.format(url=url))
    asker = store_protocol.asker(world.settings, server_url, authorization)
    yield from store_protocol.take_in(url, asker, force=force)
    _require_place(world, collaboration_id)
    _require_new(world, url, collaboration_id)
    if collaboration_id is None:
        cascade.delete_stores(world, world.algorithm_store.where("url", url))
    row = entities.AlgorithmStore(
        id=world.next_id("algorithm_store"), name=name, url=url, collaboration_id=collaboration_id
    )
    return world.algorithm_store.add(row)


def _require_place(world: World, collaboration_id: int | None) -> None:
    if collaboration_id is not None:
        existing(world.collaboration, RESOURCE, collaboration_id)


def _require_new(world: World, url: str, collaboration_id: int | None) -> None:
    taken = {world.algorithm_store[id_].collaboration_id for id_ in world.algorithm_store.where("url", url)}
    if None in taken or collaboration_id in taken:
        raise BadRequestError(messages.STORE_THERE.format(url=url))


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.AlgorithmStore:
    """
    Change an algorithm store's name and collaboration. Whatever else is sent is read and passed over.
    """
    row = existing(world.algorithm_store, NOUN, id_)
    collaboration_id = changes.get("collaboration_id", row.collaboration_id)
    for place in (row.collaboration_id, collaboration_id):
        require(on_collaboration(world, caller, RESOURCE, EDIT, place))
    # Not copied: the real server takes a collaboration that does not exist (4.15, PATCH /algorithmstore/<id>).
    _require_place(world, collaboration_id)
    changed = replace(row, name=changes.get("name", row.name), collaboration_id=collaboration_id)
    return world.algorithm_store.replace(changed)


def delete(world: World, caller: Caller, id_: int, *, server_url: str | None, authorization: str) -> Talk[None]:
    """
    Let an algorithm store forget this server, and delete all records of it; its tasks stay.

    Parameters
    ----------
    world, caller
        Where, and by whom. A store that several collaborations use takes the global rule.
    id_ : int
        One of its records.
    server_url : str or None
        Where this server's API is; by default its settings tell.
    authorization : str
        The header with which the caller came.
    """
    row = existing(world.algorithm_store, NOUN, id_)
    require(on_collaboration(world, caller, RESOURCE, EDIT, row.collaboration_id))
    if len(world.algorithm_store.where("url", row.url)) > 1:
        require(decide(world, caller, RESOURCE, EDIT, [GLOBAL]))
    yield from store_protocol.let_go(row.url, store_protocol.asker(world.settings, server_url, authorization))
    cascade.delete_stores(world, world.algorithm_store.where("url", row.url))
