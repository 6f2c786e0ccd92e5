"""Passwords, second factors and api keys: changing them, losing them, and setting them anew."""

from __future__ import annotations

import pytest

from .network import DENIED, DONE, INVALID, MISSING, OK, PASSWORD, REFUSED, deviates, made, outcome

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999
NEW = "Another-word-2"
LONG = "x" * 129
WEAK = ["Short-1", "no-digit-Here", "no-upper-1", "NO-LOWER-1", "NoSpecial1", "A-1" + "x" * 126]


@pytest.mark.parametrize("password", WEAK)
@pytest.mark.parametrize(
    ("method", "path", "key", "others"),
    [
        ("PATCH", "/password/change", "new_password", {"current_password": PASSWORD}),
        ("POST", "/recover/reset", "password", {"reset_token": "x"}),
    ],
)
def test_weak_passwords(server, method, path, key, others, password):
    """A new password breaks no rule, wherever it is set; the first one that it breaks is named."""
    user = server.user()

    answer = user.request(method, path, json={**others, key: password})

    assert outcome(answer) == INVALID
    assert answer.json()["errors"].keys() == {key}
    assert len(answer.json()["errors"][key]) == 1


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, INVALID),
        ({"current_password": PASSWORD}, INVALID),
        ({"new_password": NEW}, INVALID),
        ({"current_password": None, "new_password": NEW}, INVALID),
        ({"current_password": LONG, "new_password": NEW}, INVALID),
        ({"current_password": PASSWORD, "new_password": NEW, "more": 1}, INVALID),
        ({"current_password": "", "new_password": NEW}, DENIED),
        ({"current_password": "wrong", "new_password": NEW}, DENIED),
        ({"current_password": PASSWORD, "new_password": PASSWORD}, REFUSED),
        ({"current_password": PASSWORD, "new_password": NEW}, DONE),
    ],
)
def test_changing_a_password(server, body, expected):
    """It takes the current one, and another."""
    assert outcome(server.user().patch("/password/change", body)) == expected


def test_a_changed_password(server):
    """The new one logs in, the old one does not, and the tokens of before stay good."""
    user = server.user()
    user.patch("/password/change", {"current_password": PASSWORD, "new_password": NEW})

    assert (
        outcome(server.nobody.post("/token/user", {"username": user.row["username"], "password": PASSWORD})) == DENIED
    )
    assert server.login(user.row["username"], NEW).token
    assert user.get(f"/user/{user.id}").status_code == OK


@pytest.mark.parametrize(
    ("path", "body", "expected"),
    [
        ("/recover/lost", {}, INVALID),
        ("/recover/lost", {"email": "nobody"}, INVALID),
        ("/recover/lost", {"email": None}, INVALID),
        ("/recover/lost", {"username": LONG}, INVALID),
        ("/recover/lost", {"username": None}, INVALID),
        ("/recover/lost", {"username": "x", "more": 1}, INVALID),
        ("/recover/lost", {"username": ""}, DONE),
        ("/recover/lost", {"username": "nobody-at-all"}, DONE),
        ("/recover/lost", {"email": "nobody@example.org"}, DONE),
        ("/recover/reset", {}, INVALID),
        ("/recover/reset", {"reset_token": "x"}, INVALID),
        ("/recover/reset", {"password": NEW}, INVALID),
        ("/recover/reset", {"reset_token": "x" * 1025, "password": NEW}, INVALID),
        ("/recover/reset", {"reset_token": None, "password": NEW}, INVALID),
        ("/recover/reset", {"reset_token": "x", "password": NEW}, REFUSED),
        ("/recover/reset", {"reset_token": "", "password": NEW}, REFUSED),
        ("/recover/2fa/lost", {}, INVALID),
        ("/recover/2fa/lost", {"username": "x"}, INVALID),
        ("/recover/2fa/lost", {"password": PASSWORD}, INVALID),
        ("/recover/2fa/lost", {"email": "x@example.org", "password": PASSWORD}, INVALID),
        ("/recover/2fa/lost", {"username": "", "password": PASSWORD}, INVALID),
        ("/recover/2fa/lost", {"username": "x", "password": LONG}, INVALID),
        ("/recover/2fa/lost", {"username": "nobody-at-all", "password": PASSWORD}, DENIED),
        ("/recover/2fa/lost", {"username": "root", "password": "wrong"}, DENIED),
        ("/recover/2fa/reset", {}, INVALID),
        ("/recover/2fa/reset", {"reset_token": "x" * 1025}, INVALID),
        ("/recover/2fa/reset", {"reset_token": "x", "password": NEW}, INVALID),
        ("/recover/2fa/reset", {"reset_token": "x"}, REFUSED),
    ],
)
def test_what_nobody_in_particular_may_ask(server, path, body, expected):
    """Nobody logs in here; whether an account exists stays a secret."""
    assert outcome(server.nobody.post(path, body)) == expected


