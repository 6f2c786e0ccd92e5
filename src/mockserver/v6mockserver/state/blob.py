"""
Blobs: inputs and results that are too large to sit in a run, which then holds the blob's UUID.

What is in a blob is nobody's business here: base64 text of the payload, or the ciphertext with its key in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import ForbiddenError, NotFoundError, UnavailableError, UnexpectedError
from v6mockserver.state import run_states, task
from v6mockserver.state.lookup import existing_for_filter
from v6mockserver.state.permissions import CREATE, VIEW, Caller, decide, require, require_any, scopes_to_task

if TYPE_CHECKING:
    from v6mockserver.state.entities import Run
    from v6mockserver.state.world import World


def require_may_upload(world: World, caller: Caller) -> None:
    """
    Refuse unless the caller may store a blob.

    Raises
    ------
    UnavailableError
        If the server has no blob store.
    PermissionDeniedError
        If a user may not create tasks anywhere.
    ForbiddenError
        If the task that a container works for is finished.
    """
    _require_store(world)
    if caller.kind == "user":
        require_any(world, caller, task.NOUN, CREATE)
    if caller.kind == "container":
        own = existing_for_filter(world.task, task.NOUN, caller.task_id or 0)
        if run_states.has_finished(task.status(world, own.id)):
            raise ForbiddenError(messages.TASK_FINISHED.format(id=own.id))


def _require_store(world: World) -> None:
    if not world.stores_blobs:
        raise UnavailableError(messages.NO_BLOB_STORE)


def store(world: World, content: bytes) -> str:
    """
    Store a blob and return its UUID.
    """
    uuid = world.next_uuid()
    world.blobs[uuid] = content
    return uuid


def view(world: World, caller: Caller, uuid: str) -> bytes:
    """
    Return a blob that is the input or the result of a run that the caller may view.

    A blob that no run names cannot be had: it belongs to nobody yet.
    """
    run = _run_with(world, uuid)
    require(decide(world, caller, "run", VIEW, scopes_to_task(world, caller, world.task[run.task_id])))
    _require_store(world)
    if uuid not in world.blobs:
        # A 500 as on the real server: the run names what was never uploaded.
        raise UnexpectedError(messages.BLOB_LOST.format(uuid=uuid))
    return world.blobs[uuid]


def _run_with(world: World, uuid: str) -> Run:
    # A scan: an index of all inputs and results would cost every other run more than this costs a download.
    for run in world.run:
        if uuid in (run.input, run.result):
            return run
    raise NotFoundError(messages.NO_RUN_WITH_BLOB.format(uuid=uuid))
