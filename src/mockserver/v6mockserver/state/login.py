"""
Logging in: who gets tokens.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, UnauthorizedError
from v6mockserver.state import mails, node, run_states, task, tokens
from v6mockserver.state.lookup import existing_for_filter
from v6mockserver.state.passwords import check_password

if TYPE_CHECKING:
    from v6mockserver.state import entities
    from v6mockserver.state.permissions import Caller
    from v6mockserver.state.world import World


def user(world: World, username: str, password: str) -> entities.User:
    """
    Return the user with these credentials; unknown, wrong and locked look the same from outside.

    An account is locked after so many failures in a row, until so long after the last one that counted. What is tried
    while it is locked does not count; its owner is told by mail.
    """
    row = world.user.first("username", username)
    if row is None:
        raise UnauthorizedError(messages.LOGIN_REFUSED)
    remaining = _locked_for(world, row)
    if remaining > timedelta():
        _tell_owner(world, row, remaining)
        raise UnauthorizedError(messages.LOGIN_REFUSED)
    if not check_password(password, row.password):
        _count_failure(world, row)
        raise UnauthorizedError(messages.LOGIN_REFUSED)
    return world.user.replace(replace(row, failed_login_attempts=0))


def _locked_for(world: World, row: entities.User) -> timedelta:
    if row.failed_login_attempts < world.settings.max_failed_attempts or row.last_login_attempt is None:
        return timedelta()
    now = world.clock.now().replace(tzinfo=None)
    locked_for = timedelta(minutes=world.settings.inactivation_minutes)
    return datetime.fromisoformat(row.last_login_attempt) + locked_for - now


def _tell_owner(world: World, row: entities.User, remaining: timedelta) -> None:
    if not world.settings.smtp or not mails.is_due(world, row.last_email_failed_login_sent):
        return
    text = messages.MAIL_LOCKED.format(
        name=row.firstname or row.username,
        attempts=world.settings.max_failed_attempts,
        minutes=-(-remaining // timedelta(minutes=1)),
    )
    mails.send(world, row, messages.MAIL_LOCKED_SUBJECT, text)
    if world.release.waits_between_mails:
        world.user.replace(replace(row, last_email_failed_login_sent=world.clock.text()))


def _count_failure(world: World, row: entities.User) -> None:
    before = row.failed_login_attempts
    attempts = 1 if before >= world.settings.max_failed_attempts else before + 1
    world.user.replace(replace(row, failed_login_attempts=attempts, last_login_attempt=world.clock.text()))


def node_with_key(world: World, api_key: str) -> entities.Node:
    """
    Return the node with this api key.
    """
    row = node.find_by_api_key(world, api_key)
    if row is None:
        raise UnauthorizedError(messages.API_KEY_UNKNOWN)
    return row


def container_token(world: World, caller: Caller, task_id: int, image: str) -> str:
    """
    Return a token for the container in which a node runs a task.
    """
    # Server quirk: the node need not have a run in it (4.0 to 4.15, POST /token/container).
    row = existing_for_filter(world.task, task.NOUN, task_id)
    if image != row.image:
        raise UnauthorizedError(messages.IMAGE_DIFFERS.format(id=task_id))
    if caller.collaboration_id != row.collaboration_id:
        raise UnauthorizedError(messages.COLLABORATION_DIFFERS.format(id=task_id))
    if run_states.has_finished(task.status(world, row.id)):
        raise BadRequestError(messages.TASK_FINISHED.format(id=task_id))
    databases = [json.loads(one.parameters) | {"label": one.database} for one in task.databases(world, row.id)]
    subject = {
        "node_id": caller.id,
        "organization_id": caller.organization_id,
        "collaboration_id": row.collaboration_id,
        "study_id": row.study_id,
        "store_id": row.algorithm_store_id,
        "task_id": row.id,
        "image": image,
        "databases": databases,
    }
    return tokens.issue_for_container(world, subject)
