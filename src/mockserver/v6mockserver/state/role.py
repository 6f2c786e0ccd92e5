"""
Roles: named sets of rules. Default roles belong to no organization and come with the server.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, NotFoundError
from v6mockserver.state import cascade, entities
from v6mockserver.state.lookup import existing, existing_for_filter
from v6mockserver.state.permissions import (
    COLLABORATION,
    CREATE,
    DELETE,
    EDIT,
    GLOBAL,
    ORGANIZATION,
    VIEW,
    Caller,
    on_collaboration,
    on_organization,
    partners,
    require,
    require_at_least,
    widest,
)
from v6mockserver.state.query import Among, Parameters, Selection, like, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "role"


def view(world: World, caller: Caller, id_: int) -> entities.Role:
    """
    Return a role that the caller may view.

    By rule, because it is theirs, or because it is a default role and they may view any roles at all.
    """
    row = existing(world.role, NOUN, id_)
    theirs = (caller.id, id_) in world.user_role
    shows_default = world.release.shows_default_roles and row.is_default_role
    readable_default = shows_default and widest(world, caller, NOUN, VIEW) is not None
    if not (theirs or readable_default):
        require(on_organization(world, caller, NOUN, VIEW, row.organization_id))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Role]:
    """
    Return the roles that the caller may view and the query selects; one's own roles need no rule.
    """
    criteria: list[Among | Predicate] = [
        *_alike(parameters),
        *_chosen(world, caller, parameters),
        *_within_reach(world, caller),
    ]
    return select(world.role, criteria)


def _alike(parameters: Parameters) -> Iterable[Predicate]:
    for column in ("name", "description"):
        if texts := parameters.texts(column):
            yield _any_of([like(column, text) for text in texts])


def _any_of(predicates: Sequence[Predicate]) -> Predicate:
    return lambda row: any(meets(row) for meets in predicates)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    organization_ids: set[int | None] = set()
    for organization_id in parameters.integers("organization_id"):
        require(on_organization(world, caller, NOUN, VIEW, organization_id))
        organization_ids.add(organization_id)
    collaboration_id = parameters.integer("collaboration_id")
    if collaboration_id is not None:
        # Server quirk: text is compared with a number, so only include_root finds anything (4.0 to 4.15, GET /role).
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
    defaults: set[int | None] = {None} if parameters.flag("include_root") else set()
    if organization_ids:
        yield Among("organization_id", organization_ids | defaults)
    if collaboration_id is not None:
        yield Among("organization_id", defaults)
    if parameters.text("rule_id") is not None:
        find = existing if world.release.misses_rules else existing_for_filter
        yield Among("id", world.role_rule.lefts(find(world.rule, "rule", parameters.foreign_key("rule_id")).id))
    if parameters.text("user_id") is not None:
        yield Among("id", _roles_of(world, caller, parameters.foreign_key("user_id")))


def _roles_of(world: World, caller: Caller, user_id: int) -> Collection[int]:
    owner = existing_for_filter(world.user, "user", user_id)
    if caller.id != user_id:
        require(on_organization(world, caller, NOUN, VIEW, owner.organization_id))
    return world.user_role.rights(user_id)


def _within_reach(world: World, caller: Caller) -> Iterable[Predicate]:
    scope = widest(world, caller, NOUN, VIEW)
    if scope == GLOBAL:
        return []
    owners = {
        COLLABORATION: partners(world, caller.organization_id),
        ORGANIZATION: frozenset({caller.organization_id}),
    }.get(scope or "", frozenset())
    theirs = world.user_role.rights(caller.id)
    defaults = {None} if scope else set()
    return [lambda row: row.id in theirs or row.organization_id in owners or row.organization_id in defaults]


def create(
    world: World,
    caller: Caller,
    *,
    name: str,
    rules: Collection[int],
    description: str | None = None,
    organization_id: int | None = None,
) -> entities.Role:
    """
    Create a role of rules that the caller holds, in their own organization or another.
    """
    _check_rules(world, caller, rules)
    owner = existing(
        world.organization, "organization", caller.organization_id if organization_id is None else organization_id
    )
    require(on_organization(world, caller, NOUN, CREATE, owner.id))
    row = world.role.add(
        entities.Role(id=world.next_id(NOUN), name=name, description=description, organization_id=owner.id)
    )
    world.role_rule.assign(row.id, rules)
    return row


def _check_rules(world: World, caller: Caller, rules: Collection[int]) -> None:
    for rule_id in rules:
        existing(world.rule, "rule", rule_id)
    require_at_least(world, caller, rules)


def _require_not_default(row: entities.Role) -> None:
    if row.is_default_role:
        raise BadRequestError(messages.DEFAULT_ROLE.format(name=row.name))


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.Role:
    """
    Change a role; `rules` replaces the whole set. Nothing is changed when any part is refused.
    """
    if "organization_id" in changes:
        raise BadRequestError(messages.ROLE_STAYS)
    row = existing(world.role, NOUN, id_)
    _require_not_default(row)
    require(on_organization(world, caller, NOUN, EDIT, row.organization_id))
    if "rules" in changes:
        _check_rules(world, caller, changes["rules"])
        world.role_rule.assign(id_, changes["rules"])
    columns = {name: changes[name] for name in ("name", "description") if name in changes}
    return world.role.replace(replace(row, **columns))


def delete(world: World, caller: Caller, id_: int, *, delete_dependents: bool) -> None:
    """
    Delete a role; with `delete_dependents` also while users have it.
    """
    row = existing(world.role, NOUN, id_)
    _require_not_default(row)
    require(on_organization(world, caller, NOUN, DELETE, row.organization_id))
    cascade.require_no_dependents(NOUN, id_, {"users": world.user_role.lefts(id_)}, delete_dependents=delete_dependents)
    cascade.delete_role(world, id_)


def add_rule(world: World, caller: Caller, id_: int, rule_id: int) -> list[entities.Rule]:
    """
    Add one rule to a role, also to a default one, and return all its rules.
    """
    _check_single_rule(world, caller, id_, rule_id)
    world.role_rule.add(id_, rule_id)
    return rules_of(world, id_)


def remove_rule(world: World, caller: Caller, id_: int, rule_id: int) -> list[entities.Rule]:
    """
    Remove one rule from a role, also from a default one, and return the rest of its rules.
    """
    _check_single_rule(world, caller, id_, rule_id)
    if (id_, rule_id) not in world.role_rule:
        raise NotFoundError(messages.RULE_NOT_IN_ROLE.format(rule=rule_id, role=id_))
    world.role_rule.discard(id_, rule_id)
    return rules_of(world, id_)


def _check_single_rule(world: World, caller: Caller, id_: int, rule_id: int) -> None:
    row = existing(world.role, NOUN, id_)
    existing(world.rule, "rule", rule_id)
    require(on_organization(world, caller, NOUN, EDIT, row.organization_id))
    require_at_least(world, caller, [rule_id])


def rules_of(world: World, id_: int) -> list[entities.Rule]:
    """
    Return the rules of a role, by id.
    """
    return [world.rule[rule_id] for rule_id in sorted(world.role_rule.rights(id_))]
