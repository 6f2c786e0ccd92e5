"""The outbox, and what a server mails: locked accounts, lost passwords and lost second factors."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

import jwt
import pytest

from v6mockserver import Mail, MockServer, MockUsageError, Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
PASSWORD, NEW = "Secret-word-1", "Another-word-2"
ADDRESS = "ada@example.org"
SEED = {
    "organizations": [
        {
            "name": "Alpha",
            "users": [
                {"username": "ada", "password": PASSWORD, "firstname": "Ada", "lastname": "L.", "email": ADDRESS}
            ],
        }
    ],
    "collaborations": [],
}


class Account:
    """Ada's account on a server, from outside."""

    def __init__(self, version="4.15", **settings):
        self.version = version
        self.server = MockServer(SEED, version=version, settings=Settings(**settings))
        self.server.clock.freeze(NOON)
        self.session = self.server.session()

    def post(self, path, **body):
        """Send a POST without a token."""
        return self.session.post(f"{self.server.url}/api{path}", json=body)

    def login(self, password=PASSWORD, **more):
        """Try to log in, and return the status."""
        return self.post("/token/user", username="ada", password=password, **more).status_code

    def lock(self):
        """Fail to log in until the account is locked."""
        for _ in range(5):
            assert self.login("wrong") == 401

    def lost_token(self, path="/recover/lost", **body):
        """Lose something, and return the token from the mail."""
        assert self.post(path, **(body or {"username": "ada"})).status_code == 200
        return self.server.outbox.where(to=ADDRESS).last.token


@pytest.fixture(params=["4.0", "4.15"])
def account(request):
    """An account on either version."""
    return Account(request.param)


def test_an_outbox_is_a_sequence(account):
    """It grows as the server sends, and can be indexed and counted."""
    assert list(account.server.outbox) == []
    account.lost_token()
    account.lost_token("/recover/2fa/lost", username="ada", password=PASSWORD)

    first, second = account.server.outbox

    assert len(account.server.outbox) == 2
    assert (account.server.outbox[0], account.server.outbox[-1]) == (first, second)
    assert account.server.outbox[1:] == [second]
    assert account.server.outbox.last is second
    assert repr(account.server.outbox) == "<Outbox: 2 mails>"


def test_a_missing_mail_is_an_error(account):
    """The error says to whom there were mails instead."""
    with pytest.raises(MockUsageError, match=r"no mail to anybody; the server mailed nobody"):
        _ = account.server.outbox.last
    account.lost_token()
    with pytest.raises(MockUsageError, match=r"no mail to bob@example.org; the server mailed ada@example.org"):
        _ = account.server.outbox.where(to="bob@example.org").last


def test_a_mail(account):
    """It says to whom, when and what for, with the token in the text and as an attribute."""
    token = account.lost_token()
    mail = account.server.outbox.last

    assert isinstance(mail, Mail)
    assert (mail.to, mail.at) == (ADDRESS, "2026-01-01T12:00:00")
    assert "password" in mail.subject
    assert token in mail.text
    assert "Ada" in mail.text


def test_claims_of_a_reset_token(account):
    """It looks like a container's, for a user whose id is text, and lives an hour."""
    claims = jwt.decode(account.lost_token(), options={"verify_signature": False})

    assert claims["sub"] == {"id": "2"}
    assert (claims["client_type"], claims["type"], claims["roles"]) == ("container", "access", [])
    assert (claims["exp"] - claims["iat"], claims["nbf"] - claims["iat"]) == (3600, 0)
    assert ("csrf" in claims) == (account.version == "4.15")


@pytest.mark.parametrize(
    "who", [{"username": "ada"}, {"email": ADDRESS}, {"username": "ada", "email": "x@example.org"}]
)
def test_a_lost_password(account, who):
    """Name or address will do, and the name counts; the token sets another password, and does so again."""
    token = account.lost_token(**who)

    for password in (NEW, PASSWORD):
        assert account.post("/recover/reset", reset_token=token, password=password).status_code == 200
        assert account.login(password) == 200


@pytest.mark.parametrize(
    "who", [{"username": "bob"}, {"email": "bob@example.org"}, {"username": "bob", "email": ADDRESS}]
)
def test_nobody_gets_a_mail_for_a_stranger(account, who):
    """The answer is the same all the same."""
    assert account.post("/recover/lost", **who).status_code == 200
    assert list(account.server.outbox) == []


@pytest.mark.parametrize("version", ["4.0", "4.15"])
def test_a_server_without_mail_sends_none(version):
    """Whatever was lost; only 4.15 says so, and only to who knows the password."""
    account = Account(version, smtp=False)
    account.lock()
    account.login()
    account.server.clock.advance(timedelta(minutes=15))

    lost = account.post("/recover/lost", username="ada")
    second = account.post("/recover/2fa/lost", username="ada", password=PASSWORD)

    assert (lost.status_code, second.status_code) == (200, 400 if version == "4.15" else 200)
    assert list(account.server.outbox) == []


