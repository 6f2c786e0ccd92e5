"""The life of a run, and what it makes of its task."""

from __future__ import annotations

from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6mockserver._errors import BadRequestError
from v6mockserver.state import run_states
from v6mockserver.state.entities import Run

START, END, NOW = "2026-01-01T10:00:00", "2026-01-01T11:00:00", "2026-01-01T12:00:00"

WORKING = ["pending", "initializing", "active"]
FAILED = [
    "failed",
    "start failed",
    "non-existing Docker image",
    "crashed",
    "killed by user",
    "not allowed",
    "unknown error",
]
STATUSES = [*WORKING, "completed", *FAILED]

STATES = {"waiting": (None, None), "started": (START, None), "closed": (START, END)}
"""Start and end time of a run in each state."""

EFFECTS = {
    ("waiting", "report"): "changes",
    ("waiting", "kill"): "changes",
    ("waiting", "sibling failed"): "changes",
    ("started", "report"): "changes",
    ("started", "kill"): "changes",
    ("started", "sibling failed"): "nothing",
    ("closed", "report"): "refused",
    ("closed", "kill"): "changes",
    ("closed", "sibling failed"): "nothing",
}
"""What each event does in each state."""


def pairs(effect):
    """Return the (state, event) pairs with an effect."""
    return [pair for pair, what in EFFECTS.items() if what == effect]


def a_run(status="pending", started_at=None, finished_at=None, **columns):
    """Return a run of task 1."""
    times = {"assigned_at": START, "started_at": started_at, "finished_at": finished_at}
    return Run(**{"id": 1, "input": "", "task_id": 1, "organization_id": 1, "status": status} | times | columns)


def in_state(state):
    """Return a run in a state, with a result and a log to lose."""
    started_at, finished_at = STATES[state]
    return a_run("active", started_at, finished_at, result="cmVzdWx0", log="before")


def naive_status(statuses):
    """Derive a task's status by the letter of the protocol: the first line that fits wins."""
    failures = [status for status in statuses if status in FAILED]
    if failures:
        return failures[0] if all(status == failures[0] for status in failures) else "failed"
    for status in ("active", "initializing", "pending"):
        if any(one == status for one in statuses):
            return status
    return "completed"


def subsets(values):
    """Return all subsets of some values."""
    return chain.from_iterable(combinations(values, size) for size in range(len(values) + 1))


def test_table_is_complete():
    """Every event has an outcome in every state, and these tests know all of them."""
    assert set(run_states.TRANSITIONS) == set(EFFECTS)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("status", STATUSES)
def test_state_does_not_depend_on_status(state, status):
    """Times alone say where in its life a run is: a completed run without an end time is still open."""
    assert run_states.state(a_run(status, *STATES[state])) == state


def test_run_with_end_but_no_start_is_closed():
    """A run that was closed before it started is closed."""
    assert run_states.state(a_run("failed", None, END)) == "closed"


@pytest.mark.parametrize(("state", "event"), pairs("changes"))
def test_event_with_an_effect_sets_what_it_names(state, event):
    """An event that has an effect sets the columns it names, and no others."""
    before = in_state(state)

    after = run_states.apply(before, event, {"status": "crashed", "finished_at": NOW})

    assert (after.status, after.finished_at) == ("crashed", NOW)
    assert (after.started_at, after.result, after.log) == (before.started_at, before.result, before.log)


@pytest.mark.parametrize(("state", "event"), pairs("nothing"))
def test_event_without_an_effect_returns_the_run_itself(state, event):
    """An event that has no effect in this state leaves the run as it is."""
    before = in_state(state)

    assert run_states.apply(before, event, {"status": "crashed", "finished_at": NOW}) is before


@pytest.mark.parametrize(("state", "event"), pairs("refused"))
def test_illegal_event_raises_and_changes_nothing(state, event):
    """A report on a closed run is refused, and the run stays as it was."""
    run = in_state(state)

    with pytest.raises(BadRequestError, match=END):
        run_states.apply(run, event, {"status": "completed", "finished_at": NOW})

    assert run == in_state(state)


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_node_may_report_any_status_after_any_other(before, after):
    """The order of statuses is not guarded, as on the real server: completed may become pending again."""
    assert run_states.apply(a_run(before), "report", {"status": after}).status == after


@pytest.mark.parametrize("status", STATUSES)
def test_failure_and_finish_of_a_status(status):
    """Seven of the eleven statuses are failures; these and completed are final."""
    assert run_states.has_failed(status) == (status in FAILED)
    assert run_states.has_finished(status) == (status not in WORKING)


def test_statuses_are_the_eleven_of_the_protocol():
    """The statuses are exactly the texts that go over the wire."""
    assert sorted(run_states.STATUSES) == sorted(STATUSES)


def test_task_status_of_every_set_of_run_statuses():
    """For each of the 2048 sets of statuses, a task's status is what the protocol says."""
    wrong = [present for present in subsets(STATUSES) if run_states.task_status(present) != naive_status(present)]

    assert wrong == []


@given(st.lists(st.sampled_from(STATUSES), max_size=8), st.randoms(use_true_random=False))
def test_task_status_knows_no_order(statuses, random):
    """Neither the order of runs nor how many share a status matters to the task."""
    shuffled = [*statuses, *statuses[:3]]
    random.shuffle(shuffled)

    assert run_states.task_status(shuffled) == naive_status(statuses)


def test_task_ends_with_the_last_of_its_runs():
    """A completed task was finished when its last run was."""
    runs = [a_run("completed", START, END), a_run("completed", START, NOW), a_run("completed", START, START)]

    assert run_states.task_finished_at(runs) == NOW


@pytest.mark.parametrize("status", [*WORKING, *FAILED])
def test_task_that_is_not_completed_has_no_end(status):
    """A task with an unfinished or failed run has no end time, even if every run has one."""
    assert run_states.task_finished_at([a_run("completed", START, END), a_run(status, START, NOW)]) is None


def test_completed_run_without_end_time_does_not_count():
    """Of a completed task the latest known end is taken, where the real server fails."""
    runs = [a_run("completed", START, END), a_run("completed", START, None)]

    assert run_states.task_finished_at(runs) == END


def test_task_without_runs_has_no_end():
    """A task without runs is completed and has no end time."""
    assert run_states.task_status([]) == "completed"
    assert run_states.task_finished_at([]) is None
