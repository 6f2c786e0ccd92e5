"""
The leak guard: while it is up, no connection leaves this process unless it may.

What may: Unix sockets, the ports of this machine that this very process listens on (the mock, its nodes, and whatever
else a test serves), and the hosts that are named. Names are looked up for those alone, so that a leak is found without
a network as well.

It stands where Python's own sockets connect. The error is no OSError: what tries again after those would do so.
"""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from fnmatch import fnmatchcase
from ipaddress import ip_address
from pathlib import Path
from stat import S_ISSOCK
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import LeakError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import FrameType, TracebackType

    from typing_extensions import Self

DESCRIPTORS = Path("/dev/fd")
FAMILIES = (socket.AF_INET, socket.AF_INET6)
CONNECTORS = ("connect", "connect_ex")


class LeakGuard:
    """
    Refuses connections, and remembers those that were tried.

    Parameters
    ----------
    allowed : iterable of str
        Hosts that may be connected to, such as "localhost:5432" or "*.example.org"; without a port any.
    root : path
        The folder of the project, whose lines are told.

    Attributes
    ----------
    leaks : list of str
        What was refused, and where.
    """

    def __init__(self, allowed: Iterable[str], root: Path) -> None:
        self._allowed = [_split(entry) for entry in allowed]
        self._root = f"{root}{os.sep}"
        self._names: dict[str, set[str]] = {}
        self._look_up = socket.getaddrinfo
        self._restore = ExitStack()
        self.leaks: list[str] = []

    def __enter__(self) -> Self:
        self._look_up = socket.getaddrinfo
        self._put(socket, "getaddrinfo", self._getaddrinfo)
        for name in CONNECTORS:
            self._put(socket.socket, name, self._guarded(getattr(socket.socket, name)))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._restore.close()

    def _put(self, owner: Any, name: str, value: Any) -> None:
        """
        Put something in the place of an attribute, which may be inherited, until the end.
        """
        if name in vars(owner):
            self._restore.callback(setattr, owner, name, vars(owner)[name])
        else:
            self._restore.callback(delattr, owner, name)
        setattr(owner, name, value)

    def take(self) -> str:
        """
        Return what was refused since the last call.
        """
        leaks, self.leaks = self.leaks, []
        return "\n".join(leaks)

    def _guarded(self, connect: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(this: socket.socket, address: Any) -> Any:
            __tracebackhide__ = True
            # Unix sockets have a path for an address.
            if isinstance(address, tuple):
                self._check(str(address[0]), int(address[1]))
            return connect(this, address)

        return guarded

    def _getaddrinfo(self, host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        name = host.decode("idna") if isinstance(host, bytes) else host
        if name and not _is_address(name) and not _is_own(name) and not self._may(name, port):
            self._refuse(name, port)
        found = self._look_up(host, port, *args, **kwargs)
        for row in found if name else ():
            self._names.setdefault(str(row[4][0]), set()).add(name)
        return found

    def _check(self, host: str, port: int) -> None:
        __tracebackhide__ = True
        if any(self._may(name, port) for name in (host, *self._names.get(host, ()))):
            return
        if not (_is_loopback(host) and _is_served(port)):
            self._refuse(host, port)

    def _may(self, host: str, port: Any) -> bool:
        return any(
            fnmatchcase(host.lower(), pattern) and (wanted is None or port is None or str(port) == wanted)
            for pattern, wanted in self._allowed
        )

    def _refuse(self, host: str, port: Any) -> None:
        __tracebackhide__ = True  # the test's line is what matters
        place = f"{host}:{port}" if port else host
        where = _line(sys._getframe(2), self._root)  # noqa: SLF001 -- what shows the callers without building a traceback
        leak = (
            f"{where} connects to {place}, which is not the mock. If the test needs it, allow it: "
            f'@pytest.mark.v6(allow_hosts=["{place}"]), or v6_allowed_hosts in the configuration of pytest'
        )
        self.leaks.append(leak)
        raise LeakError(leak)


def _split(entry: str) -> tuple[str, str | None]:
    """
    Return host and port of an entry; an IPv6 address with a port is in brackets.
    """
    if entry.startswith("["):
        host, _, rest = entry[1:].partition("]")
        return host.lower(), rest.removeprefix(":") or None
    if entry.count(":") == 1:
        host, _, port = entry.partition(":")
        return host.lower(), port
    return entry.lower(), None


def _is_address(host: str) -> bool:
    try:
        ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _is_own(host: str) -> bool:
    """
    Return whether a name is one of this machine; to look it up asks nobody.
    """
    return host.lower() in {"localhost", "localhost.localdomain", socket.gethostname().lower()}


def _is_loopback(host: str) -> bool:
    return ip_address(host.partition("%")[0]).is_loopback if _is_address(host) else host.lower() == "localhost"


def _is_served(port: int) -> bool:
    """
    Return whether this process listens on a port; where it cannot see its own sockets (Windows), any port may be its.
    """
    return not DESCRIPTORS.exists() or any(_port(int(file.name)) == port for file in DESCRIPTORS.iterdir())


def _port(descriptor: int) -> int | None:
    """
    Return the port that a file descriptor listens on, if it does.
    """
    try:
        if not S_ISSOCK(os.fstat(descriptor).st_mode):
            return None
        with socket.socket(fileno=os.dup(descriptor)) as twin:
            is_listening = twin.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
            return int(twin.getsockname()[1]) if is_listening and twin.family in FAMILIES else None
    except OSError:
        return None  # it was closed meanwhile


def _line(frame: FrameType | None, root: str) -> str:
    """
    Return the innermost line of the project; of what is installed, if none of it is under way, as in a thread.
    """
    other = ""
    while frame is not None:
        file = frame.f_code.co_filename
        is_installed = f"{os.sep}site-packages{os.sep}" in file
        if file.startswith(root) and not is_installed and file != __file__:
            return f"{file.removeprefix(root)}:{frame.f_lineno}"
        other = other or f"{file}:{frame.f_lineno}" * (file not in {__file__, socket.__file__})
        frame = frame.f_back
    return other
