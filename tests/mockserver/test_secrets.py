"""No secret leaves a server but where its owner gets it: not in answers, logs, journals, errors or reprs."""

from __future__ import annotations

import json
import logging
import re
import traceback
from dataclasses import dataclass, field

import pytest

from v6client import UserClient
from v6client.exceptions import V6ClientError
from v6mockserver import MockServer, MockServerError, Settings
from v6mockserver._app import routes_of
from v6mockserver.state.releases import RELEASES

PASSWORD, OTHER_PASSWORD, MISTAKEN_PASSWORD = "Canary-word-1!", "Canary-word-2!", "Canary-word-3!"

SEED = {
    "organizations": [{"name": "South"}],
    "collaborations": [{"name": "Poles", "encrypted": True, "participants": [{"name": "South"}]}],
}

SHOWN = {
    "access token": {"POST /token/user", "POST /token/node", "POST /token/refresh"},
    "refresh token": {"POST /token/user", "POST /token/node", "POST /token/refresh"},
    "container token": {"POST /token/container"},
    "api key": {"POST /node", "POST /recover/node"},
    # Server quirk: whoever may view a user sees this (4.0 to 4.15, GET /user).
    "otp secret": {"POST /token/user", "POST /recover/2fa/reset", "GET /user", "GET /user/<int:id_>"},
}
"""The answers in which a secret is handed over, as the real server does it."""


@dataclass
class Watch:
    """All secrets of a server, and everything that it let be seen, by where."""

    secrets: dict = field(default_factory=dict)
    seen: list = field(default_factory=list)

    def learn(self, kind, *values):
        """Take note of secrets."""
        self.secrets.setdefault(kind, set()).update(value for value in values if value)

    def see(self, where, *things):
        """Take note of what can be seen."""
        self.seen.extend((where, thing if isinstance(thing, str) else repr(thing)) for thing in things)

    def leaks(self):
        """Return which secrets were seen where they should not be."""
        return {
            (kind, where)
            for kind, values in self.secrets.items()
            for value in values
            for where, text in self.seen
            if value in text and where not in SHOWN.get(kind, ())
        }


class Play:
    """A server with canaries in all places, and somebody who sends requests and looks around."""

    def __init__(self, version, settings):
        self.watch = Watch()
        self.server = MockServer(SEED, version=version, settings=settings)
        self.session = self.server.session()
        self.watch.learn("password", PASSWORD, OTHER_PASSWORD, MISTAKEN_PASSWORD)
        self.watch.learn("secret that signs tokens", self.server._world.secret)
        self.watch.learn("private key", *self.server.private_keys["South"].read_text().splitlines()[1:-1])

    def ask(self, method, path, body=None, *, token=None, **parts):
        """Send one request, learn the secrets in its answer, and see the rest."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = f"{self.server.url}/api{re.sub(r'<[^>]+>', lambda part: str(parts.get(part[0], 1)), path)}"
        response = self.session.request(method, url, headers=headers, json=body)
        self.watch.see(f"{method} {path}", response.text, dict(response.headers))
        answer = response.json() if "json" in response.headers.get("Content-Type", "") else {}
        answer = answer if isinstance(answer, dict) else {}
        for kind in ("access token", "refresh token", "container token", "api key", "otp secret"):
            self.watch.learn(kind, answer.get(kind.replace(" ", "_")))
        return answer

    def look_around(self):
        """See what the server's objects print, and learn what is in its tables."""
        server, world = self.server, self.server._world
        self.watch.learn("hash of a password", *(row.password for row in world.user))
        self.watch.learn("hash of an api key", *(row.api_key for row in world.node))
        self.watch.learn("otp secret", *(row.otp_secret for row in world.user))
        self.watch.learn("reset token", *(mail.token for mail in server.outbox))
        self.watch.see(
            "repr", server, world, server.nodes, server.outbox, server.faults, server.clock, server.algorithms
        )
        self.watch.see("repr", *world.user, *world.node, *world.mails, world.known_tokens, world.user, world.node)
        self.watch.see("repr", server.snapshot(), server.session(), server.snapshot().nodes, *server.nodes.values())
        self.watch.see("journal", server.journal)
        for one in server.journal:
            self.watch.see(
                "journal", one, one.headers, one.query, one.body, one.answer, one.answer_headers, one.request
            )


