"""
The conversation with one server: the only module that touches a socket.
"""

from __future__ import annotations

import json as jsonlib
import logging
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry
from urllib3.exceptions import ReadTimeoutError

from v6client import _auth, exceptions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from v6client._content import Content

_log = logging.getLogger("v6client")

# How much of a download is in memory at once.
PIECE = 1024 * 1024

Timeout = float | tuple[float, float] | None

REFUSALS: dict[int, type[exceptions.ServerRefusedError]] = {
    400: exceptions.InvalidInputError,
    401: exceptions.PermissionDeniedError,
    403: exceptions.PermissionDeniedError,
    404: exceptions.NotFoundError,
    415: exceptions.InvalidInputError,
    422: exceptions.InvalidInputError,
}


class Connection:
    """
    One conversation with one server: a pooled session, the tokens, and their renewal.

    Threads may share it.

    Parameters
    ----------
    base_url
        Where the API lives, such as `https://server.example:443/api`.
    session
        A `requests.Session` to use as it is; without one, a session with retries is made, and closed by `close`.
    timeout
        Seconds to wait for a connection and for each piece of an answer.
    verify, cert, proxies
        As in `requests`; None leaves it to the session.

    Attributes
    ----------
    tokens
        What the last login or renewal gave, None before login.
    """

    def __init__(
        self,
        base_url: str,
        *,
        session: requests.Session | None = None,
        timeout: Timeout = (5.0, 60.0),
        verify: bool | str | None = None,
        cert: str | tuple[str, str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self._session = _retrying_session() if session is None else session
        self._owns_session = session is None
        self._options: dict[str, Any] = {"timeout": timeout, "verify": verify, "cert": cert, "proxies": proxies}
        self.tokens: _auth.Tokens | None = None
        self._renewing = threading.Lock()

    @property
    def token(self) -> str | None:
        """
        The current access token, None before login.
        """
        return None if self.tokens is None else self.tokens.access

    def login(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """
        Exchange credentials for tokens, and keep those.

        Parameters
        ----------
        path
            Where to log in: `token/user` or `token/node`.
        body
            The credentials.

        Returns
        -------
        dict
            The server's answer.

        Raises
        ------
        AuthenticationError
            The credentials were refused, or a second factor is needed.
        """
        response = self._send("POST", self._url(path), token=None, json=body)
        answer: dict[str, Any] = self._decoded("POST", path, response)
        # A server that wants a second factor says so with status 200.
        if "access_token" not in answer:
            raise exceptions.AuthenticationError("POST", path, response.status_code, answer, response)
        self.tokens = _auth.Tokens.from_answer(answer, time.monotonic())
        return answer

    def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: Content | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> Any:
        """
        Make one call, renewing the tokens as needed.

        Parameters
        ----------
        method
            The HTTP method.
        path
            The path below the base URL, such as `task/3`.
        json
            The body.
        content
            The body, where it is made on its way.
        params
            The query; parameters that are None are left out.

        Returns
        -------
        Any
            The answer, decoded from JSON.
        """
        body = {"json": json} if content is None else _streamed(content)

        def send(token: str | None) -> requests.Response:
            return self._send(method, self._url(path), token=token, params=params, **body)

        return self._decoded(method, path, self._authorized(path, send))

    def download(self, path: str) -> Iterator[bytes]:
        """
        Bytes from the server, as they come in; the call is made when the first of them are asked for.

        Parameters
        ----------
        path
            The path below the base URL.
        """

        def send(token: str | None) -> requests.Response:
            return self._send("GET", self._url(path), token=token, stream=True)

        with self._authorized(path, send) as response:
            if response.status_code != requests.codes.ok:
                self._decoded("GET", path, response)
            yield from _received(path, response)

    def close(self) -> None:
        """
        Drop the tokens, and close the session if it was made here.
        """
        self.tokens = None
        if self._owns_session:
            self._session.close()

    def _url(self, path: str) -> str:
        return f"{self.base_url}/{path}"

    def _authorized(self, path: str, send: Callable[[str | None], requests.Response]) -> requests.Response:
        """
        Do what the flow says until it ends; the last response is the answer.
        """
        flow = _auth.bearer_flow(self.tokens, path, time.monotonic())
        step = next(flow)
        while True:
            if isinstance(step, _auth.Renew):
                step = flow.send(self._renewed(step.stale))
                continue
            response = send(step.token)
            try:
                step = flow.send(response.status_code)
            except StopIteration:
                return response

    def _renewed(self, stale: _auth.Tokens) -> _auth.Tokens:
        """
        The tokens that follow the stale ones: of many threads one asks for them, the others wait.
        """
        with self._renewing:
            if self.tokens is None:
                raise exceptions.NotAuthenticatedError("the connection was closed; log in again")
            if self.tokens is stale:
                self.tokens = self._renew(stale)
            return self.tokens

    def _renew(self, stale: _auth.Tokens) -> _auth.Tokens:
        # The server gives this URL with the path of its API, so it starts from the root.
        response = self._send("POST", urljoin(self.base_url, stale.refresh_url), token=stale.refresh)
        try:
            answer = self._decoded("POST", stale.refresh_url, response)
        except exceptions.ServerFailedError:
            raise
        except exceptions.ServerRefusedError as refused:
            raise exceptions.SessionExpiredError(*refused.args) from refused
        return _auth.Tokens.from_answer(answer, time.monotonic())

    def _send(self, method: str, url: str, *, token: str | None, **content: Any) -> requests.Response:
        try:
            response = self._session.request(
                method, url, auth=_bearer(token), allow_redirects=False, **content, **self._options
            )
        except requests.RequestException as error:
            raise _connection_error(method, url, error) from error
        _log.debug("%s %s: status %s", method, url, response.status_code)
        return response

    def _decoded(self, method: str, path: str, response: requests.Response) -> Any:
        """
        The answer's content, or the exception that stands for it.
        """
        status = response.status_code
        if response.is_redirect:
            target = response.headers["location"]
            raise exceptions.MalformedAnswerError(
                f"{method} {response.url} is redirected to {target}: give that address to the client", status
            )
        try:
            body = jsonlib.loads(response.content)
        except ValueError as error:
            raise self._not_json(method, path, response) from error
        if response.ok:
            return body
        if not isinstance(body, dict):
            raise exceptions.MalformedAnswerError(f"{method} {path}: the error {status} is not a JSON object", status)
        raise self._refusal(method, path, response, body)

    def _not_json(self, method: str, path: str, response: requests.Response) -> exceptions.V6ClientError:
        status = response.status_code
        # A route that the server does not have is answered with HTML; after a login the base URL is known to be right.
        if status == requests.codes.not_found and self.tokens is not None:
            return exceptions.ServerTooOldError(f"the server at {self.base_url} has no route for {method} {path}")
        kind = response.headers.get("content-type", "content of unknown type")
        return exceptions.MalformedAnswerError(
            f"{method} {response.url} was answered with status {status} and {kind} that is not JSON: is there a "
            f"vantage6 server at {self.base_url}, API path included, and is it up?",
            status,
        )

    def _refusal(
        self, method: str, path: str, response: requests.Response, body: dict[str, Any]
    ) -> exceptions.V6ClientError:
        status = response.status_code
        if status == requests.codes.unauthorized and _auth.judges_secret(path):
            return exceptions.AuthenticationError(method, path, status, body, response)
        if status == requests.codes.unauthorized and self.tokens is None:
            return exceptions.NotAuthenticatedError(f"{method} {path} needs a login: call authenticate() first")
        fallback = exceptions.ServerFailedError if status >= 500 else exceptions.ServerRefusedError  # noqa: PLR2004
        return REFUSALS.get(status, fallback)(method, path, status, body, response)


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """
    Authentication in the form `requests` takes; with one, it never looks for credentials in a .netrc file.
    """

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _streamed(content: Content) -> dict[str, Any]:
    """
    How `requests` takes a body that is made on its way; it has no body of unknown length for an empty one.
    """
    return {"data": content if len(content) else b"", "headers": {"Content-Type": content.media_type}}


def _received(path: str, response: requests.Response) -> Iterator[bytes]:
    """
    The pieces of a body, all of it.
    """
    size = 0
    try:
        for piece in response.iter_content(PIECE):
            size += len(piece)
            yield piece
    except requests.RequestException as error:
        raise _connection_error("GET", response.url, error) from error
    announced = response.headers.get("content-length")
    # Before version 2, urllib3 takes a body that breaks off for a whole one.
    if announced is not None and "content-encoding" not in response.headers and size < int(announced):
        raise exceptions.MalformedAnswerError(f"the answer to GET {path} broke off after {size} of {announced} bytes")


def _retrying_session() -> requests.Session:
    # A refused connection is tried again for every method, since nothing was sent. Anything later only for methods that
    # change nothing: a POST that may have reached the server is never sent twice.
    retries = Retry(
        total=3,
        read=1,
        backoff_factor=0.1,
        status_forcelist=(502, 503, 504),
        allowed_methods=("GET", "HEAD", "OPTIONS"),
        raise_on_status=False,
    )
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=retries))
    return session


def _connection_error(method: str, url: str, error: requests.RequestException) -> exceptions.V6ClientError:
    if isinstance(error, requests.exceptions.InvalidJSONError):
        return exceptions.UsageError(f"the body of {method} {url} cannot be written as JSON: {error}")
    if isinstance(error, requests.exceptions.ChunkedEncodingError | requests.exceptions.ContentDecodingError):
        return exceptions.MalformedAnswerError(f"the answer to {method} {url} broke off: {error}")
    if _timed_out(error):
        return exceptions.ConnectionTimeoutError(f"{method} {url} was not answered in time; timeout= sets the limit")
    return exceptions.ConnectionFailedError(
        f"{method} {url} failed: {_reason(error) or error}. Is the server up, and its address right?"
    )


def _timed_out(error: requests.RequestException) -> bool:
    return isinstance(error, requests.Timeout) or isinstance(_reason(error), ReadTimeoutError)


def _reason(error: requests.RequestException) -> Exception | None:
    """
    What made the last retry fail; `requests` wraps even a timeout in a mere connection error then.
    """
    return getattr(error.args[0], "reason", None) if error.args else None
