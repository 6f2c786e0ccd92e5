"""
Mails: what a server tells its users outside of its answers.

Nothing is sent anywhere. A mail is kept with the world it comes from, where a test reads it; a server without `smtp`
sends none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from v6mockserver import _messages as messages

if TYPE_CHECKING:
    from v6mockserver.state.entities import User
    from v6mockserver.state.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """
    A mail that a server sent.

    Attributes
    ----------
    to : str
        The address.
    subject, text : str
        What it says.
    at : str
        When it was sent: ISO, UTC, without an offset, as all times of a server.
    token : str or None
        The token in it with which a password or a second factor is set anew.
    """

    to: str
    subject: str
    text: str = field(repr=False)
    at: str
    token: str | None = field(default=None, repr=False)


def send(world: World, user: User, subject: str, text: str, *, token: str | None = None) -> None:
    """
    Send a mail to a user, if they have an address and the server can send mail.
    """
    if world.settings.smtp and user.email:
        world.mails.append(Mail(to=user.email, subject=subject, text=text, at=world.clock.text(), token=token))


def send_token(world: World, user: User, *, purpose: str, token: str) -> None:
    """
    Send a user the token with which they set something anew.
    """
    text = messages.MAIL_TOKEN.format(name=user.firstname or user.username, purpose=purpose, token=token)
    send(world, user, messages.MAIL_TOKEN_SUBJECT.format(purpose=purpose), text, token=token)


def is_due(world: World, last: str | None) -> bool:
    """
    Tell whether another mail of a kind may be sent that was last sent at this time.
    """
    if last is None or not world.release.waits_between_mails:
        return True
    pause = timedelta(minutes=world.settings.between_user_emails_minutes)
    return world.clock.now().replace(tzinfo=None) >= datetime.fromisoformat(last) + pause
