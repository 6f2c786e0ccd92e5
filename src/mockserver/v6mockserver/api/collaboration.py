"""
Routes of collaborations, their organizations and their nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api import node, organization
from v6mockserver.api._answers import AnswerSchema, ListOf, MessageAnswer, OneOf, PageOf, number, text
from v6mockserver.api._fields import IdSchema, ReferenceSchema, members, name
from v6mockserver.api._links import to_many
from v6mockserver.api._paging import page
from v6mockserver.api._routes import ANYBODY_LOGGED_IN, NODE, USER, Answer, Call, Routes
from v6mockserver.state import collaboration as collaborations
from v6mockserver.state import entities
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from collections.abc import Callable

    from v6mockserver.state.entities import Collaboration
    from v6mockserver.state.world import World

routes = Routes("collaboration")


class CollaborationSchema(Schema):
    """
    What a collaboration is made of.
    """

    name = name(required=True)
    organization_ids = members()
    encrypted = fields.Boolean(required=True)


class CollaborationAnswer(AnswerSchema):
    """
    A collaboration.
    """

    noun = "collaboration"

    id = number()
    name = text()
    encrypted = fields.Boolean()
    organizations = OneOf(text(), fields.List(fields.Nested(organization.OrganizationAnswer)))
    nodes = text()
    tasks = text()
    studies = text()
    algorithm_stores = text()


INCLUDED = {"include": query.words("organizations")}
FILTERS = {
    "name": query.LIKE,
    "encrypted": query.EXACT,
    "organization_id": query.ID,
    "algorithm_store_id": query.ID,
    **INCLUDED,
}


def render(world: World, row: Collaboration) -> dict[str, Any]:
    """
    Return the JSON object of a collaboration.
    """
    body = {
        "id": row.id,
        "name": row.name,
        "encrypted": row.encrypted,
        "organizations": to_many("organization", collaboration_id=row.id),
        "nodes": to_many("node", collaboration_id=row.id),
        "tasks": to_many("task", collaboration_id=row.id),
        "studies": to_many("study", collaboration_id=row.id),
        "algorithm_stores": to_many("algorithmstore", collaboration_id=row.id),
    }
    return world.release.shown("collaboration", body)


def render_with_organizations(world: World, row: Collaboration) -> dict[str, Any]:
    """
    Return the JSON object of a collaboration, with the organizations themselves in place of the link to them.
    """
    return render(world, row) | {"organizations": organization.render_all(world, collaborations.members(world, row.id))}


def _renderer(call: Call) -> Callable[[Collaboration], dict[str, Any]]:
    if "organizations" not in call.parameters.words("include"):
        return call.renderer(render)
    return call.renderer(render_with_organizations)


@routes.add(
    "GET",
    "/collaboration",
    callers=USER + NODE,
    query=query.paged(entities.Collaboration, **FILTERS),
    answers={200: PageOf(CollaborationAnswer)},
    refusals=[404],
)
def list_collaborations(call: Call) -> Answer:
    """
    List collaborations.
    """
    visible = collaborations.visible(call.world, call.caller, call.parameters)
    return page(call, visible, _renderer(call), sortable=entities.Collaboration)


@routes.add("POST", "/collaboration", callers=USER, body=CollaborationSchema, answers={200: CollaborationAnswer})
def create_collaboration(call: Call) -> Answer:
    """
    Create a collaboration. Server quirk: 200, where others answer 201 (4.0 to 4.15).
    """
    return 200, render(call.world, collaborations.create(call.world, call.caller, **call.body()))


@routes.add(
    "GET", "/collaboration/<int:id_>", callers=ANYBODY_LOGGED_IN, query=INCLUDED, answers={200: CollaborationAnswer}
)
def get_collaboration(call: Call, id_: int) -> Answer:
    """
    View a collaboration.
    """
    return 200, _renderer(call)(collaborations.view(call.world, call.caller, id_))


@routes.add(
    "PATCH", "/collaboration/<int:id_>", callers=USER, body=CollaborationSchema, answers={200: CollaborationAnswer}
)
def update_collaboration(call: Call, id_: int) -> Answer:
    """
    Change a collaboration.
    """
    collaborations.require_may_edit(call.world, call.caller, id_)
    return 200, render(call.world, collaborations.update(call.world, call.caller, id_, call.body(partial=True)))


@routes.add(
    "DELETE",
    "/collaboration/<int:id_>",
    callers=USER,
    query=query.DELETION,
    answers={200: MessageAnswer},
    refusals=[400],
)
def delete_collaboration(call: Call, id_: int) -> Answer:
    """
    Delete a collaboration.
    """
    flag = call.parameters.flag("delete_dependents")
    collaborations.delete(call.world, call.caller, id_, delete_dependents=flag)
    return 200, {"msg": messages.DELETED.format(noun="collaboration", id=id_)}


@routes.add(
    "POST",
    "/collaboration/<int:id_>/organization",
    callers=USER,
    body=IdSchema,
    answers={200: ListOf(organization.OrganizationAnswer)},
)
def add_organization(call: Call, id_: int) -> Answer:
    """
    Add an organization to a collaboration; answers with all its members.
    """
    collaborations.require_may_edit(call.world, call.caller, id_)
    members = collaborations.add_organization(call.world, id_, call.body()["id"])
    return 200, organization.render_all(call.world, members)


@routes.add(
    "DELETE",
    "/collaboration/<int:id_>/organization",
    callers=USER,
    body={"4.0": ReferenceSchema, "4.15": IdSchema},
    answers={200: ListOf(organization.OrganizationAnswer)},
)
def remove_organization(call: Call, id_: int) -> Answer:
    """
    Remove an organization from a collaboration; answers with the members that stay.
    """
    existing(call.world.collaboration, "collaboration", id_)
    members = collaborations.remove_organization(call.world, call.caller, id_, call.body()["id"])
    return 200, organization.render_all(call.world, members)


@routes.add(
    "POST", "/collaboration/<int:id_>/node", callers=USER, body=IdSchema, answers={201: ListOf(node.NodeShortAnswer)}
)
def add_node(call: Call, id_: int) -> Answer:
    """
    Move a node to a collaboration; answers with all nodes there.
    """
    collaborations.require_may_edit(call.world, call.caller, id_)
    rows = collaborations.add_node(call.world, id_, call.body()["id"])
    return 201, [node.render_short(call.world, row) for row in rows]


@routes.add("DELETE", "/collaboration/<int:id_>/node", callers=USER, body=ReferenceSchema, answers={200: MessageAnswer})
def remove_node(call: Call, id_: int) -> Answer:
    """
    Take a node out of a collaboration.
    """
    collaborations.require_may_edit(call.world, call.caller, id_)
    node_id = call.body()["id"]
    collaborations.remove_node(call.world, id_, node_id)
    return 200, {"msg": messages.DELETED.format(noun="node", id=node_id)}
