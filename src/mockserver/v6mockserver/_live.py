"""
Serving a WSGI application on a port, in a thread of this process.
"""

from __future__ import annotations

import logging
import socket
import struct
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, NoReturn

from v6mockserver._wire import WIRE, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
THREADS = 8
CONNECTIONS = 10_000
"""More than a test opens; beyond it connections wait until others are closed."""
PIECE = 1 << 20
"""The most bytes that are handed over for sending at once."""
WAITING = 4 * PIECE
"""How many bytes may wait to be sent to one client before the application has to wait as well."""


def _never(_method: str, _path: str) -> bool:
    return False


class LiveServer:
    """
    An application on a port: listening when this object exists, gone when `stop` returns.

    Parameters
    ----------
    application : callable
        The WSGI application.
    host : str, default "127.0.0.1"
        The address to listen on.
    port : int, default 0
        The port; 0 takes a free one.
    is_prompt : callable, optional
        Tells by method and path whether a request is answered without waiting for anything, so that no thread of its
        own is needed; by default none is.
    """

    def __init__(
        self,
        application: WSGIApplication,
        host: str = LOOPBACK,
        port: int = 0,
        *,
        is_prompt: Callable[[str, str], bool] = _never,
    ) -> None:
        from v6mockserver._loop import LoopServer

        is_ipv6 = ":" in host
        self._socket = socket.create_server((host, port), family=socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        self.host, self.port = self._socket.getsockname()[:2]
        self.url = f"http://[{self.host}]:{self.port}" if is_ipv6 else f"http://{self.host}:{self.port}"
        self._channels: dict[int, Any] = {}
        self._pulled = Event()
        # Any: the stubs of waitress leave out the trigger.
        self._server: Any = LoopServer(
            _with_wire(application),
            is_prompt,
            self._socket,
            self._channels,
            threads=THREADS,
            connection_limit=CONNECTIONS,
            asyncore_use_poll=True,  # select() knows no more than 1,024 files
            clear_untrusted_proxy_headers=True,
            outbuf_high_watermark=WAITING,
            # waitress leaves it to the garbage collector to close the files that larger buffers go to.
            outbuf_overflow=2 * WAITING,
        )
        # More callers than threads is no news to a test, but waitress warns of each.
        quiet = logging.Logger("waitress.queue", logging.ERROR)  # noqa: LOG001 -- registered nowhere, so its level is ours
        self._server.task_dispatcher.queue_logger = quiet
        self._thread = Thread(target=self._server.run, name=f"v6mockserver {self.port}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """
        Finish the requests that are being answered, close every connection, and end the threads.
        """
        self._server.task_dispatcher.shutdown()
        # Sockets belong to the loop's thread, so it is asked to close them; with the last one the loop ends.
        self._server.trigger.pull_trigger(self._close_all)
        self._pulled.set()
        self._thread.join()

    def _close_all(self) -> None:
        # A request that has just been answered may wake the loop before `stop` has pulled the trigger, which then must
        # not be closed: its number could belong to another file by the time it is written to.
        self._pulled.wait()
        for dispatcher in list(self._channels.values()):
            if dispatcher is not self._server.trigger:
                dispatcher.close()
        self._server.trigger.close()
        self._channels.clear()


def _with_wire(application: WSGIApplication) -> WSGIApplication:
    """
    Return an application that can break the connections of its requests.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        # waitress shows an application its connection by this method alone.
        environ[WIRE] = _Socket(environ["waitress.client_disconnected"].__self__)
        return _Pieces(application(environ, start_response))

    return answer


class _Pieces:
    """
    An answer whose chunks are cut to a size that waitress sends on the way, where it would hold a large one in memory.
    """

    __slots__ = ("_chunks",)

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            if len(chunk) <= PIECE:
                yield chunk
            else:
                yield from (chunk[start : start + PIECE] for start in range(0, len(chunk), PIECE))

    def close(self) -> None:
        """
        End the answer, as WSGI wants it.
        """
        end(self._chunks)


class _Socket:
    """
    The connection of one request.

    Parameters
    ----------
    channel : waitress.channel.HTTPChannel
        What waitress makes of a connection.
    """

    __slots__ = ("_channel",)

    patience: float | None = None
    """How long a client waits is not seen from here."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def reset(self) -> NoReturn:
        """
        Break the connection by a TCP reset.
        """
        from waitress.channel import ClientDisconnected

        # Not to linger is what makes a reset of a close; waitress closes, in the thread that owns the socket, a
        # connection whose client it believes to have left, and sends nothing more.
        self._channel.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise ClientDisconnected

    def time_out(self) -> NoReturn:
        """
        Never called: no client's patience is known.
        """
        raise NotImplementedError