@pytest.mark.parametrize(("minutes", "status"), [(59, 200), (60, 401)])
def test_a_reset_token_expires(account, minutes, status):
    """After an hour, or what the settings say."""
    token = account.lost_token()
    account.server.clock.advance(timedelta(minutes=minutes))

    assert account.post("/recover/reset", reset_token=token, password=NEW).status_code == status


def test_how_long_a_reset_token_lives():
    """As long as the settings say."""
    account = Account(email_token_validity_minutes=0.5)
    token = account.lost_token()
    account.server.clock.advance(30)

    assert account.post("/recover/reset", reset_token=token, password=NEW).status_code == 401


def test_a_reset_token_opens_nothing_else(account):
    """Not copied: the real server takes it for a container's token and fails."""
    headers = {"Authorization": f"Bearer {account.lost_token()}"}

    answers = [account.session.get(f"{account.server.url}/api/{path}", headers=headers) for path in ("task", "user")]

    assert [answer.status_code for answer in answers] == [422, 422]


@pytest.mark.parametrize(("path", "more"), [("/recover/reset", {"password": NEW}), ("/recover/2fa/reset", {})])
def test_other_tokens_reset_nothing(account, path, more):
    """Neither that of another server, nor one without a signature, nor that of a user who is gone."""
    token = account.lost_token()
    head, body, _ = token.split(".")
    unsigned = jwt.encode({"sub": {"id": "2"}}, None, "none")
    account.session.delete(
        f"{account.server.url}/api/user/2", headers={"Authorization": f"Bearer {account.server.client().token}"}
    )

    tokens = {Account().lost_token(): 400, f"{head}.{body}.": 400, unsigned: 422, token: 400}

    answers = {one: account.post(path, reset_token=one, **more).status_code for one in tokens}
    assert answers == tokens


def test_both_reset_tokens_do_for_both(account):
    """A token for a password makes a second factor, and the other way round."""
    first = account.lost_token()
    second = account.lost_token("/recover/2fa/lost", username="ada", password=PASSWORD)

    assert account.post("/recover/2fa/reset", reset_token=first).json().keys() == {"qr_uri", "otp_secret", "msg"}
    assert account.post("/recover/reset", reset_token=second, password=NEW).status_code == 200


def test_a_second_mail_waits():
    """For an hour, on 4.15; each kind of mail on its own."""
    account = Account()
    account.lost_token()
    account.lost_token()
    assert len(account.server.outbox) == 1

    account.server.clock.advance(timedelta(minutes=60))
    account.lost_token()
    assert len(account.server.outbox) == 2


def test_a_second_mail_does_not_wait_on_4_0():
    """Every request is a mail."""
    account = Account("4.0")
    account.lost_token()
    account.lost_token()

    assert len(account.server.outbox) == 2


def test_mails_to_the_owner_of_a_locked_account(account):
    """One for each attempt while it is locked, right or wrong; on 4.15 one an hour."""
    account.lock()
    assert len(account.server.outbox) == 0

    account.login()
    account.server.clock.advance(timedelta(minutes=14))
    account.login("wrong")

    remaining = {"4.0": ["15", "1"], "4.15": ["15"]}[account.version]
    assert [(mail.to, mail.token) for mail in account.server.outbox] == [(ADDRESS, None)] * len(remaining)
    assert [re.findall(r"(\d+) minutes", mail.text) for mail in account.server.outbox] == [[one] for one in remaining]


def test_when_mails_were_sent():
    """4.15 shows in the user when it sent the last mail of each kind."""
    account = Account()
    account.lost_token()
    account.lock()
    account.login()

    user = account.server.client().user.get(2)

    assert user["last_email_recover_password_sent"] == "2026-01-01T12:00:00"
    assert user["last_email_failed_login_sent"] == "2026-01-01T12:00:00"


def test_a_reset_unlocks(account):
    """Who has the mail gets in again at once."""
    account.lock()
    token = account.lost_token()

    assert account.post("/recover/reset", reset_token=token, password=NEW).status_code == 200
    assert account.login(NEW) == 200


def test_a_lost_second_factor_on_4_0():
    """An address will do, a stranger hears nothing, and the password must be strong: root's is not."""
    account = Account("4.0")
    lost = "/recover/2fa/lost"

    assert account.lost_token(lost, email=ADDRESS, password=PASSWORD)
    assert account.post(lost, username="bob", password=PASSWORD).status_code == 200
    assert account.post(lost, username="ada", password="Wrong-word-1").status_code == 401
    assert account.post(lost, username="root", password="root").status_code == 400
    assert len(account.server.outbox) == 1


def test_an_outbox_belongs_to_the_state_of_a_server(account):
    """A reset empties it, and a restored server has the mails that it had."""
    account.lost_token()
    before = account.server.snapshot()

    account.server.reset()
    assert list(account.server.outbox) == []

    account.server.restore(before)
    assert len(account.server.outbox) == 1
