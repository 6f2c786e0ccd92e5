"""Passwords in the keyring of the machine."""

from __future__ import annotations

import sys

import pytest

from v6client import UserClient
from v6client.exceptions import UsageError
from v6mockserver import MockServer

keyring, backend, errors = (
    pytest.importorskip(name, reason="the extra `keyring` is not installed here")
    for name in ("keyring", "keyring.backend", "keyring.errors")
)


class Keyring(backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, *, locked=False):
        super().__init__()
        self.passwords = {}
        self.locked = locked

    def get_password(self, service, username):
        """Give a password, if it is there."""
        if self.locked:
            raise errors.KeyringLocked
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        """Keep a password."""
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        """Forget a password."""
        if (service, username) not in self.passwords:
            raise errors.PasswordDeleteError
        del self.passwords[service, username]


@pytest.fixture
def use():
    """A function that makes a keyring the machine's, until the test ends."""
    before = keyring.get_keyring()
    yield keyring.set_keyring
    keyring.set_keyring(before)


@pytest.fixture
def client():
    """A client that has not logged in."""
    server = MockServer()
    return UserClient(server.url, session=server.session())


def test_a_password_comes_from_the_keyring(client, use):
    """It is found by the server's address and the name of the user."""
    use(Keyring())
    keyring.set_password(f"v6client {client.base_path}", "root", "root")

    client.authenticate("root", None)

    assert client.whoami.id_ == 1


@pytest.mark.parametrize("locked", [False, True])
def test_a_keyring_without_the_password(client, use, locked):
    """Then a person would be asked, and here there is nobody."""
    use(Keyring(locked=locked))

    with pytest.raises(UsageError, match="in a keyring"):
        client.authenticate("root", None)


def test_no_keyring_is_installed(client, monkeypatch):
    """As if it had no password."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    with pytest.raises(UsageError, match="in a keyring"):
        client.authenticate("root", None)
