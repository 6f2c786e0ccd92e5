"""
The session that a connection makes for itself: what is tried again, and what the environment has to say.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from types import NoneType
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, Retry
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError

from v6client._arguments import FILE, File, expect, shown
from v6client.exceptions import UsageError

if TYPE_CHECKING:
    from typing_extensions import Self
    from urllib3.response import HTTPResponse

Verification = bool | File | None
Certificate = File | tuple[File, File] | None

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
BUSY = (429, 502, 503, 504)

# How many are kept open. Where more threads than that call at once, urllib3 warns of each connection that it closes.
CONNECTIONS = 64

# A server may ask for as long a pause as it likes; who wants a longer one decides that above.
LONGEST_PAUSE = 10.0


class Patience(Retry):
    """
    Tries again, unless the server asks for a pause so long that its answer is better handed out at once.
    """

    def increment(
        self, method: str | None = None, url: str | None = None, response: Any = None, *args: Any, **kwargs: Any
    ) -> Self:
        """
        The state after one more try, or the end.
        """
        if response is not None and (self.get_retry_after(response) or 0) > LONGEST_PAUSE:
            # With raise_on_status off this means: take the answer for what it is.
            raise MaxRetryError(kwargs["_pool"], url or "", ResponseError("the pause asked for is too long"))
        return super().increment(method, url, response, *args, **kwargs)

    def get_retry_after(self, response: Any) -> float | None:
        """
        The pause that the server asks for; none where nobody can tell how long it is.
        """
        try:
            return super().get_retry_after(response)
        except InvalidHeader:
            return None


def patience() -> Patience:
    """
    What is tried again.

    A refused connection, an unknown host and a connection that does not come about in time, for every method: nothing
    was sent. Anything later only for methods that change nothing: a POST that may have reached the server is never sent
    twice. A connection that was kept alive and has been closed since is found out before anything is sent; one that
    breaks afterwards counts as one that may have reached the server.
    """
    return Patience(
        total=3,
        read=1,
        other=0,  # a certificate that is refused once is refused again
        backoff_factor=0.1,
        status_forcelist=BUSY,
        allowed_methods=SAFE_METHODS,
        raise_on_status=False,
    )


# Server quirk: 4.15's development server sends headers and body in two packets, and the second one not before the first
# has been acknowledged, which Linux puts off for 40 ms. It has to be told for each answer.
QUICK = getattr(socket, "TCP_QUICKACK", None)


class _PromptConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override] # urllib3 has two types of this name
        if QUICK is not None and self.sock is not None:
            with suppress(OSError):  # some that call themselves Linux do not know it
                self.sock.setsockopt(socket.IPPROTO_TCP, QUICK, 1)
        return super().getresponse()


class _PromptTLSConnection(_PromptConnection, HTTPSConnection):
    pass


class _Pool(HTTPConnectionPool):
    ConnectionCls: Any = _PromptConnection  # Any: urllib3's protocols do not fit its own classes


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls: Any = _PromptTLSConnection


class Adapter(HTTPAdapter):
    """
    Sends requests over sockets, is patient, and acknowledges answers promptly.
    """

    def __init__(self) -> None:
        super().__init__(pool_maxsize=CONNECTIONS, max_retries=patience())

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """
        Make the pools of connections.
        """
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def settings(verify: Verification, cert: Certificate, proxies: Mapping[str, str] | None) -> dict[str, Any]:
    """
    TLS and proxies in the form that `requests` takes, which says nothing of bad ones before the first call.
    """
    expect(verify, (bool, *FILE, NoneType), "verify", "True, False, or the path of a file with certificates")
    if verify == "":  # it would count as False, and trust everybody
        raise UsageError("verify is empty: leave it out, or give True, False, or the path of a file with certificates")
    expect(proxies, (Mapping, NoneType), "proxies", 'a dict such as {"https": "http://proxy.example:3128"}')
    for scheme, address in (proxies or {}).items():
        expect(address, (str, NoneType), f"the proxy for {scheme}", "an address")
    trusted = os.fspath(verify) if isinstance(verify, os.PathLike) else verify
    return {"verify": trusted, "cert": _certificate(cert), "proxies": proxies}


def _certificate(cert: object) -> Any:
    if cert is None:
        return None
    files: tuple[Any, ...] = tuple(cert) if isinstance(cert, tuple | list) else (cert,)
    if len(files) not in {1, 2} or not all(isinstance(file, FILE) for file in files):
        raise UsageError(
            f"cert is the path of a certificate with its key in one file, or the paths of both, not {shown(cert)}"
        )
    paths = tuple(map(os.fspath, files))
    return paths if len(paths) == 2 else paths[0]  # noqa: PLR2004 -- the certificate, and its key


def own_session(
    url: str,
    *,
    verify: bool | str | None = None,
    cert: str | tuple[str, str] | None = None,
    proxies: Mapping[str, str] | None = None,
) -> requests.Session:
    """
    A session for one server.

    Parameters
    ----------
    url
        Where it is.
    verify, cert, proxies
        As in `requests`, whose environment variables count where these are None: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY,
        NO_PROXY, REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE.
    """
    session = requests.Session()
    settings = session.merge_environment_settings(url, dict(proxies or {}), None, verify, cert)
    session.proxies, session.verify, session.cert = settings["proxies"], settings["verify"], settings["cert"]
    # All calls go to this one server. Looking at the environment for each costs as much as the call itself.
    session.trust_env = False
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session