NORA = {"username": "nora", "email": "nora@north.org", "firstname": "Nora", "lastname": "North", "password": PASSWORD}


def act_out(play):
    """Do everything once that has to do with secrets, and return the tokens of root, a node and a container."""
    root = play.ask("POST", "/token/user", {"username": "root", "password": "root"})["access_token"]
    collaboration = play.ask(
        "POST", "/collaboration", {"name": "all", "organization_ids": [1], "encrypted": False}, token=root
    )["id"]
    play.ask("POST", "/user", NORA, token=root)
    nora = play.ask("POST", "/token/user", {"username": "nora", "password": PASSWORD})
    play.ask("POST", "/token/user", {"username": "nora", "password": MISTAKEN_PASSWORD})
    play.ask("POST", "/token/refresh", token=nora["refresh_token"])
    words = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    play.ask("PATCH", "/password/change", words | {"current_password": MISTAKEN_PASSWORD}, token=nora["access_token"])
    play.ask("PATCH", "/password/change", words, token=nora["access_token"])
    play.ask("POST", "/recover/lost", {"username": "nora"})
    reset = play.server.outbox.last.token
    play.ask("POST", "/recover/reset", {"reset_token": reset, "password": PASSWORD})
    play.ask("POST", "/recover/2fa/lost", {"username": "nora", "password": PASSWORD})
    play.ask("POST", "/recover/2fa/reset", {"reset_token": play.server.outbox.last.token})
    node = play.ask("POST", "/node", {"collaboration_id": collaboration, "organization_id": 1}, token=root)
    api_key = play.ask("POST", "/recover/node", {"id": node["id"]}, token=root)["api_key"]
    node = play.ask("POST", "/token/node", {"api_key": api_key})["access_token"]
    wanted = {"image": "image", "collaboration_id": collaboration, "organizations": [{"id": 1, "input": "e30="}]}
    task = play.ask("POST", "/task", wanted, token=root)["id"]
    container = play.ask("POST", "/token/container", {"task_id": task, "image": "image"}, token=node)["container_token"]
    return root, node, container


CANARIES = {
    "password": PASSWORD,
    "new_password": OTHER_PASSWORD,
    "current_password": MISTAKEN_PASSWORD,
    "api_key": PASSWORD,
    "reset_token": PASSWORD,
    "mfa_code": OTHER_PASSWORD,
    "otp_secret": PASSWORD,
}
BODIES = [None, {}, CANARIES, {name: [value] for name, value in CANARIES.items()}, NORA | {"username": "eve"}]


def play_all_routes(play, tokens):
    """Send all kinds of bodies to all routes but those that delete, as everybody."""
    for route in routes_of(RELEASES[play.server.version]):
        for token in (*tokens, None) if route.method != "DELETE" else [None]:
            for body in BODIES:
                play.ask(route.method, route.path, body, token=token)


@pytest.fixture
def logs(caplog):
    """Everything that is logged, at the lowest level there is."""
    for name in ("", "v6client", "werkzeug", "waitress", "urllib3", "flask", "v6mockserver"):
        caplog.set_level(logging.NOTSET, logger=name)
    return caplog


@pytest.mark.slow
@pytest.mark.parametrize("version", RELEASES)
def test_no_route_gives_a_secret_away(version, logs):
    """Whoever asks, and with whatever body: not in answers, logs, the journal, or what objects print."""
    play = Play(version, Settings())
    tokens = act_out(play)
    play_all_routes(play, tokens)

    play.look_around()

    play.watch.see("log", *(f"{record.getMessage()} {record.exc_text}" for record in logs.records))
    assert play.watch.leaks() == set()


def test_the_watch_would_see_a_secret():
    """Else the tests here would show nothing: a dump, which is asked for by name, has hashes and the secret."""
    play = Play("4.15", Settings())
    act_out(play)
    play.look_around()
    play.watch.see("dump", json.dumps(play.server.dump()))

    kinds = {kind for kind, _ in play.watch.leaks()}
    assert kinds >= {"hash of a password", "hash of an api key", "secret that signs tokens"}
    assert not kinds & {"password", "api key", "access token"}


