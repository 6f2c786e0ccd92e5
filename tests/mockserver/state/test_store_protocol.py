"""What is asked of algorithm stores, and what becomes of their replies; no store is involved."""

from __future__ import annotations

import pytest

from v6mockserver._errors import BadRequestError, NotFoundError, RefusedError
from v6mockserver.state import store_protocol
from v6mockserver.state.settings import Settings
from v6mockserver.state.store_protocol import Asker
from v6mockserver.state.talk import Reply

STORE = "https://store.example.org/api"
ME = Asker("https://server.example.org/api/", "Bearer token")


def go_through(talk, *replies):
    """Go through with a talk; return its questions, as method and path, and its result."""
    questions, left = [], list(replies)
    try:
        question = next(talk)
        while True:
            questions.append(f"{question.method} {question.url.removeprefix(STORE)}")
            question = talk.send(left.pop(0))
    except StopIteration as end:
        assert left == []
        return questions, end.value


def test_a_question_tells_who_asks():
    """In its headers are this server's address, without a slash at the end, and the caller's token."""
    question = next(store_protocol.take_in(STORE, ME, force=True))

    assert (question.method, question.url) == ("POST", f"{STORE}/vantage6-server")
    assert question.headers == {"server_url": "https://server.example.org/api", "Authorization": "Bearer token"}
    assert question.body == {"url": "https://server.example.org/api/", "force": True}


@pytest.mark.parametrize(
    ("settings", "sent", "url"),
    [
        (None, "https://sent.org", "https://sent.org"),
        ("https://set.org", "https://sent.org", "https://sent.org"),
        ("https://set.org", None, "https://set.org/api"),
        ("https://set.org/api", "", "https://set.org/api"),
    ],
)
def test_where_this_server_is(settings, sent, url):
    """The request tells, or else the settings, to which the API path is added."""
    assert store_protocol.asker(Settings(server_url=settings), sent, "").server_url == url


def test_nobody_knows_where_this_server_is():
    """Then no store can be asked."""
    with pytest.raises(BadRequestError):
        store_protocol.asker(Settings(), None, "")


@pytest.mark.parametrize("status", [200, 201, 208])
def test_taken_in(status):
    """One yes is enough."""
    assert go_through(store_protocol.take_in(STORE, ME, force=False), Reply(status)) == (
        ["POST /vantage6-server"],
        None,
    )


def test_not_taken_in_by_a_public_store():
    """Its algorithms are for everybody anyhow."""
    replies = [Reply(403), Reply(200, {"algorithm_view": "public"})]
    questions, _ = go_through(store_protocol.take_in(STORE, ME, force=False), *replies)

    assert questions == ["POST /vantage6-server", "GET /policy/public"]


@pytest.mark.parametrize(
    ("replies", "status"),
    [
        ([Reply(None)], 404),
        ([Reply(500)], 500),
        ([Reply(401, {"msg": "who?"})], 401),
        ([Reply(403), Reply(200, {"algorithm_view": "private"})], 403),
        ([Reply(403), Reply(200, ["public"])], 403),
        ([Reply(403), Reply(500, {"algorithm_view": "public"})], 403),
    ],
)
def test_not_taken_in(replies, status):
    """An error is passed on with its status; nobody there is not found."""
    with pytest.raises(RefusedError) as caught:
        go_through(store_protocol.take_in(STORE, ME, force=False), *replies)

    assert caught.value.status == status


def test_what_a_store_said_is_passed_on():
    """The words of the store are in the refusal."""
    with pytest.raises(RefusedError, match="who are you"):
        go_through(store_protocol.take_in(STORE, ME, force=False), Reply(401, {"msg": "who are you?"}))


@pytest.mark.parametrize("reply", [Reply(None), Reply(500), Reply(403, {})])
@pytest.mark.parametrize("url", ["http://localhost:5000/api", "http://127.0.0.1:5000/api"])
def test_a_store_on_this_machine(url, reply):
    """Server quirk: whatever is wrong with it is a bad request."""
    with pytest.raises(BadRequestError):
        go_through(store_protocol.take_in(url, ME, force=True), reply)


def test_let_go():
    """Every entry that the store has of this server is deleted."""
    replies = [Reply(200, [{"id": 1}, {"id": 2}]), Reply(200), Reply(200)]
    questions, _ = go_through(store_protocol.let_go(STORE, ME), *replies)

    assert questions == ["GET /vantage6-server", "DELETE /vantage6-server/1", "DELETE /vantage6-server/2"]


@pytest.mark.parametrize("reply", [Reply(403), Reply(200, []), Reply(200, {"data": []}), Reply(200, [1, {}])])
def test_nothing_to_let_go(reply):
    """A store that never took this server in has nothing to forget, and what makes no sense is passed over."""
    assert go_through(store_protocol.let_go(STORE, ME), reply) == (["GET /vantage6-server"], None)


def test_a_store_that_does_not_let_go():
    """Its error is passed on."""
    with pytest.raises(NotFoundError):
        go_through(store_protocol.let_go(STORE, ME), Reply(200, [{"id": 1}]), Reply(None))


@pytest.mark.parametrize("digest", ["sha256:01", None])
def test_found(digest):
    """An image as the store names it, and its digest if it has one."""
    reply = Reply(200, {"data": [{"image": "found", "digest": digest}]})
    _, found = go_through(store_protocol.find(STORE, ME, "image"), reply)

    assert found == ("found", digest)


@pytest.mark.parametrize(
    "reply", [Reply(None), Reply(500), Reply(200), Reply(200, {"data": []}), Reply(200, {"data": [{"image": "found"}]})]
)
def test_not_found(reply):
    """Whatever goes wrong is a bad request."""
    with pytest.raises(BadRequestError):
        go_through(store_protocol.find(STORE, ME, "image"), reply)
