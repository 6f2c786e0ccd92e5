"""
Processes of algorithms: started cold, or forked from one that has imported what they need.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from v6mockserver.nodes import environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

NOWHERE = os.sep
"""Where a process starts that is to import what is installed, and not what is in the folder that it starts in."""

SCRIPT = Path(__file__).with_name("_forks.py")
CAN_FORK = hasattr(os, "fork") and hasattr(socket, "send_fds")
GOODBYE = 10
"""Seconds that a fork server may take to end before it is killed."""


@dataclass(frozen=True, slots=True)
class Command:
    """
    What a process is to do.

    Attributes
    ----------
    python : str
        The interpreter.
    code : str
        What `python -c` is given.
    variables : mapping
        The whole environment.
    log : Path
        Where both output streams go; its folder is where the process starts.
    """

    python: str
    code: str
    variables: Mapping[str, str]
    log: Path


class Process(Protocol):
    """
    A process that runs.
    """

    def wait(self) -> int | None:
        """
        Return its exit code once it has ended; None if nobody can tell.
        """

    def kill(self) -> None:
        """
        End it at once, with all that it has started.
        """


def kill_group(process: int) -> None:
    """
    End a process that leads a group, and what it has started.
    """
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):  # The latter is what macOS says of the dead.
            os.killpg(process, signal.SIGKILL)


def _until_reset(lines: Iterable[bytes]) -> Iterator[bytes]:
    """
    Yield lines until their source ends, in whichever way.
    """
    with suppress(OSError):
        yield from lines


class ColdProcess:
    """
    An interpreter of its own, as a container has.

    Parameters
    ----------
    command : Command
        What it does.
    """

    def __init__(self, command: Command) -> None:
        with command.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- the interpreter that the algorithm was registered with
                [command.python, "-c", command.code],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=command.log.parent,
                env=dict(command.variables),
                start_new_session=True,
            )

    def wait(self) -> int:
        """
        Return its exit code once it has ended, and what it started with it.
        """
        code = self._process.wait()
        kill_group(self._process.pid)
        return code

    def kill(self) -> None:
        """
        End it at once, with all that it has started.
        """
        if self._process.returncode is None:
            kill_group(self._process.pid)
            self._process.kill()


class ForkedProcess:
    """
    A child of a fork server.

    Parameters
    ----------
    connection : socket.socket
        Tells the end of the process; closing it kills.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def wait(self) -> int | None:
        """
        Return its exit code once it has ended; None if the fork server is gone.
        """
        with self._connection, self._connection.makefile("rb") as lines:
            numbers = [int(line) for line in _until_reset(lines)]
        if len(numbers) == 1:
            kill_group(numbers[0])
        return numbers[1] if len(numbers) > 1 else None

    def kill(self) -> None:
        """
        End it at once, with all that it has started.
        """
        with suppress(OSError):  # It may have ended.
            self._connection.shutdown(socket.SHUT_WR)


class ForkServer:
    """
    An interpreter that has imported what algorithms need, and forks for each run.

    Parameters
    ----------
    python : str
        The interpreter.

    Raises
    ------
    OSError
        If it cannot be started.
    """

    def __init__(self, python: str) -> None:
        self.python = python
        self._control, theirs = socket.socketpair()
        try:
            with theirs:
                self._process = self._started(theirs.fileno())
        except OSError:
            self._control.close()
            raise

    def _started(self, control: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 -- as above
            [self.python, "-c", SCRIPT.read_text("utf-8"), str(control)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment.of_process(self.python, None, {}),
            cwd=NOWHERE,
            pass_fds=[control],
            start_new_session=True,  # Ctrl-C is for this process, which ends that one
        )

    @property
    def is_alive(self) -> bool:
        """
        Whether it can still fork.
        """
        return self._process.poll() is None

    def start(self, command: Command) -> ForkedProcess:
        """
        Start a run.

        Raises
        ------
        OSError
            If it has just ended.
        """
        order = {"code": command.code, "variables": dict(command.variables), "folder": str(command.log.parent)}
        ours, theirs = socket.socketpair()
        with theirs, command.log.open("wb") as log:
            try:
                socket.send_fds(self._control, [b"r"], [theirs.fileno(), log.fileno()])
                ours.sendall(json.dumps(order).encode() + b"\n")
            except OSError:
                ours.close()
                raise
        return ForkedProcess(ours)

    def stop(self) -> None:
        """
        End it, and all that runs.
        """
        self._control.close()
        try:
            self._process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
