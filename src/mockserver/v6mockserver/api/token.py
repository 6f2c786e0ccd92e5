"""
Routes that give tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from v6mockserver import _messages as messages
from v6mockserver._errors import UnexpectedError
from v6mockserver.api._answers import AnswerSchema, EitherOf, MessageAnswer, number, text
from v6mockserver.api._fields import MAX_NAME, identifier
from v6mockserver.api._links import API_PATH
from v6mockserver.api._routes import NODE, USER, Answer, Call, Routes, respond
from v6mockserver.state import login, tokens, two_factor

if TYPE_CHECKING:
    from v6mockserver.state.entities import Node, User
    from v6mockserver.state.two_factor import Step
    from v6mockserver.state.world import World

routes = Routes("token")

MAX_CODE = 10


class CredentialsSchema(Schema):
    """
    A user's name and password.
    """

    username = fields.String(required=True, validate=validate.Length(min=1, max=MAX_NAME))
    password = fields.String(required=True, validate=validate.Length(min=1, max=MAX_NAME))


class UserTokenSchema(CredentialsSchema):
    """
    A user's credentials, with the code of their authenticator app where the server asks for one.
    """

    mfa_code = fields.String(validate=validate.Length(max=MAX_CODE))


class NodeTokenSchema(Schema):
    """
    A node's credentials.
    """

    api_key = fields.UUID(required=True)


class ContainerTokenSchema(Schema):
    """
    What a node wants to run.
    """

    task_id = identifier(required=True)
    image = fields.String(required=True, validate=validate.Length(min=1))


TOKEN_HEADERS = {"jwt-token": "The access token once more, after a login."}


class UserTokenAnswer(AnswerSchema):
    """
    The tokens of a user.
    """

    headers = TOKEN_HEADERS

    access_token = text()
    refresh_token = text()
    refresh_url = text()
    user_url = text()


class SecondFactorAnswer(AnswerSchema):
    """
    A new second factor, to be put into an authenticator app.
    """

    qr_uri = text()
    otp_secret = text()
    msg = text()


class NodeTokenAnswer(AnswerSchema):
    """
    The tokens of a node.
    """

    headers = TOKEN_HEADERS

    access_token = text()
    refresh_token = text()
    refresh_url = text()
    node_url = text()


class ContainerTokenAnswer(AnswerSchema):
    """
    The token of an algorithm's container.
    """

    container_token = text()


class ValidUserAnswer(AnswerSchema):
    """
    Whose token it is.
    """

    msg = text()
    user_id = number()
    username = text()
    email = text(allow_none=True)
    organization_id = number()


class ValidNodeAnswer(AnswerSchema):
    """
    Which node's token it is.
    """

    msg = text()
    node_id = number()
    name = text()
    organization_id = number()


def _pair(world: World, row: User | Node, kind: str) -> dict[str, Any]:
    access, refresh = tokens.issue_pair(world, row, kind)
    return {
        "access_token": access,
        "refresh_token": refresh,
        "refresh_url": f"{API_PATH}/token/refresh",
        f"{kind}_url": f"{API_PATH}/{kind}/{row.id}",
    }


def render_step(step: Step) -> dict[str, Any]:
    """
    Return the JSON object that tells a user what to do before they get tokens; that it has no token says so.
    """
    made = {"qr_uri": step.uri, "otp_secret": step.secret} if step.secret else {}
    return made | {"msg": step.message}


@routes.add(
    "POST",
    "/token/user",
    callers=(),
    body=UserTokenSchema,
    answers={200: EitherOf(UserTokenAnswer, SecondFactorAnswer, MessageAnswer)},
    refusals=[401],
)
def create_user_token(call: Call) -> Answer:
    """
    Log a user in.
    """
    body = call.body()
    user = login.user(call.world, body["username"], body["password"])
    step = two_factor.missing(call.world, user, body.get("mfa_code"))
    if step is not None:
        return 200, render_step(step)
    pair = _pair(call.world, user, "user")
    return respond(200, pair, {"jwt-token": pair["access_token"]})


@routes.add("POST", "/token/node", callers=(), body=NodeTokenSchema, answers={200: NodeTokenAnswer}, refusals=[401])
def create_node_token(call: Call) -> Answer:
    """
    Log a node in. Its key must be spelled as it was issued, although any spelling of a UUID is valid.
    """
    call.body()
    pair = _pair(call.world, login.node_with_key(call.world, call.request.get_json()["api_key"]), "node")
    return respond(200, pair, {"jwt-token": pair["access_token"]})


@routes.add(
    "POST",
    "/token/container",
    callers=NODE,
    body=ContainerTokenSchema,
    answers={200: ContainerTokenAnswer},
    refusals=[400],
)
def create_container_token(call: Call) -> Answer:
    """
    Give a node a token for the container of a run.
    """
    return 200, {"container_token": login.container_token(call.world, call.caller, **call.body())}


@routes.add(
    "POST", "/token/refresh", callers=(), answers={200: EitherOf(UserTokenAnswer, NodeTokenAnswer)}, reads=["refresh"]
)
def refresh_token(call: Call) -> Answer:
    """
    Give a user or a node new tokens for a refresh token, which stays valid.
    """
    claims = tokens.read(call.world, call.authorization, "refresh")
    caller = tokens.find_caller(call.world, claims)
    if caller.kind == "container":
        raise UnexpectedError(messages.WRONG_CALLER.format(kind=caller.kind, kinds="user or node"))
    row = call.world.user[caller.id] if caller.kind == "user" else call.world.node[caller.id]
    return 200, _pair(call.world, row, caller.kind)


@routes.add("POST", "/token/user/validate", callers=USER, since="4.15", answers={200: ValidUserAnswer})
def validate_user_token(call: Call) -> Answer:
    """
    Say whose token this is.
    """
    row = call.world.user[call.caller.id]
    return 200, {
        "msg": messages.TOKEN_VALID,
        "user_id": row.id,
        "username": row.username,
        "email": row.email,
        "organization_id": row.organization_id,
    }


@routes.add("POST", "/token/node/validate", callers=NODE, since="4.15", answers={200: ValidNodeAnswer})
def validate_node_token(call: Call) -> Answer:
    """
    Say which node's token this is.
    """
    row = call.world.node[call.caller.id]
    return 200, {
        "msg": messages.TOKEN_VALID,
        "node_id": row.id,
        "name": row.name,
        "organization_id": row.organization_id,
    }
