"""Tokens: how they are got, what they say, and when they are refused."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from .network import DENIED, FAILED, GARBLED, INVALID, NOT_JSON, PASSWORD, REFUSED, UNREADABLE, outcome

pytestmark = pytest.mark.validated("4.15.2")

ACCESS = {"fresh", "iat", "jti", "type", "sub", "nbf", "csrf", "exp", "client_type", "roles"}


def claims(token):
    """Read a token without checking it."""
    body = token.split(".")[1]
    return json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))


@pytest.fixture
def station(server):
    """A node with a task in its collaboration, and who created it."""
    organization = server.organization()
    collaboration = server.collaboration(organization)
    node = server.node(organization, collaboration)
    creator = server.user(organization, roles=["Researcher"])
    return node, server.task(creator, collaboration, organization), creator


def test_claims_of_a_user(server):
    """An access token lives six hours, a refresh token two days; both say who and what kind."""
    user = server.user(roles=["Viewer"])
    answer = server.nobody.post("/token/user", {"username": user.row["username"], "password": PASSWORD}).json()
    access, refresh = claims(answer["access_token"]), claims(answer["refresh_token"])

    assert answer.keys() == {"access_token", "refresh_token", "refresh_url", "user_url"}
    assert (answer["refresh_url"], answer["user_url"]) == ("/api/token/refresh", f"/api/user/{user.id}")
    assert access.keys() == refresh.keys() == ACCESS
    assert (access["sub"], access["client_type"], access["roles"]) == (user.id, "user", ["Viewer"])
    assert (access["type"], access["exp"] - access["iat"], access["nbf"] - access["iat"]) == ("access", 21600, 0)
    assert (refresh["type"], refresh["exp"] - refresh["iat"]) == ("refresh", 172800)


def test_claims_of_a_node(server, station):
    """A node's token names its kind and no roles."""
    node, _, _ = station
    answer = server.nobody.post("/token/node", {"api_key": node.row["api_key"]})
    access = claims(answer.json()["access_token"])

    assert answer.json().keys() == {"access_token", "refresh_token", "refresh_url", "node_url"}
    assert answer.headers["jwt-token"] == answer.json()["access_token"]
    assert access.keys() == ACCESS
    assert (access["sub"], access["client_type"], access["roles"]) == (node.id, "node", [])


def test_claims_of_a_container(station):
    """It never expires, and says where and for what it runs."""
    node, task, _ = station
    answer = node.post("/token/container", {"task_id": task["id"], "image": task["image"]})
    read = claims(answer.json()["container_token"])

    assert answer.json().keys() == {"container_token"}
    assert read.keys() == ACCESS - {"exp"}
    assert (read["client_type"], read["roles"]) == ("container", [])
    assert read["sub"] == {
        "client_type": "container",
        "node_id": node.id,
        "organization_id": node.row["organization"]["id"],
        "collaboration_id": node.row["collaboration"]["id"],
        "study_id": None,
        "store_id": None,
        "task_id": task["id"],
        "image": task["image"],
        "databases": [],
    }


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"username": "root", "password": "wrong"}, DENIED),
        ({"username": "nobody-at-all", "password": "wrong"}, DENIED),
        ({"username": "root"}, INVALID),
        ({"username": "", "password": "x"}, INVALID),
        ({"username": "root", "password": 1}, INVALID),
        ({"username": "root", "password": "x", "more": 1}, INVALID),
        ({"username": "root", "password": "x", "mfa_code": "12345678901"}, INVALID),
        ([], INVALID),
        ("root", INVALID),
    ],
)
def test_refused_logins_of_users(server, body, expected):
    """Unknown and wrong look the same; a body that does not fit names its fields."""
    assert outcome(server.nobody.post("/token/user", body)) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"api_key": "6a1b7a44-8c8a-4ac1-9a3a-0d6e5d2f3b10"}, DENIED),
        ({"api_key": "not a uuid"}, INVALID),
        ({}, INVALID),
    ],
)
def test_refused_logins_of_nodes(server, body, expected):
    """A key has the form of a UUID, and is known."""
    assert outcome(server.nobody.post("/token/node", body)) == expected


def test_a_key_is_spelled_as_it_was_issued(server, station):
    """Another spelling of the same UUID passes the schema and is not known."""
    node, _, _ = station

    assert outcome(server.nobody.post("/token/node", {"api_key": node.row["api_key"].upper()})) == DENIED


def test_bodies_that_are_no_json(server):
    """The framework answers for the server."""
    typed = {"headers": {"Content-Type": "application/json"}}

    assert outcome(server.nobody.request("POST", "/token/user", data="{}")) == NOT_JSON
    assert outcome(server.nobody.request("POST", "/token/user", data="{", **typed)) == GARBLED
    assert outcome(server.nobody.request("POST", "/token/user", data="", **typed)) == GARBLED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"task_id": 999_999_999}, REFUSED),
        ({"image": "another"}, DENIED),
        ({"task_id": 0}, INVALID),
        ({"image": ""}, INVALID),
    ],
)
def test_refused_container_tokens(station, changes, expected):
    """The task is there, with exactly this image."""
    node, task, _ = station
    body = {"task_id": task["id"], "image": task["image"]} | changes

    assert outcome(node.post("/token/container", body)) == expected


