"""Algorithm stores, as the server knows them, and tasks with algorithms from one."""

from __future__ import annotations

import pytest

from v6client.exceptions import NotFoundError, UsageError
from v6mockserver._wsgi import WSGIAdapter

URL = "http://store.example.org/api"
ANSWERS = {
    "POST /api/vantage6-server": ("201 Created", b"{}"),
    "GET /api/vantage6-server": ("200 OK", b'[{"id": 1}]'),
    "DELETE /api/vantage6-server/1": ("200 OK", b"{}"),
    "GET /api/algorithm": ("200 OK", b'{"data": [{"image": "count", "digest": "sha256:01"}]}'),
}


@pytest.fixture
def asked(server):
    """What a store was asked, that takes every server in and knows one image."""
    asked = []

    def store(environ, start_response):
        wanted = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO'].replace('v2', 'api')}"
        asked.append((wanted, environ["HTTP_SERVER_URL"]))
        status, body = ANSWERS[wanted]
        start_response(status, [("Content-Type", "application/json")])
        return [body]

    server.outgoing.mount("http://store.example.org", WSGIAdapter(store))
    return asked


def test_a_store_for_one_collaboration(root, asked):
    """The collaboration goes as the number that it is, and the store hears our address of the server."""
    store = root.store.create(URL, "Shop", collaboration=1)

    assert root.store.list(collaboration=1, name="S%")["data"] == [store] == [*root.store.iter(url=URL)]
    assert root.store.list(collaboration=2)["data"] == []
    assert asked == [("POST /api/vantage6-server", root.base_path)]


def test_a_store_for_all_collaborations(root, asked):
    """Asked for, no default collaboration narrows it."""
    root.setup_collaboration(1)

    store = root.store.create(algorithm_store_url=URL, name="Shop", all_collaborations=True)

    assert store["collaborations"] is None
    assert root.store.get(store["id"]) == store


def test_the_default_collaboration(root, asked):
    """A store is for it if nothing else is said; without it there is an error, and nothing is sent."""
    with pytest.raises(UsageError, match="setup_collaboration"):
        root.store.create(URL, "Shop")

    root.setup_collaboration(2)
    store = root.store.create(URL, "Shop")

    assert root.store.list()["data"] == [store]
    assert root.store.list(collaboration=1)["data"] == []


def test_a_store_that_is_set(root, asked):
    """Changes and deletions are about it from then on."""
    root.store.set(root.store.create(URL, "Shop", 1)["id"])
    assert root.store.url == URL

    changed = root.store.update(name="Market", collaboration=2)
    root.store.delete()

    assert changed["name"] == "Market"
    assert root.store.store_id is root.store.url is None
    assert asked[-1] == ("DELETE /api/vantage6-server/1", root.base_path)
    with pytest.raises(NotFoundError):
        root.store.get(changed["id"])


def test_another_store_is_deleted(root, asked):
    """The one that is set stays set."""
    one, other = root.store.create(URL, "Shop", 1)["id"], root.store.create(URL.replace("api", "v2"), "Mall", 1)["id"]
    root.store.set(one)

    root.store.delete(other)

    assert root.store.store_id == one


def test_no_store(root):
    """The error says how to choose one."""
    with pytest.raises(UsageError, match=r"store\.set"):
        root.store.delete()


def test_a_store_is_not_opened_to_all_afterwards(root, asked):
    """No server can do that, and the error says what does."""
    store = root.store.create(URL, "Shop", 1)

    with pytest.raises(UsageError, match=r"create\(\.\.\., all_collaborations=True\)"):
        root.store.update(store["id"], all_collaborations=True)

    assert root.store.create(URL, "Shop", all_collaborations=True)["collaborations"] is None


@pytest.mark.parametrize("is_set", [True, False])
def test_a_task_with_an_algorithm_from_a_store(nora, root, asked, is_set):
    """The store is given, or was set; the server finds the image there."""
    store = root.store.create(URL, "Shop", all_collaborations=True)["id"]
    if is_set:
        nora.store.set(store)
    call = {"organizations": [3], "name": "n", "image": "count", "description": "", "input_": {}, "collaboration": 1}

    task = nora.task.create(**call, store=None if is_set else store, server_url=nora.base_path)

    assert (task["image"], task["algorithm_store"]["id"]) == ("count@sha256:01", store)
    assert [row["id"] for row in nora.task.iter(store=store)] == [task["id"]]
    assert [row["name"] for row in root.collaboration.iter(scope="global", algorithm_store=store)] == ["All", "Plain"]
