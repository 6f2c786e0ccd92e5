"""Processes of algorithms: they end when they are killed, and with their server, however that ends."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from v6mockserver import MockServer
from v6mockserver.nodes import processes

from .federation import PLAIN, TIMEOUT, Study, seed

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="ps and tail, which look after processes, are those of Linux"),
]
APART = ["subprocess", "subprocess-cold"]


class Line:
    """A port at which algorithms tell which processes they are."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(TIMEOUT)
        self.port = self._socket.getsockname()[1]

    def processes(self):
        """Wait for an algorithm, and return the ids of its processes."""
        caller, _ = self._socket.accept()
        with caller, caller.makefile() as lines:
            return [int(word) for word in lines.readline().split()]

    def close(self):
        """Listen no longer."""
        self._socket.close()


@pytest.fixture
def line():
    """The port."""
    line = Line()
    yield line
    line.close()


def states(field, number):
    """
    Return what `ps` says of the processes that have a number in a field, without those that are dead.

    A pool of another test may have left its tracker, which stays for the life of this process.
    """
    table = subprocess.run(["/bin/ps", "-A", "-o", f"{field}=,stat=,args="], capture_output=True, check=True, text=True)
    rows = [row.split(maxsplit=2) for row in table.stdout.splitlines()]
    rows = [row for row in rows if row[0] == str(number) and row[1][0] != "Z" and not row[2].startswith("/bin/ps -A")]
    return [row for row in rows if "-c from multiprocessing" not in row[2]]


def is_alive(process):
    """Return whether there is a process that is more than an entry."""
    return states("pid", process) != []


def study_of(execution, line, at=(2,)):
    """Start a task whose runs sleep; return a researcher, the task, and the processes of the runs."""
    server = MockServer(seed(), execution=execution)
    server.algorithms.register("image", PLAIN)
    study = Study(server)
    task = study.ask("sleeps", line.port, at=at)
    return study, task, [process for _ in at for process in line.processes()]


@pytest.mark.parametrize("execution", APART)
def test_killing_a_task_ends_its_processes(execution, line):
    """With all that they have started; the server has closed the runs, and has no log of them."""
    study, task, processes = study_of(execution, line, at=(2, 3))
    alive = [is_alive(process) for process in processes]

    study.server.client().task.kill(task)

    assert [study.server.nodes[name].settle() for name in ("North", "South")] == [[], []]
    assert (alive, [is_alive(process) for process in processes]) == ([True] * 4, [False] * 4)
    runs = study.client.run.from_task(task)["data"]
    assert {(run["status"], run["log"]) for run in runs} == {("killed by user", None)}
    study.server.stop()


def test_killing_what_a_node_runs(line):
    """Its processes end, and it reports; those of other nodes go on."""
    study, task, processes = study_of("subprocess", line, at=(2, 3))

    study.server.client().node.kill_tasks(study.server.nodes["North"].id)

    assert study.server.nodes["North"].settle() == []
    assert sorted(map(is_alive, processes)) == [False, False, True, True]
    statuses = {run["organization"]["id"]: run["status"] for run in study.client.run.from_task(task)["data"]}
    assert statuses == {2: "killed by user", 3: "active"}
    study.server.stop()


@pytest.mark.parametrize("execution", APART)
def test_stopping_the_server_in_the_middle_of_a_task(execution, line):
    """No process and no thread is left behind; the runs have crashed, with what they had printed."""
    threads = set(threading.enumerate())
    study, task, processes = study_of(execution, line, at=(2, 3))

    study.server.stop()

    assert set(threading.enumerate()) == threads
    assert states("ppid", os.getpid()) == []
    assert not any(map(is_alive, processes))
    assert [(run["status"], run["log"]) for run in study.runs(task)] == [("crashed", "sleeping\n")] * 2


@pytest.mark.parametrize("execution", ["thread", *APART])
def test_stopping_while_a_central_function_waits(execution, line):
    """Neither it nor the thread that holds its question is left behind."""
    threads = set(threading.enumerate())
    server = MockServer(seed(), execution=execution)
    server.nodes["South"].execution = "manual"
    server.algorithms.register("image", PLAIN)
    study = Study(server)
    task = study.ask("waits", 3, line.port)
    processes = set(line.processes()) - {os.getpid()}

    server.stop()

    assert set(threading.enumerate()) == threads
    assert not any(map(is_alive, processes))
    assert study.client.task.get(task)["status"] == "crashed"


