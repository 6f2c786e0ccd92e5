"""Algorithm stores that are asked in earnest: through which session, and what happens to the server meanwhile."""

from __future__ import annotations

import threading

import pytest
import requests
from requests.adapters import BaseAdapter

from v6mockserver import MockServer, Settings
from v6mockserver._wsgi import WSGIAdapter

STORE = "http://store.example.org"
DIGEST = "sha256:0123"
ORDER = {"image": "image", "collaboration_id": 1}


class Store:
    """A store that takes everybody in, finds every image, and lets a test meddle before it answers."""

    def __init__(self):
        self.before = lambda: None

    def __call__(self, environ, start_response):
        """Answer a request."""
        before, self.before = self.before, lambda: None
        before()
        wanted = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
        status, body = {
            "POST /api/vantage6-server": ("201 Created", b"{}"),
            "GET /api/vantage6-server": ("200 OK", b"[]"),
            "GET /api/algorithm": ("200 OK", b'{"data": [{"image": "image", "digest": "sha256:0123"}]}'),
        }[wanted]
        start_response(status, [("Content-Type", "application/json")])
        return [body]


class Network:
    """A server that knows where it is, with one organization and its node, and a store that it reaches."""

    def __init__(self):
        person = {"username": "nora", "password": "p", "roles": ["Researcher"]}
        seed = {
            "organizations": [{"name": "North", "users": [person]}],
            "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": "North"}]}],
        }
        self.server = MockServer(seed, settings=Settings(server_url="http://server.example.org"))
        self.store = Store()
        self.server.outgoing.mount(STORE, WSGIAdapter(self.store))
        self.session = self.server.session()

    def call(self, username, method, path, **content):
        """Send a request as a user, and return status and body."""
        client = self.server.client(username)
        headers = {"Authorization": f"Bearer {client.token}"}
        answer = self.session.request(method, f"{self.server.url}/api/{path}", headers=headers, **content)
        return answer.status_code, answer.json()

    def add(self, name="s", **place):
        """Add the store as root."""
        return self.call(
            "root", "POST", "algorithmstore", json={"name": name, "algorithm_store_url": f"{STORE}/api"} | place
        )

    def order(self, input_=""):
        """Create a task from the store as nora."""
        body = ORDER | {"store_id": 1, "organizations": [{"id": 2, "input": input_}]}
        return self.call("nora", "POST", "task", json=body)


@pytest.fixture
def network():
    """A server and a store."""
    return Network()


def test_nodes_run_what_comes_from_a_store(network):
    """An algorithm is registered by its name, and found by its name and digest."""
    ran = []
    network.server.algorithms.register("image", {"method": lambda: ran.append(1)})
    network.add()

    status, task = network.order("eyJtZXRob2QiOiAibWV0aG9kIn0=")

    assert (status, task["image"], ran) == (201, f"image@{DIGEST}", [1])


@pytest.mark.parametrize("act", [Network.add, Network.order])
def test_a_slow_store_holds_up_nobody(network, act):
    """While one request waits for the store, others are answered."""
    seen = []

    def meddle():
        thread = threading.Thread(target=lambda: seen.append(network.call("root", "GET", "organization")[0]))
        thread.start()
        thread.join(5)

    if act is Network.order:
        network.add()
    network.store.before = meddle

    assert act(network)[0] == 201
    assert seen == [200]


def test_somebody_else_was_faster(network):
    """A store that another request has added meanwhile is not added twice."""
    network.store.before = lambda: network.add("first")

    status, _ = network.add("second")

    assert status == 400
    assert [row["name"] for row in network.call("root", "GET", "algorithmstore")[1]["data"]] == ["first"]


def test_the_collaboration_went_meanwhile(network):
    """Then there is nothing to add it to."""
    query = {"delete_dependents": "yes"}
    network.store.before = lambda: network.call("root", "DELETE", "collaboration/1", params=query)

    assert network.add(collaboration_id=1)[0] == 404


def test_the_store_went_meanwhile(network):
    """A task is not created from a store that is no longer there."""
    network.add()
    network.store.before = lambda: network.call("root", "DELETE", "algorithmstore/1")

    assert network.order()[0] == 400
    assert network.call("nora", "GET", "task")[1]["data"] == []


@pytest.mark.parametrize(("path", "expected"), [("user/2", 401), ("organization/2", 401)])
def test_the_caller_went_meanwhile(network, path, expected):
    """A task is not created for somebody who is no longer there."""
    network.add()
    query = {"delete_dependents": "yes"}
    network.store.before = lambda: network.call("root", "DELETE", path, params=query)

    assert network.order()[0] == expected
    assert network.call("root", "GET", "task")[1]["data"] == []


def test_a_request_without_a_question_has_one_turn(network):
    """Who has been let in cannot be gone by the time that the body is looked at."""
    network.call("nora", "POST", "task", json={**ORDER, "organizations": [{"id": 2, "input": ""}]})

    turns = sorted(exchange.turn for exchange in network.server.journal)
    assert turns == list(range(turns[0], turns[0] + len(turns)))


def test_tasks_forget_a_store_that_goes(network):
    """They go on without it; other tasks stay as they are."""
    network.add()
    _, task = network.order()

    assert network.call("root", "DELETE", "algorithmstore/1")[0] == 200

    assert network.call("nora", "GET", f"task/{task['id']}")[1]["algorithm_store"] is None


def test_tasks_are_listed_by_store(network):
    """Not copied: the real server fails with a 500 here."""
    network.add()
    _, task = network.order()
    network.call("nora", "POST", "task", json={**ORDER, "organizations": [{"id": 2, "input": ""}]})

    _, listed = network.call("nora", "GET", "task", params={"store_id": 1})

    assert [row["id"] for row in listed["data"]] == [task["id"]]


@pytest.mark.parametrize("failure", [requests.ConnectionError, requests.Timeout, requests.TooManyRedirects])
def test_a_store_that_cannot_be_reached(network, failure):
    """Whatever the reason, it is not found; the server does not wait for ever."""

    class Broken(BaseAdapter):
        def send(self, *_, timeout, **__):
            assert timeout > 0
            raise failure

        def close(self):
            """Nothing is open."""

    network.server.outgoing.mount(STORE, Broken())

    assert network.add()[0] == 404


def test_servers_ask_through_sessions_of_their_own():
    """What is mounted for one server means nothing to another."""
    first, second = MockServer(), MockServer()

    assert first.outgoing is first.outgoing
    assert first.outgoing is not second.outgoing
