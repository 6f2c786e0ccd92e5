"""
An algorithm store that takes every server, and has every algorithm but one.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

MISSING = "unknown"
"""The image that the store does not have."""


class Handler(BaseHTTPRequestHandler):
    """
    Answers what a vantage6 server asks a store.
    """

    def do_GET(self) -> None:
        """Say which servers and which algorithms the store knows."""
        address = urlsplit(self.path)
        if address.path == "/vantage6-server":
            self._answer(200, [{"id": 1}])
        else:
            images = [image for image in parse_qs(address.query).get("image", []) if image != MISSING]
            self._answer(200, {"data": [{"image": image, "digest": f"sha256:{'0' * 64}"} for image in images]})

    def do_POST(self) -> None:
        """Take a server in."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(201, {"id": 1})

    def do_DELETE(self) -> None:
        """Let a server go."""
        self._answer(200, {"msg": "gone"})

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


class AlgorithmStore:
    """
    The store on a free loopback port, for as long as a `with` block lasts.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
