"""
Tokens: what each kind says, how long it lives, and who its bearer is.

=============  ==============  =======================  ===========
token          subject         client type              lives
=============  ==============  =======================  ===========
access         id              user or node             6 hours
refresh        id              user or node             48 hours
container      an object       container                for ever
reset          an object       container                1 hour
=============  ==============  =======================  ===========

Tokens are HS256 JWTs. A token says who its bearer is and nothing about what it may do: rules are read from the world at
every request. There is no revocation; a token dies by age, or with the user or node it was made for.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import jwt

from v6mockserver import _messages as messages
from v6mockserver._errors import (
    BadRequestError,
    RefusedError,
    UnauthorizedError,
    UnexpectedError,
    UnreadableTokenError,
)
from v6mockserver.state.permissions import Caller, rules_of_user
from v6mockserver.state.settings import DEFAULTS
from v6mockserver.state.world import CONTAINER, NODE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from jwt.types import Options

    from v6mockserver.state.entities import Node, User
    from v6mockserver.state.settings import Settings
    from v6mockserver.state.world import World

ALGORITHM = "HS256"
MINUTE, HOUR = 60, 3600
SHORTEST_HOURS = 0.5

# Age is checked here, by the world's clock, and not by the library; and a subject is a number or an object, not text.
UNCHECKED: Options = {
    "verify_exp": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_sub": False,
    "verify_aud": False,
}


def issue_pair(world: World, row: User | Node, kind: str) -> tuple[str, str]:
    """
    Return a new access and a new refresh token for a user or a node.
    """
    roles: list[str] = []
    if kind == "user":
        roles = [world.role[id_].name for id_ in sorted(world.user_role.rights(row.id))]
    access, refresh = (
        _issue(world, row.id, kind, type_=type_, roles=roles, lifetime=_lifetime(world.settings, type_))
        for type_ in ("access", "refresh")
    )
    return access, refresh


def issue_for_container(world: World, subject: Mapping[str, Any]) -> str:
    """
    Return a token for the container of one run; it never expires.
    """
    return _issue(world, world.release.shown("container", {"client_type": "container", **subject}), "container")


def issue_for_reset(world: World, user: User) -> str:
    """
    Return the token that a mail to a user has in it; who holds it sets their password or second factor anew.
    """
    # Server quirk: it is told from the token of a container by its subject alone, where the id is text (4.0 to 4.15).
    lifetime = int(world.settings.email_token_validity_minutes * MINUTE)
    return _issue(world, {"id": str(user.id)}, "container", lifetime=lifetime)


def _issue(
    world: World,
    subject: int | Mapping[str, Any],
    kind: str,
    *,
    type_: str = "access",
    roles: Sequence[str] = (),
    lifetime: int | None = None,
) -> str:
    now = world.clock.epoch()
    claims: dict[str, Any] = {
        "fresh": False,
        "iat": now,
        "jti": world.next_uuid(),
        "type": type_,
        "sub": subject,
        "nbf": now,
        "csrf": world.next_uuid(),
        "client_type": kind,
        "roles": list(roles),
    }
    if lifetime is not None:
        claims["exp"] = now + lifetime
    return jwt.encode(world.release.shown("token", claims), world.secret, ALGORITHM)


def _lifetime(settings: Settings, type_: str) -> int:
    """
    Return how many seconds a token of a user or a node lives.

    Values that the real server finds too short are replaced by its defaults, as there.
    """
    access = settings.token_expires_hours
    if access < SHORTEST_HOURS:
        access = DEFAULTS.token_expires_hours
    if type_ == "access":
        return int(access * HOUR)
    refresh = settings.refresh_token_expires_hours
    return int((refresh if refresh > access else DEFAULTS.refresh_token_expires_hours) * HOUR)


def read(world: World, authorization: str | None, type_: str) -> dict[str, Any]:
    """
    Return the claims of the token in an `Authorization` header.

    Parameters
    ----------
    world : World
        The world whose secret and clock count.
    authorization : str or None
        The value of the header.
    type_ : {"access", "refresh"}
        The type of token that is wanted.

    Returns
    -------
    dict
        The claims.

    Raises
    ------
    UnauthorizedError
        If there is no bearer token, or it has expired.
    UnreadableTokenError
        If it is no token of this server, or of the other type.
    """
    claims = _decode(world, _bearer(authorization))
    _check_age(world, claims)
    if (claims.get("type", "access") == "refresh") != (type_ == "refresh"):
        raise UnreadableTokenError(messages.TOKEN_OF_OTHER_TYPE.format(wanted=type_))
    return claims


def _bearer(authorization: str | None) -> str:
    words = (authorization or "").split()
    if words[:1] != ["Bearer"]:
        raise UnauthorizedError(messages.TOKEN_MISSING)
    if len(words) != 2:  # noqa: PLR2004 -- the word and the token
        raise UnreadableTokenError(messages.TOKEN_UNREADABLE)
    return words[1]


def _verified(world: World, token: str) -> dict[str, Any]:
    claims = world.known_tokens.get(world.secret, token)
    if claims is None:
        claims = jwt.decode(token, world.secret, [ALGORITHM], options=UNCHECKED)
        world.known_tokens.add(world.secret, token, claims)
    return claims


def _decode(world: World, token: str) -> dict[str, Any]:
    try:
        return _verified(world, token)
    except jwt.InvalidTokenError as error:
        raise UnreadableTokenError(messages.TOKEN_UNREADABLE) from error


class Owner(NamedTuple):
    """
    Whom a token was made for.

    Attributes
    ----------
    kind : str
        Such as "user", "node" or "container".
    id : int
        The id of the user or node; of a container, that of its node.
    name : str or None
        The name of that user or node; None once it is deleted.
    """

    kind: str
    id: int
    name: str | None

    def __str__(self) -> str:
        return f"{self.kind} {self.id if self.name is None else self.name}"


def owner(world: World, authorization: str | None) -> Owner | None:
    """
    Return whom the token in an `Authorization` header was made for, or None if it is not one of this world's.

    This judges nothing, neither age nor type, and notes nothing: it tells observers whose request they see.
    """
    try:
        claims = _decode(world, _bearer(authorization))
    except RefusedError:
        return None
    kind: Any = claims.get("client_type")
    subject = claims.get("sub")
    if not _is_sound(kind, subject) or _is_for_reset(subject):
        return None
    id_: Any = subject["node_id"] if isinstance(subject, dict) else subject
    if kind == "user":
        user = world.user.get(id_)
        return Owner(kind, id_, None if user is None else user.username)
    node = world.node.get(id_)
    return Owner(kind, id_, None if node is None else node.name)


def _check_age(world: World, claims: Mapping[str, Any]) -> None:
    now = world.clock.epoch()
    expires, starts = claims.get("exp", now + 1), claims.get("nbf", now)
    if not isinstance(expires, (int, float)) or not isinstance(starts, (int, float)):
        raise UnreadableTokenError(messages.TOKEN_UNREADABLE)
    if expires <= now:
        raise UnauthorizedError(messages.TOKEN_EXPIRED)
    if starts > now or "sub" not in claims:
        raise UnreadableTokenError(messages.TOKEN_NOT_YET_VALID)


def read_for_reset(world: World, token: str) -> User:
    """
    Return the user whom the token from a mail is for.

    Raises
    ------
    BadRequestError
        If it is not a token of this server, or one of another kind.
    UnauthorizedError
        If it has expired.
    """
    try:
        claims = _verified(world, token)
    except jwt.DecodeError as error:
        raise BadRequestError(messages.RESET_TOKEN_WRONG) from error
    except jwt.InvalidTokenError as error:
        raise UnreadableTokenError(messages.TOKEN_UNREADABLE) from error
    _check_age(world, claims)
    # Not copied: the real server fails with a 500 on other tokens, and for a user who is gone (4.0 to 4.15).
    subject = claims["sub"]
    user = world.user.get(int(subject["id"])) if _is_for_reset(subject) else None
    if user is None:
        raise BadRequestError(messages.RESET_TOKEN_WRONG)
    return user


def _is_for_reset(subject: object) -> bool:
    return isinstance(subject, dict) and subject.keys() == {"id"} and str(subject["id"]).isdecimal()


def authenticate(world: World, authorization: str | None, kinds: Collection[str]) -> Caller:
    """
    Return who sends a request, and note that they were seen.

    Parameters
    ----------
    world : World
        The world that they call.
    authorization : str or None
        The value of the `Authorization` header.
    kinds : collection of str
        The kinds of caller that the route is for.

    Returns
    -------
    Caller
        The caller, with its rules as they are now.

    Raises
    ------
    UnauthorizedError, UnreadableTokenError
        As `read`; also if the user or node no longer exists.
    UnexpectedError
        If the route is for other kinds of caller.
    """
    claims = read(world, authorization, "access")
    caller = find_caller(world, claims)
    if caller.kind not in kinds:
        # Server quirk: 500, not 401 or 403 (4.0 to 4.15, every route with a token).
        raise UnexpectedError(messages.WRONG_CALLER.format(kind=caller.kind, kinds=" or ".join(kinds)))
    _note_seen(world, caller)
    return caller


def _note_seen(world: World, caller: Caller) -> None:
    table: Any = {"user": world.user, "node": world.node}.get(caller.kind)
    if table is not None:
        table.replace(replace(table[caller.id], last_seen=world.clock.text()))


def find_caller(world: World, claims: Mapping[str, Any]) -> Caller:
    """
    Return the caller that the claims of a token name.
    """
    kind: Any = claims.get("client_type")
    subject = claims["sub"]
    if not _is_sound(kind, subject):
        raise UnexpectedError(messages.TOKEN_WITHOUT_KIND)
    return FINDERS[kind](world, subject)


def _user(world: World, id_: int) -> Caller:
    user = world.user.get(id_)
    if user is None:
        raise _absent(world.node, "user", id_)
    return Caller(kind="user", id=id_, organization_id=user.organization_id, rules=rules_of_user(world, id_))


def _node(world: World, id_: int) -> Caller:
    node = world.node.get(id_)
    if node is None:
        raise _absent(world.user, "node", id_)
    return Caller(
        kind="node",
        id=id_,
        organization_id=node.organization_id,
        rules=rules_of_default_role(world, NODE),
        collaboration_id=node.collaboration_id,
    )


def _container(world: World, subject: Mapping[str, Any]) -> Caller:
    if _is_for_reset(subject):
        # Not copied: the real server takes it for a container, and fails with a 500 (4.0 to 4.15).
        raise UnreadableTokenError(messages.TOKEN_FOR_RESET)
    return Caller(
        kind="container",
        id=subject["node_id"],
        organization_id=subject["organization_id"],
        rules=rules_of_default_role(world, CONTAINER),
        collaboration_id=subject["collaboration_id"],
        task_id=subject["task_id"],
        image=subject["image"],
    )


FINDERS: dict[str, Callable[[World, Any], Caller]] = {"user": _user, "node": _node, "container": _container}
"""How to find the caller that a subject names, by client type."""

IDS = ("node_id", "organization_id", "collaboration_id", "task_id")
"""The ids in the subject of a container's token."""


def _is_sound(kind: object, subject: object) -> bool:
    """
    Tell whether there are tokens of a kind, with such a subject.

    No server makes others, but whoever knows the secret can.
    """
    if not isinstance(kind, str) or kind not in FINDERS:
        return False
    if kind != "container":
        return isinstance(subject, Hashable)
    return _is_for_reset(subject) or (
        isinstance(subject, dict)
        and all(isinstance(subject.get(name), int) for name in IDS)
        and isinstance(subject.get("image"), str)
    )


def _absent(others: Collection[object], kind: str, id_: int) -> UnauthorizedError | UnexpectedError:
    if id_ in others:
        return UnexpectedError(messages.TOKEN_OF_OTHER_KIND.format(kind=kind, id=id_))
    return UnauthorizedError(messages.BEARER_GONE.format(kind=kind, id=id_))


def rules_of_default_role(world: World, name: str) -> frozenset[int]:
    """
    Return the ids of the rules of the default role with this name; none if a loaded world lacks the role.
    """
    roles = (world.role[id_] for id_ in world.role.where("name", name))
    return next((world.role_rule.rights(role.id) for role in roles if role.is_default_role), frozenset())
