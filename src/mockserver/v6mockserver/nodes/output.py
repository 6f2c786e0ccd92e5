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

_log: ContextVar[StringIO | None] = ContextVar("log of the current run", default=None)


class _Copying:
    """
    A text stream that keeps a copy of what the current run writes.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        log = _log.get()
        if log is not None:
            log.write(text)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Streams:
    """
    The standard streams of the process, replaced while anybody captures.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._users = 0
        self._originals: tuple[TextIO, TextIO] = (sys.stdout, sys.stderr)

    def enter(self) -> None:
        with self._lock:
            self._users += 1
            if self._users == 1:
                self._originals = sys.stdout, sys.stderr
                sys.stdout, sys.stderr = (_Copying(stream) for stream in self._originals)

    def leave(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                sys.stdout, sys.stderr = self._originals


# The streams are one of a kind in a process, so what replaces them is, too.
_streams = _Streams()


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
