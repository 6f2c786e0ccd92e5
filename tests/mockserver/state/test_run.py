"""Runs: what nodes report, and who sees them."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from v6mockserver._errors import BadRequestError, NotFoundError, PermissionDeniedError
from v6mockserver.state import entities
from v6mockserver.state import run as runs

from .federation import ALPHA, BETA, GAMMA, OTHER, SHARED, query


def listed(federation, caller, **parameters):
    """Return the ids of the runs that a caller sees."""
    selection = runs.visible(federation.world, caller, query(**parameters))
    return [row.id for row in selection.rows(0, 100)]


@pytest.fixture
def researcher(federation):
    """A user of Alpha who may do everything with tasks."""
    return federation.researcher()


@pytest.fixture
def run(federation, researcher):
    """The run of Alpha in a task for Alpha and Beta."""
    return federation.runs(federation.task(researcher, ALPHA, BETA))[0]


def sibling(federation, run):
    """Return the other run of the task, as it is now."""
    (other,) = [one for one in federation.runs(federation.world.task[run.task_id]) if one.id != run.id]
    return other


def test_report_sets_what_it_names(federation, run):
    """A full report is stored as it is."""
    report = {
        "status": "completed",
        "result": "e30=",
        "log": "done",
        "started_at": "2026-01-01T10:00:00",
        "finished_at": "2026-01-01T11:00:00",
    }

    after = asdict(federation.report(run, **report))

    assert {name: after[name] for name in report} == report
    assert federation.world.run[run.id].status == "completed"


def test_partial_report_clears_result_and_log(federation, run):
    """Result and log that a report leaves out are gone; start and status stay."""
    federation.report(run, result="e30=", log="half way", started_at="2026-01-01T10:00:00", status="active")

    after = federation.report(run)

    assert (after.result, after.log) == (None, None)
    assert (after.started_at, after.status) == ("2026-01-01T10:00:00", "active")


def test_report_is_told_to_the_collaboration(federation, run):
    """Everybody in the collaboration hears that a run changed."""
    federation.world.take_events()

    federation.report(run, status="active")

    assert federation.world.take_events() == [("status_update", f"collaboration_{SHARED}", {"run_id": run.id})]


def test_closed_run_takes_no_report(federation, run):
    """A report on a run that has an end changes nothing and is told to nobody."""
    federation.complete(run)
    before = federation.world.run[run.id]
    federation.world.take_events()

    with pytest.raises(BadRequestError):
        federation.report(run, status="failed")

    assert federation.world.run[run.id] is before
    assert (sibling(federation, run).status, federation.world.take_events()) == ("pending", [])


def test_node_of_another_organization_may_not_report(federation, run):
    """Only nodes of the run's own organization report on it."""
    with pytest.raises(PermissionDeniedError):
        runs.report(federation.world, federation.node(BETA), run.id, {"status": "active"})

    assert federation.world.run[run.id] == run


def test_node_of_another_collaboration_may_report(federation, run):
    """The collaboration of the reporting node is not compared, as on the real server."""
    after = runs.report(federation.world, federation.node(ALPHA, OTHER), run.id, {"status": "active"})

    assert after.status == "active"


def test_report_on_no_run_is_not_found(federation):
    """A run that does not exist takes no report."""
    with pytest.raises(NotFoundError):
        runs.report(federation.world, federation.node(ALPHA), 99, {})


def test_failure_closes_waiting_siblings(federation, run):
    """When a run fails, runs of the task that have not started fail too, and their log says why."""
    federation.report(run, status="crashed")

    other = sibling(federation, run)
    assert (other.status, other.started_at) == ("failed", None)
    assert other.finished_at is not None
    assert str(run.id) in other.log
    assert "crashed" in other.log


def test_failure_leaves_started_siblings_alone(federation, run):
    """A run that has started goes on when another one fails."""
    before = federation.report(sibling(federation, run), started_at="2026-01-01T10:00:00", status="active")

    federation.report(run, status="failed")

    assert sibling(federation, run) == before


def test_failure_keeps_the_log_of_a_sibling(federation, run):
    """A sibling that has something in its log keeps it."""
    federation.report(sibling(federation, run), log="pulling")

    federation.report(run, status="failed")

    assert (sibling(federation, run).status, sibling(federation, run).log) == ("failed", "pulling")


def test_failure_does_not_reach_other_tasks(federation, researcher, run):
    """Only runs of the same task are affected by a failure."""
    other = federation.task(researcher, ALPHA, BETA)

    federation.report(run, status="failed")

    assert [one.status for one in federation.runs(other)] == ["pending", "pending"]


