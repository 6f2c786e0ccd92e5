"""
Getting into an account again: lost passwords, second factors and api keys; and changing a password that is known.

Who has lost something is sent a token by mail, and sets it anew with the token. One kind of token does for both, as
often as it is used, until it expires.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, UnauthorizedError
from v6mockserver.state import login, mails, tokens, two_factor
from v6mockserver.state.lookup import existing
from v6mockserver.state.passwords import check_password, hash_api_key, hash_password
from v6mockserver.state.permissions import COLLABORATION, EDIT, Caller, decide, require, scopes_to_organization

if TYPE_CHECKING:
    from v6mockserver.state.entities import User
    from v6mockserver.state.world import World

PASSWORD, SECOND_FACTOR = "password", "two-factor authentication"
"""What mails call that which is lost."""


def change_password(world: World, caller: Caller, *, current_password: str, new_password: str) -> None:
    """
    Change the caller's password. Their tokens stay good.

    Raises
    ------
    UnauthorizedError
        If the current password is wrong, or the account is locked.
    BadRequestError
        If the new password is the current one.
    """
    user = world.user[caller.id]
    if world.release.counts_wrong_passwords_everywhere:
        user = login.user(world, user.username, current_password)
    elif not check_password(current_password, user.password):
        raise UnauthorizedError(messages.PASSWORD_WRONG)
    if new_password == current_password:
        raise BadRequestError(messages.PASSWORD_UNCHANGED)
    _set_password(world, user, new_password)


def _set_password(world: World, user: User, password: str) -> None:
    world.user.replace(replace(user, password=hash_password(password, salt=world.next_uuid())))


def lose_password(world: World, *, username: str | None = None, email: str | None = None) -> None:
    """
    Send a reset token to the user with this name, or else this address; from outside it looks the same if none has.
    """
    user = _find(world, username, email)
    # Not copied: on 4.15 the pause between two mails never ends (POST /recover/lost).
    if user is None or not world.settings.smtp or not mails.is_due(world, user.last_email_recover_password_sent):
        return
    mails.send_token(world, user, purpose=PASSWORD, token=tokens.issue_for_reset(world, user))
    if world.release.waits_between_mails:
        world.user.replace(replace(user, last_email_recover_password_sent=world.clock.text()))


def _find(world: World, username: str | None, email: str | None) -> User | None:
    return world.user.first("username", username) if username else world.user.first("email", email)


def reset_password(world: World, *, reset_token: str, password: str) -> None:
    """
    Set the password of the user whom a reset token is for, and unlock their account.
    """
    user = tokens.read_for_reset(world, reset_token)
    _set_password(world, replace(user, failed_login_attempts=0), password)


def lose_second_factor(world: World, *, password: str, username: str | None = None, email: str | None = None) -> None:
    """
    Send a reset token to a user who knows their password. It does not matter whether a second factor is asked for.

    Raises
    ------
    UnauthorizedError
        If the password is wrong, or the account is locked.
    BadRequestError
        If the server cannot send mail.
    """
    user = _find(world, username, email)
    if user is None and world.release.hides_unknown_accounts:
        return
    user = login.user(world, user.username if user else "", password)
    if not world.settings.smtp and world.release.admits_having_no_mail:
        raise BadRequestError(messages.NO_MAIL)
    mails.send_token(world, user, purpose=SECOND_FACTOR, token=tokens.issue_for_reset(world, user))


def reset_second_factor(world: World, *, reset_token: str) -> two_factor.Step:
    """
    Give the user whom a reset token is for a new second factor.
    """
    return two_factor.enrol(world, tokens.read_for_reset(world, reset_token))


def reset_api_key(world: World, caller: Caller, id_: int) -> str:
    """
    Give a node another api key and return it. The old one is good for no login any more; the node's tokens stay good.
    """
    node = existing(world.node, "node", id_)
    scopes = scopes_to_organization(world, caller, node.organization_id)
    if not world.release.resets_keys_of_partners:
        scopes = [scope for scope in scopes if scope != COLLABORATION]
    require(decide(world, caller, "node", EDIT, scopes))
    api_key = world.next_uuid()
    world.node.replace(replace(node, api_key=hash_api_key(api_key)))
    return api_key
