"""The journal: every request and its answer, without secrets."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import requests

from v6client.exceptions import ConnectionFailedError
from v6mockserver import MockServer, MockUsageError


@pytest.fixture
def server():
    """A server that root has logged in to, with an empty journal."""
    server = MockServer()
    server.clock.freeze()
    server.root = server.client()
    server.journal.clear()
    return server


def test_request_and_answer_are_kept(server):
    """An exchange has what was asked, by whom, and what was answered."""
    server.root.organization.create("North", "", "", "", "NL", "")

    exchange = server.journal.last
    assert (exchange.method, exchange.path, exchange.status) == ("POST", "/api/organization", 201)
    assert exchange.body["name"] == "North"
    assert exchange.answer["id"] == 2


def test_caller_is_whom_the_token_belongs_to(server):
    """A user is named, and kind and id are there as well."""
    server.root.organization.list()

    caller = server.journal.last.caller
    assert (str(caller), *caller) == ("user root", "user", 1, "root")


def test_who_has_no_token_is_nobody(server):
    """A public route may be called by anybody."""
    server.session().get(f"{server.url}/api/version")

    assert server.journal.last.caller is None


def test_a_token_of_another_server_belongs_to_nobody(server):
    """Only a genuine token names its owner."""
    foreign = MockServer().client().token

    server.session().get(f"{server.url}/api/user", headers={"Authorization": f"Bearer {foreign}"})

    assert server.journal.last.caller is None
    assert server.journal.last.headers["Authorization"] == "Bearer [nobody that this server knows]"


def test_an_expired_token_still_has_an_owner(server):
    """The journal tells whose request was refused."""
    headers = {"Authorization": f"Bearer {server.root.token}"}
    server.clock.advance(timedelta(hours=7))

    server.session().get(f"{server.url}/api/user", headers=headers)

    assert server.journal.last.status == 401
    assert str(server.journal.last.caller) == "user root"


@pytest.mark.slow
def test_nodes_and_containers_are_named_by_their_node():
    """What a node sends, and what its algorithms send, can be told apart."""
    server = MockServer.demo()
    server.algorithms.register("image", {"ask": lambda client: client.organization.list() and 1})
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    client.task.create(1, [2], "ask", "image", "", {"method": "ask"})

    assert len(server.journal.where(method="PATCH", path="/run/*", caller="node Cleveland")) == 3
    assert len(server.journal.where(method="GET", path="/organization", caller="container Cleveland")) == 1


def test_query_is_kept_and_parsed(server):
    """A parameter may be there more than once."""
    server.session().get(f"{server.url}/api/version?page=2&name=a%20b&name=c")

    assert server.journal.last.query == {"page": ["2"], "name": ["a b", "c"]}


def test_headers_are_kept(server):
    """Both ways, under their usual names."""
    headers = {"X-Request-Id": "7", "Content-Type": "application/json"}
    server.session().post(f"{server.url}/api/token/user", headers=headers, data="{}")

    exchange = server.journal.last
    assert exchange.headers["X-Request-Id"] == "7"
    assert exchange.headers["Content-Type"] == exchange.answer_headers["Content-Type"] == "application/json"


def test_a_request_without_a_body_has_none(server):
    """None is not the same as an empty object."""
    server.root.organization.list()

    assert server.journal.last.body is None


def test_a_page_is_text(server):
    """What is no JSON comes as it is."""
    server.session().get(f"{server.url}/api/nothing")

    assert server.journal.last.answer.startswith("<!doctype html>")


def test_duration_is_on_the_clock_of_the_server(server):
    """A scripted delay of a minute took a minute, whatever the test took."""
    server.faults.on(path="/version").delay(30)
    server.session().get(f"{server.url}/api/version")

    assert server.journal.last.duration == timedelta(seconds=30)


@pytest.mark.parametrize(
    ("criteria", "paths"),
    [
        ({}, ["/api/version", "/api/organization", "/api/organization/1", "/api/user/9"]),
        ({"method": "post"}, []),
        ({"path": "/organization"}, ["/api/organization"]),
        ({"path": "/api/organization"}, ["/api/organization"]),
        ({"path": "/organization/*"}, ["/api/organization/1"]),
        ({"path": "/*"}, ["/api/version", "/api/organization"]),
        ({"path": "/**"}, ["/api/version", "/api/organization", "/api/organization/1", "/api/user/9"]),
        ({"path": re.compile(r".*/\d")}, ["/api/organization/1", "/api/user/9"]),
        ({"caller": "root"}, ["/api/organization", "/api/organization/1", "/api/user/9"]),
        ({"caller": "user root"}, ["/api/organization", "/api/organization/1", "/api/user/9"]),
        ({"caller": "node root"}, []),
        ({"status": 404}, ["/api/user/9"]),
        ({"status": range(200, 300), "path": "/organization/*"}, ["/api/organization/1"]),
    ],
    ids=str,
)
def test_where_picks_exchanges(server, criteria, paths):
    """By method, path, caller and status; what is not given does not matter."""
    session = server.session()
    session.get(f"{server.url}/api/version")
    session.headers["Authorization"] = f"Bearer {server.root.token}"
    for path in ("organization", "organization/1", "user/9"):
        session.get(f"{server.url}/api/{path}")

    assert [exchange.path for exchange in server.journal.where(**criteria)] == paths


def test_where_can_be_asked_again(server):
    """What `where` returns is asked like the journal."""
    server.root.organization.list()
    server.root.organization.get(1)

    assert server.journal.where(caller="root").where(path="/organization/*").last is server.journal[1]


def test_a_path_that_cannot_match_is_a_mistake(server):
    """A missing slash would make an assertion on nothing."""
    with pytest.raises(MockUsageError, match="no path matches 'task'"):
        server.journal.where(path="task")


@pytest.mark.parametrize("status", ["200", "4xx"])
def test_a_text_is_no_status(server, status):
    """Or an assertion on nothing would pass while the journal is empty."""
    with pytest.raises(MockUsageError, match=r"it is a number, or several such as range\(400, 500\)"):
        server.journal.where(status=status)


def test_there_is_no_last_of_none(server):
    """Who asks for an exchange that did not happen is told so."""
    with pytest.raises(MockUsageError, match="no exchange here"):
        _ = server.journal.where(method="DELETE").last


def test_it_is_a_collection(server):
    """It has a length, items and slices."""
    for id_ in (1, 1, 1):
        server.root.organization.get(id_)

    assert len(server.journal) == 3
    assert server.journal[0] in server.journal
    assert [one.number for one in server.journal[1:]] == [2, 3]


def test_it_prints_as_a_table(server):
    """A failed assertion shows what happened."""
    server.clock.freeze(server.clock.now().replace(hour=12, minute=30, second=1, microsecond=5000))
    server.faults.on(path="/organization").reset()
    with pytest.raises(ConnectionFailedError):
        server.root.organization.list()
    server.session().get(f"{server.url}/api/version?page=1")

    assert repr(server.journal).splitlines() == [
        "#  time          caller     request                        answer                           took",
        "1  12:30:01.005  user root  GET /api/organization?sort=id  no answer (reset before acting)  0.0 ms",
        "2  12:30:01.005  -          GET /api/version?page=1        200                              0.0 ms",
    ]


def test_a_long_table_is_cut(server):
    """The newest ones are what matters."""
    for _ in range(23):
        server.session().get(f"{server.url}/api/version")

    lines = repr(server.journal).splitlines()
    assert lines[0] == "3 earlier exchanges, and:"
    assert lines[2].startswith("4 ")


def test_an_empty_table_says_so(server):
    """No header without rows."""
    assert repr(server.journal) == "no exchanges"


def test_an_exchange_prints_as_a_line(server):
    """Short enough for an assertion."""
    server.root.organization.get(1)

    assert repr(server.journal.last) == "<Exchange 1: user root GET /api/organization/1 -> 200>"


def test_its_size_is_limited(server):
    """The oldest exchanges go, and numbers go on."""
    server.journal.limit = 2
    for _ in range(3):
        server.session().get(f"{server.url}/api/version")

    assert [one.number for one in server.journal] == [2, 3]


def test_its_bytes_are_limited(server):
    """Large bodies make room by the exchanges before them."""
    server.journal.limit_bytes = 2500
    for _ in range(3):
        server.session().post(f"{server.url}/api/version", data=b"x" * 1000)

    assert [one.number for one in server.journal] == [2, 3]


def test_bodies_are_not_copied(server):
    """A large body is held by reference."""
    body = b"x" * 100_000
    headers = {"Content-Type": "application/octet-stream"}
    server.session().post(f"{server.url}/api/version", data=body, headers=headers)

    assert server.journal.last.body is body


def test_clear_starts_again(server):
    """The first exchange after it has number 1."""
    server.root.organization.list()
    server.journal.clear()
    server.root.organization.list()

    assert [one.number for one in server.journal] == [1]


@pytest.mark.slow
def test_a_request_that_starts_others_comes_before_them():
    """A task is created before its nodes ask for their runs."""
    server = MockServer.demo()
    server.algorithms.register("image", {"one": lambda df: 1})
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    server.journal.clear()

    client.task.create(1, [2], "one", "image", "", {"method": "one"}, databases="default")

    first = server.journal.where(method="POST", path="/task").last
    assert first.number < server.journal.where(caller="node Cleveland")[0].number


def test_threads_share_it():
    """Every request of eight threads is in it once, and its numbers are in order."""
    server = MockServer()

    def work(_):
        session = server.session()
        for _ in range(20):
            session.get(f"{server.url}/api/version")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))

    assert [one.number for one in server.journal] == list(range(1, 161))


def test_a_live_server_keeps_it_as_well():
    """Who has an answer from a port finds it in the journal, body and all."""
    with MockServer() as server:
        body = {"username": "root", "password": "wrong"}
        requests.post(f"{server.url}/api/token/user", json=body, timeout=5)

    exchange = server.journal.last
    assert (exchange.status, exchange.body["username"]) == (401, "root")
    assert exchange.answer["msg"]


def test_requests_are_acted_on_in_turn(server):
    """One at a time; what the server did not act on has no turn."""
    server.faults.on(path="/organization").answer(503, acted=True)
    server.faults.on(path="/user").answer(503)
    for path in ("version", "organization", "user", "nothing", "version"):
        server.session().get(f"{server.url}/api/{path}", headers={"Authorization": f"Bearer {server.root.token}"})

    turns = [exchange.turn for exchange in server.journal]
    first = turns[0]
    assert turns == [first, first + 1, None, None, first + 2]


CANARY = "canary-4711"


def everything_shown(exchange):
    """Return all that can be read off an exchange, as text."""
    shown = (exchange, exchange.headers, exchange.query, exchange.body, exchange.answer, exchange.answer_headers)
    return f"{shown!r} {exchange.request}"


@pytest.mark.parametrize("key", ["password", "new_password", "api_key", "Access-Token", "mfa_code", "otp_secret"])
def test_secrets_are_told_by_their_names(server, key):
    """In a body at any depth, in a query, and in a header."""
    body = {"list": [{key: CANARY}], key: {"deep": CANARY}, "name": "seen"}
    server.session().post(f"{server.url}/api/version", json=body, params={key: CANARY}, headers={f"X-{key}": CANARY})

    exchange = server.journal.last
    assert CANARY not in everything_shown(exchange)
    assert exchange.body == {"list": [{key: "[redacted]"}], key: "[redacted]", "name": "seen"}


def test_a_secret_that_is_null_is_shown(server):
    """That there is none is no secret."""
    server.root.user.get(1)

    assert server.journal.last.answer["otp_secret"] is None


def test_names_in_escapes_are_names(server):
    """JSON may spell a letter by its number."""
    data = json.dumps({"password": CANARY}).replace("pass", "p\\u0061ss")
    server.session().post(f"{server.url}/api/version", data=data)

    assert server.journal.last.body == {"password": "[redacted]"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be"])
def test_names_in_other_encodings_are_names(server, encoding):
    """The server reads JSON in all of them."""
    data = json.dumps({"username": "root", "password": CANARY}).encode(encoding)
    answer = server.session().post(
        f"{server.url}/api/token/user", data=data, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code == 401
    assert CANARY not in repr(server.journal.last.body)


def test_names_in_escapes_of_a_query_are_names(server):
    """A URL may as well."""
    server.session().get(f"{server.url}/api/version?p%61ss=seen&p%61ssword={CANARY}")

    assert server.journal.last.query == {"pass": ["seen"], "password": ["[redacted]"]}


@pytest.mark.parametrize("data", ['{"password": "canary-4711"', "username=root&password=canary-4711"])
def test_what_mentions_a_secret_and_is_no_json_is_withheld(server, data):
    """Rather nothing than too much."""
    server.session().post(f"{server.url}/api/version", data=data)

    assert server.journal.last.body == "[withheld: not JSON in UTF-8, and it may mention a secret]"


def test_tokens_of_a_login_are_not_shown(server):
    """Neither in the answer nor in its header."""
    token = server.client().token
    exchange = server.journal.where(path="/token/user").last

    assert token not in everything_shown(exchange)
    assert exchange.answer_headers["jwt-token"] == "[redacted]"


def test_a_bearer_token_is_not_kept(server):
    """Its owner stands in its place."""
    server.root.organization.list()

    exchange = server.journal.last
    assert exchange.headers["Authorization"] == "Bearer [user root]"
    assert server.root.token not in str(exchange._variables)


def test_other_credentials_are_not_kept(server):
    """A header Authorization is never shown, whatever it is; nor are cookies."""
    server.session().get(f"{server.url}/api/version", auth=("root", CANARY), headers={"Cookie": f"id={CANARY}"})

    assert CANARY not in everything_shown(server.journal.last)
