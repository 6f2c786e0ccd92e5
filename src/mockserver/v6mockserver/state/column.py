"""
The names of the columns of a database: known from the nodes, or asked for by a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state import entities, task
from v6mockserver.state import node as nodes
from v6mockserver.state.lookup import existing
from v6mockserver.state.permissions import CREATE, Caller, on_collaboration, require
from v6mockserver.state.task_checks import Database

if TYPE_CHECKING:
    from collections.abc import Sequence

    from v6mockserver.state.task_checks import Target
    from v6mockserver.state.world import World

TASK_NAME = "get_column_names"
IMAGE = "ghcr.io/vantage6/algorithm-basics:latest"
"""The algorithm that a node runs to read the names."""


def names(
    world: World,
    caller: Caller,
    *,
    db_label: str,
    collaboration_id: int,
    organizations: Sequence[Target],
    sheet_name: str | None = None,
    query: str | None = None,
) -> list[str] | entities.Task:
    """
    Return the names that a node of the collaboration shares; a task that asks for them where none does.
    """
    existing(world.collaboration, "collaboration", collaboration_id)
    require(on_collaboration(world, caller, task.NOUN, CREATE, collaboration_id))
    known = _shared(world, collaboration_id, f"columns_{db_label}")
    if known:
        return known
    if not all(isinstance(target.input, str) for target in organizations):
        # Not copied: the real server fails with a 500 (4.15, POST /column).
        raise BadRequestError(messages.INPUT_NOT_TEXT)
    reading = {"sheet_name": sheet_name, "query": query}
    database = Database(db_label, {key: value for key, value in reading.items() if value})
    return task.create(
        world,
        caller,
        name=TASK_NAME,
        image=IMAGE,
        collaboration_id=collaboration_id,
        organizations=organizations,
        databases=[database],
    )


def _shared(world: World, collaboration_id: int, key: str) -> list[str]:
    """
    Return what the first node that shares this key says.
    """
    for node_id in world.node.where("collaboration_id", collaboration_id):
        values = [row.value for row in nodes.configuration(world, node_id) if row.key == key]
        if values:
            return values
    return []
