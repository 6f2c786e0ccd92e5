"""
The ways to run algorithms, with one interface: `start` takes a job and returns what is known of it.

Each is a `concurrent.futures.Executor` underneath, and anybody's executor can be one of them.
"""

from __future__ import annotations

import weakref
from concurrent.futures import Executor
from contextlib import ExitStack
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol

from v6mockserver._errors import MockUsageError
from v6mockserver.nodes import container, environment
from v6mockserver.nodes.container import COMPLETED, CRASHED, Job, Outcome
from v6mockserver.nodes.executors import (
    COLD,
    INLINE,
    SUBPROCESS,
    THREAD,
    InlineExecutor,
    ThreadExecutor,
)
from v6mockserver.nodes.interpreters import Interpreter
from v6mockserver.nodes.processes import CAN_FORK, ColdProcess, Command, ForkServer, Process

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.files import Files

PATIENCE = 60.0
"""Seconds that threads may take to end once their server stops."""

START_FAILED, VANISHED = "start failed", "unknown error"
LOG_ELSEWHERE = "The container did not run; the log of the node tells why"

OFFICIAL = "from vantage6.algorithm.tools.wrap import wrap_algorithm; wrap_algorithm({})"
PLAIN = "from v6mockserver.nodes.wrapper import main; main()"
FOUND = "import sys; sys.path.append({!r}); "


class Ongoing(NamedTuple):
    """
    A run that was started.

    Attributes
    ----------
    future : Future
        Its outcome.
    kill : callable
        Ends it, as far as that can be done from outside.
    """

    future: Future[Outcome]
    kill: Callable[[], object]


class Execution(Protocol):
    """
    A way to run algorithms.

    Attributes
    ----------
    goes_on : bool
        Whether a run goes on while another one waits for it.
    """

    goes_on: bool

    def start(self, job: Job) -> Ongoing:
        """
        Start a run.
        """
        ...

    def stop(self) -> None:
        """
        Wait for what runs, and end what was started for it.
        """


class InProcess:
    """
    Runs algorithms in this process.

    Parameters
    ----------
    executor : Executor
        In which thread.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.goes_on = not isinstance(executor, InlineExecutor)

    def start(self, job: Job) -> Ongoing:
        """
        Start a run.
        """
        future = self._executor.submit(container.run, job)
        return Ongoing(future, future.cancel)

    def stop(self) -> None:
        """
        Wait for what runs. No thread can be stopped from outside.

        Raises
        ------
        MockUsageError
            If a thread does not end.
        """
        if isinstance(self._executor, ThreadExecutor) and not self._executor.ended(PATIENCE):
            raise MockUsageError(
                f"an algorithm in a thread has not ended within {PATIENCE:g} seconds; let it, or run it in a subprocess"
            )


class Foreign:
    """
    Runs algorithms where somebody else's executor does: in threads, processes, or on other machines that share files.

    Parameters
    ----------
    executor : Executor
        The executor. Its owner shuts it down.
    url : callable
        Returns where the nodes' proxy listens.
    """

    goes_on = True

    def __init__(self, executor: Executor, url: Callable[[], str]) -> None:
        self._executor = executor
        self._url = url

    def start(self, job: Job) -> Ongoing:
        """
        Start a run. What is handed over can be pickled, if the algorithm can.
        """
        files = job.made_files() if job.algorithm.is_official else None
        future = self._executor.submit(container.run, replace(job, files=files, proxy=self._url()))
        return Ongoing(future, future.cancel)

    def stop(self) -> None:
        """
        Nothing was started here.
        """


class _Switch:
    """
    What kills a process, also one that is just being started.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._process: Process | None = None
        self._pulled = False

    def fit(self, process: Process) -> None:
        with self._lock:
            self._process = process
            if self._pulled:
                process.kill()

    def pull(self) -> None:
        with self._lock:
            self._pulled = True
            if self._process is not None:
                self._process.kill()


