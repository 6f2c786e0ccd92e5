"""Nodes that come and go: what they hear, what they start again, and what happens when a connection breaks."""

from __future__ import annotations

import json
import threading

from v6mockserver import MockServer
from v6mockserver.nodes import fleet
from v6mockserver.nodes import node as node_module
from v6mockserver.nodes.node import TRIES

from .federation import TIMEOUT, Study, seed


def study_of(method=lambda: 1, execution="inline"):
    """Return a researcher, and the node of North, at which a function runs."""
    server = MockServer(seed(), execution=execution)
    server.algorithms.register("image", {"method": method})
    return Study(server), server.nodes["North"]


def asks_south(client):
    """Return what a partial run at South returns."""
    return client.wait_for_results(client.task.create({"method": "partial"}, [3])["id"])


def announced(monkeypatch, node):
    """Return an event that is set once a run of a node waits for others."""
    waits, wait_until = threading.Event(), node.wait_until

    def wait(condition, **how):
        return wait_until(lambda: waits.set() or condition(), **how)

    monkeypatch.setattr(node, "wait_until", wait)
    return waits


def waiting_for_south(monkeypatch):
    """Return a study, its node and a task whose run waits there, for one that somebody has to play at South."""
    study, node = study_of(asks_south, execution="thread")
    study.server.nodes["South"].execution = "manual"
    waits = announced(monkeypatch, node)
    task = study.ask("method")
    assert waits.wait(TIMEOUT)
    return study, node, task


def status(study, task):
    """Return the status of a task."""
    return study.client.task.get(task)["status"]


def test_a_node_that_is_online_stays_so():
    """It asks nothing of the server."""
    study, node = study_of()
    study.server.journal.clear()

    node.go_online()

    assert list(study.server.journal) == []
    assert node.is_online


def test_a_node_that_is_offline_stays_so():
    """It can lose no contact, and no power that anybody would notice."""
    study, node = study_of()
    node.go_offline()

    node.lose_contact()
    node.power_off()

    assert status(study, study.ask("method")) == "pending"
    assert study.client.node.get(node.id)["status"] == "offline"


def test_a_node_that_is_started_offline():
    """It runs what has waited once it goes online."""
    study, _ = study_of()
    root = study.server.client()
    place = root.collaboration.create("More", [2], encrypted=False)
    key = root.node.create(place["id"], organization=2)["api_key"]
    node = study.server.nodes.start(key, online=False)
    content = {"method": "method"}
    task = study.client.task.create(place["id"], [2], "n", "image", "", content)["id"]
    before = node.is_online, status(study, task)

    node.go_online()

    assert (before, status(study, task)) == ((False, "pending"), "completed")


def test_a_run_goes_on_while_its_node_is_offline():
    """It creates subtasks and waits for them, and its end is reported."""

    def central(client):
        node.go_offline()
        return client.wait_for_results(client.task.create({"method": "partial"}, [3])["id"])

    study, node = study_of()
    study.server.algorithms.register("image", {"central": central, "partial": lambda df: len(df)})

    assert study.value("central") == [2]
    assert not node.is_online


def test_more_runs_than_a_page_has():
    """A node that comes back starts all that have waited, the oldest first."""
    asked = []
    study, node = study_of(asked.append)
    node.go_offline()
    for number in range(12):
        study.ask("method", number)

    node.go_online()

    assert asked == list(range(12))


def test_a_run_that_is_under_way_is_not_started_again():
    """A node that comes back asks for all open runs, and is at work on this one."""
    calls, go_on = [], threading.Event()
    study, node = study_of(lambda: calls.append(go_on.wait(TIMEOUT)), execution="thread")
    task = study.ask("method")

    node.go_offline()
    node.go_online()
    go_on.set()

    assert study.runs(task)[0]["status"] == "completed"
    study.server.stop()
    assert calls == [True]


