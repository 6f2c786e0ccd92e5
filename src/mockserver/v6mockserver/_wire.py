"""
What a transport can do that WSGI has no words for.

An application can answer and it can raise; it cannot break its caller's connection, and it does not know for how long
the caller waits. A transport of this package therefore puts a `Wire` into the environment of each request: `_wsgi.py`
one that raises what `requests` would raise, `_live.py` one that resets the socket. It is the counterpart of
`wsgi.file_wrapper`: an offer that an application may take.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import WSGIEnvironment

WIRE = "v6mockserver.wire"
"""The key of the WSGI environment."""


class Wire(Protocol):
    """
    The connection that one request came in on.

    Attributes
    ----------
    patience : float or None
        Seconds that the caller waits for an answer, where that is known.
    """

    patience: float | None

    def reset(self) -> NoReturn:
        """
        Break the connection: the caller gets no answer, or no more of it.
        """
        ...

    def time_out(self) -> NoReturn:
        """
        Let the caller have lost its patience.
        """
        ...


class UnknownWire:
    """
    The wire of somebody else's WSGI server, which gets an exception to deal with.
    """

    patience: float | None = None

    def reset(self) -> NoReturn:
        """
        Raise what a broken connection is to Python.
        """
        raise ConnectionResetError("a scripted fault resets this connection")

    def time_out(self) -> NoReturn:
        """
        Raise what an answer that is too late is to Python.
        """
        raise TimeoutError("a scripted fault delays this answer for too long")


def wire_of(environ: WSGIEnvironment) -> Wire:
    """
    Return the wire that a request came in on.
    """
    return environ.get(WIRE) or UnknownWire()


def end(chunks: Iterable[bytes]) -> None:
    """
    Tell an application that its answer is out, as WSGI wants it.
    """
    close = getattr(chunks, "close", None)
    if close is not None:
        close()
