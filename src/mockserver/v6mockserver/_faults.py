"""
Faults: what the wire is told to do to requests, so that a test sees how its client takes it.

A fault is a row that says which requests it meets, how often, and with what effect (`_effects.py`). Nodes reach their
server over the same wire: a fault that is not for a certain caller meets their requests as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from v6mockserver._effects import BODILESS, HTML, Answer, Delay, Empty, Mislabel, Passage, Reset, Truncate
from v6mockserver._errors import FaultNotHitError, MockUsageError
from v6mockserver._matching import Criteria

if TYPE_CHECKING:
    import re
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

    from v6mockserver._effects import Effect
    from v6mockserver._journal import Exchange


@dataclass(slots=True, eq=False)
class Fault:
    """
    One row of the table of faults.

    Attributes
    ----------
    criteria : Criteria
        Which requests it is for.
    effect : Effect
        What it does to them.
    times : int or None
        How many requests it meets; None for every one.
    after : int
        How many requests it lets pass first.
    matches, hits : int
        How many requests were meant, and how many it met.
    """

    criteria: Criteria
    effect: Effect
    times: int | None
    after: int
    matches: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __str__(self) -> str:
        often = "always" if self.times is None else f"{self.times} x"
        later = f", from match {self.after + 1} on" if self.after else ""
        return f"{self.effect}: {self.criteria} ({often}{later}; {self.matches} matched, {self.hits} hit)"

    def takes(self, exchange: Exchange) -> bool:
        """
        Tell whether it meets this request, and count.
        """
        if self.times is not None and self.hits >= self.times:
            return False
        if not self.criteria.admits(exchange.method, exchange.path, exchange.caller):
            return False
        self.matches += 1
        self.hits += self.matches > self.after
        return self.matches > self.after


class Faults(Iterable[Fault]):
    """
    The faults scripted for one server. Threads may share it.

    As a context it holds for a block: at its end all faults are taken out, and one that was never hit is an error,
    unless another error is under way. The same is checked, without taking faults out, at the end of `with server:`.

    Examples
    --------
    >>> server = MockServer()
    >>> _ = server.faults.on(path="/version").answer(503)
    >>> server.session().get(server.url + "/api/version").status_code
    503
    >>> server.session().get(server.url + "/api/version").status_code
    200
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._lock = Lock()
        self._closing = Event()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter(tuple(self._faults))

    def __len__(self) -> int:
        return len(self._faults)

    def __repr__(self) -> str:
        return "\n".join(map(str, self)) or "no faults"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        faults, self._faults = self._faults, []
        if error is None:
            _verify(faults)

    def on(
        self,
        *,
        method: str | None = None,
        path: str | re.Pattern[str] | None = None,
        caller: str | None = None,
        times: int | None = 1,
        after: int = 0,
    ) -> Script:
        """
        Say which requests; what happens to them is said next, as in `server.faults.on(path="/task").answer(503)`.

        A request meets one fault at most: the first of those in the order in which they were scripted. It counts as a
        match only for the faults that it gets to, so that faults with the same criteria take turns.

        Parameters
        ----------
        method : str, optional
            The HTTP method.
        path : str or compiled regular expression, optional
            The path, below the API path or from the root: `*` stands for one segment, `**` for any number of them.
        caller : str, optional
            The name of the user or node that sends it, or kind and name such as "container Cleveland".
        times : int or None, default 1
            How many of them; None for every one.
        after : int, default 0
            How many of them are let through first.

        Returns
        -------
        Script
            What says what happens.

        Raises
        ------
        MockUsageError
            If no request can ever be meant.
        """
        if (times is not None and times < 1) or after < 0:
            raise MockUsageError(f"times={times}, after={after} means no request; times starts at 1, after at 0")
        return Script(self, Criteria(method=method, path=path, caller=caller), times, after)

    def add(self, fault: Fault) -> Fault:
        """
        Put a fault at the end of the table.
        """
        with self._lock:
            self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """
        Take all faults out, whether they were hit or not.
        """
        with self._lock:
            self._faults = []

    def verify(self) -> None:
        """
        Check that every fault was hit.

        Raises
        ------
        FaultNotHitError
            If one was not; the message names each of them.
        """
        _verify(self)

    @contextmanager
    def without_waiting(self) -> Iterator[None]:
        """
        End delays that are real, while a server shuts down.
        """
        self._closing.set()
        try:
            yield
        finally:
            self._closing.clear()

    def answer(
        self, application: WSGIApplication, environ: WSGIEnvironment, exchange: Exchange, start: StartResponse
    ) -> Iterable[bytes]:
        """
        Answer a request: by the application, unless a fault is there for it.
        """
        fault = self._due(exchange)
        if fault is None:
            return application(environ, start)
        exchange.fault = str(fault.effect)
        reply = fault.effect(Passage(application, environ, self._closing))
        start(reply.status, list(reply.headers))
        return [reply.body]

    def _due(self, exchange: Exchange) -> Fault | None:
        with self._lock:
            return next((fault for fault in self._faults if fault.takes(exchange)), None)


