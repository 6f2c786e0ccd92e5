"""The server itself, passwords, second factors and keys: what is lost is set anew by the mails of the server."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pyotp import TOTP

from v6client import UserClient
from v6client.exceptions import (
    AuthenticationError,
    ConnectionFailedError,
    InvalidInputError,
    KeyMismatchError,
    NotAuthenticatedError,
    UsageError,
)
from v6mockserver import MockServer, Settings

OLD, NEW = "Secret-42", "Another-42"
MAIL = "nora@north.org"


@pytest.fixture(params=["4.0", "4.15"])
def version(request):
    """Either version of the server."""
    return request.param


@pytest.fixture
def make(version):
    """A function that makes a server with one user, configured as told."""

    def make(**settings):
        nora = {"username": "nora", "password": OLD, "email": MAIL, "roles": ["Organization Admin"]}
        seed = {"organizations": [{"name": "North", "users": [nora]}], "collaborations": []}
        return MockServer(seed, version=version, settings=Settings(**settings))

    return make


@pytest.fixture
def server(make):
    """A server with one user."""
    return make()


@pytest.fixture
def client(server):
    """A client that has not logged in."""
    return UserClient(server.url, session=server.session())


def test_the_server_tells_its_version_and_health(client, version):
    """No login is needed."""
    assert client.util.get_server_version()["version"].startswith(f"{version}.")
    assert client.util.get_server_health() == {"database": True}


@pytest.mark.slow
def test_a_server_that_is_not_there():
    """It is asked as often as wanted, and then given up."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    client = UserClient("http://127.0.0.1", port)

    with pytest.raises(ConnectionFailedError):
        client.util.get_server_version(attempts_on_timeout=2)


@pytest.mark.parametrize("attempts", [0, -1, 2.5, "many"])
def test_attempts_are_counted(client, attempts):
    """From one."""
    with pytest.raises(UsageError, match=f"attempts_on_timeout is a whole number from 1, not {attempts!r}"):
        client.util.get_server_version(attempts)


def test_a_server_that_comes_back(server, client):
    """One of the attempts reaches it."""
    server.faults.on(path="/version").reset()

    assert client.util.get_server_version(attempts_on_timeout=2)["version"]


def test_a_password_is_changed(server, client):
    """The new one logs in, the old one does not."""
    client.authenticate("nora", OLD)

    assert client.util.change_my_password(OLD, NEW)["msg"]

    client.authenticate("nora", NEW)
    with pytest.raises(AuthenticationError):
        client.authenticate("nora", OLD)


def test_a_password_is_not_changed(client):
    """It takes a login, the current password, and a new one that is strong enough."""
    with pytest.raises(NotAuthenticatedError):
        client.util.change_my_password(OLD, NEW)
    client.authenticate("nora", OLD)

    with pytest.raises(AuthenticationError):
        client.util.change_my_password("wrong", NEW)
    with pytest.raises(InvalidInputError) as weak:
        client.util.change_my_password(OLD, "weak")
    assert set(weak.value.errors) == {"new_password"}
    client.authenticate("nora", OLD)


@pytest.mark.parametrize("account", [{"email": MAIL}, {"username": "nora"}, {"email": MAIL, "username": "nora"}])
def test_a_lost_password(server, client, account):
    """A mail brings a token, which sets a new one, without any login."""
    assert client.util.reset_my_password(**account)["msg"]

    assert client.util.set_my_password(server.outbox.where(to=MAIL).last.token, NEW)["msg"]

    client.authenticate("nora", NEW)
    with pytest.raises(AuthenticationError):
        client.authenticate("nora", OLD)


def test_nobody_learns_which_accounts_there_are(server, client):
    """The answer is the same, and no mail is sent."""
    assert client.util.reset_my_password(username="nobody") == client.util.reset_my_password(username="nora")
    assert {mail.to for mail in server.outbox} == {MAIL}


@pytest.mark.parametrize("arguments", [("reset_my_password",), ("reset_two_factor_auth", OLD)])
def test_an_account_has_to_be_named(client, arguments):
    """Nothing is sent without."""
    name, *others = arguments

    with pytest.raises(UsageError, match="email or its username"):
        getattr(client.util, name)(*others)


def test_a_weak_password_is_not_set(server, client):
    """The token stays good for a better one."""
    client.util.reset_my_password(username="nora")
    token = server.outbox.last.token

    with pytest.raises(InvalidInputError) as refusal:
        client.util.set_my_password(token, "weak")
    assert set(refusal.value.errors) == {"password"}
    client.util.set_my_password(token, NEW)


