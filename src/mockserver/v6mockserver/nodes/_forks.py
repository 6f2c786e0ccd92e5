"""
A process that has imported what algorithms need, and forks when one is to run: seconds of imports become milliseconds.

Given to an interpreter with `-c`, as the command of a container is, so there is nothing but the standard library in it.
Its argument is the number of a socket by which it is given, for each run, another socket and the log file. By the run's
socket it reads one line of JSON (`code`, `variables`, `folder`), and answers with two numbers: the process id and, when
the run has ended, the exit code as `subprocess` has it. When the other end of a run's socket is closed, the run is
killed; when that of its own is, so are all, and it ends.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from types import CodeType

PRELOADED = (
    "pandas",
    "vantage6.algorithm.tools.wrap",
    "vantage6.algorithm.tools.decorators",
    "v6mockserver.nodes.wrapper",
)
"""What algorithms import; never an algorithm itself, which may read its variables while it is imported."""


class Forks:  # pragma: no cover -- runs in processes that inherit nothing, a coverage tool neither
    """
    The children, and what is heard about them.

    Parameters
    ----------
    control : socket.socket
        Where runs come from.
    """

    def __init__(self, control: socket.socket) -> None:
        self.control = control
        self.children: dict[int, socket.socket] = {}
        self.selector = selectors.DefaultSelector()
        self.ended, self.waker = socket.socketpair()
        for one in (self.ended, self.waker):
            one.setblocking(False)  # noqa: FBT003 -- the name says it
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self.waker.fileno(), warn_on_full_buffer=False)
        self.selector.register(control, selectors.EVENT_READ, self.fork)
        self.selector.register(self.ended, selectors.EVENT_READ, self.reap)

    def serve(self) -> tuple[dict[str, Any], int]:
        """
        Fork whenever a run comes; return what is to be run, and where it logs. Only children return.
        """
        while True:
            for key, _ in self.selector.select():
                # A run may have been forgotten by what was heard just before.
                if key.fd in self.selector.get_map() and (run := key.data()) is not None:
                    return run  # type: ignore[no-any-return]  # what `fork` returns

    def fork(self) -> tuple[dict[str, Any], int] | None:
        """
        Take a run.
        """
        data, descriptors, *_ = socket.recv_fds(self.control, 1, 2)
        if not data:
            self.end()
        connection, log = socket.socket(fileno=descriptors[0]), descriptors[1]
        with connection.makefile("rb") as lines:
            line = lines.readline()
        if not line:  # Whoever wanted it has gone.
            connection.close()
            os.close(log)
            return None
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            connection.close()
            self.leave()
            return json.loads(line), log
        with suppress(OSError):
            os.setpgid(child, child)  # Either of the two is first, and a kill finds the group.
        os.close(log)
        tell(connection, child)
        self.children[child] = connection
        self.selector.register(connection, selectors.EVENT_READ, lambda: kill(child))
        return None

    def reap(self) -> None:
        """
        Report the children that have ended.
        """
        self.ended.recv(4096)
        for child, connection in list(self.children.items()):
            found, status = os.waitpid(child, os.WNOHANG)
            if found:
                kill(child)  # What it started ends with it, as in a container.
                self.selector.unregister(connection)
                del self.children[child]
                with connection:
                    tell(connection, os.waitstatus_to_exitcode(status))

    def leave(self) -> None:
        """
        Be a child: nothing of this is its own.
        """
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self.selector.close()
        for one in (self.control, self.ended, self.waker, *self.children.values()):
            one.close()

    def end(self) -> NoReturn:
        """
        Kill what runs, and end.
        """
        for child in self.children:
            kill(child)
        os._exit(0)


def tell(connection: socket.socket, number: int) -> None:  # pragma: no cover -- as Forks
    """
    Tell whoever started a run about it, if they are still there.
    """
    with suppress(OSError):
        connection.sendall(b"%d\n" % number)


def kill(child: int) -> None:  # pragma: no cover -- as Forks
    """
    Kill a child and all that it started.
    """
    with suppress(OSError):
        os.killpg(child, signal.SIGKILL)


def become(order: dict[str, Any], log: int) -> None:  # pragma: no cover -- as Forks
    """
    Be the process of a run: its environment, its folder, its log for both streams.
    """
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.close(log)
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["variables"])
    sys.argv[:] = ["-c"]
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()  # or all runs would draw the same numbers
    end(status_of(compile(order["code"], "<string>", "exec")))


def status_of(code: CodeType) -> int:  # pragma: no cover -- as Forks
    """
    Run a program, and return its exit status, as Python does.
    """
    try:
        exec(code, {"__name__": "__main__"})  # noqa: S102 -- as `-c` does
    except SystemExit as leaving:
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        print(leaving.code, file=sys.stderr)  # noqa: T201 -- as Python does
    except BaseException as error:  # noqa: BLE001 -- the edge of the process
        frames = error.__traceback__ and error.__traceback__.tb_next  # without this function's
        sys.excepthook(type(error), error.with_traceback(frames), frames)
    else:
        return 0
    return 1


def end(status: int) -> NoReturn:  # pragma: no cover -- as Forks
    """
    End the process as Python does, but for taking pandas apart, which takes longer than most runs.
    """
    threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001 -- waits for threads; there is no public way
    atexit._run_exitfuncs()  # noqa: SLF001 -- as above
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # The algorithm may have closed it.
            stream.flush()
    os._exit(status & 0xFF)


def main() -> None:  # pragma: no cover -- as Forks
    """
    Import, and serve.
    """
    for name in PRELOADED:
        with suppress(ImportError):
            import_module(name)
    gc.freeze()
    become(*Forks(socket.socket(fileno=int(sys.argv[1]))).serve())


if __name__ == "__main__":
    main()
