"""
What an algorithm prints, as its log.

Standard output belongs to the process, so it is shared by all that run in it. While algorithms run, a stream takes its
place that passes everything on and keeps a copy for the run that printed it. Which run that is, a context variable
knows: one for each thread, and for each run inside another.
"""

from __future__ import annotations

import sys
from contextlib import contextmanager
from contextvars import ContextVar
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

NAMES = ("stdout", "stderr")

_log: ContextVar[StringIO | None] = ContextVar("log of the current run", default=None)


class _Copying:
    """
    A text stream that keeps a copy of what the current run writes.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    def write(self, text: str) -> int:
        log = _log.get()
        if log is None:
            return self.stream.write(text)
        log.write(text)
        with unheard():  # What others have put around a stream like this may write to one.
            return self.stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)


class _Streams:
    """
    The standard streams of the process, replaced while anybody captures.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        # Kept when nobody captures: print() of CPython owns no reference to the stream that it is writing to, and
        # crashes if another thread frees it.
        self._copies: dict[str, _Copying] = {}

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                for name in NAMES:
                    self._replace(name)

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                for name, copy in self._copies.items():
                    # Whoever replaced it meanwhile, as pytest does between tests, puts back what they found.
                    if getattr(sys, name) is copy:
                        setattr(sys, name, copy.stream)

    def _replace(self, name: str) -> None:
        found: Any = getattr(sys, name)
        copy = found if isinstance(found, _Copying) else self._copying(name, found)
        self._copies[name] = copy
        setattr(sys, name, copy)

    def _copying(self, name: str, stream: TextIO) -> _Copying:
        copy = self._copies.get(name)
        return copy if copy is not None and copy.stream is stream else _Copying(stream)


# The streams are one of a kind in a process, so what replaces them is, too.
_streams = _Streams()


@contextmanager
def unheard() -> Iterator[None]:
    """
    Keep nothing of what is printed inside, in this thread: it is not the algorithm that prints.
    """
    token = _log.set(None)
    try:
        yield
    finally:
        _log.reset(token)


@contextmanager
def captured() -> Iterator[StringIO]:
    """
    Keep what is printed inside, in this thread, while it is shown as always.
    """
    log = StringIO()
    token = _log.set(log)
    _streams.enter()
    try:
        yield log
    finally:
        _streams.leave()
        _log.reset(token)
