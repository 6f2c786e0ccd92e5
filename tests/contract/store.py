"""
An algorithm store that tests script, on a port of this machine that servers do not take for localhost.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

HOST = "127.0.0.2"
SERVER_URL = "http://server.example.org/api"


class Request(NamedTuple):
    """What the store was asked."""

    line: str
    server_url: str
    authorization: str
    query: str
    body: Any


class Store:
    """
    An algorithm store that answers what it was told to, by request line, and 404 to the rest.
    """

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, Any]] = {}
        self.requests: list[Request] = []
        # Not waitress, which drops headers with an underscore, such as server_url.
        self._server = ThreadingHTTPServer((HOST, 0), type("Handler", (_Handler,), {"store": self}))
        self.url = f"http://{HOST}:{self._server.server_port}/api"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; stopping twice does no harm."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, request: Request) -> tuple[int, bytes]:
        """Note a request, and return the answer to it."""
        self.requests.append(request)
        status, body = self.answers.get(request.line, (404, {"msg": "nothing here"}))
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


class _Handler(BaseHTTPRequestHandler):
    store: Store

    def do_GET(self) -> None:
        """Answer, whatever the method."""
        # The real server has two slashes before one path.
        path, _, query = self.path.replace("//", "/").removeprefix("/api/").partition("?")
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = (self.headers.get("server_url"), self.headers.get("Authorization"))
        request = Request(f"{self.command} {path}", *headers, query, json.loads(text) if text else None)
        status, body = self.store.answer(request)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_DELETE = do_GET  # noqa: N815 -- the names that http.server calls

    def log_message(self, *_: object) -> None:
        """Say nothing."""