def test_a_node_comes_back_while_its_run_waits(monkeypatch):
    """It hears of what happens elsewhere as before."""
    study, node, task = waiting_for_south(monkeypatch)

    node.go_offline()
    node.go_online()
    study.server.nodes["South"].runs[0].complete(5)

    assert study.runs(task)[0]["status"] == "completed"
    assert json.loads(study.client.result.from_task(task)["data"][0]["result"]) == [5]
    study.server.stop()


def test_a_run_waits_while_its_node_is_offline(monkeypatch):
    """It sees what happens elsewhere by itself, as an algorithm on a real node does, which asks again and again."""
    monkeypatch.setattr(node_module, "LOOK", 0.01)
    study, node, task = waiting_for_south(monkeypatch)

    node.go_offline()
    study.server.nodes["South"].runs[0].complete(5)

    (row,) = study.client.wait_for_results(task, timeout=10)["data"]
    assert json.loads(row["result"]) == [5]
    study.server.stop()


def test_a_run_waits_as_long_as_another_goes_on(monkeypatch):
    """It is no matter how often it loses patience."""
    monkeypatch.setattr(fleet, "PATIENCE", 0.01)
    study, node = study_of(execution="thread")
    done, times, goes_on = threading.Event(), [], node.proxy._goes_on

    def lose_patience(*about):
        times.append(about)
        if len(times) == 3:
            done.set()
        return goes_on(*about)

    def partial(df):
        return done.wait(TIMEOUT) and len(df)

    monkeypatch.setattr(node.proxy, "_goes_on", lose_patience)
    study.server.algorithms.register("image", {"central": asks_south, "partial": partial})

    assert study.value("central") == [2]
    study.server.stop()


def test_a_run_loses_patience_with_a_node_that_is_offline(monkeypatch):
    """The log says whom it waited for."""
    monkeypatch.setattr(fleet, "PATIENCE", 0.01)
    study, _ = study_of(asks_south, execution="thread")
    study.server.nodes["South"].go_offline()

    run = study.run("method")

    assert run["status"] == "crashed"
    assert "run 2 is pending and its node South is offline" in run["log"]
    study.server.stop()


def test_power_goes_off_while_a_run_is_started(monkeypatch):
    """The node tells nothing any more, and starts the run again once it is back."""
    calls = []
    study, node = study_of(lambda: calls.append("ran"))
    request = node._connection.request

    def meddle(method, path, **content):
        answer = request(method, path, **content)
        if (method, path) == ("POST", "token/container") and not calls:
            calls.append("off")
            node.power_off()
        return answer

    monkeypatch.setattr(node._connection, "request", meddle)

    task = study.ask("method")
    before = status(study, task), list(calls)
    node.go_online()

    assert before == ("pending", ["off"])
    assert (status(study, task), calls) == ("completed", ["off", "ran"])


def test_power_goes_off_while_a_run_is_held():
    """It is held again when the node is back, and keeps nobody waiting."""
    study, node = study_of(execution="manual")
    study.ask("method")
    before = [run.id for run in node.runs]

    node.power_off()
    gone = list(node.runs)
    node.go_online()
    after = [run.id for run in node.runs]
    node.power_off()
    study.server.reset()

    assert (gone, after) == ([], before)
    assert study.server.client().task.list()["data"] == []


def test_a_connection_that_breaks_under_a_node():
    """It asks again, and its log tells of each time."""
    study, node = study_of()
    study.server.faults.on(method="GET", path="/run", caller="North", times=TRIES - 1).reset()

    assert study.value("method") == 1
    assert len(node.log) == TRIES - 1


def test_a_server_that_is_out_of_reach_for_a_node():
    """Whoever creates the task learns nothing of it; the run waits until the node comes back."""
    study, node = study_of()
    study.server.faults.on(method="GET", path="/run", caller="North", times=TRIES).reset()

    task = study.ask("method")
    before = status(study, task)
    node.go_offline()
    node.go_online()

    assert (before, status(study, task)) == ("pending", "completed")
    assert node.log[-1].startswith("new_task: ")
