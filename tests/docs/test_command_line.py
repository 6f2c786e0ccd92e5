"""The examples of the command line and of profiles say what is so."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from v6client._cli.root import COMMANDS, root
from v6client._profiles import SETTINGS
from v6mockserver import MockServer

DOCS = Path(__file__).parents[2] / "docs"
COMMAND_LINE = (DOCS / "command-line.md").read_text()
HOST = "https://server.example"


@pytest.mark.slow
def test_the_examples_run(tmp_path, monkeypatch):
    """All of them in their order, as a reader would try them with a server of their own."""
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("V6CLIENT_PASSWORD", "Federated-1")
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.chdir(tmp_path)
    examples = re.findall(r"^\$ v6client (.*)$", COMMAND_LINE, re.MULTILINE)

    with MockServer.demo() as server:
        shutil.copy(server.private_keys["Cleveland"], "cleveland.pem")
        for example in examples:
            words, _, _ = example.replace(HOST, server.url).partition(" < ")
            ended = CliRunner().invoke(root, shlex.split(words), input="Federated-1\n")
            assert (ended.exit_code, ended.stderr) == (0, ""), example
            assert ended.stdout.strip() != "[]", example

    assert len(examples) > 10


def test_every_noun_is_named():
    """Under its heading."""
    (line,) = re.findall(r"^## Nouns\n\n(.*)\n", COMMAND_LINE, re.MULTILINE)
    nouns = [name for name, (module, _) in COMMANDS.items() if module == "nouns"]

    assert set(re.findall(r"`([a-z]+)`", line)) - {"list", "get"} == {"task", *nouns}


def test_every_setting_is_in_the_table():
    """In the order of the code, and nothing else is."""
    text = (DOCS / "login-and-profiles.md").read_text()

    assert re.findall(r"^\| `([a-z_]+)` \|", text, re.MULTILINE) == list(SETTINGS)
