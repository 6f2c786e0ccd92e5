"""
Routes by which nodes get into the VPN; like a real server that was not given one, this one has none.
"""

from __future__ import annotations

from marshmallow import Schema, fields

from v6mockserver import _messages as messages
from v6mockserver._errors import UnavailableError
from v6mockserver.api._answers import AnswerSchema, text
from v6mockserver.api._routes import NODE, Answer, Call, Routes

routes = Routes("vpn")


class ConfigurationSchema(Schema):
    """
    A node's expired configuration.
    """

    vpn_config = fields.String(required=True)


class VpnAnswer(AnswerSchema):
    """
    How a node gets into the VPN.
    """

    ovpn_config = text()


@routes.add("GET", "/vpn", callers=NODE, answers={200: VpnAnswer}, refusals=[501])
def get_configuration(call: Call) -> Answer:  # noqa: ARG001 -- a view takes the call
    """
    Refuse a node its configuration.
    """
    raise UnavailableError(messages.NO_VPN)


@routes.add("POST", "/vpn/update", callers=NODE, body=ConfigurationSchema, answers={200: VpnAnswer}, refusals=[501])
def renew_configuration(call: Call) -> Answer:
    """
    Refuse to renew a node's configuration. Not copied: on 4.15 this always fails with a 500.
    """
    call.body()
    raise UnavailableError(messages.NO_VPN)
