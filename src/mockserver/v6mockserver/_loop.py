"""
A waitress server that answers in the thread of its loop what does not have to wait for anybody.

waitress hands each request to another thread, which wakes the loop when it has the answer. Beside answers of half a
millisecond that is half of the work.
"""

from __future__ import annotations

from collections import deque
from threading import get_ident
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

    # The stubs of waitress leave out most of what is overridden here.
    HTTPChannel: Any
    TcpWSGIServer: Any
else:
    from waitress.channel import HTTPChannel
    from waitress.server import TcpWSGIServer


class LoopServer(TcpWSGIServer):  # type: ignore[misc]
    """
    A server on a socket; `run` is its loop.

    Parameters
    ----------
    application : callable
        The WSGI application.
    is_prompt : callable
        Tells by method and path whether a request is answered without waiting: for time to pass, for another program,
        or for another request. While one is answered in the loop's thread, nothing else is.
    listening : socket
        The socket that it listens on.
    channels : dict
        Where it keeps the connections that are open, by file number.
    **adjustments
        As waitress names them.
    """

    def __init__(
        self,
        application: WSGIApplication,
        is_prompt: Callable[[str, str], bool],
        listening: socket.socket,
        channels: dict[int, Any],
        **adjustments: Any,
    ) -> None:
        self.channel_class = _Channel
        self._is_prompt = is_prompt
        self._loop_thread: int | None = None
        self._due: deque[_Channel] = deque()
        super().__init__(
            application,
            channels,
            _sock=listening,
            adj=Adjustments(**adjustments),
            sockinfo=(listening.family, listening.type, listening.proto, listening.getsockname()),
            bind_socket=False,
        )

    def run(self) -> None:
        """
        Serve until the last connection is closed.
        """
        self._loop_thread = get_ident()
        super().run()

    @property
    def in_loop(self) -> bool:
        """
        Whether this is the loop's thread.
        """
        return get_ident() == self._loop_thread

    def add_task(self, task: _Channel) -> None:
        """
        Have the next request of a channel answered, by the loop or by another thread.
        """
        request = task.requests[0]
        if self.in_loop and request.error is None and self._is_prompt(request.command, request.path):
            self._due.append(task)
        else:
            super().add_task(task)

    def answer_due(self) -> None:
        """
        Answer what is left to the loop.
        """
        while self._due:
            self._due.popleft().answer()

    def pull_trigger(self) -> None:
        """
        Wake the loop, unless it is the one that calls.
        """
        if not self.in_loop:
            super().pull_trigger()


class _Channel(HTTPChannel):  # type: ignore[misc]
    """
    A connection.
    """

    is_held = False
    """Whether what is written is kept until the answer is complete, to be sent at once."""

    def handle_read(self) -> None:
        super().handle_read()
        # Not as soon as a request is complete: waitress holds a lock then that answering needs.
        self.server.answer_due()

    def answer(self) -> None:
        """
        Answer the next request in the loop's thread.
        """
        self.is_held = True
        try:
            self.service()
        finally:
            self.is_held = False
        self.handle_write()

    def _flush_some(self, **how: bool) -> bool:
        return not self.is_held and super()._flush_some(**how)

    def _flush_outbufs_below_high_watermark(self) -> None:
        # Other threads wait here for the loop to send. It has the whole answer in memory, and sends it afterwards.
        if not self.is_held:
            super()._flush_outbufs_below_high_watermark()
