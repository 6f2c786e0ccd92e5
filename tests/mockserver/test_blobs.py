"""What large blobs cost: in process nothing, on a port one copy at a time."""

from __future__ import annotations

import pytest
import requests

from v6mockserver import MockServer, Settings
from v6mockserver._live import PIECE

CONTENT = bytes(range(256)) * 10_000


@pytest.fixture
def server():
    """A server with a blob store, and a collaboration with a node of root's organization."""
    server = MockServer(settings=Settings(large_result_store=True))
    client = server.client()
    client.collaboration.create("Here", [1], encrypted=False)
    client.node.create(1)
    return server


def headers(server):
    """Return the headers of a request of root's."""
    return {"Authorization": f"Bearer {server.client().token}"}


def upload(server, session, content):
    """Store a blob, name it in a task, and return its address."""
    url, own = f"{server.url}/api", headers(server)
    uuid = session.post(f"{url}/blobstream", data=content, headers=own, timeout=10).json()["uuid"]
    body = {"image": "image", "collaboration_id": 1, "organizations": [{"id": 1, "input": uuid}]}
    assert session.post(f"{url}/task", json=body, headers=own, timeout=10).status_code == 201
    return uuid, f"{url}/blobstream/{uuid}"


def test_nobody_copies_a_blob_in_process(server):
    """The server keeps the very object that was sent."""
    uuid, address = upload(server, server.session(), CONTENT)

    answer = server.session().get(address, headers=headers(server))

    assert server._world.blobs[uuid] is CONTENT
    assert answer.raw.getvalue() is CONTENT


def test_the_journal_knows_how_large_an_answer_is(server):
    """So that downloads count as what they are when there is room for no more exchanges."""
    _, address = upload(server, server.session(), CONTENT)
    server.session().get(address, headers=headers(server))

    exchange = server.journal.where(path="/blobstream/*").last

    assert exchange.size == len(CONTENT)
    assert exchange.answer == CONTENT


@pytest.mark.parametrize("size", [0, 1, PIECE, 2 * PIECE + 1])
def test_blobs_on_a_port(server, size):
    """Of any size, as a whole and in pieces."""
    content = (CONTENT * 2)[:size]
    with server, requests.Session() as session:
        session.trust_env = False
        pieces = (content[start : start + 100_000] for start in range(0, size, 100_000))
        for form in (content, pieces):
            _, address = upload(server, session, form)

            answer = session.get(address, headers=headers(server), timeout=10)

            assert answer.content == content
            assert answer.headers["Content-Length"] == str(size)


def test_snapshots_have_blobs(server):
    """A blob that came later is gone when the server is as it was."""
    before = server.snapshot()
    uuid, address = upload(server, server.session(), CONTENT)
    after = server.snapshot()

    server.restore(before)
    gone = server.session().get(address, headers=headers(server))
    server.restore(after)

    assert gone.status_code == 404
    assert server._world.blobs[uuid] is CONTENT


def test_4_0_has_no_blob_store():
    """The setting means nothing there."""
    server = MockServer(version="4.0", settings=Settings(large_result_store=True))

    assert server.session().get(f"{server.url}/api/blobstream/status").status_code == 404
    assert not server._world.stores_blobs
