"""
Tokens, and when to renew them: the protocol without the wire.

A login gives two tokens. The access token goes with every call and lives for hours; the refresh token is good for
one thing, asking for two new ones. `bearer_flow` decides call by call: it yields what to do next, and is sent what came
of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from v6client.exceptions import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

# Renewing this many seconds early means that a token does not expire on its way.
MARGIN = 60.0

REFRESH = "token/refresh"

# 401: expired, and also every lack of permission.
# 422: the server cannot read the token, as after a restart with a new secret.
TOKEN_REFUSED = frozenset({401, 422})

# Here a 401 speaks of a secret in the body. A wrong password counts towards locking the account: never repeat these.
_WITH_SECRETS = frozenset({"token/user", "token/node", "recover/reset", "recover/2fa/lost", "recover/2fa/reset"})

# Here it may speak of the token as well, which can be found out with a call that every token is good for.
_WITH_BOTH = frozenset({"password/change"})
HARMLESS = "rule/1"


def judges_secret(path: str, *, logged_in: bool) -> bool:
    """
    Whether a 401 on this path speaks of a password or a token in the body.
    """
    return path in _WITH_SECRETS or (logged_in and path in _WITH_BOTH)


@dataclass(frozen=True)
class Tokens:
    """
    What a login or a renewal gave.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    renew_at: float | None

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any], now: float) -> Tokens:
        """
        Read the tokens from an answer that was received at `now`.
        """
        try:
            access, refresh = (answer[key] for key in ("access_token", "refresh_token"))
        except (KeyError, TypeError):
            raise MalformedAnswerError(
                "a login or renewal was answered without two tokens: is it vantage6 4 that answers?"
            ) from None
        return cls(access, refresh, _renewal_time(claims(access), now))

    def due(self, now: float) -> bool:
        """
        Whether it is time to renew.
        """
        return self.renew_at is not None and now >= self.renew_at


def claims(token: str) -> dict[str, Any]:
    """
    What a token says about itself; its signature is the server's business.
    """
    import jwt

    try:
        read: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError) as error:
        raise MalformedAnswerError("the server gave a token that is not a JSON web token") from error
    return read


def subject(token: str) -> Any:
    """
    The id of whoever a token is for.
    """
    read = claims(token)
    if "sub" not in read:
        raise MalformedAnswerError("the server gave a token that does not say whom it is for")
    return read["sub"]


def _renewal_time(read: Mapping[str, Any], now: float) -> float | None:
    if "exp" not in read or "iat" not in read:
        return None
    # Server and client need not agree what time it is, but they agree how long the token lives.
    lifetime = read["exp"] - read["iat"]
    return float(now + lifetime - min(MARGIN, lifetime / 2))


@dataclass(frozen=True)
class Send:
    """
    Send the call with this access token; the answer's status is sent back.
    """

    token: str | None = field(repr=False)


@dataclass(frozen=True)
class Renew:
    """
    Replace these tokens, once for all threads; the new ones are sent back.
    """

    stale: Tokens


@dataclass(frozen=True)
class Probe:
    """
    Find out with a harmless call whether this access token is good; that answer's status is sent back.
    """

    token: str = field(repr=False)


def bearer_flow(tokens: Tokens | None, path: str, now: float) -> Generator[Send | Renew | Probe, Any, None]:
    """
    Take one call through: renew ahead of expiry, and when the token is refused.

    A refused call has had no effect, so that also a POST may be sent again.
    """
    if tokens is None:
        yield Send(None)
        return
    current: Tokens = tokens
    if current.due(now):
        current = yield Renew(current)
    status = yield Send(current.access)
    refused = status in TOKEN_REFUSED and path not in _WITH_SECRETS
    if refused and path in _WITH_BOTH:
        refused = (yield Probe(current.access)) in TOKEN_REFUSED
    if refused:
        current = yield Renew(current)
        yield Send(current.access)
