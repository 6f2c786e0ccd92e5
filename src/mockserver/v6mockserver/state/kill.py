"""
Killing: telling nodes to stop what they run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state import node as nodes
from v6mockserver.state import run_states
from v6mockserver.state import task as tasks
from v6mockserver.state.lookup import existing
from v6mockserver.state.permissions import (
    ORGANIZATION,
    SEND,
    Caller,
    decide,
    on_collaboration,
    require,
    scopes_to_collaboration,
)

if TYPE_CHECKING:
    from v6mockserver.state.world import World

RESOURCE = "event"
"""Killing goes by the rules to send events."""


def task(world: World, caller: Caller, id_: int) -> None:
    """
    Kill a task that is not finished, with its direct subtasks.
    """
    row = existing(world.task, "task", id_)
    # Server quirk: a task with one failed run counts as finished, whatever else still runs (4.0 to 4.15).
    if run_states.has_finished(status := tasks.status(world, row.id)):
        raise BadRequestError(messages.TASK_ENDED.format(id=row.id, status=status))
    require(on_collaboration(world, caller, RESOURCE, SEND, row.collaboration_id))
    tasks.kill(world, row)


def node_tasks(world: World, caller: Caller, id_: int) -> None:
    """
    Tell a node that is online to stop all its runs. The node reports what it stopped; no run changes here.
    """
    row = existing(world.node, "node", id_)
    if row.status != nodes.ONLINE:
        raise BadRequestError(messages.NODE_OFFLINE.format(node=row.name))
    # Not copied: the real server always fails with a 500 from here on (4.0 to 4.15); this is what it intends.
    scopes = scopes_to_collaboration(world, caller, row.collaboration_id)
    if row.organization_id == caller.organization_id:
        scopes.append(ORGANIZATION)
    require(decide(world, caller, RESOURCE, SEND, scopes))
    if row.collaboration_id is not None:
        data = {"node_id": row.id, "collaboration_id": row.collaboration_id}
        world.emit("kill_containers", row.collaboration_id, data)
