"""Snapshots: a server goes back to what it was, with its nodes, as often as one likes."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pandas as pd
import pytest

from v6client.exceptions import AuthenticationError, NotFoundError
from v6mockserver import MockServer, MockUsageError

SEED = {
    "organizations": [{"name": "North", "users": [{"username": "nora", "password": "Secret-42"}]}, {"name": "South"}],
    "collaborations": [
        {
            "name": "Poles",
            "encrypted": False,
            "participants": [
                {"name": "North", "node": "north", "databases": {"default": pd.DataFrame({"x": [1, 2]})}},
                {"name": "South", "node": "south", "databases": {"default": pd.DataFrame({"x": [3]})}},
            ],
        }
    ],
}
NORTH, SOUTH = 2, 3


def count(server, organization=NORTH):
    """Run a task, and return its result."""
    server.algorithms.register("count", {"rows": len, "count": lambda df: len(df)})
    client = server.client("nora")
    task = client.task.create(1, [organization], "n", "count", "", {"method": "count"}, "default")
    return client.wait_for_results(task["id"], timeout=20)["data"][0]["result"]


@pytest.fixture
def server():
    """Two organizations with their nodes."""
    return MockServer(SEED)


def test_restore_brings_everything_back(server):
    """What was created is gone, what was deleted is there, and ids are given anew."""
    root = server.client()
    snapshot, before = server.snapshot(), server.dump()
    created = root.organization.create("West", "", "", "", "", "")
    root.node.delete(server.nodes["south"].id)

    server.restore(snapshot)

    assert server.dump() == before
    assert root.organization.create("East", "", "", "", "", "")["id"] == created["id"]


def test_a_snapshot_can_be_restored_again(server):
    """What happened after it was restored once does not reach it."""
    snapshot, before = server.snapshot(), server.dump()
    for _ in range(3):
        count(server)
        server.restore(snapshot)

        assert server.dump() == before


def test_the_clock_goes_back(server):
    """With everything else that a server remembers."""
    snapshot = server.snapshot()
    clock = server.clock
    before = clock.now()
    clock.advance(timedelta(days=30))

    server.restore(snapshot)

    assert server.clock is clock
    assert clock.now() - before < timedelta(days=1)


def test_clients_of_the_time_are_logged_in(server):
    """Their tokens are good, also those that were issued since."""
    early = server.client("nora")
    snapshot = server.snapshot()
    late = server.client("nora")

    server.restore(snapshot)

    assert [client.user.get()["username"] for client in (early, late)] == ["nora", "nora"]


def test_reset_is_the_beginning(server):
    """With the seed, and with the nodes that it starts."""
    before = server.dump()
    root = server.client()
    root.collaboration.create("Another", [NORTH])
    server.nodes["north"].go_offline()
    del server.nodes["south"].databases["default"]

    server.reset()

    assert server.dump() == before
    assert [node.is_online for node in server.nodes.values()] == [True, True]
    assert count(server, SOUTH) == "1"


def test_a_loaded_server_begins_with_what_was_loaded(server):
    """Reset does not make it a fresh one."""
    count(server)
    loaded = MockServer.load(server.dump())
    loaded.client().organization.create("West", "", "", "", "", "")

    loaded.reset()

    assert loaded.dump() == server.dump()


def test_nodes_that_came_later_are_gone(server):
    """The server has never heard of them."""
    client = server.client()
    snapshot = server.snapshot()
    client.collaboration.create("Another", [NORTH])
    api_key = client.node.create(2, NORTH, "later")["api_key"]
    server.nodes.start(api_key)

    server.restore(snapshot)

    assert list(server.nodes) == ["north", "south"]
    with pytest.raises(AuthenticationError):
        server.nodes.start(api_key)


def test_nodes_are_as_online_as_they_were(server):
    """An offline node leaves its runs waiting, and takes them when it is back."""
    server.nodes["south"].go_offline()
    snapshot = server.snapshot()
    server.nodes["south"].go_online()
    server.nodes["north"].go_offline()

    server.restore(snapshot)

    assert {row["name"]: row["status"] for row in server.client().node.iter()} == {
        "north": "online",
        "south": "offline",
    }
    assert [node.is_online for node in server.nodes.values()] == [True, False]
    assert count(server) == "2"


def test_nodes_know_nothing_of_runs_that_never_were(server):
    """A run with the id of an earlier one is another run."""
    snapshot = server.snapshot()
    results = []
    for _ in range(2):
        results.append(count(server))
        server.restore(snapshot)

    assert results == ["2", "2"]


def test_nodes_work_when_the_clock_went_back(server):
    """The tokens that they got in the future are none of the past."""
    snapshot = server.snapshot()
    server.clock.advance(timedelta(hours=10))
    assert count(server) == "2"

    server.restore(snapshot)

    assert count(server) == "2"


def test_runs_in_threads_come_to_their_end_first():
    """What they report is not seen in the restored world."""
    server = MockServer(SEED, execution="thread")
    running, release = Event(), Event()

    def wait():
        running.set()
        release.wait(20)

    server.algorithms.register("wait", {"wait": wait})
    snapshot = server.snapshot()
    server.client("nora").task.create(1, [NORTH], "n", "wait", "", {"method": "wait"})
    running.wait(20)
    release.set()

    server.restore(snapshot)

    assert server.dump()["tables"]["run"] == []
    assert count(server) == "2"


def test_what_waits_for_other_runs_gives_up():
    """A central function would wait for a node that is offline, for ever."""
    server = MockServer(SEED, execution="thread")
    asked = Event()

    def central(client):
        task = client.task.create({"method": "partial"}, [SOUTH])
        asked.set()
        return client.wait_for_results(task["id"])

    server.algorithms.register("ask", {"central": central})
    server.nodes["south"].go_offline()
    snapshot = server.snapshot()
    client = server.client("nora")
    task = client.task.create(1, [NORTH], "n", "ask", "", {"method": "central"})
    asked.wait(20)

    server.restore(snapshot)

    with pytest.raises(NotFoundError):
        client.task.get(task["id"])


def test_an_algorithm_cannot_restore(server):
    """It would have to end first."""
    snapshot = server.snapshot()
    server.algorithms.register("restore", {"restore": lambda: server.restore(snapshot)})
    client = server.client("nora")

    task = client.task.create(1, [NORTH], "n", "restore", "", {"method": "restore"})

    (run,) = client.run.from_task(task["id"])["data"]
    assert "let them end first" in run["log"]


def test_nodes_of_another_server_are_refused(server):
    """They talk to that one."""
    with pytest.raises(MockUsageError, match=r"MockServer\.load\(server\.dump\(\)\)"):
        MockServer().restore(server.snapshot())


def test_a_snapshot_without_nodes_is_good_for_any_server(server):
    """The server's own nodes are gone then."""
    other = MockServer({"organizations": [{"name": "West"}]})

    server.restore(other.snapshot())

    assert server.dump() == other.dump()
    assert list(server.nodes) == []


def test_passwords_go_back(server):
    """`client()` logs in with those of the time."""
    snapshot = server.snapshot()
    server.passwords["nora"] = "changed since"

    server.restore(snapshot)

    assert server.client("nora").user.get()["username"] == "nora"


def test_a_restored_server_has_an_empty_journal_and_no_faults():
    """What happened since did not happen, and what was scripted is not for what comes now."""
    server = MockServer()
    snapshot = server.snapshot()
    server.faults.on(path="/task").reset()
    server.client()

    server.restore(snapshot)

    assert len(server.journal) == 0
    assert len(server.faults) == 0
