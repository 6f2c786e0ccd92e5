"""Common readings touch the rows they return, however many others there are."""

from __future__ import annotations

import pytest

from v6mockserver.state import run as runs
from v6mockserver.state import task as tasks
from v6mockserver.state.tables import Table

from .federation import ALPHA, BETA, query

MANY = 60


class CountingTable(Table):
    """A table that counts how often a row is looked up."""

    def __init__(self, table):
        super().__init__()
        self._readers = table._readers
        self.take(table)
        self.lookups = 0

    def __getitem__(self, id_):
        """Return a row, and count it."""
        self.lookups += 1
        return super().__getitem__(id_)

    def __iter__(self):
        """Walk over the rows, and count them."""
        self.lookups += len(self)
        return super().__iter__()


@pytest.fixture
def world(federation):
    """A world of many tasks, all completed but the newest, that counts look-ups of tasks and runs."""
    world, researcher = federation.world, federation.researcher()
    for _ in range(MANY):
        for run in federation.runs(federation.task(researcher, ALPHA, BETA)):
            federation.complete(run)
    federation.task(researcher, ALPHA, BETA)
    world.run, world.task = CountingTable(world.run), CountingTable(world.task)
    return world


@pytest.mark.parametrize("rule", ["task VIEW GLOBAL", "task VIEW COLLABORATION", "task VIEW ORGANIZATION"])
@pytest.mark.parametrize("start", [0, MANY - 10])
def test_page_of_tasks(federation, world, rule, start):
    """The first and the last page of tasks look up the tasks on the page."""
    selection = tasks.visible(world, federation.user(ALPHA, rule), query())

    assert len(selection.rows(start, start + 10)) == 10
    assert world.task.lookups == 10


@pytest.mark.parametrize("rule", ["run VIEW GLOBAL", "run VIEW COLLABORATION", "run VIEW ORGANIZATION"])
@pytest.mark.parametrize("start", [0, MANY - 10])
def test_page_of_runs(federation, world, rule, start):
    """The first and the last page of runs look up the runs on the page, and no tasks."""
    selection = runs.visible(world, federation.user(BETA, rule), query())

    assert len(selection.rows(start, start + 10)) == 10
    assert (world.run.lookups, world.task.lookups) == (10, 0)


def test_runs_of_one_task(federation, world):
    """Runs that are asked for by their task are looked up by it."""
    selection = runs.visible(world, federation.user(BETA, "run VIEW COLLABORATION"), query(task_id=MANY))

    assert len(selection.rows(0, 10)) == 2
    assert world.run.lookups <= 4


def test_open_runs_of_a_node(federation, world):
    """A node that looks for work touches the open runs, however many are finished."""
    node = federation.node(BETA)

    selection = runs.visible(world, node, query(state="open", node_id=node.id))

    assert len(selection.rows(0, 10)) == 1
    assert world.run.lookups <= 3


def test_status_of_one_task(federation, world):
    """Asking how far a task is touches the task and its runs."""
    caller = federation.user(BETA, "task VIEW COLLABORATION")

    assert tasks.status(world, tasks.view(world, caller, MANY).id) == "completed"
    assert world.run.lookups + world.task.lookups <= 3
