"""
The nodes' proxy on a loopback port, for algorithms in other processes.

A container's token tells its node, so that one listener serves them all. Each request has a thread, however many there
are: central functions wait in theirs.
"""

from __future__ import annotations

import weakref
from threading import Thread
from typing import TYPE_CHECKING, Any

from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler
from werkzeug.wrappers import Request

from v6mockserver._errors import AlgorithmError
from v6mockserver.nodes.executors import ThreadExecutor
from v6mockserver.nodes.overlay import HOPELESS
from v6mockserver.nodes.proxy import HIDDEN, asker, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

LOOPBACK = "127.0.0.1"
POLL = 0.05
"""Seconds until the thread of the listener sees that it is to end."""


class _Handler(WSGIRequestHandler):
    """
    Writes no log of its own, and waits for no request that does not come.
    """

    timeout = 10

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 -- as it is called there
        """
        Say nothing: the server has a journal.
        """


class _Server(ThreadedWSGIServer):
    """
    Knows its threads, and can wait for them.
    """

    daemon_threads = True

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__(LOOPBACK, 0, application, handler=_Handler)
        self.requests = ThreadExecutor()

    def process_request(self, request: Any, client_address: Any) -> None:
        """
        Answer in a thread.
        """
        self.requests.submit(self.process_request_thread, request, client_address)


class Listener:
    """
    The proxy of all nodes, listening until `stop`.

    Parameters
    ----------
    find : callable
        Returns the proxy of a node by its id, or of any node; None if there is none.
    """

    def __init__(self, find: Callable[[int | None], WSGIApplication | None]) -> None:
        self._server = _Server(_application(find))
        self._thread = Thread(
            target=self._server.serve_forever, args=(POLL,), name=f"proxy {self._server.port}", daemon=True
        )
        self._thread.start()
        self._finalizer = weakref.finalize(self, _close, self._server, self._thread)

    @property
    def url(self) -> str:
        """
        Where it listens.
        """
        return f"http://{LOOPBACK}:{self._server.port}"

    def stop(self) -> None:
        """
        Listen no longer; questions that are held must have been answered.
        """
        self._finalizer()
        self._server.requests.shutdown()


def _close(server: _Server, thread: Thread) -> None:
    server.shutdown()
    thread.join()
    server.server_close()


def _application(find: Callable[[int | None], WSGIApplication | None]) -> WSGIApplication:
    def passed_on(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        proxy = find(asker(Request(environ)).get("node_id"))
        if proxy is None:
            return refusal(500, HIDDEN)(environ, start_response)
        try:
            return proxy(environ, start_response)
        except AlgorithmError as error:
            answer = refusal(500, str(error))
            answer.headers[HOPELESS] = "1"
            return answer(environ, start_response)

    return passed_on
