"""What belongs to the process, as a run inside it finds it: environment, streams and proxy."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from v6mockserver import MockServer
from v6mockserver.nodes.output import captured
from v6mockserver.nodes.overlay import inside

from .federation import TIMEOUT, Study, seed


def study_of(method, execution="inline"):
    """Return a researcher, with a function at every node."""
    server = MockServer(seed(), execution=execution)
    server.algorithms.register("image", {"method": method})
    return Study(server)


def nothing(environ, start_response):
    """Answer nothing."""
    return []


OPERATIONS = {
    "read": lambda: os.environ["ONE"],
    "missing": lambda: os.environ.get("V6MOCK_TEST"),
    "all": lambda: sorted(os.environ),
    "size": lambda: len(os.environ),
    "copy": lambda: os.environ.copy(),
    "or": lambda: os.environ | {"TWO": "2"},
    "or behind": lambda: {"ONE": "0", "TWO": "2"} | os.environ,
    "getenv": lambda: os.getenv("ONE"),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_reading_the_environment_of_a_run(operation, monkeypatch):
    """It is a mapping like that of a process which has these variables, and no others."""
    monkeypatch.setenv("V6MOCK_TEST", "of the process")
    with inside({"ONE": "1"}, proxy=nothing, address="http://proxy:1"):
        found = operation()
    for name in os.environ:
        monkeypatch.delenv(name)
    monkeypatch.setenv("ONE", "1")

    assert found == operation()


def test_changing_the_environment_of_a_run(monkeypatch):
    """The run finds what it has set, for as long as it runs, and the process keeps what it has."""
    monkeypatch.setenv("ONE", "of the process")
    before = dict(os.environ)
    with inside({"ONE": "1", "TWO": "2"}, proxy=nothing, address="http://proxy:1"):
        os.environ["THREE"] = "3"
        os.environ |= {"ONE": "11"}
        del os.environ["TWO"]
        found = dict(os.environ)

    assert found == {"ONE": "11", "THREE": "3"}
    assert os.environ == before


@pytest.mark.parametrize(("name", "value"), [("ONE", 1), (1, "ONE")])
def test_what_no_environment_takes(name, value):
    """An algorithm that sets it fails, as it would on a real node."""
    study = study_of(lambda: os.environ.update({name: value}))

    run = study.run("method")

    assert run["status"] == "crashed"
    assert run["log"].endswith("TypeError: str expected, not int\n")


def test_what_the_environment_of_a_process_can_do_besides():
    """It can be done in a run as well."""
    with inside({}, proxy=nothing, address="http://proxy:1"):
        assert os.environ.encodekey("ONE") == b"ONE"


def test_an_environment_that_a_run_puts_in_the_place_of_its_own(monkeypatch):
    """Stays when the run ends; once whoever has put it there takes it back, the process has its own again."""
    monkeypatch.setenv("ONE", "of the process")
    monkeypatch.setattr(os, "environ", os.environ)  # is put back at the end, whatever is there by then
    theirs, other = pytest.MonkeyPatch(), {"ONE": "other"}
    with inside({"ONE": "1"}, proxy=nothing, address="http://proxy:1"):
        theirs.setattr(os, "environ", other)

    assert os.environ is other
    theirs.undo()
    assert os.environ["ONE"] == "of the process"


def test_what_other_threads_print_is_not_in_the_log(capsys):
    """It goes where it went before."""
    with captured() as log, ThreadPoolExecutor(1) as pool:
        print("of the run")
        pool.submit(print, "of a thread").result(TIMEOUT)

    assert log.getvalue() == "of the run\n"
    assert sorted(capsys.readouterr().out.splitlines()) == ["of a thread", "of the run"]


def test_what_a_stream_can_do_besides(capsys):
    """A run can ask for it: here for the encoding, and whether it is a terminal."""
    streams = (sys.stdout.encoding, sys.stdout.isatty())
    study = study_of(lambda: [sys.stdout.encoding, sys.stdout.isatty()])

    assert tuple(study.value("method")) == streams


def asks_for_ever(client):
    """Ask for a subtask of South until it has finished, as the official client does."""
    task = client.task.create({"method": "method"}, [3])["id"]
    url = f"{os.environ['HOST']}:{os.environ['PORT']}/task/{task}/status"
    for _ in range(5):
        requests.get(url, headers={"Authorization": f"Bearer {client.token}"}, timeout=TIMEOUT)


def waits(client):
    """Create a subtask for South, and wait for it."""
    return client.wait_for_results(client.task.create({"method": "method"}, [3])["id"])


@pytest.mark.parametrize("method", [waits, asks_for_ever])
def test_waiting_for_what_will_not_happen_in_a_pool_of_threads(method):
    """The proxy is reached over its port, and ends the run; the log says whom it waited for."""
    with ThreadPoolExecutor(4) as pool:
        study = study_of(method, pool)
        study.server.nodes["South"].go_offline()
        for node in study.server.nodes.values():
            node.interrupt()  # so that the run does not wait for South to come back

        run = study.run("method")
        study.server.stop()

    assert run["status"] == "crashed"
    assert "its node South is offline" in run["log"]


def test_a_server_that_stops_before_a_run_in_a_pool_ends():
    """The proxy is gone then, and the run crashes instead of waiting for it."""
    started, go_on = threading.Event(), threading.Event()

    def method(client):
        started.set()
        go_on.wait(TIMEOUT)
        return client.collaboration.get()

    with ThreadPoolExecutor(1) as pool:
        study = study_of(method, pool)
        task = study.ask("method")
        assert started.wait(TIMEOUT)

        study.server.stop()
        go_on.set()

    (run,) = study.runs(task)
    assert run["status"] == "crashed"
    assert "the node's proxy is gone" in run["log"]
