"""Control of a live server over HTTP: off unless asked for, and for programs of the same machine alone."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from v6client import UserClient
from v6mockserver import MockServer
from v6mockserver._control import ACTIONS, Control
from v6mockserver._wsgi import WSGIAdapter

SEED = {
    "organizations": [{"name": "North", "users": [{"username": "nora", "password": "Secret-42"}]}],
    "collaborations": [{"name": "Poles", "encrypted": False, "participants": [{"name": "North", "node": "north"}]}],
}


@pytest.fixture
def server():
    """A server that listens, with its control."""
    server = MockServer(SEED)
    yield server.start(control=True)
    server.stop()


@pytest.fixture
def control(server):
    """Ask for something, with a body in JSON."""

    def ask(action, body=None, method="POST", **options):
        return requests.request(method, f"{server.url}/v6mock/{action}", json=body, timeout=10, **options)

    return ask


def test_dump(server, control):
    """The same as from `dump()`."""
    assert control("dump", method="GET").json() == server.dump()


def test_load(server, control):
    """The live server goes on as the one that was dumped; its simulated nodes belonged to the one before."""
    other = MockServer({"organizations": [{"name": "West"}]}, version="4.0")

    answer = control("load", other.dump())

    assert answer.status_code == 200
    assert server.dump() == other.dump()
    assert list(server.nodes) == []
    assert requests.get(f"{server.url}/api/version", timeout=5).json() == {"version": "4.0.3"}


def test_a_dump_with_a_mistake(server, control):
    """The answer names it, and nothing has changed."""
    before = server.dump()

    answer = control("load", {**before, "tables": {"users": []}})

    assert (answer.status_code, "found 'users'" in answer.json()["msg"]) == (400, True)
    assert server.dump() == before


@pytest.mark.parametrize("body", [b"", b"{", b"\xff"])
def test_a_body_that_is_no_json(control, body):
    """It is a mistake of the caller's."""
    assert control("load", data=body).status_code == 400


def test_snapshot_and_restore(server, control):
    """As often as one likes, to any of them."""
    first, before = control("snapshot"), server.dump()
    server.client().organization.create("West", "", "", "", "", "")
    second, after = control("snapshot"), server.dump()

    assert [one.status_code for one in (first, second)] == [201, 201]
    for answer, expected in ((first, before), (second, after), (first, before)):
        assert control("restore", answer.json()).status_code == 200
        assert server.dump() == expected
    assert server.nodes["north"].is_online


@pytest.mark.parametrize("body", [{"snapshot": 7}, {"snapshot": "1"}, {"snapshot": [1]}, {}, [], None, 1])
def test_a_snapshot_that_is_not_there(control, body):
    """It is not found."""
    assert control("restore", body, data=b"null" if body is None else None).status_code == 404


def test_snapshots_at_once(control):
    """Each has a number of its own."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: control("snapshot").json()["snapshot"], range(24)))

    assert sorted(answers) == list(range(1, 25))


def test_reset(server, control):
    """A client that was logged in is still."""
    before = server.dump()
    client = UserClient(server.url)
    client.authenticate("root", "root")
    client.organization.create("West", "", "", "", "", "")

    assert control("reset").status_code == 200

    assert server.dump() == before
    assert [one["name"] for one in client.organization.list()["data"]] == ["root", "North"]
    client.close()


def test_a_run_that_does_not_end():
    """The server stays as it is."""
    server = MockServer(SEED)
    answers = []
    session = requests.Session()
    session.mount("http://", WSGIAdapter(Control(server)))
    server.algorithms.register(
        "reset", {"reset": lambda: answers.append(session.post("http://localhost/v6mock/reset"))}
    )

    server.client("nora").task.create(1, [2], "n", "reset", "", {"method": "reset"})

    assert [answer.status_code for answer in answers] == [409]


def test_it_is_off_unless_asked_for():
    """Else the path is one that the server does not know."""
    with MockServer() as server:
        assert {requests.get(f"{server.url}/v6mock/{action}", timeout=5).status_code for action in ACTIONS} == {404}


@pytest.mark.parametrize(
    ("action", "method", "expected"), [("users", "GET", 404), ("dump", "POST", 405), ("reset", "GET", 405)]
)
def test_other_paths_and_methods(control, action, method, expected):
    """The answer says what there is."""
    assert control(action, method=method).status_code == expected


@pytest.mark.parametrize("headers", [{"Origin": "https://page.example"}, {"Host": "page.example"}])
@pytest.mark.parametrize("action", ACTIONS)
def test_web_pages_are_refused(control, headers, action):
    """Neither one that somebody looks at, nor one that makes its own name mean this machine."""
    answer = control(action, method=ACTIONS[action][0], headers=headers)

    assert answer.status_code == 403
    assert "tables" not in answer.text


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1", ""])
def test_other_machines_are_refused(address):
    """Also where the server itself can be reached from them."""
    started = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": "/v6mock/dump",
        "REMOTE_ADDR": address,
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
    }

    body = b"".join(Control(MockServer())(environ, lambda status, _: started.append(status)))

    assert started == ["403 FORBIDDEN"]
    assert list(json.loads(body)) == ["msg"]


@pytest.mark.slow
def test_snapshots_while_others_ask(server, control):
    """Every request sees the world before or after, never half of each."""
    seen, ended = set(), threading.Event()

    def ask():
        client = UserClient(server.url)
        client.authenticate("root", "root")
        while not ended.is_set():
            seen.add(tuple(one["name"] for one in client.organization.list()["data"]))
        client.close()

    number = control("snapshot").json()
    thread = threading.Thread(target=ask)
    thread.start()
    for _ in range(20):
        server.client().organization.create("West", "", "", "", "", "")
        control("restore", number)
    ended.set()
    thread.join()

    assert seen <= {("root", "North"), ("root", "North", "West")}
