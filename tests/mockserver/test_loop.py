"""What is answered in the thread of the loop that reads and sends."""

from __future__ import annotations

import socket
import threading
from urllib.parse import urlsplit

import pytest
import requests

from v6mockserver import MockServer
from v6mockserver._live import WAITING, LiveServer

BODIES = {"/large": b"x" * (4 * WAITING)}


def name_thread(environ, start_response):
    """Answer with the name of the thread that does, and with the path; or with what there is under the path."""
    path = environ["PATH_INFO"]
    if path == "/broken":
        raise ZeroDivisionError
    body = BODIES.get(path, f"{threading.current_thread().name} {path}".encode())
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]


@pytest.fixture
def live():
    """A live server that answers only requests to /slow in threads of their own."""
    server = LiveServer(name_thread, is_prompt=lambda _method, path: path != "/slow")
    yield server
    server.stop()


def get(live, path):
    """Return the text that is there."""
    return requests.get(f"http://{live.host}:{live.port}{path}", timeout=5).text


def test_only_what_does_not_wait_is_answered_by_the_loop(live):
    """Else one that waits would keep all others waiting."""
    assert get(live, "/prompt") == f"v6mockserver {live.port} /prompt"
    assert get(live, "/slow").startswith("waitress")


def test_pipelined_requests_are_answered_in_order(live):
    """Also when loop and threads take turns."""
    paths = ["/1", "/slow", "/2", "/3", "/slow", "/last"]
    closing = {"/last": "close"}
    whole = "".join(
        f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: {closing.get(path, 'keep-alive')}\r\n\r\n" for path in paths
    )
    with socket.create_connection((live.host, live.port), timeout=5) as connection:
        connection.sendall(whole.encode())
        answers = connection.makefile("rb").read().decode()

    assert [answer.splitlines()[-1].split()[-1] for answer in answers.split("HTTP/1.1 200 OK")[1:]] == paths


def test_a_client_that_does_not_read_keeps_nobody_waiting(live):
    """The loop has the answer in memory, and sends it as the client takes it."""
    with socket.create_connection((live.host, live.port), timeout=5) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        connection.recv(1)

        assert get(live, "/prompt")
        assert len(connection.makefile("rb").read()) > len(BODIES["/large"])


def test_an_application_that_fails_does_not_end_the_loop(live, caplog):
    """The request is answered with a 500, and the next one as ever."""
    assert requests.get(f"http://{live.host}:{live.port}/broken", timeout=5).status_code == 500
    assert get(live, "/prompt")
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "is_prompt"),
    [
        ("GET", "/api/task", True),
        ("POST", "/api/task", True),
        ("PATCH", "/api/run/1", True),
        ("POST", "/api/algorithmstore", False),
        ("GET", "/api/blobstream/x", False),
        ("GET", "//api/blobstream/x", False),
        ("POST", "/api/token/user", False),
        ("GET", "/openapi.json", False),
        ("POST", "/v6mock/restore", False),
    ],
)
def test_a_server_knows_what_does_not_wait(method, path, is_prompt):
    """By what is asked for."""
    assert MockServer()._is_prompt(method, path) is is_prompt


def test_a_fault_may_wait():
    """So nothing is prompt while one is scripted."""
    server = MockServer()
    server.faults.on(path="/version").delay(1)

    assert not server._is_prompt("GET", "/api/task")


def test_a_node_may_run_an_algorithm_before_the_next_request():
    """What is read changes nothing, so it makes no node run."""
    server = MockServer.demo()

    assert server._is_prompt("GET", "/api/task")
    assert not server._is_prompt("POST", "/api/task")


def test_requests_to_a_live_mock_are_answered_by_the_loop(monkeypatch):
    """It says which are."""
    with MockServer() as server:
        seen = []
        answer = MockServer.__call__
        monkeypatch.setattr(
            MockServer, "__call__", lambda *call: seen.append(threading.current_thread().name) or answer(*call)
        )
        requests.get(f"{server.url}/api/version", timeout=5)

        assert seen == [f"v6mockserver {urlsplit(server.url).port}"]