@pytest.fixture
def grid(federation, researcher):
    """Runs of Alpha and Beta in a task of Alpha's, of Alpha in a task of Beta's, and of Gamma elsewhere."""
    mine = federation.runs(federation.task(researcher, ALPHA, BETA))
    theirs = federation.runs(federation.task(federation.researcher(BETA), ALPHA))
    elsewhere = federation.runs(federation.task(federation.researcher(ALPHA), GAMMA, collaboration_id=OTHER))
    names = ["mine at Alpha", "mine at Beta", "theirs at Alpha", "elsewhere at Gamma"]
    return dict(zip(names, (row.id for row in [*mine, *theirs, *elsewhere]), strict=True))


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        ("GLOBAL", ["elsewhere at Gamma", "theirs at Alpha", "mine at Beta", "mine at Alpha"]),
        ("COLLABORATION", ["theirs at Alpha", "mine at Beta", "mine at Alpha"]),
        ("ORGANIZATION", ["mine at Beta"]),
        ("OWN", []),
    ],
)
def test_user_sees_runs_within_the_scope(federation, grid, scope, seen):
    """Each scope shows its runs to a user of Beta, newest first; ORGANIZATION those that Beta executes."""
    caller = federation.user(BETA, f"run VIEW {scope}")

    assert listed(federation, caller) == [grid[name] for name in seen]


def test_own_scope_shows_runs_of_tasks_that_a_user_started(federation, grid, researcher):
    """With the narrowest scope a user sees the runs of their own tasks, whoever executes them."""
    key = next(id_ for key, id_ in federation.world.rule_ids.items() if str(key) == "run VIEW OWN")
    caller = replace(researcher, rules=frozenset({key}))

    assert listed(federation, caller) == [grid["mine at Beta"], grid["mine at Alpha"]]


def test_node_filter_needs_organization_and_collaboration(federation, grid):
    """The runs of a node are those of its organization in its collaboration."""
    caller = federation.user(ALPHA, "run VIEW GLOBAL")

    assert listed(federation, caller, node_id=federation.node(ALPHA, SHARED).id) == [
        grid["theirs at Alpha"],
        grid["mine at Alpha"],
    ]
    assert listed(federation, caller, node_id=federation.node(ALPHA, OTHER).id) == []


def test_open_filter_follows_the_end_time(federation, grid, run):
    """Open are runs without an end time, whatever their status."""
    federation.report(federation.world.run[grid["mine at Beta"]], status="completed")
    federation.complete(federation.world.run[grid["mine at Alpha"]])

    seen = listed(federation, federation.user(ALPHA, "run VIEW GLOBAL"), state="open")

    assert grid["mine at Beta"] in seen
    assert grid["mine at Alpha"] not in seen


def test_port_filter_selects_runs_by_port(federation, grid):
    """Runs can be listed by a port they offer, where the real server fails."""
    federation.world.port.add(entities.Port(id=1, port=8080, run_id=grid["mine at Beta"]))

    caller = federation.user(ALPHA, "run VIEW GLOBAL")

    assert listed(federation, caller, port=8080) == [grid["mine at Beta"]]
    assert listed(federation, caller, port=8081) == []


@pytest.mark.parametrize("column", ["assigned", "started", "finished"])
def test_bounds_compare_their_own_column(federation, run, column):
    """Each time filter looks at its own column, where on the real server all the lower bounds look at one."""
    moments = {"assigned_at": "2026-01-02", "started_at": "2026-01-03", "finished_at": "2026-01-04"}
    federation.world.run.replace(replace(run, **moments))
    caller, moment = federation.user(ALPHA, "run VIEW GLOBAL"), moments[f"{column}_at"]

    assert run.id in listed(federation, caller, **{f"{column}_from": moment})
    assert run.id not in listed(federation, caller, **{f"{column}_from": f"{moment}T00:00:01"})
    assert run.id in listed(federation, caller, **{f"{column}_till": moment})
    assert run.id not in listed(federation, caller, **{f"{column}_till": moment[:-1]})


def test_run_knows_its_node(federation, run):
    """The node of a run is the one of its organization in its task's collaboration, while there is one."""
    world = federation.world
    node = federation.node(ALPHA)

    assert runs.node_of(world, run).id == node.id
    world.node.remove(node.id)
    assert runs.node_of(world, run) is None
