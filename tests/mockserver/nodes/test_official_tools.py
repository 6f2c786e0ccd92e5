"""Algorithms written for vantage6-algorithm-tools run unmodified, in this process and in ones of their own."""

from __future__ import annotations

import sys

import pytest

from v6mockserver import MockServer

from .federation import OFFICIAL, Study, seed

pytest.importorskip("vantage6.algorithm.tools", reason="needs vantage6-algorithm-tools, as in tox -e algorithms")

INSIDE = ["inline", "thread"]
APART = [pytest.param(name, marks=pytest.mark.slow) for name in ("subprocess", "subprocess-cold")]
ALL = [*INSIDE, *APART]


def study_of(execution, **options):
    """Return a researcher, with an algorithm of the tools at every node."""
    server = MockServer(seed(**options), execution=execution)
    server.algorithms.register("image", OFFICIAL)
    return Study(server)


@pytest.fixture
def study(request):
    """The researcher, in the execution of the test."""
    study = study_of(request.param)
    yield study
    study.server.stop()


@pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
@pytest.mark.parametrize("execution", ALL)
def test_a_federated_mean(execution, encrypted):
    """The official client creates subtasks and waits for them, through the proxy of its node."""
    study = study_of(execution, encrypted=encrypted)

    assert study.value("central", "x") == {"means": [1.0, 0.5, 0.0], "image": "image"}
    study.server.stop()


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_frames_come_in_reverse(study):
    """As in production, the second database is the first argument."""
    assert study.value("both", databases=["default", "other"]) == ["y", "x"]


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_the_decorator_closest_to_the_function_comes_first(study):
    """The data before the client here, and then the arguments of the task."""
    assert study.value("order", "word") == ["DataFrame", "AlgorithmClient", "word"]


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_metadata(study):
    """Ids are from the token, paths from the environment; the scratch folder is there."""
    ids = [1, study.server.nodes["North"].id, 1, 2]

    assert study.value("identity") == {"ids": ids, "files": ["input", "output", "token"], "seen": "x"}


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_variables_of_a_node(study):
    """The tools decode them; what looks encoded once they have is decoded again by those who ask, as in production."""
    study.server.nodes["North"].environment.update(THRESHOLD="true", UNLUCKY="MFRGGZDF")

    values = study.value("environment", ["THRESHOLD", "UNLUCKY", "DEFAULT_DATABASE_TYPE", "API_PATH"])

    assert values == {"THRESHOLD": "true", "UNLUCKY": "abcde", "DEFAULT_DATABASE_TYPE": "csv", "API_PATH": ""}


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_nothing_is_inherited(study, monkeypatch):
    """The tools could not decode this variable of the test's process."""
    monkeypatch.setenv("FEATURE", "DISABLED")

    assert {"FEATURE", "HOME", "USER"}.isdisjoint(study.value("everything"))


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_a_crash(study):
    """The log has what the tools print, and the traceback; the result is empty."""
    run = study.run("partial", "z")

    assert run["status"] == "crashed"
    assert "warn > 1 rows\n" in run["log"]
    assert "KeyError: 'z'" in run["log"]
    assert study.client.result.get(run["id"])["result"] == ""


@pytest.mark.parametrize("study", ALL, indirect=True)
@pytest.mark.parametrize(("code", "status"), [(0, "completed"), (3, "crashed")])
def test_an_algorithm_that_exits(study, code, status):
    """The exit code decides, and there is no result."""
    run = study.run("leaves", code)

    assert (run["status"], study.client.result.get(run["id"])["result"]) == (status, "")
    assert run["log"].endswith("leaving\n")


@pytest.mark.parametrize("study", ALL, indirect=True)
def test_both_streams_are_the_log(study):
    """In the order in which they were written."""
    assert "one\ntwo\nthree\n" in study.run("both_streams")["log"]


@pytest.mark.parametrize("study", INSIDE, indirect=True)
def test_waiting_for_what_will_not_happen(study):
    """The official client would ask for ever; in this process the run crashes, and tells whom it waited for."""
    study.server.nodes["South"].go_offline()
    for node in study.server.nodes.values():
        node.interrupt()  # so that a thread does not wait for South to come back

    run = study.run("central", "x")

    assert run["status"] == "crashed"
    assert "its node South is offline" in run["log"]


@pytest.mark.slow
def test_an_interpreter_of_its_own():
    """What another interpreter has installed runs in a process of its own, whatever the server says."""
    server = MockServer(seed(), execution="inline")
    server.algorithms.register("image", package=OFFICIAL, python=sys.executable)

    run = Study(server).run("partial", "x")
    server.stop()

    assert run["log"].startswith("info > wrapper for v6_rows\n")
    assert run["status"] == "completed"


def test_what_the_node_does_is_not_in_the_log():
    """Inline, the proxy and the server work in the thread of the algorithm; what they log is theirs."""
    study = study_of("inline")

    log = study.run("central", "x")["log"]

    assert log == "info > Reading token\ninfo > asking everybody\n"
