"""
Routes of rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from marshmallow import fields, validate

from v6mockserver.api import _query as query
from v6mockserver.api._answers import AnswerSchema, PageOf, number, text
from v6mockserver.api._links import to_many
from v6mockserver.api._paging import page
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import rule as rules
from v6mockserver.state.lookup import existing
from v6mockserver.state.permissions import OPERATIONS, SCOPES

if TYPE_CHECKING:
    from v6mockserver.state.entities import Rule

routes = Routes("rule")


class RuleAnswer(AnswerSchema):
    """
    A rule.
    """

    id = number()
    name = text()
    scope = fields.String(validate=validate.OneOf(SCOPES))
    operation = fields.String(validate=validate.OneOf(OPERATIONS))
    description = text()
    users = text()


FILTERS = {
    "name": query.EXACT,
    "operation": query.EXACT,
    "scope": query.EXACT,
    "role_id": query.ID,
    "user_id": query.ID,
    "no_pagination": query.EXACT,
}


def render(row: Rule) -> dict[str, Any]:
    """
    Return the JSON object of a rule.
    """
    return {
        "id": row.id,
        "name": row.name,
        "scope": row.scope,
        "operation": row.operation,
        "description": row.description,
        "users": to_many("user", rule_id=row.id),
    }


@routes.add(
    "GET", "/rule", callers=USER, query=query.paged(entities.Rule, **FILTERS), answers={200: PageOf(RuleAnswer)}
)
def list_rules(call: Call) -> Answer:
    """
    List rules, with no_pagination=1 all of them on one page.
    """
    visible = rules.visible(call.world, call.parameters)
    is_whole = call.parameters.text("no_pagination") == "1"
    return page(call, visible, render, sortable=entities.Rule, is_whole=is_whole)


@routes.add("GET", "/rule/<int:id_>", callers=USER, answers={200: RuleAnswer})
def get_rule(call: Call, id_: int) -> Answer:
    """
    View a rule.
    """
    return 200, render(existing(call.world.rule, "rule", id_))
