"""
Effects: what a fault does to the request that it meets.

How each is produced, in process and on a port:

=========  ====================================================  ==================================================
fault      in process, what `requests` raises or returns         on a port
=========  ====================================================  ==================================================
answer     the scripted answer                                   the same
delay      virtual: the server's clock is ahead by the delay,    the clock is ahead and the answer comes at once,
           and `ReadTimeout` is raised if that is more than the  because the caller's time limit is real; with
           caller's time limit; real: the same after a wait      real=True the answer waits
reset      `ConnectionError` around a `ConnectionResetError`     the socket is closed with a TCP reset
truncate   `ChunkedEncodingError`, from a body shorter than its  the same, and the server closes the connection
           Content-Length
mislabel   the answer under another content type                 the same
empty      the answer without its body                           the same
=========  ====================================================  ==================================================

Breaking a connection is the transport's business (`_wire.py`), everything else is plain WSGI.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

import orjson
from werkzeug.datastructures import Headers

from v6mockserver import _messages as messages
from v6mockserver._wire import Wire, end, wire_of
from v6mockserver.api._routes import WORLD

if TYPE_CHECKING:
    from collections.abc import Mapping
    from threading import Event

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    from v6mockserver.state.clock import Clock

JSON, HTML = "application/json", "text/html; charset=utf-8"
BODILESS = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
"""The answers that end with their headers."""


@dataclass(slots=True)
class Reply:
    """
    An answer, whole.
    """

    status: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Passage:
    """
    One request on its way to the application, for a fault to interfere with.
    """

    application: WSGIApplication
    environ: WSGIEnvironment
    closing: Event

    @property
    def wire(self) -> Wire:
        """
        The connection that it came in on.
        """
        return wire_of(self.environ)

    @property
    def clock(self) -> Clock:
        """
        The server's clock.
        """
        clock: Clock = self.environ[WORLD].clock
        return clock

    def act(self) -> Reply:
        """
        Let the server act, and return what it answers.
        """
        reply = Reply("", Headers(), b"")

        def start(status: str, headers: list[tuple[str, str]], *_: Any) -> Any:
            reply.status, reply.headers = status, Headers(headers)

        chunks = self.application(self.environ, start)
        try:
            reply.body = b"".join(chunks)
        finally:
            end(chunks)
        return reply


class Effect(Protocol):
    """
    What a fault does; its text says so in a few words.
    """

    def __call__(self, passage: Passage) -> Reply:
        """
        Return the answer, or break the connection.
        """
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """
    Answers in the server's place.
    """

    status: int
    body: Mapping[str, Any] | str | None
    acted: bool

    def __str__(self) -> str:
        return f"answer {self.status}{' after acting' if self.acted else ''}"

    def __call__(self, passage: Passage) -> Reply:
        """
        Return the scripted answer.
        """
        if self.acted:
            passage.act()
        if self.status in BODILESS:
            return Reply(_line(self.status), Headers(), b"")
        body = {"msg": messages.SCRIPTED.format(status=self.status)} if self.body is None else self.body
        content_type, text = (HTML, body.encode()) if isinstance(body, str) else (JSON, orjson.dumps(body))
        headers = Headers({"Content-Type": content_type, "Content-Length": str(len(text))})
        return Reply(_line(self.status), headers, text)


@dataclass(frozen=True, slots=True)
class Delay:
    """
    Answers late.
    """

    seconds: float
    real: bool

    def __str__(self) -> str:
        return f"delay {self.seconds} s{', real' if self.real else ''}"

    def __call__(self, passage: Passage) -> Reply:
        """
        Return the server's answer, unless the caller has left by then.
        """
        reply = passage.act()
        patience = passage.wire.patience
        is_too_late = patience is not None and self.seconds > patience
        self._pass(passage, patience if is_too_late and patience is not None else self.seconds)
        if is_too_late:
            passage.wire.time_out()
        return reply

    def _pass(self, passage: Passage, seconds: float) -> None:
        if self.real:
            passage.closing.wait(seconds)
        else:
            passage.clock.advance(seconds)


@dataclass(frozen=True, slots=True)
class Reset:
    """
    Breaks the connection.
    """

    acted: bool

    def __str__(self) -> str:
        return f"reset {'after' if self.acted else 'before'} acting"

    def __call__(self, passage: Passage) -> Reply:
        """
        Never return.
        """
        if self.acted:
            passage.act()
        passage.wire.reset()


@dataclass(frozen=True, slots=True)
class Truncate:
    """
    Sends a part of the body, and says that it is more.
    """

    keep: float

    def __str__(self) -> str:
        return f"truncate to {self.keep:.0%}"

    def __call__(self, passage: Passage) -> Reply:
        """
        Return the beginning of the answer; whoever sends it sees that the rest is missing, and hangs up.
        """
        reply = passage.act()
        reply.headers["Content-Length"] = str(len(reply.body))
        reply.body = reply.body[: int(len(reply.body) * self.keep)]
        return reply


@dataclass(frozen=True, slots=True)
class Mislabel:
    """
    Sends the answer under another content type.
    """

    content_type: str

    def __str__(self) -> str:
        return f"mislabel as {self.content_type}"

    def __call__(self, passage: Passage) -> Reply:
        """
        Return the answer with another label.
        """
        reply = passage.act()
        reply.headers["Content-Type"] = self.content_type
        return reply


@dataclass(frozen=True, slots=True)
class Empty:
    """
    Sends the answer without its body.
    """

    def __str__(self) -> str:
        return "empty body"

    def __call__(self, passage: Passage) -> Reply:
        """
        Return status and headers alone.
        """
        reply = passage.act()
        reply.headers["Content-Length"] = "0"
        reply.body = b""
        return reply


def _line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase if status in set(HTTPStatus) else 'Scripted'}"
