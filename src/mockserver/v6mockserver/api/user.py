"""
Routes of users.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, fields, validate

from v6mockserver import _messages as messages
from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, MessageAnswer, PageOf, constant, link, moment, number, text
from v6mockserver.api._fields import (
    MAX_NAME,
    identifier,
    identifiers,
    name,
    not_digits_only,
    short_text,
    strong_password,
)
from v6mockserver.api._links import to_many, to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import user as users
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from v6mockserver.state.entities import User
    from v6mockserver.state.world import World

routes = Routes("user")

MIN_USERNAME = 3


class UserSchema40(Schema):
    """
    What a user is made of, with hardly a rule for the username.
    """

    username = name(required=True)
    password = fields.String(required=True, validate=strong_password)
    email = fields.Email(required=True)
    firstname = short_text()
    lastname = short_text()
    organization_id = identifier()
    roles = identifiers()
    rules = identifiers()


class UserSchema(UserSchema40):
    """
    What a user is made of.
    """

    username = fields.String(
        required=True,
        validate=[
            validate.Length(min=MIN_USERNAME, max=MAX_NAME),
            # Server quirk: Python reads $ as the end of a line as well, so that one may end here (4.15, /user).
            validate.Regexp(r"^[a-zA-Z][a-zA-Z0-9._-]+$"),
            not_digits_only,
        ],
    )


USER_SCHEMAS = {"4.0": UserSchema40, "4.15": UserSchema}


class PermissionsAnswer(AnswerSchema):
    """
    What a user may do: ids of roles, of all rules, and of the organizations that share a collaboration.
    """

    roles = fields.List(number())
    rules = fields.List(number())
    orgs_in_collabs = fields.List(number())


class UserAnswer(AnswerSchema):
    """
    A user.
    """

    noun = "user"
    optional = ("permissions",)

    id = number()
    type = constant("user")
    username = text()
    firstname = text(allow_none=True)
    lastname = text(allow_none=True)
    email = text(allow_none=True)
    ip = text(allow_none=True)
    last_seen = moment()
    status = text(allow_none=True)
    otp_secret = text(allow_none=True)
    last_email_failed_login_sent = moment()
    last_email_recover_password_sent = moment()
    organization = link()
    roles = text()
    rules = text()
    permissions = fields.Nested(PermissionsAnswer)


FILTERS = {
    "username": query.LIKE,
    "firstname": query.LIKE,
    "lastname": query.LIKE,
    "email": query.LIKE,
    "last_seen_from": query.SINCE,
    "last_seen_till": query.UNTIL,
    "organization_id": query.ID,
    "collaboration_id": query.ID,
    "role_id": query.ID,
    "rule_id": query.ID,
}


def render(world: World, row: User) -> dict[str, Any]:
    """
    Return the JSON object of a user.
    """
    body = {
        "id": row.id,
        "type": row.type,
        "username": row.username,
        "firstname": row.firstname,
        "lastname": row.lastname,
        "email": row.email,
        "ip": row.ip,
        "last_seen": row.last_seen,
        "status": row.status,
        "otp_secret": row.otp_secret,
        "last_email_failed_login_sent": row.last_email_failed_login_sent,
        "last_email_recover_password_sent": row.last_email_recover_password_sent,
        "organization": to_one(world, "organization", row.organization_id),
        "roles": to_many("role", user_id=row.id),
        "rules": to_many("rule", user_id=row.id),
    }
    return world.release.shown("user", body)


@routes.add(
    "GET", "/user", callers=USER, query=query.paged(entities.User, **FILTERS), answers={200: PageOf(UserAnswer)}
)
def list_users(call: Call) -> Answer:
    """
    List users.
    """
    return page(
        call, users.visible(call.world, call.caller, call.parameters), call.renderer(render), sortable=entities.User
    )


@routes.add(
    "POST",
    "/user",
    callers=USER,
    body=USER_SCHEMAS,
    answers={201: UserAnswer},
    refusals=[404],
    unexpected=["firstname", "lastname"],
)
def create_user(call: Call) -> Answer:
    """
    Create a user.
    """
    return 201, render(call.world, users.create(call.world, call.caller, **call.body()))


@routes.add(
    "GET", "/user/<int:id_>", callers=USER, query={"include_permissions": query.FLAG}, answers={200: UserAnswer}
)
def get_user(call: Call, id_: int) -> Answer:
    """
    View a user.
    """
    row = users.view(call.world, call.caller, id_)
    body = render(call.world, row)
    if call.parameters.flag("include_permissions"):
        body["permissions"] = users.permissions(call.world, row)
    return 200, body


@routes.add("PATCH", "/user/<int:id_>", callers=USER, body=USER_SCHEMAS, answers={200: UserAnswer})
def update_user(call: Call, id_: int) -> Answer:
    """
    Change a user.
    """
    existing(call.world.user, "user", id_)
    return 200, render(call.world, users.update(call.world, call.caller, id_, call.body(partial=True)))


@routes.add(
    "DELETE",
    "/user/<int:id_>",
    callers=USER,
    query=query.DELETION,
    answers={200: MessageAnswer},
    refusals=[400],
)
def delete_user(call: Call, id_: int) -> Answer:
    """
    Delete a user.
    """
    users.delete(call.world, call.caller, id_, delete_dependents=call.parameters.flag("delete_dependents"))
    return 200, {"msg": messages.DELETED.format(noun="user", id=id_)}
