"""
The journal: every request that reached a server, and what it was answered.

It is kept around the WSGI application, so that it sees what went over the wire, also where a fault took the place of
the server. An exchange is in it once its answer is ready to go out: who has an answer finds it in the journal.

Secrets do not come out of it. A bearer token is replaced by whom it belongs to before a request is kept. Bodies,
queries and other headers are kept as they came, by reference; whoever looks at one gets it parsed, and without what
stands under a name with one of `MARKS` in it. What cannot be read as JSON and mentions such a name is not shown at all.

That nothing is parsed, copied or searched before somebody looks is what keeps the journal cheap: 10 us a request. The
oldest exchanges make room for new ones.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Collection
from datetime import timedelta
from io import BytesIO
from threading import Lock
from typing import TYPE_CHECKING, Any, overload
from urllib.parse import parse_qs, parse_qsl, unquote_plus, urlencode

import orjson

from v6mockserver._errors import MockUsageError
from v6mockserver._matching import Criteria
from v6mockserver._wire import end
from v6mockserver.api._routes import WORLD
from v6mockserver.state import tokens

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from v6mockserver.state.world import World

MARKS = ("password", "token", "secret", "api_key", "private_key", "mfa_code", "qr_uri")
"""What the name of a secret has in it: of a JSON key, a parameter or a header; case, and - for _, do not matter."""

HIDING = (b"\\u00", b"\0")
"""JSON may spell any character of a name by its number, or be in UTF-16, so that the name cannot be seen."""

REDACTED = "[redacted]"
WITHHELD = b'"[withheld: not JSON in UTF-8, and it may mention a secret]"'
OPAQUE = ("application/octet-stream", "text/html")
"""Answers and uploads that are data or pages, in which a mark means nothing."""

NOBODY = "nobody that this server knows"
NO_TIME = timedelta()

SHOWN = 20
"""How many exchanges a table shows: the newest ones."""


class Exchange:
    """
    One request and its answer.

    Attributes
    ----------
    number : int
        Its number in the journal, from 1.
    at : datetime
        When the request arrived, on the server's clock.
    method, path : str
        What was asked for; the path from the server's root.
    caller : Owner or None
        Whom the bearer token belongs to: kind, id and name.
    status : int or None
        The status of the answer; None if there was none.
    duration : timedelta
        How long the answer took, on the server's clock.
    fault : str or None
        The scripted fault that the request met.
    turn : int or None
        Its place in the order in which the server acted on requests, one at a time; None if it did not act.
    """

    __slots__ = (
        "_answer",
        "_answer_headers",
        "_body",
        "_length",
        "_variables",
        "at",
        "caller",
        "duration",
        "fault",
        "method",
        "number",
        "path",
        "status",
        "turn",
    )

    def __init__(self, environ: WSGIEnvironment) -> None:
        world: World = environ[WORLD]
        self.number = 0
        self.at = world.clock.now()
        self.method: str = environ["REQUEST_METHOD"]
        self.path: str = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        self.caller: tokens.Owner | None = None
        self.status: int | None = None
        self.duration = NO_TIME
        self.fault: str | None = None
        self.turn: int | None = None
        self._body = _take_body(environ)
        # Texts only: what else is in it, such as the world, must not live on in the journal.
        self._variables = {name: value for name, value in environ.items() if value.__class__ is str}
        if "HTTP_AUTHORIZATION" in environ:
            self.caller = tokens.owner(world, environ["HTTP_AUTHORIZATION"])
            self._variables["HTTP_AUTHORIZATION"] = f"Bearer [{self.caller or NOBODY}]"
        self._answer_headers: Sequence[tuple[str, str]] = ()
        self._answer: list[bytes] = []
        self._length = 0

    def __repr__(self) -> str:
        return f"<Exchange {self.number}: {self.caller or 'nobody'} {self.request} -> {self.outcome}>"

    @property
    def request(self) -> str:
        """
        Method, path and query, as in a request line.
        """
        return f"{self.method} {self.path}{'?' if self.query_string else ''}{self.query_string}"

    @property
    def outcome(self) -> str:
        """
        The status, and the fault if there was one.
        """
        status = "no answer" if self.status is None else str(self.status)
        return status if self.fault is None else f"{status} ({self.fault})"

    @property
    def headers(self) -> dict[str, str]:
        """
        The headers of the request; names in the usual capitals.
        """
        return dict(_headers(self._variables))

    @property
    def answer_headers(self) -> dict[str, str]:
        """
        The headers of the answer.
        """
        return {name: REDACTED if _is_secret(name) else value for name, value in self._answer_headers}

    @property
    def query_string(self) -> str:
        """
        The query as it was sent.
        """
        return _query_without_secrets(self._variables.get("QUERY_STRING", ""))

    @property
    def query(self) -> dict[str, list[str]]:
        """
        The query, parsed.
        """
        return parse_qs(self.query_string, keep_blank_values=True)

    @property
    def body(self) -> Any:
        """
        The body of the request: JSON as Python values, data as bytes, anything else as text; None without one.
        """
        return _parsed(self._body, self.headers.get("Content-Type", ""))

    @property
    def answer(self) -> Any:
        """
        The body of the answer, as `body`.
        """
        return _parsed(b"".join(self._answer), self.answer_headers.get("Content-Type", ""))

    @property
    def size(self) -> int:
        """
        The bytes of both bodies, as far as the answer says how long it is.
        """
        return len(self._body) + self._length

    def starting(self, start_response: StartResponse) -> StartResponse:
        """
        Return what an application is to call instead of `start_response`.
        """

        def start(status: str, headers: list[tuple[str, str]], *exc_info: Any) -> Callable[[bytes], object]:
            self.status = int(status[:3])
            self._answer_headers = headers
            self._length = int(next((value for name, value in headers if name == "Content-Length"), 0))
            return start_response(status, headers, *exc_info)

        return start

    def note(self, chunk: bytes) -> None:
        """
        Take down a piece of the answer, on its way out.
        """
        self._answer.append(chunk)


class Exchanges(Collection[Exchange]):
    """
    Some exchanges, in the order in which their answers went out.

    Parameters
    ----------
    rows : sequence of Exchange
        The exchanges.
    """

    def __init__(self, rows: Sequence[Exchange] = ()) -> None:
        self._kept = rows

    def _rows(self) -> Sequence[Exchange]:
        return self._kept

    def __len__(self) -> int:
        return len(self._rows())

    def __iter__(self) -> Iterator[Exchange]:
        return iter(self._rows())

    def __contains__(self, exchange: object) -> bool:
        return exchange in self._rows()

    @overload
    def __getitem__(self, index: int) -> Exchange: ...

    @overload
    def __getitem__(self, index: slice) -> Exchanges: ...

    def __getitem__(self, index: int | slice) -> Exchange | Exchanges:
        return Exchanges(self._rows()[index]) if isinstance(index, slice) else self._rows()[index]

    def __repr__(self) -> str:
        return _table(self._rows())

    @property
    def last(self) -> Exchange:
        """
        The newest one.

        Raises
        ------
        MockUsageError
            If there is none.
        """
        rows = self._rows()
        if not rows:
            raise MockUsageError(f"no exchange here; {self._absence()}")
        return rows[-1]

    def _absence(self) -> str:
        return "ask len() where there may be none"

    def where(
        self,
        *,
        method: str | None = None,
        path: str | re.Pattern[str] | None = None,
        caller: str | None = None,
        status: int | Container[int] | None = None,
    ) -> Exchanges:
        """
        Return the exchanges that fit; what is not given does not matter.

        Parameters
        ----------
        method : str, optional
            The HTTP method.
        path : str or compiled regular expression, optional
            The path, below the API path or from the root: `*` stands for one segment, `**` for any number of them.
        caller : str, optional
            The name of the user or node that sent it, or kind and name such as "container Cleveland".
        status : int or container of int, optional
            The status of the answer, or the ones it may have, such as `range(400, 500)`.

        Returns
        -------
        Exchanges
            The ones that fit.

        Raises
        ------
        MockUsageError
            If the path can never match.
        """
        wanted = Criteria(method=method, path=path, caller=caller, status=status)
        return Exchanges([one for one in self._rows() if _fits(wanted, one)])


def _fits(wanted: Criteria, one: Exchange) -> bool:
    return wanted.admits(one.method, one.path, one.caller) and wanted.admits_status(one.status)


class Journal(Exchanges):
    """
    The exchanges of one server. Threads may share it.

    Parameters
    ----------
    limit : int, default 10,000
        How many exchanges are kept.
    limit_bytes : int, default 64 MiB
        How many bytes of bodies are kept with them.

    Attributes
    ----------
    limit, limit_bytes : int
        As above; may be set, and count from the next exchange on.
    """

    def __init__(self, limit: int = 10_000, limit_bytes: int = 64 * 2**20) -> None:
        super().__init__()
        self.limit = limit
        self.limit_bytes = limit_bytes
        self._exchanges: deque[Exchange] = deque()
        self._bytes = 0
        self._seen = 0
        self._lock = Lock()

    def _rows(self) -> Sequence[Exchange]:
        with self._lock:
            return tuple(self._exchanges)

    def add(self, exchange: Exchange) -> None:
        """
        Note an exchange, and let the oldest ones go that there is no room for.
        """
        with self._lock:
            self._seen += 1
            exchange.number = self._seen
            self._exchanges.append(exchange)
            self._bytes += exchange.size
            while self._exchanges and (len(self._exchanges) > self.limit or self._bytes > self.limit_bytes):
                self._bytes -= self._exchanges.popleft().size

    def clear(self) -> None:
        """
        Forget all exchanges; the next one has number 1.
        """
        with self._lock:
            self._exchanges.clear()
            self._bytes = self._seen = 0


class Outgoing:
    """
    An answer on its way out: taken down chunk by chunk, each before it leaves.

    Parameters
    ----------
    exchange : Exchange
        Where it is taken down.
    chunks : iterable of bytes
        What the application returned.
    done : callable
        Called when the answer is out.
    """

    __slots__ = ("_chunks", "_done", "_exchange")

    def __init__(self, exchange: Exchange, chunks: Iterable[bytes], done: Callable[[], None]) -> None:
        self._exchange = exchange
        self._chunks = chunks
        self._done = done

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._exchange.note(chunk)
            yield chunk

    def close(self) -> None:
        """
        End the answer, as WSGI wants it.
        """
        try:
            end(self._chunks)
        finally:
            self._done()


def _take_body(environ: WSGIEnvironment) -> bytes:
    """
    Read the body of a request, and leave it there to be read again.
    """
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not length:
        return b""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = BytesIO(body)
    return body


def _headers(variables: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for variable, value in variables.items():
        name = variable.removeprefix("HTTP_").replace("_", "-").title()
        if variable.startswith("HTTP_"):
            yield name, REDACTED if _is_secret(name) or name == "Cookie" else value
        elif variable in {"CONTENT_TYPE", "CONTENT_LENGTH"} and value:
            yield name, value


def _is_secret(name: str) -> bool:
    plain = name.lower().replace("-", "_")
    return any(mark in plain for mark in MARKS)


def _query_without_secrets(query: str) -> str:
    # A name may be spelled in escapes, so that it cannot be seen.
    if not _is_secret(unquote_plus(query)):
        return query
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([(name, REDACTED if _is_secret(name) else value) for name, value in pairs])


MARKS_IN_BYTES = tuple(mark.encode() for mark in MARKS)


def _without_secrets(body: bytes, content_type: str) -> bytes:
    """
    Return a body as it is, or without its secrets if it mentions any.
    """
    lowered = body.lower()
    if content_type.startswith(OPAQUE) or not any(mark in lowered for mark in (*HIDING, *MARKS_IN_BYTES)):
        return body
    try:
        return orjson.dumps(_redacted(orjson.loads(body)))
    except orjson.JSONDecodeError:
        return WITHHELD


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: REDACTED if item and _is_secret(name) else _redacted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_redacted(item) for item in value]
    return value


def _parsed(body: bytes, content_type: str) -> Any:
    if not body:
        return None
    if content_type.startswith("application/octet-stream"):
        return body
    body = _without_secrets(body, content_type)
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode(errors="replace")


def _table(rows: Sequence[Exchange]) -> str:
    """
    Return the newest exchanges as a table.
    """
    if not rows:
        return "no exchanges"
    cells = [("#", "time", "caller", "request", "answer", "took"), *(_cells(one) for one in rows[-SHOWN:])]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    left_out = len(rows) - SHOWN
    return "\n".join([*([f"{left_out} earlier exchanges, and:"] if left_out > 0 else []), *lines])


def _cells(one: Exchange) -> tuple[str, ...]:
    took = f"{one.duration.total_seconds() * 1e3:.1f} ms"
    return str(one.number), f"{one.at:%H:%M:%S.%f}"[:-3], str(one.caller or "-"), one.request, one.outcome, took
