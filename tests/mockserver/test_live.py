"""Serving on a port, in a thread."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from v6mockserver import MockServer
from v6mockserver._live import PIECE, THREADS, LiveServer


def hello(environ, start_response):
    """Answer like the smallest of applications."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "5")])
    return [b"hello"]


@pytest.fixture
def live():
    """A live server that is stopped after the test."""
    server = LiveServer(hello)
    yield server
    server.stop()


def test_it_is_ready_when_it_exists(live):
    """The first request needs no waiting."""
    assert requests.get(f"http://{live.host}:{live.port}", timeout=5).text == "hello"


def test_it_listens_on_loopback(live):
    """Nobody else reaches it unless told otherwise."""
    assert live.host == "127.0.0.1"


def has_ipv6():
    """Tell whether this machine reaches itself by IPv6, which containers often do not."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")
def test_it_listens_by_ipv6():
    """On the address that was asked for, which stands in brackets in a URL."""
    with MockServer().start("::1") as server:
        assert server.url.startswith("http://[::1]:")
        assert requests.get(f"{server.url}/api/version", timeout=5).ok


def test_it_is_gone_when_stop_returns():
    """No thread is left, although a client still holds its connection open."""
    before = threading.active_count()
    live = LiveServer(hello)
    with requests.Session() as session:
        session.get(f"http://{live.host}:{live.port}", timeout=5)

        live.stop()

        assert threading.active_count() <= before
        with pytest.raises(requests.ConnectionError):
            requests.get(f"http://{live.host}:{live.port}", timeout=5)


def test_more_callers_than_threads_are_no_news(caplog, capfd):
    """They wait, and nothing is logged or printed."""
    gate = threading.Event()

    def slow(environ, start_response):
        gate.wait(5)
        return hello(environ, start_response)

    live = LiveServer(slow)
    callers = [
        threading.Thread(target=requests.get, args=(f"http://{live.host}:{live.port}",), kwargs={"timeout": 5})
        for _ in range(THREADS * 2)
    ]
    for caller in callers:
        caller.start()
    gate.set()
    for caller in callers:
        caller.join()
    live.stop()

    told = [record for record in caplog.records if record.name.startswith("waitress")]
    assert (told, capfd.readouterr().err) == ([], "")


def test_a_request_that_ends_while_it_stops_does_no_harm(monkeypatch):
    """The loop may be woken before it is asked to stop, and still closes nothing that is in use."""
    live = LiveServer(hello)
    trigger = live._server.trigger
    pull = trigger._physical_pull

    def pull_late():
        pull()  # what a request does when it has been answered
        live._thread.join(timeout=0.1)
        pull()

    monkeypatch.setattr(trigger, "_physical_pull", pull_late)

    live.stop()

    assert not live._thread.is_alive()


def test_two_servers_have_ports_of_their_own(live):
    """Port 0 takes a free one."""
    other = LiveServer(hello)
    other.stop()

    assert other.port != live.port


def test_a_taken_port_is_an_error(live):
    """A port that somebody else has is not shared."""
    with pytest.raises(OSError, match="in use"):
        LiveServer(hello, port=live.port)


def test_large_chunks_are_sent_in_pieces():
    """Else waitress would hold them in memory as a whole."""
    body = bytes(range(256)) * (PIECE // 100)
    closed = []

    class Chunks:
        """An answer that says when it is over."""

        def __iter__(self):
            return iter([b"small", body, b""])

        def close(self):
            closed.append(True)

    def large(environ, start_response):
        start_response("200 OK", [("Content-Length", str(len(body) + 5))])
        return Chunks()

    live = LiveServer(large)
    with requests.Session() as session:
        answer = session.get(f"http://{live.host}:{live.port}", timeout=5)
    live.stop()

    assert answer.content == b"small" + body
    assert closed == [True]


def open_files():
    """Return how many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only Linux shows what a process has open")
def test_no_socket_is_left():
    """Not the one that it listens on, nor those of clients that stay, left, or were reset."""
    server = MockServer()
    before = open_files()

    for _ in range(5):
        server.faults.on(path="/version", after=1).reset()
        with server, requests.Session() as session, requests.Session() as other:
            for visitor in (session, other):
                visitor.trust_env = False
            session.get(f"{server.url}/api/version", timeout=5)
            with pytest.raises(requests.ConnectionError):
                other.get(f"{server.url}/api/version", timeout=5)

    assert open_files() == before


def test_connections_that_are_kept_open_keep_nobody_out():
    """Sessions of many clients may be idle while another one asks."""
    with MockServer() as server, ExitStack() as idle:
        address = urlsplit(server.url)
        for _ in range(150):
            idle.enter_context(socket.create_connection((address.hostname, address.port), timeout=5))

        assert requests.get(f"{server.url}/api/version", timeout=5).ok
