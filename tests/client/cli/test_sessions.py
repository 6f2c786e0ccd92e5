"""Logging in and out, and what is kept between commands."""

from __future__ import annotations

import json
import time

import jwt
import pytest

PASSWORD = "Federated-1"


@pytest.fixture
def session(home):
    """Where the session of the usual profile is."""
    return home / "v6client/sessions/default.json"


def test_a_login_makes_a_profile(server, login, home):
    """What was given is in it, and not the password; the file is its owner's alone."""
    file = home / "config.toml"

    assert login == {
        "profile": "default",
        "file": str(file),
        "server": f"{server.url}/api",
        "username": "researcher",
        "organization": "Cleveland",
    }
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.read_text() == (f'[default]\nhost = "{server.url}"\nusername = "researcher"\ncollaboration = 1\n')


def test_a_session_is_kept(server, login, session, answer):
    """The next command needs no password, and asks for no other tokens."""
    assert session.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in session.read_text()
    server.journal.clear()

    assert answer("whoami")["username"] == "researcher"

    assert not server.journal.where(path="/api/token/user")
    assert not server.journal.where(path="/api/token/refresh")


def test_a_session_is_renewed(server, login, session, answer):
    """Before the access token expires; the next command has the new ones."""
    kept = json.loads(session.read_text())
    claims = jwt.decode(kept["access_token"], options={"verify_signature": False})
    stale = jwt.encode({**claims, "exp": time.time() + 10}, "k" * 32)  # noqa: TID251 -- commands live in the real world
    session.write_text(json.dumps({**kept, "access_token": stale}))

    answer("whoami")

    assert json.loads(session.read_text())["access_token"] not in {stale, kept["access_token"]}
    assert session.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change",
    [{"server": "http://127.0.0.1:1/api"}, {"username": "root"}, {"refresh_token": jwt.encode({"exp": 1}, "k" * 32)}],
)
def test_a_session_that_is_good_for_nothing(login, session, call, change, monkeypatch, server):
    """That of another server or user, or an old one: a password is used, and without it the command fails."""
    session.write_text(json.dumps({**json.loads(session.read_text()), **change}))

    status, stdout, stderr = call("whoami")
    assert (status, stdout, stderr.count("\n")) == (2, "", 1)
    assert "V6CLIENT_PASSWORD" in stderr

    monkeypatch.setenv("V6CLIENT_PASSWORD", PASSWORD)
    assert call("whoami")[0] == 0


def test_a_session_that_the_server_ended(server, login, call):
    """The message says what to do."""
    for path in ("/user/*", "/token/refresh"):
        server.faults.on(path=path).answer(401)

    assert call("whoami") == (1, "", "v6client: the session has ended; run: v6client login\n")


def test_a_session_that_others_can_read(login, session, call):
    """It is not used."""
    session.chmod(0o644)

    status, _, stderr = call("whoami")

    assert status == 2
    assert f"others can read the session in {session}" in stderr


@pytest.mark.parametrize("text", ["{", "[]", '{"server": "x"}', b"\xff".decode("latin-1")])
def test_a_damaged_session(login, session, call, text):
    """It is named."""
    session.write_text(text, encoding="latin-1")

    assert f"the session in {session} is damaged" in call("whoami")[2]


@pytest.mark.parametrize(
    "change",
    [
        {"access_token": "garbage"},
        {"access_token": jwt.encode({"exp": "soon"}, "k" * 32)},
        {"refresh_token": None},
        {"whoami": None},
        {"whoami": [1, 2]},
    ],
)
def test_a_session_of_other_things(login, session, call, answer, server, change):
    """It is named too, and a login makes another one."""
    session.write_text(json.dumps({**json.loads(session.read_text()), **change}))

    assert call("whoami") == (2, "", f"v6client: the session in {session} is damaged: run: v6client login\n")
    assert call("login", "--password-stdin", stdin=f"{PASSWORD}\n")[0] == 0
    assert answer("whoami")["username"] == "researcher"


def test_logging_out(login, session, call, answer):
    """The session is gone."""
    assert answer("logout")["session"] == "forgotten"
    assert not session.exists()
    assert answer("logout")["session"] == "there was none"
    assert call("whoami")[0] == 2
