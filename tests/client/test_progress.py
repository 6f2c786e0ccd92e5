"""Waiting for tasks of a server: what is seen meanwhile, what ends it, and what does not."""

from __future__ import annotations

import io
import signal
import sys
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest

from v6client import _waiting
from v6client.exceptions import (
    ConnectionFailedError,
    MalformedAnswerError,
    NotFoundError,
    PermissionDeniedError,
    TaskFailedError,
    TaskTimeoutError,
    UsageError,
)
from v6mockserver import MockServer

SEED = {
    "organizations": [
        {
            "name": "North",
            "roles": [{"name": "Watcher", "rules": ["task VIEW COLLABORATION", "run VIEW COLLABORATION"]}],
            "users": [{"username": "will", "password": "Secret-42", "roles": ["Watcher"]}],
        },
        {"name": "South"},
    ],
    "collaborations": [
        {
            "name": "Poles",
            "encrypted": False,
            "participants": [{"name": "North", "node": "north"}, {"name": "South", "node": "south"}],
            "tasks": [{"image": "one", "user": "will", "input": {"method": "one"}}],
        }
    ],
}
TASK = 1


@pytest.fixture(params=["4.15", "4.0"])
def server(request):
    """Two nodes that are offline, and a task that waits for them."""
    server = MockServer(SEED, version=request.param)
    for node in server.nodes.values():
        node.go_offline()
    server.algorithms.register("one", {"one": lambda: 1})
    return server


@pytest.fixture
def client(server):
    """Somebody who may look, and see no names but those of his own collaboration."""
    return server.client("will")


@pytest.fixture
def wait(client):
    """Wait for the task, quickly and not for ever."""
    return partial(client.wait_for_results, TASK, 0.01, timeout=30)


@pytest.fixture
def step(server):
    """Brings the nodes online, one with each update, and keeps the updates."""
    offline = list(server.nodes.values())

    def on_update(update):
        on_update.seen.append(update)
        if offline:
            offline.pop(0).go_online()

    on_update.seen = []
    return on_update


def crash():
    """Fail."""
    raise ValueError("on purpose")


def test_updates_tell_what_has_changed(wait, step):
    """One for each change, and none for a look that saw nothing new."""
    wait(on_update=step)

    assert [update["status"] for update in step.seen] == ["pending", "pending", "completed"]
    assert [[run["status"] for run in update["runs"]] for update in step.seen] == [
        ["pending", "pending"],
        ["completed", "pending"],
        ["completed", "completed"],
    ]
    assert {run["organization_id"] for run in step.seen[0]["runs"]} == {2, 3}


def test_an_error_of_the_callback_ends_the_waiting(wait):
    """It is the caller's, and so it comes back to him."""

    def on_update(update):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        wait(on_update=on_update)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupt_leaves_the_task_running(wait, client, server, capsys):
    """And says how to go on, or to end it."""
    with pytest.raises(KeyboardInterrupt):
        wait(progress=False, on_update=lambda update: signal.raise_signal(signal.SIGINT))

    assert capsys.readouterr().err == "task 1 goes on: wait_for_results(1) waits again, task.kill(1) stops it\n"
    assert client.task.get(TASK)["status"] == "pending"


def test_runs_are_looked_at_sparingly(client, server, monkeypatch):
    """Their inputs may be large: what a look at them takes is rested from, but for the last one."""
    monkeypatch.setattr(_waiting, "REST", 1e9)
    looks, seen = [], []

    def ask(path):
        looks.append(path)
        for node in server.nodes.values() if len(looks) == 6 else ():
            node.go_online()
        return client.request(path)

    def on_update(update):
        seen.append([run["status"] for run in update["runs"]])

    client.wait_for_task_completion(ask, TASK, 0.01, log_animation=False, on_update=on_update, timeout=30)

    assert seen == [["pending", "pending"], ["completed", "completed"]]
    assert len(looks) >= 6
    assert len(server.journal.where(method="GET", path="/run", caller="will")) == 2


def test_a_failure_is_raised_at_once(wait, server):
    """Its error has the log, while other runs may go on."""
    server.algorithms.register("one", {"one": crash})
    server.nodes["north"].go_online()

    with pytest.raises(TaskFailedError, match=r"'crashed':\n(.*\n)*.*ValueError: on purpose"):
        wait()


def test_a_failure_that_is_no_error_is_waited_through(wait, server, step):
    """Then the other runs end, too, and are seen to."""
    server.algorithms.register("one", {"one": crash})

    results = wait(on_update=step, raise_on_failure=False)

    assert len(results["data"]) == 2
    for rows in (results["data"], step.seen[-1]["runs"]):
        assert {row["status"] for row in rows} <= {"crashed", "failed"}


def test_waiting_for_the_end_alone(client, step):
    """By the name and the arguments of later official clients."""
    assert client.wait_for_task_completion(None, TASK, 0.01, False, timeout=30, on_update=step) is None

    assert client.task.get(TASK)["status"] == "completed"


def test_the_status_may_be_asked_for_by_a_function(client):
    """That is what the official client's first argument is for."""
    asked = []

    def request(path):
        asked.append(path)
        return {"status": "completed"}

    client.wait_for_task_completion(request, TASK)

    assert asked == ["task/1/status"]


