"""
Requests to a WSGI application without a socket, for both sides: also run by the real server's own Python.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes


class Reply(NamedTuple):
    """
    What came back for a request.
    """

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def environ(method: str, target: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
    """
    Return the WSGI environment of a request, as a server on a socket would make it.
    """
    path, _, query = target.partition("?")
    variables: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body or b""),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        variables["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        variables[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return variables


def send(application: Any, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
    """
    Send one request as it stands.
    """
    started: list[Any] = []
    chunks = application(environ(method, target, headers, body), lambda *start: started.extend(start))
    try:
        answer = b"".join(chunks)
    finally:
        if hasattr(chunks, "close"):
            chunks.close()
    return Reply(int(started[0].split()[0]), started[1], answer)
