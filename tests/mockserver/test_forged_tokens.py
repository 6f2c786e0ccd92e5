"""Every route of every release refuses tokens that are not genuine, not valid now, or of the other type."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path

import jwt
import pytest

from v6mockserver import MockServer
from v6mockserver._app import routes_of
from v6mockserver.state.releases import RELEASES

KEYS = Path(__file__).parents[2] / "fixtures" / "keys"
RSA = jwt.get_algorithm_by_name("RS256")
HASHES = {"HS256": hashlib.sha256, "HS384": hashlib.sha384, "HS512": hashlib.sha512}
FOREIGN = "00" * 32
TWO_DAYS = 48 * 3600


def guarded(version):
    """Return the routes of a release that take a token."""
    return [route for route in routes_of(RELEASES[version]) if route.callers or route.reads]


ROUTES = [
    pytest.param(version, route, id=f"{version} {route.method} {route.path}")
    for version in RELEASES
    for route in guarded(version)
]


def encoded(part):
    """Return a part of a token as it is in there."""
    raw = part if isinstance(part, bytes) else json.dumps(part).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(part):
    """Return what a part of a token says."""
    return json.loads(urlsafe_b64decode(part + "=="))


def made(claims, key, *, header=(), algorithm="HS256"):
    """Return a token that is made by hand, because libraries refuse to make bad ones."""
    text = ".".join(encoded(part) for part in ({"typ": "JWT", "alg": algorithm} | dict(header), claims))
    signature = hmac.new(key.encode(), text.encode(), HASHES[algorithm]).digest() if key is not None else b""
    return f"{text}.{encoded(signature)}"


class Cast:
    """A server, and the tokens that were issued there to a user, a node and a user who is gone."""

    def __init__(self, version):
        self.server = MockServer(version=version)
        self.server.clock.freeze()
        root = self.server.client()
        collaboration = root.collaboration.create("all", [1])
        node = root.node.create(collaboration["id"], 1)
        gone = root.node.create(root.collaboration.create("more", [1])["id"], 1)
        user = root.user.create("gone", "a", "b", "Secret-42!", "gone@x.org")
        self.secret = self.server._world.secret
        self.user, self.refresh = self.login("user", username="root", password="root")
        self.node, self.node_refresh = self.login("node", api_key=node["api_key"])
        self.gone, self.gone_refresh = self.login("user", username="gone", password="Secret-42!")
        self.gone_node, _ = self.login("node", api_key=gone["api_key"])
        self.server.session().post(f"{self.server.url}/api/recover/lost", json={"username": "root"})
        self.reset = self.server.outbox.last.token
        root.connection.request("DELETE", f"user/{user['id']}")
        root.connection.request("DELETE", f"node/{gone['id']}")

    def login(self, kind, **credentials):
        """Return an access and a refresh token."""
        answer = self.server.session().post(f"{self.server.url}/api/token/{kind}", json=credentials).json()
        return answer["access_token"], answer["refresh_token"]

    def genuine(self, route):
        """Return a token that this route takes, or would take at another time."""
        if route.reads:
            return self.refresh
        return self.user if "user" in route.callers else self.node

    def of_other_type(self, route):
        """Return one that has the wrong type."""
        if route.reads:
            return self.user
        return self.refresh if "user" in route.callers else self.node_refresh

    def of_the_deleted(self, route):
        """Return one whose user or node is gone."""
        if route.reads:
            return self.gone_refresh
        return self.gone if "user" in route.callers else self.gone_node

    def ask(self, route, token, scheme="Bearer"):
        """Return the status of an answer to a request with this token."""
        path = re.sub(r"<[^>]+>", "1", route.path)
        headers = {"Authorization": f"{scheme} {token}"}
        session = self.server.session()
        return session.request(route.method, f"{self.server.url}/api{path}", headers=headers, json={}).status_code


@cache
def rsa_key():
    """Return a key pair that the server has nothing to do with; reading one takes its time."""
    return RSA.prepare_key((KEYS / "insecure-test-key-01.pem").read_text())


@cache
def forged(cast, genuine):
    """Return tokens that somebody made who does not know the secret, or chose another algorithm, by what is wrong."""
    head, body, signature = genuine.split(".")
    claims = decoded(body)
    jwk = RSA.to_jwk(rsa_key().public_key())
    own = {"jwk": {"kty": "oct", "k": encoded(FOREIGN.encode())}}
    return {
        "algorithm none": made(claims, None, header={"alg": "none"}),
        "algorithm None": made(claims, None, header={"alg": "None"}),
        "algorithm none, signed": made(claims, cast.secret, header={"alg": "none"}),
        "no algorithm": made(claims, cast.secret, header={"alg": None}),
        "no signature": f"{head}.{body}.",
        "HS384": made(claims, cast.secret, algorithm="HS384"),
        "HS512": made(claims, cast.secret, algorithm="HS512"),
        "RS256": jwt.encode(claims, rsa_key(), "RS256"),
        "RS256 that is HS256": made(claims, jwk, header={"alg": "RS256"}),
        "another key": made(claims, FOREIGN),
        "an empty key": made(claims, ""),
        "a key in the token": made(claims, FOREIGN, header=own),
        "a key that is a file": made(claims, "", header={"kid": "/dev/null"}),
        "other claims": f"{head}.{encoded(claims | {'sub': 1, 'exp': 2**40})}.{signature}",
        "another signature": f"{head}.{body}.{encoded(b'0' * 32)}",
        "a shortened signature": f"{head}.{body}.{signature[:-4]}",
        "another server's": MockServer().client().token,
        "garbage": "a.b.c",
        "not a token": "root",
        "not text": "\xff\xfe",
    }


@pytest.fixture(scope="module")
def casts():
    """The cast of each release; refused requests leave it as it is, which a test checks."""
    return {version: Cast(version) for version in RELEASES}


@pytest.fixture
def cast(casts, version):
    """The cast of the release that is asked."""
    cast = casts[version]
    now = cast.server.clock.now()
    yield cast
    cast.server.clock.freeze(now)


CONTAINER = {"node_id": 2, "organization_id": 1, "collaboration_id": 1, "task_id": 1, "image": "i"}
MALFORMED = {
    "a list for a subject": {"sub": [1]},
    "a user with the id of a node": {"sub": 2},
    "a node with the id of a user": {"client_type": "node", "sub": 1},
    "a node with an object": {"client_type": "node", "sub": CONTAINER},
    "a list for a kind": {"client_type": ["user"]},
    "an object for a kind": {"client_type": {}},
    "a container with a number": {"client_type": "container", "sub": 1},
    "a container without ids": {"client_type": "container", "sub": {"image": "i"}},
    "a container with a list for an id": {"client_type": "container", "sub": CONTAINER | {"node_id": [2]}},
    "a container without an image": {"client_type": "container", "sub": CONTAINER | {"image": None}},
    "a mail to nobody": {"client_type": "container", "sub": {"id": "nobody"}},
    "text for an age": {"exp": "soon"},
    "text for a beginning": {"nbf": "soon"},
}


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("spoilt", MALFORMED.values(), ids=list(MALFORMED))
def test_malformed_tokens_are_refused(cast, spoilt):
    """No server makes them, but whoever knows the secret can; they belong to nobody."""
    claims = decoded(cast.user.split(".")[1]) | spoilt
    token = made(claims, cast.secret)
    session, api = cast.server.session(), f"{cast.server.url}/api"

    used = session.get(f"{api}/organization", headers={"Authorization": f"Bearer {token}"})
    reset = session.post(f"{api}/recover/reset", json={"reset_token": token, "password": "Secret-42!"})

    assert (used.status_code, reset.status_code) in {(500, 400), (422, 422)}
    assert "token" in used.json()["msg"]


@pytest.mark.parametrize(("version", "route"), ROUTES)
def test_forged_tokens_are_refused(cast, route):
    """Whatever a token looks like that is not made with the server's secret and algorithm, it is not readable."""
    before = cast.server.dump()
    statuses = {name: cast.ask(route, token) for name, token in forged(cast, cast.genuine(route)).items()}

    assert {name: status for name, status in statuses.items() if status != 422} == {}
    assert cast.server.dump() == before


