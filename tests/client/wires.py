"""What may lie between a client and a server: TLS, and a proxy."""

from __future__ import annotations

import select
import socket
from contextlib import contextmanager, suppress
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


@contextmanager
def serving(listener):
    """Let a server of the standard library work in a thread."""
    thread = Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *_):
        """Print nothing."""


class Listener(WSGIServer):
    """A server that minds no client that hangs up, as all do that do not trust it."""

    def handle_error(self, *_):
        """Print nothing."""


@contextmanager
def behind_tls(application, context):
    """Serve an application over TLS, and yield its port."""
    listener = make_server("127.0.0.1", 0, application, server_class=Listener, handler_class=Quiet)
    listener.timeout = 5
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    with serving(listener):
        yield listener.server_port


class Forwarding(BaseHTTPRequestHandler):
    """Passes requests on to the one server that it knows, whatever that is called, and notes the request lines."""

    def do_GET(self):
        """Pass any request on."""
        self.server.asked.append(self.requestline)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        url = urlsplit(self.path)
        upstream = HTTPConnection(*self.server.target, timeout=5)
        upstream.request(self.command, f"{url.path}?{url.query}", body, dict(self.headers))
        answer = upstream.getresponse()
        content = answer.read()
        upstream.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 -- the names are the library's

    def do_CONNECT(self):
        """Open a tunnel."""
        self.server.asked.append(self.requestline)
        if self.server.refusal:
            self.send_error(self.server.refusal)
            return
        self.send_response(200)
        self.end_headers()
        with socket.create_connection(self.server.target) as upstream, suppress(ConnectionError):
            other = {self.connection: upstream, upstream: self.connection}
            while True:
                for end in select.select(list(other), [], [], 5)[0]:
                    if not (data := end.recv(65536)):
                        return
                    other[end].sendall(data)

    def log_message(self, *_):
        """Print nothing."""


@contextmanager
def proxying(port, *, refusal=None):
    """Run a proxy for the server on a port; it has a `url`, and `asked` for what went through it."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Forwarding)
    listener.daemon_threads = True
    listener.target, listener.refusal, listener.asked = ("127.0.0.1", port), refusal, []
    listener.url = f"http://127.0.0.1:{listener.server_port}"
    with serving(listener):
        yield listener
