"""
Rules: the permissions that exist; they are made with the server and never change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from v6mockserver.state.lookup import existing_for_filter
from v6mockserver.state.permissions import OPERATIONS, SCOPES, rules_of_user
from v6mockserver.state.query import Among, Parameters, Selection, select

if TYPE_CHECKING:
    from collections.abc import Iterable

    from v6mockserver.state import entities
    from v6mockserver.state.world import World

NOUN = "rule"

SHORT_FORMS = {operation[0].lower(): operation for operation in OPERATIONS} | {
    scope[:3].lower(): scope for scope in SCOPES
}
"""The short forms that the filters accept beside the names."""


def visible(world: World, parameters: Parameters) -> Selection[entities.Rule]:
    """
    Return the rules that the query selects; every user may view all of them.
    """
    return select(world.rule, _chosen(world, parameters))


def _chosen(world: World, parameters: Parameters) -> Iterable[Among]:
    for column in ("name", "operation", "scope"):
        if (text := parameters.text(column)) is not None:
            yield Among(column, {text if column == "name" else SHORT_FORMS.get(text, text)})
    if (role_id := parameters.integer("role_id")) is not None:
        yield Among("id", world.role_rule.rights(existing_for_filter(world.role, "role", role_id).id))
    if (user_id := parameters.integer("user_id")) is not None:
        yield Among("id", rules_of_user(world, existing_for_filter(world.user, "user", user_id).id))