def test_a_server_that_nobody_stopped(line):
    """Garbage collection ends what it had started, and removes its files."""
    threads = set(threading.enumerate())
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", PLAIN)
    Study(server).value("partial", "x")
    folder = server.nodes.folder
    children = len(states("ppid", os.getpid()))

    del server
    gc.collect()

    assert (children, states("ppid", os.getpid())) == (1, [])
    assert set(threading.enumerate()) <= threads  # what an earlier test has left to the collector may be gone too
    assert not folder.exists()


PROGRAM = """
import os, signal, sys
from v6mockserver import MockServer
from v6mockserver.nodes import processes
sys.path.insert(0, sys.argv[1])
from federation import PLAIN, Study, seed
server = MockServer(seed(), execution=sys.argv[3])
server.algorithms.register("image", PLAIN)
Study(server).ask("sleeps", int(sys.argv[2]))
sys.stdin.readline()
if sys.argv[4] == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize(
    ("execution", "end"), [("subprocess", "ends"), ("subprocess", "dies"), ("subprocess-cold", "ends")]
)
def test_a_program_that_ends_in_the_middle_of_a_task(execution, end, line):
    """Whether it comes to its end or is killed: what it had forked ends with it."""
    folder = str(Path(__file__).parent)
    command = [sys.executable, "-c", PROGRAM, folder, str(line.port), execution, end]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        processes = line.processes()
        program.communicate(b"\n", timeout=TIMEOUT)

    for process in processes:
        wait_for_end_of(process)
    assert not any(map(is_alive, processes))


def wait_for_end_of(process):
    """Wait, at most so long, for a process that is no child of this one."""
    tail = ["/usr/bin/tail", f"--pid={process}", "-f", os.devnull]
    subprocess.run(tail, timeout=TIMEOUT, check=True)


def test_a_fork_server_that_dies(line):
    """Its runs are lost, as containers are that vanish; the next run has a new one."""
    study, task, _ = study_of("subprocess", line)
    (server,) = study.server.nodes.executions["subprocess"]._servers.values()

    os.kill(server._process.pid, signal.SIGKILL)

    (run,) = study.runs(task)
    assert (run["status"], run["log"]) == ("unknown error", "sleeping\n")
    assert study.value("partial", "x") == 0
    study.server.stop()


def test_a_fork_server_that_dies_as_a_run_starts(monkeypatch):
    """The container does not start; the next run has a new one."""
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", PLAIN)
    study = Study(server)
    study.value("partial", "x")
    (forks,) = server.nodes.executions["subprocess"]._servers.values()
    os.kill(forks._process.pid, signal.SIGKILL)
    forks._process.wait(TIMEOUT)

    with monkeypatch.context() as just_before:
        just_before.setattr(type(forks), "is_alive", True)
        run = study.run("partial", "x")

    assert run["status"] == "start failed"
    assert "cannot be started" in server.nodes["North"].log[-1]
    assert study.value("partial", "x") == 0
    server.stop()


def test_a_fork_server_that_hangs(monkeypatch):
    """It is killed when the server stops, after a while."""
    monkeypatch.setattr(processes, "GOODBYE", 0.05)
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", PLAIN)
    Study(server).value("partial", "x")
    (forks,) = server.nodes.executions["subprocess"]._servers.values()
    os.kill(forks._process.pid, signal.SIGSTOP)

    server.stop()

    assert forks._process.returncode == -signal.SIGKILL


def command(tmp_path, code):
    """Return a command that logs into a folder."""
    return processes.Command(sys.executable, code, {}, tmp_path / "log")


def test_what_has_ended_is_not_killed(tmp_path, monkeypatch):
    """Its number may be that of another process by now."""
    process, killed = processes.ColdProcess(command(tmp_path, "")), []
    assert process.wait() == 0
    monkeypatch.setattr(os, "killpg", lambda *numbers: killed.append(numbers))

    process.kill()

    assert killed == []


def test_where_there_are_no_groups_of_processes(tmp_path, monkeypatch):
    """As on Windows: a process is killed, without what it has started."""
    monkeypatch.delattr(os, "killpg")
    process = processes.ColdProcess(command(tmp_path, "import threading; threading.Event().wait()"))

    process.kill()

    assert process.wait() == -signal.SIGKILL


def test_forks_draw_numbers_of_their_own():
    """A generator that was made before the fork does not give the same to all runs."""
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", PLAIN)
    study = Study(server)

    numbers = [study.value("draws") for _ in range(2)]
    server.stop()

    assert numbers[0] != numbers[1]
