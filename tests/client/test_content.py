"""Bodies that are made on their way: as long as they say, the same each time, and whole at the other end."""

from __future__ import annotations

import json
import socket
from base64 import b64decode
from functools import reduce
from itertools import pairwise
from threading import Event, Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6client import exceptions
from v6client._content import BYTES, ENOUGH, JSON, Content, joined, task_body
from v6client._http import Connection

from .test_http import connected, tokens


def content(*pieces, media_type=BYTES):
    """Return a content of these pieces."""
    return Content(sum(map(len, pieces)), lambda: pieces, media_type)


@given(pieces=st.lists(st.binary(max_size=50)))
def test_a_content_is_its_pieces(pieces):
    """However they are cut, they come in order, as many as were announced, and again when asked again."""
    whole = joined([content(*pieces), b"!", content(*pieces)], JSON)

    assert b"".join(whole) == b"".join(whole) == b"".join([*pieces, b"!", *pieces])
    assert len(whole) == len(b"".join(whole))


def test_small_pieces_travel_together():
    """What would be thousands of packets is a few."""
    sizes = [len(piece) for piece in content(*[b"x" * 100] * 2000)]

    assert sum(sizes) == 200_000
    assert len(sizes) == 200_000 // ENOUGH + 1
    assert all(size >= ENOUGH for size, _ in pairwise(sizes))


@pytest.mark.parametrize("count", [1, 3])
def test_a_task_is_json(count):
    """It is the object that the server expects, whatever the other fields hold."""
    fields = {"name": 'a "name"', "description": "naïve ≥ 1 ]}", "databases": [{"label": "default"}]}

    body = task_body(fields, [(id_, content(b"YW", b"Jj")) for id_ in range(count)])

    assert body.media_type == JSON
    assert json.loads(b"".join(body)) == {
        **fields,
        "organizations": [{"id": id_, "input": "YWJj"} for id_ in range(count)],
    }


@pytest.mark.parametrize("label", [float("nan"), object(), reduce(lambda inner, _: [inner], range(100_000), [])])
def test_a_task_that_is_no_json_is_refused(label):
    """The error comes before anything is sent."""
    with pytest.raises(exceptions.UsageError, match="cannot be written as JSON"):
        task_body({"databases": [{"label": label}]}, [])


def test_an_error_about_it_is_without_it():
    """What was sent may be much, or secret."""
    connection, _ = connected((400, {"msg": "no"}))

    with pytest.raises(exceptions.InvalidInputError) as caught:
        connection.request("POST", "task", content=content(b"secret"))

    assert caught.value.request.body is None


def test_it_is_sent_with_its_length():
    """As a body of known length, which every server takes."""
    connection, script = connected((200, {}))

    connection.request("POST", "task", content=content(b"12", b"345", media_type=JSON))

    (request,) = script.requests
    assert request.headers["Content-Length"] == "5"
    assert request.headers["Content-Type"] == JSON
    assert "Transfer-Encoding" not in request.headers


def test_an_empty_one_has_a_length_too():
    """Nothing is sent as nothing, not in chunks."""
    connection, script = connected((200, {}))

    connection.request("POST", "blobstream", content=content())

    assert script.requests[0].headers["Content-Length"] == "0"


def test_it_is_sent_again_with_a_new_token():
    """A token that has expired costs one more request, with the same body."""
    connection, script = connected((401, {"msg": "expired"}), (200, tokens("new")), (200, {}))

    connection.request("POST", "task", content=content(b"same"))

    first, _, second = script.requests
    assert b"".join(first.body) == b"".join(second.body) == b"same"


@pytest.mark.parametrize("live", [False, True])
def test_a_server_gets_all_of_it(root, server, live):
    """In process and through a socket."""
    key = b"QUFB" * ENOUGH
    body = joined([b'{"name": "New", "public_key": "', content(key[:-8], key[-8:]), b'"}'], JSON)
    if not live:
        made = root.connection.request("POST", "organization", content=body)
    else:
        with server:
            made = server.client("root").connection.request("POST", "organization", content=body)

    assert b64decode(made["public_key"]) == b64decode(key)


def test_a_server_may_let_it_wait():
    """One that is busy does not read for a while; the limit is that of an answer, not that of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

        def serve():
            peer, _ = listener.accept()
            with peer:
                Event().wait(0.3)
                while b"the end" not in peer.recv(1 << 20):
                    pass
                peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        thread = Thread(target=serve)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=(0.1, 10))
        assert connection.request("POST", "task", content=content(*[bytes(1 << 20)] * 8, b"the end")) == {}
        connection.close()
        thread.join()


def test_a_server_may_not_let_it_wait_for_ever():
    """One that never reads is told from one that is gone."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=0.05)

        with pytest.raises(exceptions.ConnectionTimeoutError, match="timeout="):
            connection.request("POST", "task", content=content(*[bytes(1 << 20)] * 8))

        connection.close()


def test_a_download_comes_in_pieces():
    """Nothing is asked before the first piece is."""
    connection, script = connected((200, b"bytes"))
    pieces = connection.download("blobstream/x")
    assert script.requests == []

    assert b"".join(pieces) == b"bytes"
    assert script.asked == ["GET /api/blobstream/x"]


def test_a_refused_download_is_an_exception():
    """As of every other call."""
    connection, _ = connected((404, {"msg": "no blob"}))

    with pytest.raises(exceptions.NotFoundError, match="no blob"):
        next(connection.download("blobstream/x"))


def test_a_download_that_breaks_off_is_an_exception():
    """What came until then is not taken for all."""
    connection, script = connected((200, b"half"))
    script.headers = {"Content-Length": "8"}

    with pytest.raises(exceptions.MalformedAnswerError, match="4 of 8 bytes"):
        list(connection.download("blobstream/x"))
