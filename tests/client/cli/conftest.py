"""The command `v6client`, in this process, and a live server for it."""

from __future__ import annotations

import json
import os

import pandas as pd
import pytest
from click.testing import CliRunner

from v6client._cli.root import root
from v6mockserver import MockServer

PASSWORD = "Federated-1"
NAMES = ("Cleveland", "Budapest", "Switzerland", "Long Beach")


@pytest.fixture(scope="module")
def _served():
    """A server on a port: four organizations in two collaborations, the second one encrypted."""
    researcher = {"username": "researcher", "password": PASSWORD, "roles": ["Researcher"]}
    seed = {
        "organizations": [{"name": name, "users": [researcher] if name == NAMES[0] else []} for name in NAMES],
        "collaborations": [
            {
                "name": name,
                "encrypted": name == "Secret",
                "participants": [
                    {"name": hospital, "node": f"{name} {hospital}", "databases": {"default": pd.DataFrame({"x": [1]})}}
                    for hospital in NAMES
                ],
            }
            for name in ("Open", "Secret")
        ],
    }
    with MockServer(seed) as server:
        yield server


@pytest.fixture
def server(_served):
    """That server, as it was made."""
    _served.reset()
    return _served


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A user who has not configured anything; the folder in which everything of theirs is."""
    for variable in [name for name in os.environ if name.startswith("V6CLIENT_")]:
        monkeypatch.delenv(variable)
    for variable in ("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setenv("V6CLIENT_CONFIG", str(tmp_path / "config.toml"))
    return tmp_path


@pytest.fixture
def call():
    """A function that runs the command and returns exit status, stdout and stderr."""

    def call(*arguments, stdin=None):
        ended = CliRunner().invoke(root, [str(one) for one in arguments], input=stdin)
        if not isinstance(ended.exception, SystemExit | None):
            raise ended.exception
        return ended.exit_code, ended.stdout, ended.stderr

    return call


@pytest.fixture
def answer(call):
    """A function that runs the command and returns its answer in JSON."""

    def answer(*arguments, stdin=None):
        status, stdout, stderr = call(*arguments, "--json", stdin=stdin)
        assert status == 0, stderr
        return json.loads(stdout)

    return answer


@pytest.fixture
def login(server, answer):
    """Log in as the researcher, and return the answer."""
    return answer(
        "login",
        f"--host={server.url}",
        "--username=researcher",
        "--collaboration=1",
        "--password-stdin",
        stdin=f"{PASSWORD}\n",
    )