@pytest.mark.parametrize(("path", "others"), [("/recover/reset", {"password": NEW}), ("/recover/2fa/reset", {})])
def test_an_access_token_resets_nothing(server, path, others):
    """Not copied: the real server fails with a 500."""
    body = {"reset_token": server.root.token, **others}

    assert outcome(server.nobody.post(path, body)) == server.expected(deviates(mock=REFUSED, real=(500, ["msg"])))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({}, INVALID),
        ({"id": 0}, INVALID),
        ({"id": "x"}, INVALID),
        ({"id": 1, "more": 1}, INVALID),
        ({"id": ABSENT}, MISSING),
    ],
)
def test_refused_api_keys(server, body, expected):
    """The body names a node."""
    assert outcome(server.root.post("/recover/node", body)) == expected


def test_a_user_has_no_api_key(server):
    """The id of a user is not that of a node, although both come from one sequence."""
    assert outcome(server.root.post("/recover/node", {"id": server.root.id})) == MISSING


@pytest.mark.parametrize(
    ("place", "rules", "expected"),
    [
        ("own", ["node EDIT GLOBAL"], (OK, ["api_key"])),
        ("own", ["node EDIT ORGANIZATION"], (OK, ["api_key"])),
        ("own", ["node EDIT COLLABORATION"], (OK, ["api_key"])),
        ("own", ["node VIEW GLOBAL", "node CREATE GLOBAL"], DENIED),
        ("partner", ["node EDIT COLLABORATION"], (OK, ["api_key"])),
        ("partner", ["node EDIT ORGANIZATION"], DENIED),
        ("stranger", ["node EDIT GLOBAL"], (OK, ["api_key"])),
        ("stranger", ["node EDIT COLLABORATION", "node EDIT ORGANIZATION"], DENIED),
    ],
)
def test_who_may_give_a_node_another_key(server, place, rules, expected):
    """Whoever may edit the node."""
    organizations = {name: server.organization() for name in ("own", "partner", "stranger")}
    shared = server.collaboration(organizations["own"], organizations["partner"])
    alone = server.collaboration(organizations["stranger"])
    node = server.node(organizations[place], alone if place == "stranger" else shared)

    answer = server.user(organizations["own"], *rules).post("/recover/node", {"id": node.id})

    assert outcome(answer) == expected


def test_another_api_key(server):
    """The new key logs in, the old one does not, and the tokens of before stay good."""
    organization = server.organization()
    node = server.node(organization, server.collaboration(organization))
    key = made(server.root.post("/recover/node", {"id": node.id}))["api_key"]

    assert key != node.row["api_key"]
    assert outcome(server.nobody.post("/token/node", {"api_key": node.row["api_key"]})) == DENIED
    assert server.nobody.post("/token/node", {"api_key": key}).status_code == OK
    assert node.get(f"/node/{node.id}").status_code == OK


@pytest.mark.configured(smtp=False)
def test_a_server_without_mail_says_so(server):
    """It cannot send a token to who knows their password; to others it says nothing."""
    user = server.user()
    credentials = {"username": user.row["username"], "password": PASSWORD}

    assert outcome(server.nobody.post("/recover/2fa/lost", credentials)) == REFUSED
    assert outcome(server.nobody.post("/recover/2fa/lost", {**credentials, "password": "wrong"})) == DENIED
    assert outcome(server.nobody.post("/recover/lost", {"username": user.row["username"]})) == DONE
