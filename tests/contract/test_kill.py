"""Killing tasks, and all that a node runs."""

from __future__ import annotations

import pytest

from v6mockserver import MockServer

from .network import DENIED, DONE, FAILED, INVALID, MISSING, REFUSED, Server, made, outcome
from .work import LATER, NOW, Work

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999
KILLED = "killed by user"
KILLER = ["event SEND COLLABORATION"]


@pytest.fixture
def work(server):
    """Three organizations, two collaborations."""
    return Work(server)


def kill(caller, task):
    """Kill a task and return the outcome."""
    return outcome(caller.post("/kill/task", {"id": task["id"]}))


def statuses(work, task):
    """Return the statuses of a task's runs, oldest first."""
    return [run["status"] for run in work.runs(task)]


@pytest.mark.parametrize("path", ["/kill/task", "/kill/node/tasks"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, INVALID),
        ({"id": 0}, INVALID),
        ({"id": None}, INVALID),
        ({"id": "x"}, INVALID),
        ({"id": True}, INVALID),
        ({"id": 1, "unknown": 1}, INVALID),
        ([], INVALID),
        ({"id": ABSENT}, MISSING),
        ({"id": 1.5}, MISSING),
    ],
)
def test_bodies(server, path, body, expected):
    """It is one id, of something that exists; whoever may do nothing learns that first."""
    assert outcome(server.root.post(path, body)) == outcome(server.user().post(path, body)) == expected


@pytest.mark.parametrize("path", ["/kill/task", "/kill/node/tasks"])
def test_only_users_kill(work, path):
    """Nodes and containers do not."""
    container = work.container(work.task(work.alpha), work.alpha)

    assert outcome(work.node(work.alpha).post(path, {"id": 1})) == outcome(container.post(path, {"id": 1})) == FAILED


@pytest.mark.parametrize(
    ("rule", "member", "stranger"),
    [
        ("event SEND GLOBAL", DONE, DONE),
        ("event SEND COLLABORATION", DONE, DENIED),
        ("event SEND ORGANIZATION", DENIED, DENIED),
        ("task DELETE GLOBAL", DENIED, DENIED),
    ],
)
def test_who_kills_tasks(work, rule, member, stranger):
    """A rule to send events to one's collaborations is needed; one's own organization is never enough."""
    assert kill(work.user(work.alpha, rule), work.task(work.alpha)) == member
    assert kill(work.user(work.gamma, rule), work.task(work.alpha)) == stranger


def test_runs_of_a_killed_task(work):
    """They end at once, whether they had started or not, and take no more reports."""
    task = work.task(work.alpha, work.beta)
    first, second = work.runs(task)
    work.report(first, status="active", started_at=NOW)

    assert kill(work.user(work.alpha, *KILLER), task) == DONE

    killed = work.runs(task)
    assert [run["status"] for run in killed] == [KILLED, KILLED]
    assert [run["started_at"] for run in killed] == [NOW, None]
    assert all(run["finished_at"] > NOW for run in killed)
    assert outcome(work.node_of(second).patch(f"/run/{second['id']}", {"status": KILLED})) == REFUSED
    assert made(work.researcher.get(f"/task/{task['id']}"))["status"] == KILLED


def test_the_family_of_a_killed_task(work):
    """Server quirk: direct subtasks die with it, deeper ones go on."""
    parent = work.task(work.alpha)
    child = work.subtask(parent, work.beta)
    grandchild = work.subtask(child, work.alpha, by=work.beta)

    assert kill(work.server.root, parent) == DONE
    assert [statuses(work, one) for one in (parent, child, grandchild)] == [[KILLED], [KILLED], ["pending"]]


def test_finished_runs_are_spared(work):
    """What has its result keeps it."""
    task = work.task(work.alpha, work.beta)
    done = work.complete(work.runs(task)[0])

    assert kill(work.server.root, task) == DONE
    assert statuses(work, task) == ["completed", KILLED]
    assert work.runs(task)[0]["finished_at"] == done["finished_at"] == LATER


def test_the_status_counts_and_not_the_end(work):
    """Server quirk: a run that ended without saying how is killed, one that says how and not when is spared."""
    task = work.task(work.alpha, work.beta)
    first, second = work.runs(task)
    work.report(first, finished_at=LATER)
    work.report(second, status="completed")

    assert kill(work.server.root, task) == DONE
    assert statuses(work, task) == [KILLED, "completed"]
    assert [run["finished_at"] in (None, LATER) for run in work.runs(task)] == [False, True]


@pytest.mark.parametrize("status", ["completed", "crashed", KILLED])
def test_finished_tasks_stay(work, status):
    """Server quirk: one failed run makes a task finished, and what still runs cannot be killed; rights come later."""
    task = work.task(work.alpha, work.beta)
    first, second = work.runs(task)
    work.report(second, status="completed" if status == "completed" else "active", started_at=NOW)
    work.report(first, status=status, finished_at=LATER)

    assert kill(work.server.root, task) == kill(work.user(work.alpha), task) == REFUSED


def test_deleting_kills_first(work):
    """The runs of a deeper descendant go with the task as well."""
    parent = work.task(work.alpha)
    work.subtask(parent, work.beta)

    assert outcome(work.researcher.delete(f"/task/{parent['id']}")) == DONE
    assert outcome(work.server.root.post("/kill/task", {"id": parent["id"]})) == MISSING


def test_a_node_that_is_offline(work):
    """Nobody can tell it anything; rights come later."""
    body = {"id": work.node(work.alpha).id}

    assert outcome(work.server.root.post("/kill/node/tasks", body)) == REFUSED
    assert outcome(work.user(work.alpha).post("/kill/node/tasks", body)) == REFUSED
    assert outcome(work.server.root.post("/kill/node/tasks", {"id": work.researcher.id})) == MISSING


@pytest.mark.mock_only("the real server fails with a 500 for every node that is online")
@pytest.mark.parametrize(
    ("rule", "owner", "partner", "stranger"),
    [
        ("event SEND GLOBAL", DONE, DONE, DONE),
        ("event SEND COLLABORATION", DONE, DONE, DENIED),
        ("event SEND ORGANIZATION", DONE, DENIED, DENIED),
        ("task DELETE GLOBAL", DENIED, DENIED, DENIED),
    ],
)
def test_who_kills_what_a_node_runs(rule, owner, partner, stranger):
    """Its organization does, and those of its collaboration, each by its own rule."""
    mock = MockServer()
    work = Work(Server(mock.session(), f"{mock.url}/api"))
    node = mock.nodes.start(work.node(work.alpha).row["api_key"])

    def seen(organization):
        return outcome(work.user(organization, rule).post("/kill/node/tasks", {"id": node.id}))

    assert [seen(one) for one in (work.alpha, work.beta, work.gamma)] == [owner, partner, stranger]
