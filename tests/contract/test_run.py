"""Runs and results: what nodes report, and what others see of it."""

from __future__ import annotations

import pytest

from .network import DENIED, FAILED, INPUT, INVALID, MISSING, REFUSED, deviates, made, outcome
from .work import LATER, NOW, Work, ids, link, plain

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999


@pytest.fixture
def work(server):
    """Three organizations, two collaborations."""
    return Work(server)


def test_a_new_run(work):
    """It waits for its node, and has no result in it."""
    task = work.task(work.alpha)
    (run,) = made(work.researcher.get("/run", task_id=task["id"]))["data"]
    node = work.node(work.alpha).row

    assert run.pop("assigned_at")
    assert run["node"].pop("status") in {"online", "offline"}
    assert plain(run) == {
        "id": run["id"],
        "status": "pending",
        "input": INPUT,
        "log": None,
        "started_at": None,
        "finished_at": None,
        "cleanup_at": None,
        "blob_storage_used": False,
        "organization": link("organization", work.alpha["id"]),
        "task": link("task", task["id"], "GET", "DELETE"),
        "results": link("result", run["id"], "GET", "PATCH"),
        "node": {"id": node["id"], "ip": None, "name": node["name"]},
        "ports": [],
    }


def test_a_new_result(work):
    """It has nothing in it yet, and the run's id."""
    run = work.run(work.alpha)

    assert plain(made(work.researcher.get(f"/result/{run['id']}"))) == {
        "id": run["id"],
        "result": None,
        "cleanup_at": None,
        "blob_storage_used": False,
        "run": link("run", run["id"], "GET", "PATCH"),
        "task": link("task", run["task"]["id"], "GET", "DELETE"),
    }


def test_the_life_of_a_run(work):
    """Started, active, completed with result and log; then it takes no more."""
    run = work.run(work.alpha)
    work.report(run, started_at=NOW)
    work.report(run, status="active")
    done = work.complete(run, result=INPUT, log="all of it")

    assert (done["status"], done["started_at"], done["finished_at"], done["log"]) == (
        "completed",
        NOW,
        LATER,
        "all of it",
    )
    assert made(work.researcher.get(f"/result/{run['id']}"))["result"] == INPUT
    assert outcome(work.node_of(run).patch(f"/run/{run['id']}", {"log": "more"})) == REFUSED


def test_a_report_clears_what_it_leaves_out(work):
    """Server quirk: result and log go with the next report that does not repeat them."""
    run = work.run(work.alpha)
    work.report(run, result=INPUT, log="words", started_at=NOW)
    after = work.report(run, status="active")

    assert (after["log"], after["started_at"]) == (None, NOW)
    assert made(work.researcher.get(f"/result/{run['id']}"))["result"] is None


def test_any_order_of_statuses(work):
    """Server quirk: the end time alone closes a run."""
    run = work.run(work.alpha)
    statuses = ["completed", "pending", "initializing", "active", "unknown error", "pending"]

    assert [work.report(run, status=status)["status"] for status in statuses] == statuses


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"status": "sleeping"}, INVALID),
        ({"status": None}, INVALID),
        ({"result": {}}, INVALID),
        ({"more": 1}, INVALID),
        ({"started_at": "yesterday"}, INVALID),
        ({"started_at": "2026-01-01"}, INVALID),
        ({"started_at": "2026-01-01T00:00:00.000001+00:00"}, 200),
        ({"started_at": "2026-01-01T00:00:00"}, deviates(mock=200, real=FAILED)),
        ({"started_at": "2026-01-01T00:00:00.000001Z"}, deviates(mock=200, real=FAILED)),
        ({}, 200),
    ],
)
def test_bodies_of_reports(work, body, expected):
    """Known fields, known statuses, ISO times."""
    run = work.run(work.alpha)
    answer = work.node_of(run).patch(f"/run/{run['id']}", body)
    expected = work.server.expected(expected)

    assert (answer.status_code if expected == 200 else outcome(answer)) == expected


def test_times_lose_their_offset(work):
    """They are stored in UTC, without saying so."""
    run = work.run(work.alpha)

    assert work.report(run, started_at="2026-01-01T00:00:00.000001+00:00")["started_at"] == "2026-01-01T00:00:00.000001"


def test_who_may_report(work):
    """Nodes of the run's organization, in whatever collaboration; nobody else."""
    run = work.run(work.alpha)
    work.other  # noqa: B018 -- makes Alpha's second node
    path = f"/run/{run['id']}"

    assert outcome(work.node(work.beta).patch(path, {})) == DENIED
    assert work.node(work.alpha, work.other).patch(path, {}).status_code == 200
    assert outcome(work.researcher.patch(path, {})) == FAILED
    assert outcome(work.node(work.alpha).patch(f"/run/{ABSENT}", {"junk": 1})) == MISSING