class Subprocess:
    """
    Runs each algorithm in a process of its own, as a container does.

    Parameters
    ----------
    url : callable
        Returns where the nodes' proxy listens.
    fork : bool
        Whether processes are forked from one that has imported pandas and the tools.
    """

    goes_on = True

    def __init__(self, url: Callable[[], str], *, fork: bool) -> None:
        self._url = url
        self._fork = fork
        self._threads = ThreadExecutor()
        self._lock = Lock()
        self._servers: dict[str, ForkServer] = {}
        self._running: set[Process] = set()
        self._is_stopping = False
        # Nobody may have said stop(): what is left ends with the object, or with the interpreter.
        weakref.finalize(self, _end, self._servers, self._running)

    def start(self, job: Job) -> Ongoing:
        """
        Start a run; a thread waits for its end.
        """
        switch = _Switch()
        return Ongoing(self._threads.submit(self._run, job, switch), switch.pull)

    def _run(self, job: Job, switch: _Switch) -> Outcome:
        if job.algorithm.package is None:
            note = f"{job.algorithm.image!r} is functions of this process; register the module that they are in"
            return Outcome(START_FAILED, b"", LOG_ELSEWHERE, note)
        files = job.made_files()
        assert files is not None  # noqa: S101 -- a node always says how to make them
        command = _command(replace(job, proxy=self._url()), files)
        try:
            process = self._started(command)
        except OSError as error:
            return Outcome(START_FAILED, b"", LOG_ELSEWHERE, f"{command.python} cannot be started: {error}")
        with self._lock:
            self._running.add(process)
            if self._is_stopping:
                process.kill()
        switch.fit(process)
        code = process.wait()
        with self._lock:
            self._running.discard(process)
        log = files.log.read_text("utf-8", "replace")
        if code is None:
            return Outcome(VANISHED, b"", log, f"the process that forked the algorithm of {files.log} has ended")
        return Outcome(COMPLETED if code == 0 else CRASHED, files.output.read_bytes(), log)

    def _started(self, command: Command) -> Process:
        if not self._fork:
            return ColdProcess(command)
        with self._lock:
            server = self._servers.get(command.python)
            if server is not None and not server.is_alive:
                self._servers.pop(command.python).stop()
            if command.python not in self._servers:
                self._servers[command.python] = ForkServer(command.python)
            return self._servers[command.python].start(command)

    def stop(self) -> None:
        """
        Kill what runs, and end what was started for it.
        """
        with self._lock:
            self._is_stopping = True
            for process in self._running:
                process.kill()
        self._threads.shutdown()
        with self._lock:
            _end(self._servers, self._running)
            self._is_stopping = False


def _end(servers: dict[str, ForkServer], running: set[Process]) -> None:
    while running:
        running.pop().kill()
    while servers:
        servers.popitem()[1].stop()


def _command(job: Job, files: Files) -> Command:
    """
    Return the command of a container.
    """
    algorithm = job.algorithm
    interpreter = algorithm.interpreter or Interpreter.own()
    variables = job.environment(files)
    code = PLAIN
    if algorithm.is_official:
        code = OFFICIAL.format("" if interpreter.encodes else repr(algorithm.package))
        variables = environment.encoded(variables) if interpreter.encodes else variables
    if algorithm.path is not None:
        code = FOUND.format(algorithm.path) + code
    whole = environment.of_process(interpreter.python, algorithm.package, variables)
    return Command(interpreter.python, code, whole, files.log)


class Executions:
    """
    The executions of one server's nodes, made when they are first chosen.

    Parameters
    ----------
    url : callable
        Returns where the nodes' proxy listens, for algorithms in other processes.
    """

    def __init__(self, url: Callable[[], str]) -> None:
        self._makers: dict[str, Callable[[], Execution]] = {
            INLINE: lambda: InProcess(InlineExecutor()),
            THREAD: lambda: InProcess(ThreadExecutor()),
            SUBPROCESS: lambda: Subprocess(url, fork=CAN_FORK),
            COLD: lambda: Subprocess(url, fork=False),
        }
        self._url = url
        self._made: dict[Choice, Execution] = {}
        self._lock = Lock()

    def __getitem__(self, choice: Choice) -> Execution:
        with self._lock:
            if choice not in self._made:
                make = Foreign(choice, self._url) if isinstance(choice, Executor) else self._makers[choice]()
                self._made[choice] = make
            return self._made[choice]

    @property
    def go_on(self) -> bool:
        """
        Whether runs may go on while others wait for them.
        """
        return any(execution.goes_on for execution in list(self._made.values()))

    def stop(self) -> None:
        """
        End what was started.
        """
        with ExitStack() as stack:  # which goes through with it if one of them fails
            for execution in list(self._made.values()):
                stack.callback(execution.stop)
