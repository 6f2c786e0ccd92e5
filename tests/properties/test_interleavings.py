"""Any interleaving of runs ends in the status that the contract derives, and the client tells it, with all results."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from v6client.exceptions import TaskFailedError
from v6mockserver import MockServer

NAMES = ("North", "South", "West")
NORA = {"username": "nora", "password": "Secret-42", "roles": ["Researcher"]}
SEED = {
    "organizations": [{"name": name, "users": [NORA] if name == NAMES[0] else []} for name in NAMES],
    "collaborations": [
        {"name": "All", "encrypted": False, "participants": [{"name": name, "node": name} for name in NAMES]}
    ],
}
bounded = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# What becomes of each organization's run, and in which order runs start and end: each is named twice.
outcomes = st.lists(st.integers(0, 9) | st.just("crash"), min_size=3, max_size=3)
orders = st.permutations([0, 0, 1, 1, 2, 2])


@pytest.fixture(scope="module")
def servers():
    """A server of each release, whose runs go on as the test says."""
    return {version: MockServer(SEED, version=version, execution="manual") for version in ("4.0", "4.15")}


def played(server, outcomes, order):
    """Let runs start and end in an order; return the status of each by the contract."""
    held = [server.nodes[name].runs[0] for name in NAMES]
    statuses = ["pending"] * 3
    for place in order:
        if statuses[place] == "pending" and "crashed" not in statuses:
            held[place].start()
            statuses[place] = "active"
        elif statuses[place] == "active" and outcomes[place] == "crash":
            held[place].crash()
            statuses[place] = "crashed"
            if server.version == "4.15":
                statuses = ["failed" if status == "pending" else status for status in statuses]
        elif statuses[place] == "active":
            held[place].complete(outcomes[place])
            statuses[place] = "completed"
    return statuses


def derived(version, statuses):
    """Return the status of a task with such runs."""
    failures = set(statuses) & {"crashed", "failed"}
    if not failures:
        return "completed"
    return "failed" if version == "4.0" or len(failures) > 1 else failures.pop()


@pytest.mark.slow
@bounded
@given(version=st.sampled_from(["4.0", "4.15"]), outcomes=outcomes, order=orders)
def test_any_interleaving(servers, version, outcomes, order):
    """The task's status follows from its runs; who waits gets all results, or an error with every run in it."""
    server = servers[version]
    server.reset()
    nora = server.client("nora")
    task = nora.task.create(1, [2, 3, 4], "t", "one", "", {"method": "one"})["id"]
    statuses = played(server, outcomes, order)
    told = dict(zip(NAMES, statuses, strict=True))

    assert nora.task.get(task)["status"] == derived(version, statuses)
    if set(statuses) == {"completed"}:
        nora.wait_for_results(task, timeout=0)
    else:
        with pytest.raises(TaskFailedError) as failure:
            nora.wait_for_results(task, timeout=0)
        assert {run["organization"]: run["status"] for run in failure.value.runs} == told
    results = {row["organization"]["name"]: row for row in nora.result.from_task(task)["data"]}
    assert {name: row["status"] for name, row in results.items()} == told
    for name, wanted in zip(NAMES, outcomes, strict=True):
        if told[name] == "completed":
            assert json.loads(results[name]["result"]) == wanted
