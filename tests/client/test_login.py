"""Logging in: passwords and second factors, given, found or asked for."""

from __future__ import annotations

import getpass
import io
import re
import sys

import pytest
from pyotp import TOTP

from v6client import UserClient
from v6client.exceptions import AuthenticationError, UsageError
from v6mockserver import MockServer, Settings


class Terminal(io.StringIO):
    """A standard input with a person behind it."""

    def isatty(self):
        """There is one."""
        return True


@pytest.fixture(params=["4.0", "4.15"])
def server(request):
    """A server that wants two factors."""
    return MockServer(version=request.param, settings=Settings(two_factor_auth=True))


@pytest.fixture
def client(server):
    """A client that has not logged in."""
    return UserClient(server.url, session=server.session())


@pytest.fixture
def secret(client):
    """Root's secret, as the first login gives it."""
    with pytest.raises(AuthenticationError) as refusal:
        client.authenticate("root", "root")
    return refusal.value.body["otp_secret"]


@pytest.fixture
def typed(monkeypatch):
    """A function that says what a person will type; it returns the questions they are asked."""

    def will_type(*answers):
        asked, left = [], list(answers)

        def answer(prompt):
            asked.append(prompt)
            if not left:
                raise EOFError
            answer = left.pop(0)
            return answer() if callable(answer) else answer

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(getpass, "getpass", answer)
        return asked

    return will_type


@pytest.fixture
def logins(server):
    """A function that counts the requests for tokens so far."""
    return lambda: len(server.journal.where(path="/api/token/user"))


def test_the_first_login_says_how_to_set_up_the_second_factor(client):
    """The error has what an app needs, and does not print it."""
    with pytest.raises(AuthenticationError, match=r"authenticator app now.*only once") as refusal:
        client.authenticate("root", "root")

    error = refusal.value
    assert (error.wants_setup, error.wants_code) == (True, False)
    assert error.body["qr_uri"].startswith("otpauth://")
    assert error.body["otp_secret"] not in str(error)


@pytest.mark.parametrize("form", [str, int, lambda code: f"{code[:3]} {code[3:]}"])
def test_a_code_is_given(client, secret, form):
    """As text, as a number, or as an app shows it; it goes with the first request."""
    client.authenticate("root", "root", form(TOTP(secret).now()))

    assert client.whoami.id_ == 1


def test_a_code_that_begins_with_a_zero(server, client, secret):
    """As a number it has lost that."""
    while not (code := TOTP(secret).at(server.clock.now())).startswith("0"):
        server.clock.advance(30)

    client.authenticate("root", "root", int(code))

    assert client.whoami.id_ == 1


def test_a_code_is_missing(client, secret):
    """The error says so, and how to give one."""
    with pytest.raises(AuthenticationError, match=r"`mfa_code`, or its secret as `otp_secret`") as refusal:
        client.authenticate("root", "root")

    assert (refusal.value.wants_setup, refusal.value.wants_code) == (False, True)


def test_a_wrong_code(client, secret):
    """It is refused as a wrong password is."""
    with pytest.raises(AuthenticationError) as refusal:
        client.authenticate("root", "root", f"{(int(TOTP(secret).now()) + 500_000) % 1_000_000:06}")

    assert (refusal.value.status, refusal.value.wants_code) == (401, False)


@pytest.mark.parametrize("code", ["", "12345", "letter", "1234567", 1234567, "root", 123456.0, [123456]])
def test_what_cannot_be_a_code_is_not_sent(client, logins, code):
    """Nor is it shown: it may be a password in the wrong place."""
    with pytest.raises(UsageError, match="6 digits") as refusal:
        client.authenticate("root", "root", code)

    assert logins() == 0
    assert not str(code) or str(code) not in str(refusal.value)


def test_a_function_is_asked_for_the_code(client, secret, logins):
    """When the server wants one, in a second request."""
    before = logins()

    client.authenticate("root", "root", TOTP(secret).now)

    assert client.whoami.id_ == 1
    assert logins() - before == 2


def test_a_function_is_not_asked_in_vain():
    """A server that wants no code, or refuses the password, is none of its business."""
    server = MockServer()
    client = UserClient(server.url, session=server.session())

    client.authenticate("root", "root", mfa_code=lambda: pytest.fail("it was asked"))
    with pytest.raises(AuthenticationError):
        client.authenticate("root", "wrong", mfa_code=lambda: pytest.fail("it was asked"))


def test_a_secret_gives_the_code(client, secret):
    """Also as people type it off a screen."""
    client.authenticate("root", "root", otp_secret=f"{secret[:4]} {secret[4:]}".lower())

    assert client.whoami.id_ == 1


@pytest.mark.parametrize("secret", ["not-a-secret!", 1234567])
def test_a_secret_that_is_none(client, logins, secret):
    """It is not sent, and not shown."""
    with pytest.raises(UsageError, match="base 32") as refusal:
        client.authenticate("root", "root", otp_secret=secret)

    assert logins() == 0
    assert str(secret) not in str(refusal.value)


def test_two_sources_of_one_code(client):
    """One of them has to go."""
    with pytest.raises(UsageError, match="leave one of them out"):
        client.authenticate("root", "root", "123456", otp_secret="ABCD")


def test_a_person_is_asked(client, server, secret, typed):
    """For what was not given, unseen: the password, and the code if the server wants it."""
    asked = typed("root", TOTP(secret).now())

    client.authenticate("root", None)

    assert client.whoami.id_ == 1
    assert asked == [f"Password of root at {server.url}/api: ", "Code of your authenticator app: "]


def test_a_person_sets_up_the_second_factor(client, typed, capsys):
    """They are shown the secret, and asked for the code that their app makes of it."""

    def code():
        shown.append(capsys.readouterr().err)
        return TOTP(re.search(r"secret: +(\w+)", shown[0])[1]).now()

    shown = []
    typed("root", code)

    client.authenticate("root", None)

    assert client.whoami.id_ == 1
    assert "address: otpauth://totp/" in shown[0]


def test_a_function_of_ones_own_is_shown_no_secret(client, typed, capsys):
    """Whoever calls it has the error, with the secret in its body."""
    typed()

    with pytest.raises(AuthenticationError) as refusal:
        client.authenticate("root", "root", lambda: "123456")

    assert refusal.value.wants_setup
    assert capsys.readouterr() == ("", "")


def test_a_notebook_that_nobody_reads(client, typed):
    """As where one is run from end to end: it cannot ask, which is an error of ours."""

    def unread():
        raise NotImplementedError

    typed(unread)

    with pytest.raises(UsageError, match="neither given nor in a keyring"):
        client.authenticate("root", None)


def test_a_password_that_was_given_asks_nobody(client, secret, typed):
    """A script with a password in it runs without a person, or fails."""
    asked = typed("root", "123456")

    with pytest.raises(AuthenticationError):
        client.authenticate("root", "root")
    assert asked == []


def test_nobody_is_there(client, monkeypatch):
    """The error says what else can be done."""
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    with pytest.raises(UsageError, match="V6CLIENT_PASSWORD"):
        client.authenticate("root", None)


def test_a_person_leaves(client, typed):
    """The end of the input is no password."""
    typed()

    with pytest.raises(UsageError, match="the password of root at"):
        client.authenticate("root", None)


def test_a_notebook_asks(client, secret, monkeypatch, typed):
    """Its standard input is no terminal, and all the same there is a person."""
    typed("root", TOTP(secret).now())
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.setitem(sys.modules, "ipykernel", object())

    client.authenticate("root", None)

    assert client.whoami.id_ == 1
