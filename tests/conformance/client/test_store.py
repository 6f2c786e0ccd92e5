"""Algorithm stores, as the server knows them."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, UsageError

from ..algorithm_store import MISSING, AlgorithmStore
from .network import ALPHA, FAR, IMAGE, INPUT, OPEN, UNKNOWN

pytestmark = pytest.mark.only_on("4.15")


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return [row["id"] for row in (page["data"] if isinstance(page, dict) else page)]


@pytest.fixture(scope="module")
def url():
    """Where a store is that takes every server in."""
    with AlgorithmStore() as store:
        yield store.url


@pytest.fixture
def store(root, url):
    """A store that the open collaboration can use."""
    return root.store.create(url, "Shop", OPEN, force=True)["id"]


def test_list(root, url, store):
    """Filters and pages are the server's."""
    assert ids(root.store.list(name="S%", url=url, collaboration=OPEN)) == [store]
    assert ids(root.store.list(collaboration=FAR)) == []
    assert ids(root.store.list(page=2, per_page=1)) == []


def test_table(root, store):
    """It has the rows of the list."""
    table = root.store.table(name="S%")

    assert table.rows == root.store.list(name="S%")["data"] != []


def test_iter(root, url, store):
    """It walks them all, with the filters of `list`."""
    other = root.store.create(url, "Other", FAR, force=True)["id"]

    assert ids(root.store.iter()) == [store, other]
    assert ids(root.store.iter(name="O%", url=url, collaboration=FAR)) == [other]


def test_get(root, url, store):
    """One by its id."""
    assert root.store.get(store)["url"] == url
    with pytest.raises(NotFoundError):
        root.store.get(UNKNOWN)


def test_set(root, url, store):
    """It is the one that calls without another are about."""
    with pytest.raises(UsageError, match=r"store\.set"):
        root.store.update(name="Nobody's")

    assert root.store.set(store)["url"] == url

    assert root.store.update(name="Corner shop")["id"] == store


def test_create(root, url):
    """It is for one collaboration, or for all."""
    one = root.store.create(url, "Shop", OPEN, force=True)
    every = root.store.create(url, "Shop", all_collaborations=True, force=True)

    assert (one["name"], one["url"]) == ("Shop", url)
    assert every["id"] in ids(root.store.list(collaboration=FAR))


def test_create_on_the_servers_own_machine(root, url):
    """That is refused, unless it is forced."""
    with pytest.raises(InvalidInputError):
        root.store.create(url, "Shop", OPEN)


def test_update(root, store):
    """What is not given stays."""
    before = root.store.get(store)

    assert root.store.update(store, name="Corner shop") == before | {"name": "Corner shop"}
    root.store.update(store, collaboration=FAR)

    assert ids(root.store.list(collaboration=FAR)) == [store]


def test_delete(root, store):
    """The server forgets it."""
    root.store.delete(store)

    with pytest.raises(NotFoundError):
        root.store.get(store)


def test_a_task_from_a_store(nora, store):
    """The store says which image that is; what it does not have cannot be run."""
    at = {"store": store, "server_url": "https://server.example.org/api"}
    task = nora.task.create(OPEN, [ALPHA], "average", IMAGE, "", INPUT, **at)

    assert task["image"].startswith(IMAGE.partition(":")[0])
    assert ids(nora.task.list(name="average")) == [task["id"]]
    with pytest.raises(InvalidInputError):
        nora.task.create(OPEN, [ALPHA], "average", MISSING, "", INPUT, **at)
