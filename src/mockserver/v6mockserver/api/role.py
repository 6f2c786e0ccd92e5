"""
Routes of roles and their rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import Schema, ValidationError, fields

from v6mockserver import _messages as messages
from v6mockserver._errors import InvalidBodyError
from v6mockserver.api import _query as query
from v6mockserver.api import rule
from v6mockserver.api._answers import AnswerSchema, ListOf, MessageAnswer, PageOf, link, number, text
from v6mockserver.api._fields import identifier, identifiers, long_text
from v6mockserver.api._links import to_many, to_one
from v6mockserver.api._paging import page
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import role as roles

if TYPE_CHECKING:
    from v6mockserver.state.entities import Role
    from v6mockserver.state.world import World

routes = Routes("role")

DEFAULT_NAMES = {
    "Root",
    "container",
    "node",
    "Viewer",
    "Researcher",
    "Organization Admin",
    "Collaboration Admin",
}


def not_default(text: str) -> None:
    """
    Refuse the name of a default role.
    """
    if text in DEFAULT_NAMES:
        msg = f"{text!r} is the name of a default role."
        raise ValidationError(msg)


class RoleSchema(Schema):
    """
    What a role is made of.
    """

    name = fields.String(required=True, validate=not_default)
    rules = identifiers(required=True)
    description = long_text()
    organization_id = identifier()


class _RoleBodyError(InvalidBodyError):
    """
    A body that does not fit. Server quirk: roles put the errors under `msg` (4.15, POST and PATCH /role).
    """

    def body(self) -> dict[str, Any]:
        return {"msg": self.errors}


def _body(call: Call, *, partial: bool) -> dict[str, Any]:
    try:
        body: dict[str, Any] = call.body(partial=partial)
    except InvalidBodyError as error:
        if not call.world.release.words_role_errors:
            raise
        raise _RoleBodyError(error.message, error.errors) from error
    return body


class RoleAnswer(AnswerSchema):
    """
    A role.
    """

    noun = "role"

    id = number()
    name = text()
    description = text(allow_none=True)
    is_default_role = fields.Boolean()
    rules = text()
    users = text()
    organization = link(allow_none=True)


class InvalidRoleAnswer(AnswerSchema):
    """
    What is wrong with the body of a role, field by field.
    """

    msg = fields.Dict(keys=text())


FILTERS = {
    "name": query.LIKES,
    "description": query.LIKES,
    "organization_id": query.IDS,
    "collaboration_id": query.ID,
    "include_root": query.FLAG,
    "rule_id": query.ID,
    "user_id": query.ID,
}


def render(world: World, row: Role) -> dict[str, Any]:
    """
    Return the JSON object of a role.
    """
    body = {
        "id": row.id,
        "name": row.name,
        "description": row.description,
        "is_default_role": row.is_default_role,
        "rules": to_many("rule", role_id=row.id),
        "users": to_many("user", role_id=row.id),
        "organization": to_one(world, "organization", row.organization_id),
    }
    return world.release.shown("role", body)


@routes.add(
    "GET",
    "/role",
    callers=USER,
    query=query.paged(entities.Role, **FILTERS),
    answers={200: PageOf(RoleAnswer)},
    refusals=[404],
)
def list_roles(call: Call) -> Answer:
    """
    List roles.
    """
    return page(
        call, roles.visible(call.world, call.caller, call.parameters), call.renderer(render), sortable=entities.Role
    )


@routes.add(
    "POST", "/role", callers=USER, body=RoleSchema, answers={201: RoleAnswer, 400: InvalidRoleAnswer}, refusals=[404]
)
def create_role(call: Call) -> Answer:
    """
    Create a role.
    """
    return 201, render(call.world, roles.create(call.world, call.caller, **_body(call, partial=False)))


@routes.add("GET", "/role/<int:id_>", callers=USER, answers={200: RoleAnswer})
def get_role(call: Call, id_: int) -> Answer:
    """
    View a role.
    """
    return 200, render(call.world, roles.view(call.world, call.caller, id_))


@routes.add(
    "PATCH", "/role/<int:id_>", callers=USER, body=RoleSchema, answers={200: RoleAnswer, 400: InvalidRoleAnswer}
)
def update_role(call: Call, id_: int) -> Answer:
    """
    Change a role.
    """
    return 200, render(call.world, roles.update(call.world, call.caller, id_, _body(call, partial=True)))


@routes.add(
    "DELETE",
    "/role/<int:id_>",
    callers=USER,
    query=query.DELETION,
    answers={200: MessageAnswer},
    refusals=[400],
)
def delete_role(call: Call, id_: int) -> Answer:
    """
    Delete a role.
    """
    roles.delete(call.world, call.caller, id_, delete_dependents=call.parameters.flag("delete_dependents"))
    return 200, {"msg": messages.DELETED.format(noun="role", id=id_)}


@routes.add("POST", "/role/<int:id_>/rule/<int:rule_id>", callers=USER, answers={201: ListOf(rule.RuleAnswer)})
def add_rule(call: Call, id_: int, rule_id: int) -> Answer:
    """
    Add a rule to a role; answers with all its rules.
    """
    return 201, [rule.render(row) for row in roles.add_rule(call.world, call.caller, id_, rule_id)]


@routes.add("DELETE", "/role/<int:id_>/rule/<int:rule_id>", callers=USER, answers={200: ListOf(rule.RuleAnswer)})
def remove_rule(call: Call, id_: int, rule_id: int) -> Answer:
    """
    Remove a rule from a role; answers with the rules that stay.
    """
    return 200, [rule.render(row) for row in roles.remove_rule(call.world, call.caller, id_, rule_id)]
