"""Proxies: given, or found in the environment, for plain HTTP and for TLS."""

from __future__ import annotations

import ssl

import pytest
import trustme

from v6client import UserClient
from v6client.exceptions import ConnectionFailedError
from v6mockserver import MockServer

from .wires import behind_tls, proxying

ELSEWHERE = "server.invalid"
"""A name that only the proxy knows a server for."""


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server():
    """A mock on a port."""
    with MockServer() as server:
        yield server


@pytest.fixture
def proxy(server):
    """A proxy that knows the way to it."""
    with proxying(int(server.url.rpartition(":")[2])) as proxy:
        yield proxy


def name(url, **options):
    """Log in, and return the name of who did."""
    with UserClient(url, timeout=5, progress=False, **options) as client:
        client.authenticate("root", "root")
        return client.user.get()["username"]


def test_a_proxy_that_is_given(proxy):
    """All calls go through it."""
    assert name(f"http://{ELSEWHERE}", proxies={"http": proxy.url}) == "root"
    assert proxy.asked[0].startswith(f"POST http://{ELSEWHERE}/api/token/user")


def test_a_proxy_from_the_environment(proxy, monkeypatch):
    """As `requests` finds it."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)

    assert name(f"http://{ELSEWHERE}") == "root"
    assert len(proxy.asked) == 4


def test_no_proxy(server, proxy, monkeypatch):
    """A server that is named there is asked without a detour."""
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    assert name(server.url) == "root"
    assert proxy.asked == []


@pytest.fixture
def secured(server, tmp_path, monkeypatch):
    """The port of the server behind TLS, whose authority is trusted."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(ELSEWHERE).configure_cert(context)
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    with behind_tls(server, context) as port:
        yield port


def test_tls_through_a_proxy(secured, monkeypatch):
    """The proxy sees where to, and nothing else."""
    with proxying(secured) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)

        assert name(f"https://{ELSEWHERE}") == "root"
        assert {line.split()[1] for line in proxy.asked} == {f"{ELSEWHERE}:443"}
        assert {line.split()[0] for line in proxy.asked} == {"CONNECT"}


def test_a_proxy_that_refuses(secured):
    """The error says where the proxy comes from; it is no answer of the server."""
    with (
        proxying(secured, refusal=407) as proxy,
        pytest.raises(ConnectionFailedError, match="proxies="),
    ):
        name(f"https://{ELSEWHERE}", proxies={"https": proxy.url})


def test_a_proxy_that_is_not_there(proxy, server):
    """The error says where the proxy comes from."""
    gone = "http://127.0.0.1:1"

    with pytest.raises(ConnectionFailedError, match="proxies="):
        name(server.url, proxies={"http": gone})

    assert proxy.asked == []
