"""
Routes of rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver.api._links import to_many
from v6mockserver.api._paging import envelope, page
from v6mockserver.api._routes import USER, Answer, Call, Routes
from v6mockserver.state import entities
from v6mockserver.state import rule as rules
from v6mockserver.state.lookup import existing

if TYPE_CHECKING:
    from v6mockserver.state.entities import Rule

routes = Routes("rule")


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


@routes.add("GET", "/rule", callers=USER)
def list_rules(call: Call) -> Answer:
    """
    List rules, with no_pagination=1 all of them on one page.
    """
    visible = rules.visible(call.world, call.parameters)
    if call.parameters.text("no_pagination") == "1":
        everything = [render(row) for row in visible.rows(0, len(visible))]
        return envelope(everything, 1, max(len(everything), 1), len(everything))
    return page(visible, render, sortable=entities.Rule)


@routes.add("GET", "/rule/<int:id_>", callers=USER)
def get_rule(call: Call, id_: int) -> Answer:
    """
    View a rule.
    """
    return 200, render(existing(call.world.rule, "rule", id_))
