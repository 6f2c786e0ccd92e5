"""
Routes of organizations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, PageOf, number, text
from v6mockserver.api._fields import name, short_text
from v6mockserver.api._links import to_many
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, NODE, USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import organization as organizations

if TYPE_CHECKING:
    from collections.abc import Iterable

    from v6mockserver.state.entities import Organization
    from v6mockserver.state.world import World

routes = Routes("organization")


class OrganizationSchema(Schema):
    """
    What an organization is made of.
    """

    name = name(required=True)
    address1 = short_text()
    address2 = short_text()
    zipcode = short_text()
    country = short_text()
    domain = short_text()
    public_key = fields.String()


class OrganizationAnswer(AnswerSchema):
    """
    An organization.
    """

    noun = "organization"

    id = number()
    name = text()
    domain = text(allow_none=True)
    address1 = text(allow_none=True)
    address2 = text(allow_none=True)
    zipcode = text(allow_none=True)
    country = text(allow_none=True)
    public_key = text()
    collaborations = text()
    nodes = text()
    users = text()
    tasks = text()
    runs = text()
    studies = text()


FILTERS = {
    "name": query.LIKE,
    "country": query.EXACT,
    "ids": query.IDS,
    "collaboration_id": query.ID,
    "study_id": query.ID,
}


def render(world: World, row: Organization) -> dict[str, Any]:
    """
    Return the JSON object of an organization.
    """
    body = {
        "id": row.id,
        "name": row.name,
        "domain": row.domain,
        "address1": row.address1,
        "address2": row.address2,
        "zipcode": row.zipcode,
        "country": row.country,
        "public_key": row.public_key,
        "collaborations": to_many("collaboration", organization_id=row.id),
        "nodes": to_many("node", organization_id=row.id),
        "users": to_many("user", organization_id=row.id),
        "tasks": to_many("task", init_org_id=row.id),
        "runs": to_many("run", organization_id=row.id),
        "studies": to_many("study", organization_id=row.id),
    }
    return world.release.shown("organization", body)


def render_all(world: World, rows: Iterable[Organization]) -> list[dict[str, Any]]:
    """
    Return the JSON objects of organizations, as collaborations and studies show their members.
    """
    return [render(world, row) for row in rows]


@routes.add(
    "GET",
    "/organization",
    callers=ANYBODY_LOGGED_IN,
    query=query.paged(entities.Organization, **FILTERS),
    answers={200: PageOf(OrganizationAnswer)},
    refusals=[404],
)
def list_organizations(call: Call) -> Answer:
    """
    List organizations.
    """
    visible = organizations.visible(call.world, call.caller, call.parameters)
    return page(call, visible, call.renderer(render), sortable=entities.Organization)


@routes.add("POST", "/organization", callers=USER, body=OrganizationSchema, answers={201: OrganizationAnswer})
def create_organization(call: Call) -> Answer:
    """
    Create an organization.
    """
    organizations.require_may_create(call.world, call.caller)
    return 201, render(call.world, organizations.create(call.world, **call.body()))


@routes.add("GET", "/organization/<int:id_>", callers=ANYBODY_LOGGED_IN, answers={200: OrganizationAnswer})
def get_organization(call: Call, id_: int) -> Answer:
    """
    View an organization.
    """
    return 200, render(call.world, organizations.view(call.world, call.caller, id_))


@routes.add(
    "PATCH", "/organization/<int:id_>", callers=USER + NODE, body=OrganizationSchema, answers={200: OrganizationAnswer}
)
def update_organization(call: Call, id_: int) -> Answer:
    """
    Change an organization.
    """
    return 200, render(call.world, organizations.update(call.world, call.caller, id_, call.body(partial=True)))


@routes.add(
    "DELETE",
    "/organization/<int:id_>",
    callers=USER,
    since="4.15",
    query=query.DELETION,
    answers={200: MessageAnswer},
    refusals=[400],
)
def delete_organization(call: Call, id_: int) -> Answer:
    """
    Delete an organization.
    """
    flag = call.parameters.flag("delete_dependents")
    organizations.delete(call.world, call.caller, id_, delete_dependents=flag)
    return 200, {"msg": messages.DELETED.format(noun="organization", id=id_)}
