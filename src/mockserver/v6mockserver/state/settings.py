"""
How a server is configured.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """
    The settings of a server that its answers depend on, named as in the real server's configuration.

    Attributes
    ----------
    two_factor_auth : bool, default False
        Whether users log in with a code as well as a password.
    smtp : bool, default True
        Whether the server can send mail; what it sends is kept in `MockServer.outbox`.
    server_name : str, default "cotopaxi"
        What authenticator apps show; the default is the code name of version 4.
    server_url : str, optional
        Where algorithm stores reach this server; without it, clients say so in each request.
    large_result_store : bool, default False
        Whether inputs and results are kept in blob storage (4.15).
    max_failed_attempts : int, default 5
        After how many failed logins in a row an account is locked.
    inactivation_minutes : float, default 15
        For how long, in minutes.
    between_user_emails_minutes : float, default 60
        How long to wait, in minutes, before another mail of the same kind to the same user (4.15).
    token_expires_hours : float, default 6
        How long access tokens live, in hours.
    refresh_token_expires_hours : float, default 48
        How long refresh tokens live, in hours.
    email_token_validity_minutes : float, default 60
        How long tokens in mails live, in minutes.
    """

    two_factor_auth: bool = False
    smtp: bool = True
    server_name: str = "cotopaxi"
    server_url: str | None = None
    large_result_store: bool = False
    max_failed_attempts: int = 5
    inactivation_minutes: float = 15
    between_user_emails_minutes: float = 60
    token_expires_hours: float = 6
    refresh_token_expires_hours: float = 48
    email_token_validity_minutes: float = 60

    def __post_init__(self) -> None:
        """
        Refuse what no server could be configured with.
        """
        for field in fields(self):
            value, kind = getattr(self, field.name), str(field.type)
            fits, expected = KINDS[kind]
            if not fits(value):
                raise MockUsageError(f"Settings({field.name}={value!r}): {expected} is expected")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value) and value >= 0


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "bool": (lambda value: isinstance(value, bool), "True or False"),
    "str": (lambda value: isinstance(value, str), "text"),
    "str | None": (lambda value: value is None or isinstance(value, str), "text or None"),
    "int": (lambda value: _is_number(value) and isinstance(value, int) and value > 0, "a whole number from 1"),
    "float": (_is_number, "a number from 0"),
}
"""What the values of each type of setting must be, and what to say of those that are not."""

DEFAULTS = Settings()
"""A server that was not told anything."""
