"""
Users: accounts that log in with a password.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, PermissionDeniedError, UnexpectedError
from v6mockserver.state import cascade, entities
from v6mockserver.state.lookup import existing, existing_for_filter, require_free
from v6mockserver.state.passwords import hash_password
from v6mockserver.state.permissions import (
    COLLABORATION,
    CREATE,
    DELETE,
    EDIT,
    GLOBAL,
    OWN,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    on_organization,
    partners,
    require,
    require_any,
    require_at_least,
    rules_of_user,
    scopes_to_organization,
    widest,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, seen, select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "user"


def view(world: World, caller: Caller, id_: int) -> entities.User:
    """
    Return a user whom the caller may view; everybody may view themselves.
    """
    user = existing(world.user, NOUN, id_)
    if caller.user_id != id_:
        require(on_organization(world, caller, NOUN, VIEW, user.organization_id))
    return user


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.User]:
    """
    Return the users whom the caller may view and the query selects.
    """
    criteria: list[Among | Predicate] = [
        *likes(parameters, "username", "firstname", "lastname", "email"),
        *seen(parameters),
        *_chosen(world, caller, parameters),
        *_within_reach(world, caller, parameters),
    ]
    return select(world.user, criteria)


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if (organization_id := parameters.integer("organization_id")) is not None:
        require(on_organization(world, caller, NOUN, VIEW, organization_id))
        yield Among("organization_id", {organization_id})
    if (role_id := parameters.integer("role_id")) is not None:
        owner = existing_for_filter(world.role, "role", role_id).organization_id
        if owner is not None:
            require(on_organization(world, caller, NOUN, VIEW, owner))
        yield Among("id", world.user_role.lefts(role_id))
    if (rule_id := parameters.integer("rule_id")) is not None:
        yield Among("id", world.user_rule.lefts(existing_for_filter(world.rule, "rule", rule_id).id))
    if (collaboration_id := parameters.integer("collaboration_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
        # Server quirk: text is compared with a number, so nobody is found (4.0 to 4.15, GET /user).
        yield Among("id", ())


def _within_reach(world: World, caller: Caller, parameters: Parameters) -> list[Among]:
    asks_for_oneself = parameters.text("username") == world.user[caller.id].username
    if world.release.lists_oneself and asks_for_oneself and widest(world, caller, NOUN, VIEW) is None:
        return [Among("id", {caller.id})]
    scope = require_any(world, caller, NOUN, VIEW)
    if scope == GLOBAL:
        return []
    own = frozenset({caller.organization_id})
    if scope == COLLABORATION:
        extra = own if world.release.counts_own_organization else frozenset[int]()
        return [Among("organization_id", partners(world, caller.organization_id) | extra)]
    return [Among("organization_id", own)]


def create(
    world: World,
    caller: Caller,
    *,
    username: str,
    password: str,
    email: str,
    firstname: str | None = None,
    lastname: str | None = None,
    organization_id: int | None = None,
    roles: Collection[int] = (),
    rules: Collection[int] = (),
) -> entities.User:
    """
    Create a user; nobody hands out a rule that they do not hold themselves.
    """
    require_free(world.user, NOUN, "username", username)
    require_free(world.user, NOUN, "email", email)
    target = caller.organization_id if organization_id is None else organization_id
    if widest(world, caller, NOUN, CREATE) == GLOBAL:
        existing(world.organization, "organization", target)
    require(on_organization(world, caller, NOUN, CREATE, target))
    # Server quirk: ids that do not exist are passed over here, but refused by PATCH (4.0 to 4.15, POST /user).
    roles = [id_ for id_ in roles if id_ in world.role]
    rules = [id_ for id_ in rules if id_ in world.rule]
    for role_id in roles:
        _require_assignable(world, caller, role_id, target)
    require_at_least(world, caller, rules)
    for name, value in (("firstname", firstname), ("lastname", lastname)):
        if value is None:
            # Server quirk: the schema lets them be left out, the server then fails (4.0 to 4.15, POST /user).
            raise UnexpectedError(messages.NAMES_REQUIRED.format(name=name))
    user = world.user.add(
        entities.User(
            id=world.next_id(NOUN),
            username=username,
            password=hash_password(password, salt=world.next_uuid()),
            email=email,
            firstname=firstname,
            lastname=lastname,
            organization_id=target,
        )
    )
    world.user_role.assign(user.id, roles)
    world.user_rule.assign(user.id, rules)
    return user


def _require_assignable(world: World, caller: Caller, role_id: int, organization_id: int) -> None:
    require_at_least(world, caller, world.role_rule.rights(role_id))
    owner = world.role[role_id].organization_id
    if owner not in (None, organization_id):
        raise PermissionDeniedError(
            messages.ROLE_OF_OTHER_ORGANIZATION.format(role=role_id, owner=owner, organization=organization_id)
        )


def update(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.User:
    """
    Change a user; `roles` and `rules` replace the whole set. Nothing is changed when any part is refused.

    Server quirk: what stays in a set counts as handed out anew, so that only who holds it can name it (4.15, PATCH
    /user).
    """
    user = existing(world.user, NOUN, id_)
    if "password" in changes:
        raise BadRequestError(messages.PASSWORD_NOT_HERE)
    scopes = scopes_to_organization(world, caller, user.organization_id)
    require(decide(world, caller, NOUN, EDIT, [OWN, *scopes] if caller.id == id_ else scopes))
    if changes.get("username", user.username) != user.username:
        require_free(world.user, NOUN, "username", changes["username"])
        if caller.id != id_:
            raise BadRequestError(messages.USERNAME_OF_OTHER)
    if changes.get("email", user.email) != user.email:
        require_free(world.user, NOUN, "email", changes["email"])
    if "roles" in changes:
        _check_roles(world, caller, user, changes["roles"])
    if "rules" in changes:
        _check_rules(world, caller, user, changes["rules"])
    return _store(world, user, changes)


def _check_roles(world: World, caller: Caller, user: entities.User, roles: Collection[int]) -> None:
    for role_id in roles:
        existing(world.role, "role", role_id)
    if caller.id == user.id:
        raise PermissionDeniedError(messages.OWN_PERMISSIONS.format(what="roles"))
    for role_id in roles:
        _require_assignable(world, caller, role_id, user.organization_id)
    for role_id in world.user_role.rights(user.id) - set(roles):
        require_at_least(world, caller, world.role_rule.rights(role_id))


def _check_rules(world: World, caller: Caller, user: entities.User, rules: Collection[int]) -> None:
    for rule_id in rules:
        existing(world.rule, "rule", rule_id)
    if caller.id == user.id:
        raise PermissionDeniedError(messages.OWN_PERMISSIONS.format(what="rules"))
    require_at_least(world, caller, rules)
    require_at_least(world, caller, world.user_rule.rights(user.id) - set(rules))


def _store(world: World, user: entities.User, changes: Mapping[str, Any]) -> entities.User:
    columns = {name: changes[name] for name in ("username", "firstname", "lastname", "email") if name in changes}
    if "roles" in changes:
        world.user_role.assign(user.id, changes["roles"])
    if "rules" in changes:
        world.user_rule.assign(user.id, changes["rules"])
    return world.user.replace(replace(user, **columns))


def delete(world: World, caller: Caller, id_: int, *, delete_dependents: bool) -> None:
    """
    Delete a user, and with `delete_dependents` the tasks that they created.
    """
    user = existing(world.user, NOUN, id_)
    scopes = scopes_to_organization(world, caller, user.organization_id)
    require(decide(world, caller, NOUN, DELETE, [OWN, *scopes] if caller.id == id_ else scopes))
    cascade.require_no_dependents(
        NOUN, id_, {"tasks": world.task.where("init_user_id", id_)}, delete_dependents=delete_dependents
    )
    cascade.delete_user(world, id_)


def permissions(world: World, user: entities.User) -> dict[str, list[int]]:
    """
    Return what a user may do: ids of roles, of all rules, and of the organizations that share a collaboration.
    """
    return {
        "roles": sorted(world.user_role.rights(user.id)),
        "rules": sorted(rules_of_user(world, user.id)),
        "orgs_in_collabs": sorted(partners(world, user.organization_id)),
    }
