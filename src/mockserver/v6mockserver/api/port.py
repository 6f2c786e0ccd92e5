"""
Routes of ports, and of the VPN through which algorithms reach each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from v6mockserver import _messages as messages
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, number, text
from v6mockserver.api._fields import MAX_NAME, Integer, identifier
from v6mockserver.api._query import EXACT, FLAG, ID
from v6mockserver.api._routes import CONTAINER, NODE, Answer, Call, Routes
from v6mockserver.api.run import RunPortAnswer
from v6mockserver.state import port as ports
from v6mockserver.state.run import node_of

if TYPE_CHECKING:
    from v6mockserver.state.entities import Port, Run
    from v6mockserver.state.world import World

routes = Routes("port")

MAX_PORT = 65535


class PortSchema(Schema):
    """
    A port that a run offers.
    """

    port = Integer(required=True, validate=validate.Range(min=1, max=MAX_PORT))
    run_id = identifier(required=True)
    label = fields.String(validate=validate.Length(max=MAX_NAME), allow_none=True)


class AddressAnswer(AnswerSchema):
    """
    Where a port of a running algorithm is.
    """

    port = number()
    label = text(allow_none=True)
    ip = text(allow_none=True)
    organization_id = number()
    task_id = number()
    parent_id = fields.Integer(strict=True, allow_none=True)


class AddressesAnswer(AnswerSchema):
    """
    Where the ports of running algorithms are.
    """

    addresses = fields.List(fields.Nested(AddressAnswer))


ADDRESSES = {**dict.fromkeys(ports.FLAGS, FLAG), "label": EXACT}
"""The query of a list of addresses."""


def render(row: Port) -> dict[str, Any]:
    """
    Return the JSON object of a port.
    """
    return {"id": row.id, "port": row.port, "label": row.label}


def render_address(world: World, row: Port, run: Run) -> dict[str, Any]:
    """
    Return the JSON object that says where a port is.
    """
    node = node_of(world, run)
    return {
        "port": row.port,
        "label": row.label,
        "ip": node.ip if node else None,
        "organization_id": run.organization_id,
        "task_id": run.task_id,
        "parent_id": world.task[run.task_id].parent_id,
    }


@routes.add("POST", "/port", callers=NODE, body=PortSchema, answers={201: RunPortAnswer}, refusals=[400])
def create_port(call: Call) -> Answer:
    """
    Offer a port of a run.
    """
    return 201, render(ports.create(call.world, call.caller, **call.body()))


@routes.add("DELETE", "/port", callers=NODE, query={"run_id": ID}, answers={200: MessageAnswer}, refusals=[400])
def delete_ports(call: Call) -> Answer:
    """
    Withdraw the ports of a run.
    """
    ports.delete(call.world, call.caller, call.parameters.integer("run_id"))
    return 200, {"msg": messages.PORTS_WITHDRAWN}


@routes.add(
    "GET",
    "/vpn/algorithm/addresses",
    callers=CONTAINER,
    query=ADDRESSES,
    answers={200: AddressesAnswer},
    refusals=[400],
)
def list_addresses(call: Call) -> Answer:
    """
    Say where the algorithms of a container's task, or of its family, can be reached.
    """
    found = ports.addresses(call.world, call.caller, call.parameters)
    return 200, {"addresses": [render_address(call.world, row, run) for row, run in found]}
