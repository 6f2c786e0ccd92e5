"""
Runs: each organization's share of a task, with its input, result and log. Results are the same rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver import _messages as messages
from v6mockserver._errors import PermissionDeniedError
from v6mockserver.state import entities, run_states, task
from v6mockserver.state import node as nodes
from v6mockserver.state.lookup import existing, existing_for_filter
from v6mockserver.state.permissions import (
    COLLABORATION,
    GLOBAL,
    ORGANIZATION,
    OWN,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    on_organization,
    require,
    require_any,
)
from v6mockserver.state.query import Among, Parameters, Selection, select, since, until

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.world import World

NOUN = "run"


def view(world: World, caller: Caller, id_: int) -> entities.Run:
    """
    Return a run that the caller may view.
    """
    row = existing(world.run, NOUN, id_)
    require(decide(world, caller, NOUN, VIEW, task.scopes(world, caller, world.task[row.task_id])))
    return row


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Run]:
    """
    Return the runs that the caller may view and the query selects, newest first.
    """
    criteria: list[Among | Predicate] = [
        *_chosen(world, caller, parameters),
        *_chosen_by_state(world, parameters),
        *_within_reach(world, caller),
    ]
    return select(world.run, criteria).newest_first()


def _chosen(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among | Predicate]:
    if (organization_id := parameters.integer("organization_id")) is not None:
        require(on_organization(world, caller, NOUN, VIEW, organization_id))
        yield Among("organization_id", {organization_id})
    if (task_id := parameters.integer("task_id")) is not None:
        row = existing_for_filter(world.task, "task", task_id)
        require(decide(world, caller, NOUN, VIEW, task.scopes(world, caller, row)))
        yield Among("task_id", {task_id})
    # Server quirk: an empty node_id is passed over, an empty number elsewhere is refused (4.0 to 4.15, GET /run).
    if parameters.text("node_id") and (node_id := parameters.integer("node_id")) is not None:
        node = existing_for_filter(world.node, "node", node_id)
        require(on_collaboration(world, caller, NOUN, VIEW, node.collaboration_id))
        yield Among("organization_id", {node.organization_id})
        yield Among("collaboration_id", {node.collaboration_id})
    if (collaboration_id := parameters.integer("collaboration_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
        yield Among("collaboration_id", {collaboration_id})


def _chosen_by_state(world: World, parameters: Parameters) -> Iterable[Among | Predicate]:
    if parameters.text("state") == "open":
        yield Among("is_open", {True})
    if (port := parameters.integer("port")) is not None:
        # Not copied: on the real server this filter always fails with a 500 (4.0 to 4.15, GET /run).
        yield Among("id", {world.port[row_id].run_id for row_id in world.port.where("port", port)})
    # Not copied: on the real server all three *_from filters compare assigned_at (4.0 to 4.15, GET /run).
    for column in ("assigned", "started", "finished"):
        for bound, name in ((since, f"{column}_from"), (until, f"{column}_till")):
            if (moment := parameters.text(name)) is not None:
                yield bound(f"{column}_at", moment)


def _within_reach(world: World, caller: Caller) -> list[Among]:
    scope = require_any(world, caller, NOUN, VIEW)
    # Server quirk: for a container, too, these are all collaborations of its organization (4.0 to 4.15, GET /run).
    reach = {
        GLOBAL: [],
        COLLABORATION: [Among("collaboration_id", world.collaboration_organization.lefts(caller.organization_id))],
        # Server quirk: in a list the organization that runs it counts, else the one that started it (4.0 to 4.15).
        ORGANIZATION: [Among("organization_id", {caller.organization_id})],
        OWN: [Among("init_user_id", {caller.user_id})],
    }
    return reach[scope]


def report(world: World, caller: Caller, id_: int, changes: Mapping[str, Any]) -> entities.Run:
    """
    Take a node's report on a run. What it leaves out of `result`, `log` and `finished_at` is cleared.

    Parameters
    ----------
    world, caller
        Where, and which node; any node of the run's organization may report.
    id_ : int
        The run.
    changes : mapping
        Any of `started_at`, `finished_at`, `status`, `result`, `log`.

    Returns
    -------
    Run
        The run as it is then.

    Raises
    ------
    PermissionDeniedError
        If the run belongs to another organization.
    BadRequestError
        If the run has ended.
    """
    row = existing(world.run, NOUN, id_)
    # Server quirk: the node's collaboration is not compared (4.0 to 4.15, PATCH /run/<id>).
    if row.organization_id != caller.organization_id:
        raise PermissionDeniedError(messages.RUN_OF_OTHER.format(id=id_))
    # Server quirk: a report that leaves these out clears them (4.0 to 4.15, PATCH /run/<id>).
    columns = {"finished_at": None, "result": None, "log": None, **changes}
    row = world.run.replace(run_states.apply(row, "report", columns))
    owner = world.task[row.task_id]
    world.emit("status_update", owner.collaboration_id, {"run_id": id_})
    if world.release.closes_waiting_siblings and run_states.has_failed(row.status):
        _close_waiting_siblings(world, row)
    return row


def _close_waiting_siblings(world: World, failed: entities.Run) -> None:
    """
    Fail the runs of the same task that have not started yet.
    """
    log = messages.SIBLING_FAILED.format(id=failed.id, status=failed.status)
    for sibling in task.runs(world, failed.task_id):
        if sibling.id != failed.id:
            changes = {
                "status": run_states.FAILED,
                "finished_at": world.clock.text(),
                "log": sibling.log or log,
            }
            world.run.replace(run_states.apply(sibling, "sibling failed", changes))


def node_of(world: World, row: entities.Run) -> entities.Node | None:
    """
    Return the node that a run is for, or None if it is gone.
    """
    return nodes.serving(world, world.task[row.task_id].collaboration_id, row.organization_id)


def ports(world: World, id_: int) -> list[entities.Port]:
    """
    Return the ports that a run offers.
    """
    return [world.port[port_id] for port_id in world.port.where("run_id", id_)]