def test_a_token_that_has_expired(server, client):
    """The error says how to get another one."""
    client.util.reset_my_password(username="nora")
    server.clock.advance(timedelta(hours=2))

    with pytest.raises(AuthenticationError, match=r"util\.reset_my_password\(\)"):
        client.util.set_my_password(server.outbox.last.token, NEW)
    with pytest.raises(AuthenticationError, match=r"util\.reset_two_factor_auth\(\)"):
        client.util.set_two_factor_auth(server.outbox.last.token)


def test_a_text_that_is_no_token(client):
    """It is refused as input, not as a login."""
    with pytest.raises(InvalidInputError):
        client.util.set_my_password("nonsense", NEW)
    with pytest.raises(InvalidInputError):
        client.util.set_two_factor_auth("nonsense")


def test_a_lost_second_factor(make):
    """A mail brings a token, which gives a new secret; the old one is worth nothing any more."""
    server = make(two_factor_auth=True)
    client = UserClient(server.url, session=server.session())
    with pytest.raises(AuthenticationError) as setup:
        client.authenticate("nora", OLD)
    old = setup.value.body["otp_secret"]

    assert client.util.reset_two_factor_auth(OLD, username="nora")["msg"]
    new = client.util.set_two_factor_auth(server.outbox.where(to=MAIL).last.token)

    assert new["qr_uri"].startswith("otpauth://")
    client.authenticate("nora", OLD, TOTP(new["otp_secret"]).now())
    with pytest.raises(AuthenticationError):
        client.authenticate("nora", OLD, otp_secret=old)


def test_a_second_factor_is_not_given_without_the_password(server, client):
    """Nothing is mailed."""
    with pytest.raises(AuthenticationError):
        client.util.reset_two_factor_auth("Wrong-4242", username="nora")

    assert len(server.outbox) == 0


def test_a_second_factor_by_mail_address(server, client, version):
    """Only old servers find the account by it; of others the error says what they take."""
    if version == "4.0":
        client.util.reset_two_factor_auth(OLD, email=MAIL)
        assert server.outbox.last.to == MAIL
        with pytest.raises(InvalidInputError):
            client.util.reset_two_factor_auth(OLD, email="nobody")
    else:
        with pytest.raises(UsageError, match="takes the username only"):
            client.util.reset_two_factor_auth(OLD, email=MAIL)
        assert client.util.reset_two_factor_auth(OLD, email=MAIL, username="nora")["msg"]


@pytest.mark.slow
def test_a_key_is_made_and_used(server, client, tmp_path, monkeypatch):
    """The server gets the public key; the file is its owner's alone."""
    monkeypatch.chdir(tmp_path)
    client.authenticate("nora", OLD)

    client.util.generate_private_key()

    file = tmp_path / "private_key.pem"
    assert load_pem_private_key(file.read_bytes(), None).key_size == 4096
    assert file.stat().st_mode & 0o077 == 0
    assert client.organization.get()["public_key"] == client.cryptor.public_key


def test_a_key_is_not_made_where_there_is_no_path(client):
    """It is said at once, and not after the making, which takes a while."""
    with pytest.raises(UsageError, match="file_ is the path of a file to write, not 5"):
        client.util.generate_private_key(5)


@pytest.mark.slow
def test_a_key_is_made_before_the_login(server, client, tmp_path):
    """It is written, and the server is told nothing of it; `setup_encryption` takes it afterwards."""
    client.util.generate_private_key(tmp_path / "key.pem")
    assert len(server.journal) == 0

    client.authenticate("nora", OLD)
    client.setup_encryption(tmp_path / "key.pem")

    assert client.organization.get()["public_key"] == client.cryptor.public_key


@pytest.mark.slow
def test_a_second_key_is_made_and_not_used(server, client, tmp_path):
    """What was encrypted for the first one stays readable."""
    client.authenticate("nora", OLD)
    client.util.generate_private_key(tmp_path / "first.pem")
    before = client.organization.get()["public_key"]

    with pytest.raises(KeyMismatchError):
        client.util.generate_private_key(tmp_path / "second.pem")

    assert client.organization.get()["public_key"] == before == client.cryptor.public_key
    assert (tmp_path / "second.pem").exists()