def answers(cast, token_for, scheme="Bearer"):
    """Return the statuses that all routes answer with, each asked with a token of its own, and how many there are."""
    return Counter(cast.ask(route, token_for(route), scheme) for route in guarded(cast.server.version))


def refusals(cast, status):
    """Return what `answers` returns if all of them refuse."""
    return {status: len(guarded(cast.server.version))}


@pytest.mark.parametrize("version", RELEASES)
def test_expired_tokens_are_refused(cast):
    """On every route, from the second on in which they expire."""
    cast.server.clock.advance(TWO_DAYS)

    assert answers(cast, cast.genuine) == refusals(cast, 401)


@pytest.mark.parametrize("version", RELEASES)
def test_tokens_from_the_future_are_refused(cast):
    """Before their time they are as good as none."""
    cast.server.clock.freeze(cast.server.clock.now() - timedelta(seconds=1))

    assert answers(cast, cast.genuine) == refusals(cast, 422)


@pytest.mark.parametrize("version", RELEASES)
def test_tokens_of_the_other_type_are_refused(cast):
    """A refresh token opens nothing but its own route, and nothing else opens that."""
    assert answers(cast, cast.of_other_type) == refusals(cast, 422)


@pytest.mark.parametrize("version", RELEASES)
def test_tokens_from_mails_are_refused(cast):
    """They are for the body of a reset, whatever the server made them look like."""
    assert answers(cast, lambda _: cast.reset) == refusals(cast, 422)


@pytest.mark.parametrize("version", RELEASES)
def test_tokens_of_the_deleted_are_refused(cast):
    """A token dies with its user or node."""
    assert answers(cast, cast.of_the_deleted) == refusals(cast, 401)


@pytest.mark.parametrize("version", RELEASES)
@pytest.mark.parametrize("scheme", ["Basic", "bearer", "Token"])
def test_other_schemes_are_refused(cast, scheme):
    """A genuine token under another name is no token."""
    assert answers(cast, cast.genuine, scheme) == refusals(cast, 401)


@pytest.mark.parametrize("version", RELEASES)
def test_the_tokens_themselves_are_genuine(cast):
    """Else the tests above would show nothing."""
    routes = {(route.method, route.path): route for route in routes_of(RELEASES[cast.server.version])}

    assert cast.ask(routes["GET", "/user"], cast.user) == 200
    assert cast.ask(routes["GET", "/node"], cast.node) == 200
    assert cast.ask(routes["POST", "/token/refresh"], cast.refresh) == 200
