"""Locked accounts and second factors, by the clock."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

import jwt
import pytest
from pyotp import TOTP

from v6mockserver import MockServer, Settings

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
MINUTE = timedelta(minutes=1)
ROOT = {"username": "root", "password": "root"}
TOKENS = {"access_token", "refresh_token", "refresh_url", "user_url"}
UNVERIFIED = {"verify_signature": False}
ENROLMENT = {"qr_uri", "otp_secret", "msg"}


class Server:
    """A server at noon, of which root is the user."""

    def __init__(self, version="4.15", **settings):
        self.mock = MockServer(version=version, settings=Settings(**settings))
        self.mock.clock.freeze(NOON)
        self.session = self.mock.session()

    def post(self, path, body, **headers):
        """Send a POST."""
        return self.session.post(f"{self.mock.url}/api{path}", json=body, headers=headers)

    def login(self, password=ROOT["password"], **more):
        """Try to log in."""
        return self.post("/token/user", {"username": "root", "password": password, **more})

    def attempts(self, *passwords):
        """Try passwords in a row, and return the statuses."""
        return [self.login(password).status_code for password in passwords]

    def change(self, token, current, new):
        """Change root's password, and return the status."""
        body = {"current_password": current, "new_password": new}
        headers = {"Authorization": f"Bearer {token}"}
        return self.session.patch(f"{self.mock.url}/api/password/change", json=body, headers=headers).status_code

    def code(self, secret, seconds=0):
        """Return the code that an authenticator app shows so many seconds from now."""
        return TOTP(secret).at(self.mock.clock.now() + timedelta(seconds=seconds))


@pytest.fixture(params=["4.0", "4.15"])
def version(request):
    """Either version."""
    return request.param


def test_a_lock_ends_after_the_last_failure_that_counted(version):
    """Attempts while an account is locked neither prolong the lock nor count."""
    server = Server(version)
    server.attempts(*["wrong"] * 5)
    server.mock.clock.advance(14 * MINUTE)
    assert server.attempts("wrong", "root") == [401, 401]

    server.mock.clock.advance(MINUTE)

    assert server.attempts("root") == [200]


def test_after_a_lock_counting_starts_again(version):
    """Five more failures lock the account again, not one."""
    server = Server(version)
    server.attempts(*["wrong"] * 5)
    server.mock.clock.advance(15 * MINUTE)

    assert server.attempts(*["wrong"] * 4, "root") == [401] * 4 + [200]


def test_the_right_password_forgives(version):
    """Failures count in a row only."""
    server = Server(version)

    assert server.attempts(*["wrong"] * 4, "root", *["wrong"] * 4, "root") == [*[401] * 4, 200] * 2


def test_settings_of_the_lock(version):
    """How many failures lock an account, and for how long."""
    server = Server(version, max_failed_attempts=2, inactivation_minutes=1)
    assert server.attempts("wrong", "wrong", "root") == [401] * 3

    server.mock.clock.advance(MINUTE)

    assert server.attempts("root") == [200]


def test_a_lock_leaves_tokens_alone(version):
    """Who is in stays in."""
    server = Server(version)
    client = server.mock.client()
    server.attempts(*["wrong"] * 5)

    assert client.user.get(1)["username"] == "root"


@pytest.mark.parametrize(("version", "status"), [("4.0", 200), ("4.15", 401)])
def test_wrong_passwords_elsewhere(version, status):
    """On 4.15 a wrong current password counts as a failed login, on 4.0 it does not."""
    server = Server(version)
    token = server.login().json()["access_token"]
    for _ in range(5):
        assert server.change(token, "wrong", "Another-word-2") == 401

    assert server.attempts("root") == [status]
    assert server.change(token, "root", "Another-word-2") == status


def test_a_second_factor_is_off(version):
    """Without the setting a code is passed over."""
    server = Server(version)

    assert server.login(mfa_code="123456").json().keys() == TOKENS


