"""
The conversation with one server: the only module that touches a socket.
"""

from __future__ import annotations

import json as jsonlib
import logging
import os
import threading
import time
from copy import copy
from functools import cached_property, partial
from numbers import Real
from types import NoneType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import requests

from v6client import _auth, exceptions
from v6client._answers import having
from v6client._arguments import expect
from v6client._refusals import no_answer, refusal
from v6client._session import Certificate, Verification, own_session, settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

    from v6client._content import Content

_log = logging.getLogger("v6client")

# How much of a download is in memory at once.
PIECE = 1024 * 1024

Timeout = float | tuple[float, float] | None


class Connection:
    """
    One conversation with one server: a pooled session, the tokens, and their renewal.

    Threads may share it. A process that is forked goes on with the tokens and with connections of its own.

    Parameters
    ----------
    base_url
        Where the API lives, such as `https://server.example:443/api`.
    session
        A `requests.Session` to use as it is; without one, a session with retries is made, and closed by `close`.
    timeout
        Seconds to wait for a connection and for each piece of an answer.
    verify, cert, proxies
        As in `requests`; None leaves it to the session, or to the environment variables of `requests`, which are read
        when this object is made.
    log
        Where each call is noted.

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
        verify: Verification = None,
        cert: Certificate = None,
        proxies: Mapping[str, str] | None = None,
        log: logging.Logger = _log,
    ) -> None:
        _check(base_url)
        self.base_url = base_url.rstrip("/")
        self.tokens: _auth.Tokens | None = None
        self._log = log
        self._options: dict[str, Any] = {"timeout": _limits(timeout)}
        expect(session, (requests.Session, NoneType), "session", "a session of `requests`")
        how = settings(verify, cert, proxies)
        if session is None:
            self._own: Callable[[], requests.Session] | None = partial(own_session, self.base_url, **how)
        else:
            self._own, self._session = None, session
            self._options |= how
        self._settle()

    def _settle(self) -> None:
        """
        Make what belongs to one process: connections and locks.
        """
        if self._own is not None:
            self._session = self._own()
        self._renewing = threading.Lock()
        self._renewals = 0
        self._failure: exceptions.V6ClientError | None = None
        self._process = os.getpid()

    @property
    def token(self) -> str | None:
        """
        The current access token, None before login.
        """
        return None if self.tokens is None else self.tokens.access

    @cached_property
    def server_version(self) -> str:
        """
        The version of the server, asked when it is first needed.
        """
        return str(self.view("version", "version")["version"])

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
        response = self._send("POST", self._url(path), token=None, **_written(path, body))
        answer: dict[str, Any] = self._decoded("POST", path, response)
        if not isinstance(answer, dict):
            raise exceptions.MalformedAnswerError(f"POST {path} was answered with JSON that is no object")
        # A server that wants a second factor says so with status 200.
        if "access_token" not in answer:
            _forget_secrets(response.request)
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
        body = _written(path, json) if content is None else _streamed(content, self._options["timeout"])

        def send(token: str | None) -> requests.Response:
            return self._send(method, self._url(path), token=token, params=params, **body)

        return self._decoded(method, path, self._authorized(path, send))

    def view(self, path: str, *fields: str, params: Mapping[str, Any] | None = None) -> Any:
        """
        Get an object that has these fields; see `having`.

        Parameters
        ----------
        path
            The path below the base URL.
        *fields
            What is going to be read of it.
        params
            The query.
        """
        return having(self.request("GET", path, params=params), path, *fields)

    def download(self, path: str) -> Generator[bytes, None, None]:
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
        if self._own is not None:
            self._session.close()

    def _url(self, path: str) -> str:
        return f"{self.base_url}/{path}"

    def _authorized(self, path: str, send: Callable[[str | None], requests.Response]) -> requests.Response:
        """
        Do what the flow says until it ends; the last response is the answer.
        """
        flow = _auth.bearer_flow(self.tokens, path, time.monotonic())
        step = next(flow)
        response: requests.Response | None = None
        while True:
            came: Any
            if isinstance(step, _auth.Renew):
                came = self._renewed(step.stale)
            elif isinstance(step, _auth.Probe):
                came = self._send("GET", self._url(_auth.HARMLESS), token=step.token).status_code
            else:
                response = send(step.token)
                came = response.status_code
            try:
                step = flow.send(came)
            except StopIteration:
                return cast("requests.Response", response)  # no flow ends before the call was sent

    def _renewed(self, stale: _auth.Tokens) -> _auth.Tokens:
        """
        The tokens that follow the stale ones: of many threads one asks for them, the others wait for what comes of it.
        """
        before = self._renewals
        with self._renewing:
            if self.tokens is stale and self._renewals > before and self._failure is not None:
                raise copy(self._failure)  # another thread has just failed; asking in turn would only take longer
            if self.tokens is stale:
                renewed = self._renew(stale)
                # Somebody may have closed this meanwhile, or logged in anew: the former login stays ended.
                if self.tokens is stale:
                    self.tokens = renewed
            if self.tokens is None:
                raise exceptions.NotAuthenticatedError("the connection was closed; log in again")
            return self.tokens

    def _renew(self, stale: _auth.Tokens) -> _auth.Tokens:
        try:
            tokens = _auth.Tokens.from_answer(self._refreshed(stale), time.monotonic())
            self._failure = None
        except exceptions.V6ClientError as error:
            self._failure = error
            raise
        finally:
            self._renewals += 1
        return tokens

    def _refreshed(self, stale: _auth.Tokens) -> dict[str, Any]:
        # Not the URL that came with the tokens: behind a proxy, a server may not know how it is reached from outside.
        method, path = "POST", _auth.REFRESH
        response = self._send(method, self._url(path), token=stale.refresh)
        try:
            answer: dict[str, Any] = self._decoded(method, path, response)
        except exceptions.ServerRefusedError as refused:
            if refused.status not in _auth.TOKEN_REFUSED:
                raise
            raise exceptions.SessionExpiredError(method, path, refused.status, refused.body, response) from refused
        return answer

    def _send(self, method: str, url: str, *, token: str | None, **content: Any) -> requests.Response:
        if self._process != os.getpid():
            self._settle()
        try:
            response = self._session.request(
                method, url, auth=_bearer(token), allow_redirects=False, **{**self._options, **content}
            )
            if not response.ok:
                _ = response.content  # read here also of a download: it may break off, and the connection is free again
        except OSError as error:
            _forget_secrets(getattr(error, "request", None))
            raise no_answer(method, url, error) from error
        except UnicodeError as error:  # in a filter: what Python makes of bytes of a command line that are no text
            raise exceptions.UsageError(f"{method} {url} cannot be sent with a text that is none: {error}") from error
        self._log.debug("%s %s: status %s", method, url, response.status_code)
        return response

    def _decoded(self, method: str, path: str, response: requests.Response) -> Any:
        """
        The answer's content, or the exception that stands for it.
        """
        status = response.status_code
        if response.is_redirect:
            target = response.headers["location"]
            raise exceptions.MalformedAnswerError(
                f"{method} {self._url(path)} is redirected to {target}: give that address to the client", status
            )
        try:
            body = jsonlib.loads(response.content)
        except (ValueError, RecursionError):
            # Not `from` that error: it holds the whole answer, and there may be a token in it.
            kind = response.headers.get("content-type", "content of unknown type")
            raise self._foreign(method, path, response, f"{kind} that is not JSON") from None
        if response.ok:
            return body
        if not isinstance(body, dict):
            raise self._foreign(method, path, response, "JSON that is no object")
        _forget_secrets(response.request)
        raise self._refusal(method, path, response, body)

    def _foreign(self, method: str, path: str, response: requests.Response, said: str) -> exceptions.V6ClientError:
        """
        The error of an answer that no vantage6 server gives.
        """
        status = response.status_code
        # A route that the server does not have is answered with HTML; after a login the base URL is known to be right.
        if status == requests.codes.not_found and self.tokens is not None:
            return self._without_route(method, path)
        if status >= requests.codes.server_error:
            _forget_secrets(response.request)
            body = {"msg": f"{said}, as from a proxy whose server is down"}
            return exceptions.ServerFailedError(method, path, status, body, response)
        return exceptions.MalformedAnswerError(
            f"{method} {path} was answered with status {status} and {said}: is there a vantage6 server at "
            f"{self.base_url}, API path included?",
            status,
        )

    def _refusal(
        self, method: str, path: str, response: requests.Response, body: dict[str, Any]
    ) -> exceptions.V6ClientError:
        status, logged_in = response.status_code, self.tokens is not None
        if status == requests.codes.unauthorized and _auth.judges_secret(path, logged_in=logged_in):
            return exceptions.AuthenticationError(method, path, status, body, response)
        if status == requests.codes.unauthorized and not logged_in:
            return exceptions.NotAuthenticatedError(f"{method} {path} needs a login: call authenticate() first")
        if status == requests.codes.not_allowed:  # a path that the server has, but not with this method
            return self._without_route(method, path)
        return refusal(method, path, status, body, response)

    def _without_route(self, method: str, path: str) -> exceptions.ServerTooOldError:
        return exceptions.ServerTooOldError(f"the server at {self.base_url} has no route for {method} {path}")


def _check(url: str) -> None:
    """
    Refuse what cannot be the address of a server.
    """
    if "@" in url:
        raise exceptions.UsageError("the address has a name or password in it; those belong to authenticate()")
    try:
        parts = urlsplit(url)
        is_one = parts.hostname and " " not in parts.netloc and parts.port != 0
    except ValueError as error:
        raise exceptions.UsageError(f"{url} is no address: {error}. Look at host and port") from error
    if not is_one:
        raise exceptions.UsageError(f"{url} is no address. Look at host and port")


def _limits(timeout: object) -> Timeout:
    """
    Time limits, in the form that `requests` takes.
    """
    limits: tuple[Any, ...] = tuple(timeout) if isinstance(timeout, tuple | list) else (timeout,)
    if len(limits) not in {1, 2} or not all(_is_limit(one) for one in limits):
        raise exceptions.UsageError(
            "timeout is seconds, or two numbers of them: for a connection and for an answer; or None, for no limit; "
            f"not {timeout!r}"
        )
    return limits if len(limits) == 2 else limits[0]  # noqa: PLR2004 -- a limit for each


def _is_limit(one: object) -> bool:
    if one is None:  # as long as it takes
        return True
    return not isinstance(one, bool) and isinstance(one, Real) and 0 < float(one) <= threading.TIMEOUT_MAX


def _bearer(token: str | None) -> Callable[[requests.PreparedRequest], requests.PreparedRequest]:
    """
    Authentication in the form `requests` takes; with one, it never looks for credentials in a .netrc file.
    """

    def sign(request: requests.PreparedRequest) -> requests.PreparedRequest:
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        return request

    return sign


def _streamed(content: Content, timeout: Timeout) -> dict[str, Any]:
    """
    A body that is made on its way, in the form that `requests` takes.
    """
    return {
        "data": content if len(content) else b"",  # it would send an empty one with an unknown length
        "headers": {"Content-Type": content.media_type},
        # What a connection may take to come about limits each piece that is sent as well. A server that is busy may let
        # one wait for as long as an answer.
        "timeout": timeout[-1] if isinstance(timeout, tuple) else timeout,
    }


def _received(path: str, response: requests.Response) -> Iterator[bytes]:
    """
    The pieces of a body, all of it.
    """
    size = 0
    try:
        for piece in response.iter_content(PIECE):
            size += len(piece)
            yield piece
    except OSError as error:
        raise no_answer("GET", response.url, error) from error
    announced = response.headers.get("content-length")
    # Before version 2, urllib3 takes a body that breaks off for a whole one.
    if announced is not None and "content-encoding" not in response.headers and size < int(announced):
        raise exceptions.MalformedAnswerError(f"the answer to GET {path} broke off after {size} of {announced} bytes")


def _written(path: str, json: Any) -> dict[str, Any]:
    """
    A body as JSON, in the form that `requests` takes.
    """
    if json is None:
        return {}
    try:
        body = jsonlib.dumps(json, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise exceptions.UsageError(f"what was given for {path} cannot be written as JSON: {error}") from error
    return {"data": body, "headers": {"Content-Type": "application/json"}}


def _forget_secrets(request: requests.PreparedRequest | None) -> None:
    """
    Take token and body from a request that has failed, since errors are logged, pickled and sent to others.
    """
    if request is not None:
        request.headers.pop("Authorization", None)
        request.body = None