def _verify(faults: Iterable[Fault]) -> None:
    missed = [str(fault) for fault in faults if not fault.hits]
    if missed:
        raise FaultNotHitError("\n".join(["these faults were scripted and never hit:", *missed]))


@dataclass(frozen=True, slots=True)
class Script:
    """
    Says what happens to the requests that `Faults.on` chose.
    """

    _faults: Faults
    _criteria: Criteria
    _times: int | None
    _after: int

    def _add(self, effect: Effect) -> Fault:
        return self._faults.add(Fault(self._criteria, effect, self._times, self._after))

    def answer(self, status: int, *, body: Mapping[str, Any] | str | None = None, acted: bool = False) -> Fault:
        """
        Answer in the server's place.

        Parameters
        ----------
        status : int
            The status, from 200.
        body : mapping or str, optional
            A mapping is sent as JSON, a text as an HTML page, as proxies do; by default JSON with a `msg`, or nothing
            where HTTP has no body.
        acted : bool, default False
            Whether the server acts on the request before its answer is thrown away.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        if not 200 <= status <= 599:  # noqa: PLR2004 -- what HTTP can answer with
            raise MockUsageError(f"{status} is no status of an answer; they go from 200 to 599")
        if body is not None and status in BODILESS:
            raise MockUsageError(f"an answer {status} has no body; leave out body=")
        return self._add(Answer(status, body, acted))

    def delay(self, seconds: float, *, real: bool = False) -> Fault:
        """
        Answer late, by the server's clock; the server acts at once.

        Parameters
        ----------
        seconds : float
            How late.
        real : bool, default False
            Whether to wait for that time, instead of moving the server's clock by it.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        if seconds < 0:
            raise MockUsageError(f"an answer cannot be {-seconds} s early")
        return self._add(Delay(seconds, real))

    def reset(self, *, acted: bool = False) -> Fault:
        """
        Break the connection instead of answering.

        Parameters
        ----------
        acted : bool, default False
            Whether the server acts on the request before.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        return self._add(Reset(acted))

    def truncate(self, *, keep: float = 0.5) -> Fault:
        """
        Break the connection within the body of the answer.

        Parameters
        ----------
        keep : float, default 0.5
            The part of the body that arrives.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        if not 0 <= keep < 1:
            raise MockUsageError(f"keep={keep} is no part of a body; it goes from 0 to below 1")
        return self._add(Truncate(keep))

    def mislabel(self, content_type: str = HTML) -> Fault:
        """
        Send the answer under another content type.

        Parameters
        ----------
        content_type : str, default "text/html; charset=utf-8"
            The type that it says it has.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        return self._add(Mislabel(content_type))

    def empty(self) -> Fault:
        """
        Send the answer without its body.

        Returns
        -------
        Fault
            The row in the table of faults.
        """
        return self._add(Empty())