def test_a_second_factor_is_shown_to_its_owner_alone(logs):
    """When it is made, and, as the real server does, to those who may view the user."""
    play = Play("4.15", Settings(two_factor_auth=True))
    play.ask("POST", "/token/user", {"username": "root", "password": "root"})
    play.ask("POST", "/token/user", {"username": "root", "password": "root", "mfa_code": "000000"})
    play.look_around()

    assert play.watch.secrets["otp secret"]
    play.watch.see("log", *(f"{record.getMessage()} {record.exc_text}" for record in logs.records))
    assert play.watch.leaks() == set()


def everything_said(error):
    """Return all that an error tells somebody who prints it."""
    return "".join((str(error), repr(error), *traceback.format_exception(error)))


def test_the_clients_errors_tell_no_secrets(logs):
    """Whatever the client was given, it does not repeat it."""
    play = Play("4.15", Settings())
    with play.server as server, UserClient(server.url) as client:
        for mistake in (
            lambda: client.authenticate("root", PASSWORD),
            lambda: client.authenticate("root", [PASSWORD]),
            lambda: client.authenticate("root", "root") or client.user.create("x", "", "", PASSWORD, "no address"),
            lambda: client.user.create(["x"], "", "", [PASSWORD], "x@y.org"),
            lambda: client.util.set_my_password(PASSWORD, PASSWORD),
        ):
            with pytest.raises((V6ClientError, AttributeError)) as caught:
                mistake()
            # The source of this test is in the traceback, and names the constants, not the words.
            play.watch.see("error", everything_said(caught.value))
        play.watch.learn("access token", client.token)
        play.watch.see("repr", client, client.connection, client.connection.tokens)

    play.watch.see("log", *(f"{record.getMessage()} {record.exc_text}" for record in logs.records))
    play.look_around()
    assert play.watch.leaks() == set()


@pytest.mark.parametrize(
    "seed",
    [
        {"organizations": [{"name": "North", "users": [{"username": "nora", "password": [PASSWORD]}]}]},
        {"organizations": [{"name": "North", "users": [{"username": "nora", "password": {"plane": PASSWORD}}]}]},
        {"organizations": [{"name": "North", "users": [{"username": "nora", "password": PASSWORD}] * 2}]},
        {"organizations": [{"name": "North", "private_key": [PASSWORD]}]},
        {
            "organizations": [{"name": "North"}],
            "collaborations": [{"name": "Poles", "participants": [{"name": "North", "api_key": PASSWORD}]}],
        },
    ],
    ids=["list", "mapping", "twice", "private key", "api key"],
)
def test_mistakes_in_seeds_tell_no_secrets(seed):
    """A seed that is refused is refused without repeating what is secret in it."""
    with pytest.raises(MockServerError) as caught:
        MockServer(seed)

    assert PASSWORD not in everything_said(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["tables"]["user"][0].update(password=PASSWORD),
        lambda data: data["tables"]["user"][0].update(password={"plane": PASSWORD}),
        lambda data: data["tables"]["user"][0].update(otp_secret=[PASSWORD]),
        lambda data: data["tables"]["user"].append(PASSWORD),
        lambda data: data["server"].update(secret=[PASSWORD]),
        lambda data: data["server"].update(mails=[{"to": "a", "token": PASSWORD}]),
    ],
    ids=["password", "plain", "otp secret", "row", "secret", "mail"],
)
def test_mistakes_in_dumps_tell_no_secrets(change):
    """Data that are refused are refused without repeating what is secret in them."""
    data = MockServer().dump()
    change(data)

    with pytest.raises(MockServerError) as caught:
        MockServer.load(data)

    assert PASSWORD not in everything_said(caught.value)


def test_an_unknown_login_tells_no_password():
    """The error of a mistake in a test is printed in its log."""
    server = MockServer()

    with pytest.raises(V6ClientError) as caught:
        server.client("root", PASSWORD)

    assert PASSWORD not in everything_said(caught.value)
