"""Where algorithms are installed, and what registering them refuses."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import pytest

from v6mockserver import MockServer, MockUsageError
from v6mockserver.nodes.interpreters import Interpreter

from . import image
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


IMAGES = [
    pytest.param(version, execution, marks=pytest.mark.slow)
    for version in image.TOOLS
    for execution in ("subprocess", "subprocess-cold")
]


@pytest.mark.parametrize(("tools", "execution"), IMAGES)
def test_an_image_with_tools_of_each_generation(tmp_path, tools, execution):
    """Its functions find what a node gives, written as these tools read it, and their own package."""
    python = image.build(tmp_path, tools)
    server = MockServer(seed(), execution=execution)
    server.nodes["North"].environment["THRESHOLD"] = "MFRGGZDF"
    server.algorithms.register("image", package=image.PACKAGE, python=python)

    study = Study(server)
    task = study.ask("rows", column="y")
    (run,) = study.runs(task)
    server.stop()

    assert (run["status"], run["log"]) == ("completed", "threshold MFRGGZDF\n")
    assert study.client.result.from_task(task)["data"][0]["result"] == '{"y": 1}'


@pytest.mark.slow
def test_an_image_of_whose_package_there_is_only_the_folder(tmp_path):
    """The interpreter that has the tools finds it there."""
    python = image.build(tmp_path / "image", "4.15.2")
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "__init__.py").write_text(image.ALGORITHM)
    server = MockServer(seed(), execution="inline")  # which is not for what another interpreter has
    server.algorithms.register("image", package=tmp_path / "rows", venv=python.parents[1])

    assert Study(server).value("rows") == {"x": 1}
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("execution", ["subprocess", "subprocess-cold"])
def test_an_interpreter_that_has_gone(tmp_path, execution):
    """The container does not start, and the log of the node tells what is missing."""
    python = image.build(tmp_path, "4.15.2")
    server = MockServer(seed(), execution=execution)
    server.algorithms.register("image", package=image.PACKAGE, python=python)
    python.unlink()

    run = Study(server).run("rows")
    server.stop()

    assert run["status"] == "start failed"
    assert f"{python} cannot be started" in server.nodes["North"].log[0]
