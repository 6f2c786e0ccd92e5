"""
Reaching a WSGI application through `requests`, without a socket.

`WSGIAdapter` goes into any session of `requests`. `DirectSession` is for those who send much and ask little of it, as
the simulated nodes: what it sends is the same, and what stands between it and the adapter is left out. A user's client
is what is tried here, and goes through all of `requests`.
"""

from __future__ import annotations

import json as jsonlib
import sys
from errno import ECONNRESET
from io import BytesIO
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes, urlencode, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from urllib3.exceptions import IncompleteRead, ProtocolError

from v6mockserver._wire import WIRE, end

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from _typeshed.wsgi import WSGIApplication


class WSGIAdapter(BaseAdapter):
    """
    Sends the requests of a session to a WSGI application in this process.

    Parameters
    ----------
    application : callable
        The WSGI application.
    """

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__()
        self._application = application

    def send(
        self, request: requests.PreparedRequest, *_: object, timeout: Any = None, **__: object
    ) -> requests.Response:
        """
        Return the application's answer. Certificates and proxies have no meaning without a socket.
        """
        start = _Start()
        variables = environ(request)
        variables[WIRE] = _InProcessWire(request, timeout)
        chunks = self._application(variables, start)
        try:
            body = b"".join(chunks)
        finally:
            # What the application does once its answer is on the way is done when the answer is here.
            end(chunks)
        return _response(request, start, body)

    def close(self) -> None:
        """
        Nothing is open.
        """


class DirectSession(requests.Session):
    """
    A session with one WSGI application, which sends what a `requests.Session` sends, and sooner.

    It knows no cookies, redirects, proxies and hooks. To look for them takes `requests` longer than the application
    takes to answer most requests.

    Parameters
    ----------
    application : callable
        The WSGI application.
    """

    def __init__(self, application: WSGIApplication) -> None:
        super().__init__()
        self._adapter = WSGIAdapter(application)

    def request(  # type: ignore[override]  # the rest of what requests takes means nothing here
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        data: Any = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        auth: Callable[[requests.PreparedRequest], object] | None = None,
        timeout: Any = None,
        stream: bool = False,
        **_: object,
    ) -> requests.Response:
        """
        Return the application's answer.
        """
        request = requests.PreparedRequest()
        request.method, request.url = method, _with_query(url, params)
        sent: dict[str, Any] = {**self.headers, **(headers or {})}
        request.headers = CaseInsensitiveDict(sent)
        request.body = data if json is None else jsonlib.dumps(json, allow_nan=False)
        if json is not None:
            request.headers["Content-Type"] = "application/json"
        if auth is not None:
            auth(request)
        response = self._adapter.send(request, timeout=timeout)
        if not stream:
            response.content  # noqa: B018 -- read as here by requests; one that breaks off is an error of the request
        return response


def _with_query(url: str, params: Mapping[str, Any] | None) -> str:
    given = {name: value for name, value in (params or {}).items() if value is not None}
    return f"{url}?{urlencode(given, doseq=True)}" if given else url


class _InProcessWire:
    """
    Breaks a connection that there is none of: raises what `requests` would.

    Parameters
    ----------
    request : requests.PreparedRequest
        The request.
    timeout : float or pair of float or None
        The time limit of the request, as `requests` takes it.
    """

    __slots__ = ("_request", "patience")

    def __init__(self, request: requests.PreparedRequest, timeout: Any) -> None:
        self._request = request
        self.patience: float | None = timeout[1] if isinstance(timeout, tuple) else timeout

    def reset(self) -> NoReturn:
        """
        Raise what a connection that the server broke is to `requests`.
        """
        cause = ProtocolError("Connection aborted.", ConnectionResetError(ECONNRESET, "Connection reset by peer"))
        raise requests.ConnectionError(cause, request=self._request)

    def time_out(self) -> NoReturn:
        """
        Raise what an answer that did not come in time is to `requests`.
        """
        raise requests.ReadTimeout(f"Read timed out. (read timeout={self.patience})", request=self._request)


class _CutBody(BytesIO):
    """
    A body that ends before its length is reached: reading it ends as on a connection that broke.
    """

    def __init__(self, body: bytes, missing: int) -> None:
        super().__init__(body)
        self._error = IncompleteRead(len(body), missing)

    def stream(self, amt: int | None = None, **_: object) -> Iterator[bytes]:
        """
        Yield what there is, as urllib3 does; `requests` knows the error that follows.
        """
        while chunk := self.read(amt):
            yield chunk
        raise ProtocolError(f"Connection broken: {self._error!r}", self._error)


class _Start:
    """
    What the application says before it answers.
    """

    status = ""
    headers: list[tuple[str, str]]

    def __call__(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        if exc_info:
            raise exc_info[1]
        self.status, self.headers = status, headers
        return _write


def _write(_: bytes) -> object:
    msg = "this adapter does not take the application's body through write(); return it"
    raise NotImplementedError(msg)


def environ(request: requests.PreparedRequest) -> dict[str, Any]:
    """
    Return the WSGI environment of a request.
    """
    url = urlsplit(request.url or "")
    body = _body(request.body)
    variables: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        # WSGI wants bytes in the clothes of latin-1.
        "PATH_INFO": unquote_to_bytes(url.path).decode("latin-1") or "/",
        "QUERY_STRING": url.query,
        "SERVER_NAME": url.hostname or "",
        "SERVER_PORT": str(url.port or (443 if url.scheme == "https" else 80)),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": url.scheme,
        "wsgi.input": BytesIO(body),
        # It may be read to its end without counting: so it comes out as the object that went in, however large.
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        variables[f"HTTP_{name.upper().replace('-', '_')}"] = _text(value)
    # However the body came, and whatever was said of its length, it is whole by now.
    variables.pop("HTTP_TRANSFER_ENCODING", None)
    variables.pop("HTTP_CONTENT_LENGTH", None)
    variables["CONTENT_LENGTH"] = str(len(body))
    if "HTTP_CONTENT_TYPE" in variables:
        variables["CONTENT_TYPE"] = variables.pop("HTTP_CONTENT_TYPE")
    return variables


def _body(body: Any) -> bytes:
    """
    Return a body in one piece; one that came as one piece of bytes is not copied.
    """
    if body is None:
        return b""
    is_whole = isinstance(body, (str, bytes, bytearray))
    pieces = [body] if is_whole else [body.read()] if hasattr(body, "read") else body
    return b"".join(piece.encode() if isinstance(piece, str) else piece for piece in pieces)


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(request: requests.PreparedRequest, start: _Start, body: bytes) -> requests.Response:
    code, _, reason = start.status.partition(" ")
    response = requests.Response()
    response.status_code = int(code)
    response.reason = reason
    response.headers = CaseInsensitiveDict(start.headers)
    response.encoding = get_encoding_from_headers(response.headers)
    response.url = request.url or ""
    response.request = request
    missing = 0 if request.method == "HEAD" else int(response.headers.get("Content-Length", 0)) - len(body)
    response.raw = _CutBody(body, missing) if missing > 0 else BytesIO(body)
    return response
