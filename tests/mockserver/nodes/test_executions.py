"""Where algorithms run: the same in every way, and chosen for server, node or image."""

from __future__ import annotations

import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from v6mockserver import MockServer, MockUsageError
from v6mockserver.nodes import executions

from .federation import PLAIN, TIMEOUT, Study, seed

APART = [
    "thread",
    pytest.param("subprocess", marks=pytest.mark.slow),
    pytest.param("subprocess-cold", marks=pytest.mark.slow),
]
ALL = ["inline", *APART]


@pytest.fixture
def study(request):
    """A researcher, with plain functions in a package, in the execution of the test."""
    server = MockServer(seed(), execution=getattr(request, "param", "inline"))
    server.algorithms.register("image", PLAIN)
    yield Study(server)
    server.stop()


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_a_federated_mean(study):
    """Central and partial functions give the same everywhere."""
    assert study.value("central", "x") == {"means": [1.0, 0.5, 0.0], "image": "image"}


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_a_crash(study):
    """The log has what was printed to either stream, and the traceback, from the algorithm's own line on."""
    run = study.run("partial", "z")

    assert run["status"] == "crashed"
    assert run["log"].startswith("1 rows\nTraceback")
    assert "in partial\n    return float(df[column].mean())" in run["log"]
    assert run["log"].endswith("KeyError: 'z'\n")


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_an_algorithm_that_gives_up(study):
    """What it says when it exits is its log."""
    run = study.run("gives_up")

    assert (run["status"], run["log"]) == ("crashed", "not enough rows\n")


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_variables_of_a_node(study):
    """An algorithm finds those of its node, and nothing of the process that runs the test."""
    study.server.nodes["North"].environment["THRESHOLD"] = "7"
    os.environ["V6MOCK_TEST"] = "of the process"

    values = study.value("environment", ["THRESHOLD", "V6MOCK_TEST", "DB_LABELS", "DEFAULT_DATABASE_TYPE"])

    assert os.environ.pop("V6MOCK_TEST") == "of the process"
    expected = {"THRESHOLD": "7", "V6MOCK_TEST": None, "DB_LABELS": "default,other", "DEFAULT_DATABASE_TYPE": "csv"}
    assert values == expected


@pytest.mark.parametrize("study", ["inline", APART[-1]], indirect=True)
@pytest.mark.parametrize(("steps", "status"), [([], "completed"), ([{"function": "f", "parameters": {}}], "crashed")])
def test_preprocessing_is_for_the_official_tools(study, steps, status):
    """A plain function does not get data that are not what the task asked for."""
    run = study.run("partial", "x", databases=[{"label": "default", "preprocessing": steps}])

    assert run["status"] == status
    assert ("a plain function gets the data as they are" in run["log"]) is bool(steps)


@pytest.mark.slow
@pytest.mark.parametrize("study", ["subprocess"], indirect=True)
def test_what_runs_leave_is_gone_after_a_reset(study):
    """Not only from the tables of the server: the next test's job has the same number, and the same folder."""
    assert study.value("leaves", "one") == ["one"]

    study.server.reset()

    assert Study(study.server).value("leaves", "two") == ["two"]


def test_an_executor_of_ones_own():
    """Anybody's executor runs algorithms; its owner shuts it down."""
    with ThreadPoolExecutor(4) as pool:
        server = MockServer(seed(), execution=pool)
        server.algorithms.register("image", PLAIN)

        assert Study(server).value("central", "x")["means"] == [1.0, 0.5, 0.0]

        server.stop()
        assert pool.submit(int, "1").result(timeout=10) == 1


def test_an_image_comes_before_its_node_and_that_before_the_server():
    """The most particular choice counts."""
    server = MockServer(seed(), execution="manual")
    server.nodes["South"].execution = "inline"
    study = Study(server)
    server.algorithms.register("image", PLAIN)

    task = study.ask("partial", "x", at=(2, 3))
    server.algorithms.register("image", PLAIN, execution="inline")
    other = study.ask("partial", "x", at=(2, 3))

    assert [run["status"] for run in study.client.run.from_task(task)["data"]] == ["completed", "pending"]
    assert [run["status"] for run in study.client.run.from_task(other)["data"]] == ["completed", "completed"]


@pytest.mark.parametrize("where", ["server", "node"])
def test_an_unknown_execution(where):
    """The message has those that there are."""
    with pytest.raises(MockUsageError, match=r"no execution 'docker'; there is inline, .*Executor"):
        MockServer(execution="docker") if where == "server" else MockServer().nodes.start("", execution="docker")


@pytest.mark.parametrize("name", ["PKG_NAME", "a-b"])
def test_a_variable_that_keeps_containers_from_starting(study, name):
    """As at a real node, every run fails, and the log of the node names it."""
    study.server.nodes["North"].environment[name] = "1"

    run = study.run("partial", "x")

    assert run["status"] == "failed"
    assert repr(name) in study.server.nodes["North"].log[-1]


def test_functions_that_no_other_process_can_have():
    """The run does not start, and the node's log says what to register."""
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", {"method": lambda: 1})

    run = Study(server).run("method")
    server.stop()

    assert run["status"] == "start failed"
    assert "register the module that they are in" in server.nodes["North"].log[0]


