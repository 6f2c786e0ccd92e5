"""
The second factor: six digits that an authenticator app derives from a secret and the time (TOTP, RFC 6238).
"""

from __future__ import annotations

from base64 import b32encode
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from v6mockserver import _messages as messages
from v6mockserver._errors import UnauthorizedError
from v6mockserver.state.settings import Settings

if TYPE_CHECKING:
    from v6mockserver.state.entities import User
    from v6mockserver.state.world import World

SECRET_BYTES = 20
"""20 bytes are 32 characters of base 32, as apps expect them."""

WINDOWS = 1
"""How many periods of 30 seconds before and after the current one have codes that are accepted as well."""

ISSUER = "vantage6 ({server})"


class Step(NamedTuple):
    """
    What a user with the right password must do before they get tokens.

    Attributes
    ----------
    message : str
        What to do.
    secret : str or None
        A new secret, to be put into an authenticator app.
    uri : str or None
        The same for a QR code.
    """

    message: str
    secret: str | None = None
    uri: str | None = None


def missing(world: World, user: User, code: str | None) -> Step | None:
    """
    Return what a user who logs in has to do first, or None if nothing is missing.

    Raises
    ------
    UnauthorizedError
        If the code is wrong. This does not count as a failed login, and a code may be used again.
    """
    if not world.settings.two_factor_auth:
        return None
    if user.otp_secret is None:
        return enrol(world, user)
    if not code:
        return Step(messages.CODE_WANTED)
    if not _is_current(world, user.otp_secret, code):
        raise UnauthorizedError(messages.CODE_WRONG)
    return None


def enrol(world: World, user: User) -> Step:
    """
    Give a user a new secret, which takes the place of the one that they may have.
    """
    from pyotp.totp import TOTP

    digest = sha256(f"otp secret {world.next_uuid()}".encode()).digest()
    secret = b32encode(digest[:SECRET_BYTES]).decode()
    world.user.replace(replace(user, otp_secret=secret))
    named = world.settings if world.release.names_server_in_apps else Settings()
    issuer = ISSUER.format(server=named.server_name)
    return Step(messages.SECRET_MADE, secret, TOTP(secret).provisioning_uri(name=user.username, issuer_name=issuer))


def code(world: World, user: User) -> str | None:
    """
    Return the code that a user's app shows now, or None where none is wanted; who has no secret yet is given one.
    """
    from pyotp.totp import TOTP

    if not world.settings.two_factor_auth:
        return None
    secret = user.otp_secret or enrol(world, user).secret
    return TOTP(str(secret)).at(world.clock.now())


def _is_current(world: World, secret: str, code: str) -> bool:
    from pyotp.totp import TOTP

    return TOTP(secret).verify(code, for_time=world.clock.now(), valid_window=WINDOWS)