def test_the_first_login_with_two_factors(version):
    """It gives a secret, and no tokens; from then on a code is asked for."""
    server = Server(version, two_factor_auth=True, server_name="Andes")
    first, second = server.login(), server.login()
    secret = first.json()["otp_secret"]
    name = "Andes" if version == "4.15" else "cotopaxi"

    assert (first.status_code, first.json().keys()) == (200, ENROLMENT)
    assert len(secret) == 32
    assert unquote(first.json()["qr_uri"]) == (
        f"otpauth://totp/vantage6 ({name}):root?secret={secret}&issuer=vantage6 ({name})"
    )
    assert (second.status_code, second.json().keys()) == (200, {"msg"})
    assert server.login(mfa_code="").json().keys() == {"msg"}


@pytest.mark.parametrize(("seconds", "status"), [(-60, 401), (-30, 200), (0, 200), (30, 200), (60, 401)])
def test_windows_of_a_code(version, seconds, status):
    """The code of this half minute is accepted, and those of the one before and the one after."""
    server = Server(version, two_factor_auth=True)
    secret = server.login().json()["otp_secret"]

    answer = server.login(mfa_code=server.code(secret, seconds))

    assert answer.status_code == status
    assert ("jwt-token" in answer.headers) == (status == 200)


def test_a_code_ages_with_the_clock(version):
    """It is good again and again, until time has moved on."""
    server = Server(version, two_factor_auth=True)
    code = server.code(server.login().json()["otp_secret"])
    assert [server.login(mfa_code=code).json().keys() for _ in range(2)] == [TOKENS, TOKENS]

    server.mock.clock.advance(60)

    assert server.login(mfa_code=code).status_code == 401


@pytest.mark.parametrize("code", ["000000", "abc", "1234567890", "\u0660" * 6])
def test_wrong_codes_do_not_lock(version, code):
    """Only passwords count."""
    server = Server(version, two_factor_auth=True)
    secret = server.login().json()["otp_secret"]
    for _ in range(6):
        assert server.login(mfa_code=code).status_code == 401

    assert server.login(mfa_code=server.code(secret)).status_code == 200


def test_a_new_second_factor(version):
    """The token from the mail gives another secret, and the old one is worth nothing."""
    server = Server(version, two_factor_auth=True)
    old = server.login().json()["otp_secret"]
    server.post("/recover/lost", {"username": "root"})
    token = server.mock.outbox.last.token

    new = server.post("/recover/2fa/reset", {"reset_token": token}).json()["otp_secret"]

    assert new != old
    assert server.login(mfa_code=server.code(old)).status_code == 401
    assert server.login(mfa_code=server.code(new)).json().keys() == TOKENS


def test_renewal_asks_for_no_code(version):
    """A refresh token is enough."""
    server = Server(version, two_factor_auth=True)
    code = server.code(server.login().json()["otp_secret"])
    refresh = server.login(mfa_code=code).json()["refresh_token"]

    assert server.post("/token/refresh", None, Authorization=f"Bearer {refresh}").status_code == 200


@pytest.mark.parametrize(
    ("access", "refresh", "lives"),
    [(0.5, 1, (0.5, 1)), (0.4, 48, (6, 48)), (8, 8, (8, 48)), (0, 6, (6, 48)), (100, 48, (100, 48))],
)
def test_settings_of_tokens(version, access, refresh, lives):
    """Their lives, in hours; a real server takes its defaults for what it finds too short, and so does this one."""
    server = Server(version, token_expires_hours=access, refresh_token_expires_hours=refresh)
    answer = server.login().json()
    tokens = [jwt.decode(answer[f"{type_}_token"], options=UNVERIFIED) for type_ in ("access", "refresh")]

    assert tuple((token["exp"] - token["iat"]) / 3600 for token in tokens) == lives


def test_secrets_repeat_with_the_random_seed():
    """The same seed gives the same secrets, another seed others."""
    settings = Settings(two_factor_auth=True)
    secrets = []
    for seed in (1, 1, 2):
        server = MockServer(settings=settings, random_seed=seed)
        secrets.append(server.session().post(f"{server.url}/api/token/user", json=ROOT).json()["otp_secret"])

    assert secrets[0] == secrets[1] != secrets[2]
