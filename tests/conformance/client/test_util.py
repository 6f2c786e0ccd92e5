"""The server itself, passwords, and keys."""

from __future__ import annotations

import stat

import pytest

from v6client.exceptions import AuthenticationError, InvalidInputError, ServerRefusedError, UsageError

from .network import GAMMA
from .targets import PASSWORD

RELEASES = {"4.15": "4.15.2", "4.0": "4.0.3"}
OTHER = "Federated-2"


def test_get_server_version(on):
    """It needs no login."""
    assert on.stranger().util.get_server_version() == {"version": RELEASES[on.version]}
    assert on.stranger().util.get_server_version(attempts_on_timeout=1) == {"version": RELEASES[on.version]}


def test_get_server_health(on):
    """It needs no login."""
    assert on.stranger().util.get_server_health() == {"database": True}


def test_change_my_password(on, nora):
    """The new one logs in, the old one does not; who does not know the old one cannot."""
    with pytest.raises(AuthenticationError):
        nora.util.change_my_password("Wrong-Pass-1", OTHER)

    nora.util.change_my_password(PASSWORD, OTHER)

    assert on.client("nora", OTHER).name == "Nora"
    with pytest.raises(AuthenticationError):
        on.client("nora", PASSWORD)


def test_reset_my_password(on):
    """A mail comes, to whoever is named by address or name; the answer does not tell whether there is such a user."""
    stranger = on.stranger()

    assert set(stranger.util.reset_my_password(username="nora")) == {"msg"}
    assert on.mailed_token()
    assert set(stranger.util.reset_my_password(email="nobody@example.org")) == {"msg"}
    with pytest.raises(UsageError, match="email or its username"):
        stranger.util.reset_my_password()


def test_set_my_password(on):
    """The token from the mail does it."""
    stranger = on.stranger()
    stranger.util.reset_my_password(email="nora@example.org")

    stranger.util.set_my_password(on.mailed_token(), OTHER)

    assert on.client("nora", OTHER).name == "Nora"
    with pytest.raises(ServerRefusedError):
        stranger.util.set_my_password("nonsense", OTHER)


def test_set_my_password_to_a_weak_one(on):
    """The server refuses it."""
    stranger = on.stranger()
    stranger.util.reset_my_password(username="nora")

    with pytest.raises(InvalidInputError):
        stranger.util.set_my_password(on.mailed_token(), "weak")


def test_reset_two_factor_auth(on):
    """A mail comes, if the password is right."""
    stranger = on.stranger()

    assert set(stranger.util.reset_two_factor_auth(PASSWORD, username="nora")) == {"msg"}
    assert on.mailed_token()
    with pytest.raises(AuthenticationError):
        stranger.util.reset_two_factor_auth(OTHER, username="nora")


def test_set_two_factor_auth(on):
    """The token from the mail does it; the answer is for an authenticator app."""
    stranger = on.stranger()
    stranger.util.reset_two_factor_auth(PASSWORD, username="nora")

    setup = stranger.util.set_two_factor_auth(on.mailed_token())

    assert setup["qr_uri"].startswith("otpauth://totp/")
    assert setup["otp_secret"] in setup["qr_uri"]


def test_generate_private_key(on, root, tmp_path, monkeypatch):
    """The key is its owner's alone, and its public half goes to the server, if that has none."""
    monkeypatch.setattr("v6client._keys.SIZE", 1024)  # a real one takes seconds to make
    role = root.role.list(name="Organization Admin")["data"][0]["id"]
    root.user.create("gil", "Gil", "T", PASSWORD, "gil@example.org", GAMMA, [role])
    gil = on.client("gil", PASSWORD)
    file = on.pair(tmp_path / "key.pem", tmp_path / "other.pem")

    gil.util.generate_private_key(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert gil.organization.get()["public_key"] == gil.cryptor.public_key
