"""
Ports: where a running algorithm can be reached by others of its task, through the VPN between nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, PermissionDeniedError
from v6mockserver.state import entities
from v6mockserver.state.lookup import existing_for_filter
from v6mockserver.state.run import node_of, ports

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6mockserver.state.permissions import Caller
    from v6mockserver.state.query import Parameters
    from v6mockserver.state.world import World

NOUN = "port"

FLAGS = ("include_children", "include_parent", "only_children", "only_parent", "only_siblings", "only_self")
"""Which other tasks a list of addresses is about, beside or instead of the container's own."""


def create(world: World, caller: Caller, *, port: int, run_id: int, label: str | None = None) -> entities.Port:
    """
    Offer a port of a run; only the run's own node may.
    """
    # Not copied: for a run that does not exist the real server fails with a 500 (4.0 to 4.15, /port).
    _require_own(world, caller, existing_for_filter(world.run, "run", run_id))
    # A fraction is a whole number to the schema, and to the database it is stored in.
    return world.port.add(entities.Port(id=world.next_id(NOUN), port=int(port), run_id=run_id, label=label))


def delete(world: World, caller: Caller, run_id: int | None) -> None:
    """
    Withdraw all ports of a run, also if it offers none; only the run's own node may.
    """
    if run_id is None:
        raise BadRequestError(messages.RUN_WANTED)
    run = existing_for_filter(world.run, "run", run_id)
    _require_own(world, caller, run)
    for row in ports(world, run.id):
        world.port.remove(row.id)


def _require_own(world: World, caller: Caller, run: entities.Run) -> None:
    node = node_of(world, run)
    if node is None or node.id != caller.id:
        raise PermissionDeniedError(messages.RUN_OF_OTHER_NODE.format(id=run.id))


def addresses(world: World, caller: Caller, parameters: Parameters) -> list[tuple[entities.Port, entities.Run]]:
    """
    Return the ports that algorithms of a container's task offer, each with its run.

    Raises
    ------
    BadRequestError
        If the flags in the query exclude each other.
    """
    flags = {name for name in FLAGS if parameters.flag(name)}
    for clashing in world.release.clashing_address_flags:
        if clashing <= flags:
            raise BadRequestError(messages.FLAGS_CLASH.format(flags=" and ".join(sorted(clashing))))
    label = parameters.text("label")
    runs = [run for task_id in _tasks(world, caller, flags) for run in _runs(world, caller, task_id, flags)]
    found = ((port, run) for run in runs for port in ports(world, run.id))
    return sorted(((port, run) for port, run in found if not label or port.label == label), key=lambda pair: pair[0].id)


def _tasks(world: World, caller: Caller, flags: set[str]) -> list[int]:
    """
    Return the ids of the tasks that the flags choose.

    Server quirk: `only_parent` on a task without a parent chooses the task itself (4.0 to 4.15).
    """
    own = caller.task_id or 0
    children = list(world.task.where("parent_id", own))
    chosen = [own]
    if "only_children" in flags:
        chosen = children
    elif "include_children" in flags:
        chosen = [own, *children]
    if flags & {"include_parent", "only_parent"}:
        parent_id = existing_for_filter(world.task, "task", own).parent_id
        if parent_id is not None:
            chosen = [parent_id] if "only_parent" in flags else [*chosen, parent_id]
    return [own] if flags & {"only_siblings", "only_self"} else chosen


def _runs(world: World, caller: Caller, task_id: int, flags: set[str]) -> Iterator[entities.Run]:
    for run_id in world.run.where("task_id", task_id):
        run = world.run[run_id]
        is_own = run.organization_id == caller.organization_id
        if not ("only_siblings" in flags and is_own) and not ("only_self" in flags and not is_own):
            yield run
