"""The command as a whole: its help, its completion, and its profiles."""

from __future__ import annotations

import re

import pytest
from click.shell_completion import ShellComplete

from v6client._cli.root import COMMANDS, root
from v6mockserver import MockServer, Settings


def test_the_help_names_every_subcommand(call):
    """With what it does."""
    status, shown, _ = call("--help")

    assert status == 0
    assert [line.split()[0] for line in shown.partition("Commands:\n")[2].splitlines()[: len(COMMANDS)]] == [*COMMANDS]


@pytest.mark.parametrize("command", [(), ("task",), ("profile",)])
def test_without_a_subcommand_the_help_is_shown(call, command):
    """And nothing around it."""
    _, shown, said = call(*command)

    help_ = (said or shown).strip()
    assert help_ == call(*command, "--help")[1].strip()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_subcommand_is_there(call, name):
    """It is loaded, and has help of its own."""
    status, shown, _ = call(name, "--help")

    assert status == 0
    assert shown.startswith(f"Usage: v6client {name} ")


@pytest.mark.parametrize(
    ("typed", "incomplete", "offered"),
    [
        ([], "or", ["organization"]),
        (["task"], "", ["list", "get", "create", "wait", "kill", "delete"]),
        (["node", "list"], "--is", ["--is-online"]),
    ],
)
def test_completion(typed, incomplete, offered):
    """Shells offer what there is."""
    completions = ShellComplete(root, {}, "v6client", "_V6CLIENT_COMPLETE").get_completions(typed, incomplete)

    assert [one.value for one in completions] == offered


@pytest.fixture
def profiles(home):
    """Two profiles, one with a secret."""
    file = home / "config.toml"
    file.write_text(
        "# Ours\n[default]\nhost = 'https://a.example'\n[b]\nhost = 'https://b.example'\npassword = 'Secret-42'\n"
    )
    file.chmod(0o600)
    return file


def test_profiles_are_listed(profiles, call, answer):
    """Without their secrets."""
    assert answer("profile", "list") == [
        {"profile": "default", "host": "https://a.example", "username": None},
        {"profile": "b", "host": "https://b.example", "username": None},
    ]
    assert "Secret-42" not in call("profile", "list")[1]


def test_a_profile_is_shown(profiles, call, answer, monkeypatch):
    """With the source of each setting."""
    monkeypatch.setenv("V6CLIENT_PORT", "443")

    shown = {row["setting"]: (row["value"], row["source"]) for row in answer("profile", "show", "--profile=b")}

    assert shown["host"] == ("https://b.example", f"{profiles}, [b]")
    assert shown["port"] == ("443", "environment variable V6CLIENT_PORT")
    assert shown["password"] == ("(not shown)", f"{profiles}, [b]")


def test_a_login_leaves_the_rest_of_the_file(profiles, server, answer):
    """Comments, other profiles, other settings, and its mode."""
    profiles.chmod(0o640)
    before = profiles.read_text()
    arguments = (f"--host={server.url}", "--username=researcher", "--verify=ca.pem", "--timeout=5,60")

    answer("login", "--profile=c", *arguments, "--password-stdin", stdin="Federated-1\n")

    assert profiles.read_text().startswith(before)
    assert profiles.stat().st_mode & 0o777 == 0o640
    shown = {row["setting"]: row["value"] for row in answer("profile", "show", "--profile=c")}
    assert shown["timeout"] == "(5.0, 60.0)"
    assert shown["verify"].endswith("ca.pem")
    assert shown["verify"] != "ca.pem"


def test_files_are_found_from_everywhere(server, answer, home, monkeypatch):
    """Those that a login is given are kept with their whole paths."""
    folder = home / "certificates"
    folder.mkdir()
    for name in ("client.pem", "client.key"):
        (folder / name).touch()
    monkeypatch.chdir(folder)

    answer(
        "login",
        f"--host={server.url}",
        "--username=researcher",
        "--cert=client.pem,client.key",
        "--password-stdin",
        stdin="Federated-1\n",
    )

    monkeypatch.chdir(home.parent)
    assert answer("whoami")["username"] == "researcher"
    shown = {row["setting"]: row["value"] for row in answer("profile", "show")}
    assert shown["cert"] == str((str(folder / "client.pem"), str(folder / "client.key")))


def test_a_server_that_is_too_old(answer, call):
    """Nobody has called it in a wrong way."""
    with MockServer(version="4.0") as old:
        answer("login", f"--host={old.url}", "--username=root", "--password-stdin", stdin="root\n")

        status, _, stderr = call("study", "list")

    assert status == 1
    assert "needs a server of version 4.3" in stderr


def test_a_login_with_what_is_known(profiles, server, answer):
    """A profile that has everything stays as it is, to the letter."""
    before = f"[default]  # ours\nusername='researcher'\nhost=\"{server.url}\"\n"
    profiles.write_text(before)

    assert answer("login", "--password-stdin", stdin="Federated-1\n")["organization"] == "Cleveland"

    assert profiles.read_text() == before
    assert answer("whoami")["username"] == "researcher"


def test_a_login_by_the_environment_leaves_no_profile(server, answer, home, monkeypatch):
    """What was not given to it is not kept."""
    monkeypatch.delenv("V6CLIENT_CONFIG")
    monkeypatch.setenv("V6CLIENT_HOST", server.url)
    monkeypatch.setenv("V6CLIENT_USERNAME", "researcher")

    answer("login", "--password-stdin", stdin="Federated-1\n")

    assert [*home.rglob("*.toml")] == []
    assert answer("whoami")["username"] == "researcher"


def test_a_login_that_is_refused_changes_nothing(profiles, server, call):
    """Neither the profile nor the session."""
    before = profiles.read_text()

    status, _, stderr = call(
        "login", f"--host={server.url}", "--username=researcher", "--password-stdin", stdin="wrong\n"
    )

    assert status == 1
    assert "refused with status 401" in stderr
    assert profiles.read_text() == before
    assert not (profiles.parent / "v6client").exists()


@pytest.mark.parametrize("option", ["--host=server.example", "--port=x", "--collaboration=0", "--timeout=soon"])
def test_a_setting_that_cannot_be(call, option):
    """The message says what it is to be."""
    status, _, stderr = call("login", option)

    assert status == 2
    assert f"Invalid value for '{option.partition('=')[0]}'" in stderr


def test_two_factors_that_are_not_set_up(call, monkeypatch, home):
    """The command that meets this shows the secret, as the server does so once; here nobody is there to type a code."""
    with MockServer(settings=Settings(two_factor_auth=True)) as server:
        (home / "config.toml").write_text(f"[default]\nhost = '{server.url}'\nusername = 'root'\n")
        monkeypatch.setenv("V6CLIENT_PASSWORD", "root")
        status, _, stderr = call("whoami")
        secret = re.search(r"secret: +(\w+)", stderr)[1]

        monkeypatch.setenv("V6CLIENT_OTP_SECRET", secret)

        assert status == 1
        assert f"secret={secret}" in stderr
        assert stderr.endswith("run: v6client login\n")
        assert call("whoami")[0] == 0
