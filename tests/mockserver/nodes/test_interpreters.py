"""Where algorithms are installed, and what registering them refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from v6mockserver import MockServer, MockUsageError
from v6mockserver.nodes.interpreters import Interpreter

from .federation import PLAIN, Study, seed


def fake(path, answer):
    """Write an interpreter that answers every question in one way."""
    path.write_text(f"#!/bin/sh\n{answer}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize(("tools", "encodes"), [("4.0.3", False), ("4.1.3", False), ("4.2.0", True), ("4.15.2", True)])
def test_encoding_by_the_version_of_the_tools(tools, encodes):
    """Those before 4.2 read variables as they are, and take the package as an argument."""
    assert Interpreter("python", tools).encodes is encodes


def test_an_environment_without_the_tools(tmp_path):
    """The message says what to install, and where."""
    python = fake(tmp_path / "python", "echo '[null, true]'")

    with pytest.raises(MockUsageError, match="python does not have vantage6-algorithm-tools; install it there"):
        MockServer().algorithms.register("image", package="v6_rows", python=python)


def test_an_environment_without_the_package(tmp_path):
    """The message names it."""
    (tmp_path / "bin").mkdir()
    fake(tmp_path / "bin" / "python", "echo '[\"4.15.2\", false]'")

    with pytest.raises(MockUsageError, match="cannot find 'v6_rows'; install it there"):
        MockServer().algorithms.register("image", package="v6_rows", venv=tmp_path)


def test_an_interpreter_that_fails(tmp_path):
    """What it says is in the message."""
    python = fake(tmp_path / "python", "echo broken >&2; exit 1")

    with pytest.raises(MockUsageError, match=r"cannot say what it has installed: .* broken"):
        MockServer().algorithms.register("image", package="v6_rows", python=python)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "needs either a source or package=, not neither"),
        ({"source": "json", "package": "json"}, "not both"),
        ({"source": "json", "python": sys.executable}, "python= and venv= go with package="),
        ({"package": "json", "python": "a", "venv": "b"}, "may be two interpreters"),
        ({"package": "json", "python": "/nowhere/python"}, "there is no interpreter /nowhere/python"),
        ({"package": "json", "execution": "inline"}, "its execution is one of subprocess"),
        ({"source": Path("/nowhere/package")}, "there is no folder /nowhere/package"),
        ({"source": "json", "execution": "docker"}, "there is no execution 'docker'"),
    ],
)
def test_what_contradicts_itself(arguments, message):
    """It is refused, and nothing is registered."""
    algorithms = MockServer().algorithms

    with pytest.raises(MockUsageError, match=message):
        algorithms.register("image", **arguments)

    assert "image" not in algorithms


def test_a_folder_whose_name_is_taken(tmp_path):
    """Two packages of one name cannot be in one process, and the wrong one is never run."""
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "__init__.py").touch()

    with pytest.raises(MockUsageError, match="cannot be taken from"):
        MockServer().algorithms.register("image", tmp_path / "json")


def test_a_module_that_was_made_by_hand():
    """Its functions are taken as they are."""
    module = ModuleType("by_hand")
    module.method = lambda: 5
    server = MockServer(seed())
    server.algorithms.register("image", module)

    assert Study(server).value("method") == 5


@pytest.mark.slow
def test_a_module_runs_in_a_subprocess():
    """It is found where it was found here."""
    sys.path.insert(0, str(PLAIN.parent))
    try:
        server = MockServer(seed(), execution="subprocess-cold")
        server.algorithms.register("image", "plain_rows")
    finally:
        sys.path.remove(str(PLAIN.parent))

    assert Study(server).value("partial", "x") == 0
    server.stop()
