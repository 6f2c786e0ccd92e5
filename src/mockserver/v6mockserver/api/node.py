"""
Routes of nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, PageOf, constant, link, moment, number, text
from v6mockserver.api._fields import identifier, name
from v6mockserver.api._links import to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import NODE, USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import node as nodes

if TYPE_CHECKING:
    from v6mockserver.state.entities import Node
    from v6mockserver.state.world import World

routes = Routes("node")


class NodeSchema(Schema):
    """
    What a node is made of.
    """

    collaboration_id = identifier(required=True)
    organization_id = identifier()
    name = name()
    ip = fields.IP()
    clear_ip = fields.Boolean()


class NodeShortAnswer(AnswerSchema):
    """
    A node, as lists of a collaboration's nodes have it.
    """

    id = number()
    name = text()
    ip = text(allow_none=True)
    last_seen = moment()
    status = text(allow_none=True)
    organization = link()


class NodeConfigAnswer(AnswerSchema):
    """
    One setting that a connected node shares.
    """

    key = text()
    value = text()


class NodeAnswer(NodeShortAnswer):
    """
    A node.
    """

    type = constant("node")
    collaboration = link(allow_none=True)
    config = fields.List(fields.Nested(NodeConfigAnswer))


class NewNodeAnswer(NodeAnswer):
    """
    A node with its api key, which is shown this once.
    """

    api_key = text()


FILTERS = {
    "name": query.LIKE,
    "status": query.EXACT,
    "ip": query.EXACT,
    "last_seen_from": query.SINCE,
    "last_seen_till": query.UNTIL,
    "organization_id": query.ID,
    "collaboration_id": query.ID,
    "study_id": query.ID,
}


def render_short(world: World, row: Node) -> dict[str, Any]:
    """
    Return the JSON object of a node as lists of a collaboration's nodes have it.
    """
    return {
        "id": row.id,
        "name": row.name,
        "ip": row.ip,
        "last_seen": row.last_seen,
        "status": row.status,
        "organization": to_one(world, "organization", row.organization_id),
    }


def render(world: World, row: Node) -> dict[str, Any]:
    """
    Return the JSON object of a node.
    """
    return render_short(world, row) | {
        "type": row.type,
        "collaboration": to_one(world, "collaboration", row.collaboration_id),
        "config": [{"key": one.key, "value": one.value} for one in nodes.configuration(world, row.id)],
    }


@routes.add(
    "GET",
    "/node",
    callers=USER + NODE,
    query=query.paged(entities.Node, **FILTERS),
    answers={200: PageOf(NodeAnswer)},
    refusals=[404],
)
def list_nodes(call: Call) -> Answer:
    """
    List nodes.
    """
    visible = nodes.visible(call.world, call.caller, call.parameters)
    return page(call, visible, call.renderer(render), sortable=entities.Node)


@routes.add("POST", "/node", callers=USER, body=NodeSchema, answers={201: NewNodeAnswer}, refusals=[404])
def create_node(call: Call) -> Answer:
    """
    Register a node; the answer shows its api key, this once.
    """
    # Server quirk: an address is read and passed over (4.0 to 4.15, POST /node).
    body = {key: value for key, value in call.body().items() if key not in {"ip", "clear_ip"}}
    row, api_key = nodes.create(call.world, call.caller, **body)
    return 201, render(call.world, row) | {"api_key": api_key}


@routes.add("GET", "/node/<int:id_>", callers=USER + NODE, answers={200: NodeAnswer})
def get_node(call: Call, id_: int) -> Answer:
    """
    View a node.
    """
    return 200, render(call.world, nodes.view(call.world, call.caller, id_))


@routes.add("PATCH", "/node/<int:id_>", callers=USER + NODE, body=NodeSchema, answers={200: NodeAnswer})
def update_node(call: Call, id_: int) -> Answer:
    """
    Change a node.
    """
    changes = {key: str(value) if key == "ip" else value for key, value in call.body(partial=True).items()}
    return 200, render(call.world, nodes.update(call.world, call.caller, id_, changes))


@routes.add("DELETE", "/node/<int:id_>", callers=USER, answers={200: MessageAnswer})
def delete_node(call: Call, id_: int) -> Answer:
    """
    Delete a node.
    """
    nodes.delete(call.world, call.caller, id_)
    return 200, {"msg": messages.DELETED.format(noun="node", id=id_)}