@pytest.mark.parametrize("answer", [{"msg": "no"}, None])
def test_an_answer_without_a_status_is_an_error(client, answer):
    """It is not taken for an end."""
    with pytest.raises(MalformedAnswerError, match="without a status"):
        client.wait_for_task_completion(lambda path: answer, TASK)


def test_a_task_that_never_was_is_an_error(client):
    """One that says so."""
    with pytest.raises(NotFoundError) as caught:
        client.wait_for_results(7)

    assert "deleted" not in str(caught.value)


def test_a_task_that_vanishes_is_an_error(wait, server):
    """One that tells what became of it."""
    root = server.client("root")

    with pytest.raises(NotFoundError, match="Task 1 was deleted while it was waited for"):
        wait(on_update=lambda update: root.task.delete(TASK))


def test_a_lost_permission_is_an_error(wait, client, server):
    """One that names the rules."""
    root = server.client("root")

    with pytest.raises(PermissionDeniedError, match="task VIEW"):
        wait(on_update=lambda update: root.user.update(client.whoami.id_, roles=[], rules=[]))


def test_an_unknown_status_is_an_error(wait, server):
    """It is taken neither for an end nor for none."""
    with server.faults as faults:
        path = "/task/*/status" if server.version == "4.15" else "/task/*"
        faults.on(method="GET", path=path).answer(200, body={"status": "sleeping"})
        with pytest.raises(MalformedAnswerError, match="'sleeping'"):
            wait()


def gone(fault):
    """Close the connection."""
    fault.reset()


def unavailable(fault):
    """Answer as the server does."""
    fault.answer(503)


def away(fault):
    """Answer as a proxy does."""
    fault.answer(502, body="<h1>Bad gateway</h1>")


@pytest.mark.parametrize("outage", [gone, unavailable, away])
def test_an_outage_is_waited_through(wait, server, step, outage):
    """A server that is restarted meanwhile has not lost the task."""

    def on_update(update):
        step(update)
        if len(step.seen) == 1:
            outage(server.faults.on(caller="will", times=3))

    with server.faults:
        results = wait(on_update=on_update)

    assert len(results["data"]) == 2


def test_a_server_that_was_never_there_is_an_error(wait, server):
    """There is nothing to wait for."""
    with server.faults as faults:
        faults.on(path="/task/**").reset()
        with pytest.raises(ConnectionFailedError):
            wait()


@pytest.mark.parametrize("wrong", [{"interval": -1}, {"interval": "1"}, {"timeout": -0.1}, {"timeout": float("nan")}])
def test_wrong_times_are_refused(client, wrong):
    """At once, and not when they are up."""
    with pytest.raises(UsageError, match="is a number of seconds"):
        client.wait_for_results(TASK, **wrong)


def test_time_that_is_up(wait):
    """Both runs are named, with their nodes."""
    with pytest.raises(TaskTimeoutError, match=r"north is offline\n.*south is offline"):
        wait(timeout=0.03)


def test_nodes_that_are_not_there(wait, server):
    """One that was deleted has no name any more, and its successor is offline before it was ever online."""
    root = server.client("root")

    root.node.delete(3)
    with pytest.raises(TaskTimeoutError, match=r"its node \(deleted\) is offline"):
        wait(timeout=0.03)

    root.node.create(1, 2, "fresh")
    with pytest.raises(TaskTimeoutError, match="its node fresh is offline"):
        wait(timeout=0.03)


def test_no_progress(wait, step, capsys):
    """Told so, it says nothing."""
    wait(progress=False, on_update=step)

    assert capsys.readouterr() == ("", "")


class Terminal(io.StringIO):
    """A place to print to that says it is a terminal."""

    def isatty(self):
        """Say so."""
        return True


def test_a_table_in_a_terminal(wait, step, monkeypatch):
    """It has a line for each organization, drawn anew when something has changed."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")

    wait(progress=True, on_update=step)

    shown = terminal.getvalue()
    assert "north (offline)" in shown
    assert "south (online)" in shown
    assert "task 1: completed" in shown


def test_names_do_not_command_the_terminal(wait, server, monkeypatch):
    """Whoever registers a node names it."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    server.client("root").node.update(3, name="\x1b]0;mine\x07north")

    with pytest.raises(TaskTimeoutError):
        wait(progress=True, timeout=0.01)

    assert "north (offline)" in terminal.getvalue()
    assert "\x1b]0;mine" not in terminal.getvalue()


@pytest.fixture
def notebook(monkeypatch):
    """What was shown below the cell of a notebook."""
    ipython, display = ModuleType("IPython"), ModuleType("IPython.display")
    shown = []
    ipython.get_ipython = lambda: SimpleNamespace(kernel=object())
    display.display = lambda *, display_id: SimpleNamespace(update=shown.append)
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    return shown


def test_a_table_in_a_notebook(wait, step, notebook, capsys):
    """It is renewed in its place, as HTML."""
    wait(progress=True, on_update=step)

    (first, *_, last) = [table._repr_mimebundle_((), ())["text/html"] for table in notebook]
    assert "south (offline)" in first
    assert "task 1: completed" in last
    assert capsys.readouterr() == ("", "")


def test_ipython_in_a_terminal_is_no_notebook(wait, step, notebook, monkeypatch, capsys):
    """It has no kernel to show anything in."""
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", SimpleNamespace)

    wait(progress=True, on_update=step)

    assert notebook == []
    assert "task 1: completed" in capsys.readouterr().err