def test_no_container_token_for_a_finished_task(station):
    """A task that has failed takes no more containers."""
    node, task, _ = station
    (run,) = node.get("/run", task_id=task["id"]).json()["data"]
    node.patch(f"/run/{run['id']}", {"status": "crashed"})

    assert outcome(node.post("/token/container", {"task_id": task["id"], "image": task["image"]})) == REFUSED


def test_no_container_token_for_another_collaboration(server, station):
    """A node serves one collaboration."""
    node, task, _ = station
    other = server.node(node.row["organization"], server.collaboration(node.row["organization"]))

    assert outcome(other.post("/token/container", {"task_id": task["id"], "image": task["image"]})) == DENIED


def test_renewal(server):
    """It gives two new tokens, and the old refresh token stays good."""
    user = server.user()
    answer = server.nobody.post("/token/user", {"username": user.row["username"], "password": PASSWORD}).json()
    renew = {"headers": {"Authorization": f"Bearer {answer['refresh_token']}"}}

    first, second = (server.nobody.post("/token/refresh", **renew) for _ in range(2))

    assert first.status_code == second.status_code == 200
    assert first.json().keys() == answer.keys()
    assert "jwt-token" not in first.headers
    assert claims(first.json()["access_token"])["sub"] == user.id


def test_who_is_turned_away_was_not_seen(server):
    """A login, a renewal, and a call to a route for others leave no trace of when the caller was seen."""
    organization = server.organization()
    node = server.node(organization, server.collaboration(organization))
    tokens = server.nobody.post("/token/node", {"api_key": node.row["api_key"]}).json()
    server.nobody.post("/token/refresh", headers={"Authorization": f"Bearer {tokens['refresh_token']}"})

    assert outcome(node.get("/user")) == FAILED
    assert server.root.get(f"/node/{node.id}").json()["last_seen"] is None


def test_validation(server, station):
    """A token's owner can be asked for; the kinds do not mix."""
    node, _, creator = station
    user, owner = creator.post("/token/user/validate"), node.post("/token/node/validate")

    assert user.json().keys() == {"msg", "user_id", "username", "email", "organization_id"}
    assert user.json()["user_id"] == creator.id
    assert owner.json().keys() == {"msg", "node_id", "name", "organization_id"}
    assert outcome(creator.post("/token/node/validate")) == outcome(node.post("/token/user/validate")) == FAILED


def forged(token):
    """Return a token with no signature that says what the given one says."""
    head = urlsafe_b64encode(b'{"alg": "none", "typ": "JWT"}').decode().rstrip("=")
    return f"{head}.{token.split('.')[1]}."


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, DENIED),
        ("Basic cm9vdDpyb290", DENIED),
        ("bearer {token}", DENIED),
        ("{token}", DENIED),
        ("Bearer", UNREADABLE),
        ("Bearer ", UNREADABLE),
        ("Bearer {token} more", UNREADABLE),
        ("Bearer garbage", UNREADABLE),
        ("Bearer {token}x", UNREADABLE),
        ("Bearer {forged}", UNREADABLE),
        ("Bearer {refresh}", UNREADABLE),
    ],
)
def test_refused_tokens(server, header, expected):
    """Only a token that this server made, of the right type and in the right form, opens anything."""
    answer = server.nobody.post("/token/user", {"username": "root", "password": "root"}).json()
    token = answer["access_token"]
    values = {"token": token, "forged": forged(token), "refresh": answer["refresh_token"]}
    headers = {} if header is None else {"Authorization": header.format(**values)}

    assert outcome(server.nobody.request("GET", "/user", headers=headers)) == expected


def test_an_access_token_renews_nothing(server):
    """Renewal takes the other type."""
    assert outcome(server.root.post("/token/refresh")) == UNREADABLE


def test_a_deleted_user_is_nobody(server):
    """Their token dies with them."""
    user = server.user()
    server.root.delete(f"/user/{user.id}")

    assert outcome(user.get("/user")) == DENIED


@pytest.mark.parametrize("path", ["/user", "/role", "/rule", "/node"])
def test_containers_are_not_for_every_route(station, path):
    """Server quirk: the wrong kind of caller gets a 500."""
    node, task, _ = station
    token = node.post("/token/container", {"task_id": task["id"], "image": task["image"]}).json()["container_token"]

    answer = node.request("GET", path, headers={"Authorization": f"Bearer {token}"})

    assert outcome(answer) == FAILED


def test_a_node_is_not_a_user(station):
    """Server quirk: the wrong kind of caller gets a 500."""
    node, _, _ = station

    assert outcome(node.get("/user")) == FAILED


@pytest.mark.parametrize(("attempts", "status"), [(4, 200), (5, 401)])
def test_five_wrong_passwords_lock_an_account(in_process, attempts, status):
    """The fifth one locks it, also for the right password. The real server counts later, in a thread of its own."""
    user = in_process.user()
    credentials = {"username": user.row["username"], "password": PASSWORD}
    for _ in range(attempts):
        in_process.nobody.post("/token/user", {**credentials, "password": "wrong"})

    assert in_process.nobody.post("/token/user", credentials).status_code == status