def test_a_run_that_the_test_plays():
    """It is pending, then active, then completed, as with a real node; its input is readable."""
    study = Study(MockServer(seed(encrypted=True), execution="manual"))
    task = study.ask("method", 1, column="x")

    (run,) = study.server.nodes["North"].runs
    seen = [study.client.task.get(task)["status"]]
    run.start()
    seen.append(study.client.task.get(task)["status"])
    run.complete({"mean": 5}, log="done\n")

    assert run.input == {"method": "method", "args": [1], "kwargs": {"column": "x"}}
    assert [*seen, study.client.task.get(task)["status"]] == ["pending", "active", "completed"]
    assert json.loads(study.client.wait_for_results(task)["data"][0]["result"]) == {"mean": 5}
    assert study.client.run.get(run.id)["log"] == "done\n"
    assert study.server.nodes["North"].runs == []


def test_a_central_function_that_the_test_plays():
    """It has the client of an algorithm."""
    study = Study(MockServer(seed(), execution="manual"))
    task = study.ask("central")
    (central,) = study.server.nodes["North"].runs
    central.start()

    subtask = central.client().task.create({"method": "partial"}, organizations=[3])
    study.server.nodes["South"].runs[0].complete(5)
    central.complete(central.client().wait_for_results(subtask["id"]))

    assert [row["result"] for row in study.client.wait_for_results(task)["data"]] == ["[5]"]


def test_a_run_that_the_test_crashes():
    """Log and status reach the researcher."""
    study = Study(MockServer(seed(), execution="manual"))
    task = study.ask("method")

    study.server.nodes["North"].runs[0].crash("out of memory")

    (run,) = study.runs(task)
    assert (run["status"], run["log"]) == ("crashed", "out of memory")


def test_a_run_ends_once():
    """What has ended neither starts nor ends again, nor does what has no token have a client."""
    study = Study(MockServer(seed(), execution="manual"))
    study.ask("method")
    (run,) = study.server.nodes["North"].runs

    with pytest.raises(MockUsageError, match=r"start\(\) it first"):
        run.client()
    run.complete()
    with pytest.raises(MockUsageError, match="has ended"):
        run.crash()
    with pytest.raises(MockUsageError, match="was started before"):
        run.start()


def test_a_killed_run_is_held_no_longer():
    """Its node has been told."""
    study = Study(MockServer(seed(), execution="manual"))
    task = study.ask("method")
    (run,) = study.server.nodes["North"].runs

    study.server.client().task.kill(task)

    assert study.server.nodes["North"].runs == []
    with pytest.raises(MockUsageError, match="does not run"):
        run.complete()


def test_a_server_with_runs_that_are_held_can_be_reset():
    """They go, and nothing is waited for."""
    study = Study(MockServer(seed(), execution="manual"))
    study.ask("method")

    study.server.reset()

    assert study.server.nodes["North"].runs == []


def test_a_thread_that_does_not_end(monkeypatch):
    """Stopping the server does not wait for it for ever."""
    monkeypatch.setattr(executions, "PATIENCE", 0.05)
    server, go_on = MockServer(seed(), execution="thread"), threading.Event()
    server.algorithms.register("image", {"method": lambda: go_on.wait(TIMEOUT)})
    study = Study(server)
    task = study.ask("method")

    with pytest.raises(MockUsageError, match=r"has not ended within 0\.05 seconds"):
        server.stop()

    go_on.set()
    assert study.runs(task)[0]["status"] == "completed"
    server.stop()


@pytest.fixture
def meddle(monkeypatch):
    """Let something happen whenever a process has been started, and its node does not know it yet."""

    def meddle(happen):
        class Meddling(executions.ColdProcess):
            def __init__(self, command):
                super().__init__(command)
                happen()

        monkeypatch.setattr(executions, "ColdProcess", Meddling)

    return meddle


@pytest.mark.slow
@pytest.mark.parametrize("whose", ["task", "node"])
def test_a_kill_while_a_process_is_started(meddle, whose):
    """It ends as soon as it is known."""
    server, killed = MockServer(seed(), execution="subprocess-cold"), threading.Event()
    server.algorithms.register("image", PLAIN)
    study, root, node = Study(server), server.client(), server.nodes["North"]
    kill = {"task": lambda: root.task.kill(1), "node": lambda: root.node.kill_tasks(node.id)}[whose]
    meddle(lambda: (kill(), killed.set()))

    task = study.ask("waits_for_ever")
    assert killed.wait(TIMEOUT)

    assert node.settle() == []
    assert study.client.task.get(task)["status"] == "killed by user"
    server.stop()


@pytest.mark.slow
def test_stopping_while_a_process_is_started(meddle, monkeypatch):
    """It ends as soon as it is known, and the server does not wait for what it would do."""
    server = MockServer(seed(), execution="subprocess-cold")
    server.algorithms.register("image", PLAIN)
    study = Study(server)
    starts, stops = threading.Event(), threading.Event()
    threads = server.nodes.executions["subprocess-cold"]._threads
    shutdown = threads.shutdown
    monkeypatch.setattr(threads, "shutdown", lambda: (stops.set(), shutdown()))
    meddle(lambda: (starts.set(), stops.wait(TIMEOUT)))
    task = study.ask("waits_for_ever")
    assert starts.wait(TIMEOUT)

    server.nodes.executions.stop()

    assert study.runs(task)[0]["status"] == "crashed"
    server.stop()
