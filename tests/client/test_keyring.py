"""Passwords in the keyring of the machine."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from v6client import UserClient
from v6client._cli.root import root
from v6client.exceptions import UsageError
from v6mockserver import MockServer

keyring, backend, errors = (
    pytest.importorskip(name, reason="the extra `keyring` is not installed here")
    for name in ("keyring", "keyring.backend", "keyring.errors")
)


VARIABLES = ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA")


class Keyring(backend.KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self, *, locked=False, tenacious=False):
        super().__init__()
        self.passwords = {}
        self.locked = locked
        self.tenacious = tenacious

    def get_password(self, service, username):
        """Give a password, if it is there."""
        if self.locked:
            raise errors.KeyringLocked
        return self.passwords.get((service, username))

    def set_password(self, service, username, password):
        """Keep a password."""
        if self.locked:
            raise errors.KeyringLocked
        self.passwords[service, username] = password

    def delete_password(self, service, username):
        """Forget a password."""
        if self.tenacious:
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


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A server on a port, and a user who has not configured anything."""
    for variable in VARIABLES:
        monkeypatch.setenv(variable, str(tmp_path))
    with MockServer() as server:
        yield server


def call(*arguments):
    """Run the command line."""
    return CliRunner().invoke(root, arguments, input="root\n")


def test_the_command_line_keeps_a_password(use, served):
    """When it is told to, until the user logs out; then no session is needed any more."""
    use(Keyring())
    login = ("login", "--username=root", f"--host={served.url}", "--password-stdin", "--save-password")

    assert call(*login).exit_code == 0
    assert keyring.get_password(f"v6client {served.url}/api", "root") == "root"
    assert "forgotten" in call("logout").stdout
    assert keyring.get_password(f"v6client {served.url}/api", "root") is None


def test_the_command_line_finds_a_password(use, served, tmp_path):
    """When there is no session."""
    use(Keyring())
    call("login", "--username=root", f"--host={served.url}", "--password-stdin", "--save-password")
    (tmp_path / "v6client/sessions/default.json").unlink()

    assert call("whoami").exit_code == 0


def test_a_keyring_that_takes_nothing(use, served):
    """The command fails, and says why."""
    use(Keyring(locked=True))

    ended = call("login", "--username=root", f"--host={served.url}", "--password-stdin", "--save-password")

    assert ended.exit_code == 2
    assert "does not take the password" in ended.stderr


def test_a_keyring_that_keeps_what_it_has(use, served):
    """The command fails, and says so."""
    use(Keyring(tenacious=True))
    call("login", "--username=root", f"--host={served.url}", "--password-stdin", "--save-password")

    ended = call("logout")

    assert ended.exit_code == 2
    assert "keeps the password" in ended.stderr


def test_a_password_cannot_be_kept_without_a_keyring(served, monkeypatch):
    """The message says what to install, before anything is asked or sent."""
    monkeypatch.setitem(sys.modules, "keyring", None)

    ended = call("login", "--save-password")

    assert ended.exit_code == 2
    assert "pip install 'v6client[keyring]'" in ended.stderr
