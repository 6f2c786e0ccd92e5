"""
Organizations: the parties of collaborations.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
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
    VIEW,
    Caller,
    decide,
    on_collaboration,
    on_organization,
    partners,
    require,
    require_any,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "organization"


def view(world: World, caller: Caller, id_: int) -> entities.Organization:
    """
    Return an organization that the caller may view.
    """
    row = existing(world.organization, NOUN, id_)
    require(on_organization(world, caller, NOUN, VIEW, id_))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Organization]:
    """
    Return the organizations that the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [
        *likes(parameters, "name"),
        *_chosen(world, caller, parameters),
        *_within_reach(world, caller),
    ]
    return select(world.organization, criteria)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if (country := parameters.text("country")) is not None:
        yield Among("country", {country})
    if ids := parameters.foreign_keys("ids"):
        yield Among("id", set(ids))
    if (collaboration_id := parameters.integer("collaboration_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
        yield Among("id", world.collaboration_organization.rights(collaboration_id))
    if (study_id := parameters.integer("study_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, existing(world.study, "study", study_id).collaboration_id))
        yield Among("id", world.study_organization.rights(study_id))


def _within_reach(world: World, caller: Caller) -> list[Among]:
    scope = require_any(world, caller, NOUN, VIEW)
    if scope == GLOBAL:
        return []
    own = {caller.organization_id}
    return [Among("id", own | partners(world, caller.organization_id) if scope == COLLABORATION else own)]


def require_may_create(world: World, caller: Caller) -> None:
    """
    Refuse unless the caller may create organizations; decided before the body is read.
    """
    require(decide(world, caller, NOUN, CREATE, [GLOBAL]))


def create(
    world: World,
    *,
    name: str,
    domain: str = "",
    address1: str = "",
    address2: str | None = None,
    zipcode: str = "",
    country: str = "",
    public_key: str = "",
) -> entities.Organization:
    """
    Create an organization.
    """
    require_free(world.organization, NOUN, "name", name)
    return world.organization.add(
        entities.Organization(
            id=world.next_id(NOUN),
            name=name,
            domain=domain,
            address1=address1,
            address2=address2,
            zipcode=zipcode,
            country=country,
            public_key=_stored_key(public_key),
        )
    )


def _stored_key(text: str) -> str:
    """
    Return a public key as it comes back: base64 is read leniently, stored as bytes, and written anew.
    """
    try:
        return b64encode(b64decode(text.encode())).decode()
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(messages.PUBLIC_KEY_NOT_BASE64) from error


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.Organization:
    """
    Change an organization; its public key only by its own users and nodes.
    """
    row = existing(world.organization, NOUN, id_)
    require(on_organization(world, caller, NOUN, EDIT, id_))
    if changes.get("name", row.name) != row.name:
        require_free(world.organization, NOUN, "name", changes["name"])
    columns = dict(changes)
    if "public_key" in changes:
        columns["public_key"] = _stored_key(changes["public_key"])
        if world.release.guards_public_key and caller.organization_id != id_:
            raise PermissionDeniedError(messages.PUBLIC_KEY_OF_OTHER.format(id=id_))
    return world.organization.replace(replace(row, **columns))


def delete(world: World, caller: Caller, id_: int, *, delete_dependents: bool) -> None:
    """
    Delete an organization, and with `delete_dependents` all that belongs to it.
    """
    require(decide(world, caller, NOUN, DELETE, [GLOBAL]))
    existing(world.organization, NOUN, id_)
    if caller.organization_id == id_:
        raise BadRequestError(messages.OWN_ORGANIZATION.format(id=id_))
    dependents = {
        "runs": world.run.where("organization_id", id_),
        "tasks": world.task.where("init_org_id", id_),
        "nodes": world.node.where("organization_id", id_),
        "users": world.user.where("organization_id", id_),
        "roles": world.role.where("organization_id", id_),
    }
    cascade.require_no_dependents(NOUN, id_, dependents, delete_dependents=delete_dependents)
    cascade.delete_organization(world, id_)