def test_a_failure_closes_waiting_siblings(work):
    """Those that have started go on."""
    task = work.task(work.alpha, work.beta)
    failing, waiting = work.runs(task)
    work.report(failing, status="crashed", finished_at=LATER)
    closed = work.runs(task)[1]

    assert closed["status"] == "failed"
    assert closed["finished_at"]
    assert str(failing["id"]) in closed["log"]
    assert outcome(work.node_of(waiting).patch(f"/run/{waiting['id']}", {})) == REFUSED


def test_a_failure_leaves_started_siblings(work):
    """They may still complete."""
    failing, started = work.runs(work.task(work.alpha, work.beta))
    work.report(started, started_at=NOW)
    work.report(failing, status="crashed", finished_at=LATER)

    assert work.complete(started)["status"] == "completed"


@pytest.mark.parametrize("noun", ["run", "result"])
def test_filters(work, noun):
    """Each of them selects, newest first; runs and results are the same rows."""
    task = work.task(work.alpha, work.beta)
    first, second = (run["id"] for run in work.runs(task))
    other = work.run(work.alpha)["id"]
    work.complete(work.runs(task)[0])

    def found(**query):
        return ids(work.researcher.get(f"/{noun}", **query))

    assert found(task_id=task["id"]) == [second, first]
    assert found(organization_id=work.beta["id"]) == found(node_id=work.node(work.beta).id) == [second]
    assert found(collaboration_id=work.shared["id"], sort="status") == [other, second, first]
    assert found(collaboration_id=work.shared["id"], state="open") == [other, second]
    assert found(task_id=task["id"], state="anything", status="anything") == [second, first]
    assert found(task_id=task["id"], per_page=1, page=2) == [first]
    assert found(task_id=task["id"], assigned_till="2000-01-01") == []


@pytest.mark.parametrize("noun", ["run", "result"])
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"task_id={ABSENT}", REFUSED),
        (f"node_id={ABSENT}", REFUSED),
        (f"organization_id={ABSENT}", DENIED),
        (f"collaboration_id={ABSENT}", DENIED),
        ("task_id=x", REFUSED),
        ("organization_id=x", deviates(mock=REFUSED, real=FAILED)),
        ("page=0", FAILED),
        (f"sort=nothing&task_id={ABSENT}", REFUSED),
        ("sort=nothing", FAILED),
    ],
)
def test_refused_filters(work, noun, query, expected):
    """What a list is filtered by must exist and be visible."""
    assert outcome(work.researcher.get(f"/{noun}?{query}")) == work.server.expected(expected)


def test_includes(work):
    """A run brings its task along when asked, without the task's own runs."""
    run = work.run(work.alpha)
    (listed,) = made(work.researcher.get("/run", task_id=run["task"]["id"], include="task"))["data"]
    single = made(work.researcher.get(f"/run/{run['id']}", include="task"))

    assert plain(listed) == plain(single)
    assert listed["task"]["id"] == run["task"]["id"]
    assert "runs" not in listed["task"]


@pytest.mark.parametrize("noun", ["run", "result"])
def test_who_sees_a_run(work, noun):
    """Who is not in the collaboration sees nothing of it."""
    run = work.run(work.alpha)
    work.other  # noqa: B018 -- Gamma collaborates with Alpha, elsewhere
    outsider = work.user(work.gamma, roles=["Researcher"])
    partner = work.user(work.beta, roles=["Viewer"])

    assert ids(outsider.get(f"/{noun}")) == []
    assert outcome(outsider.get(f"/{noun}/{run['id']}")) == DENIED
    assert outcome(outsider.get(f"/{noun}", task_id=run["task"]["id"])) == DENIED
    assert partner.get(f"/{noun}/{run['id']}").status_code == 200
    assert outcome(partner.get(f"/{noun}/{ABSENT}")) == MISSING


def test_scopes_disagree(work):
    """Server quirk: in a list, ORGANIZATION means who runs it; for a single run, who started it."""
    run = work.run(work.beta)
    starter, runner = (work.user(one, "run VIEW ORGANIZATION") for one in (work.alpha, work.beta))

    assert ids(starter.get("/run")) == []
    assert starter.get(f"/run/{run['id']}").status_code == 200
    assert ids(runner.get("/run")) == [run["id"]]
    assert outcome(runner.get(f"/run/{run['id']}")) == DENIED


def test_results_are_only_read(work):
    """There is no way to write one but through its run."""
    run = work.run(work.alpha)

    assert outcome(work.node_of(run).patch(f"/result/{run['id']}", {})) == (405, ["message"])
