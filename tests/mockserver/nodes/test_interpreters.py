"""Where algorithms are installed, and what registering them refuses."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from v6mockserver import MockServer, MockUsageError
from v6mockserver.nodes.interpreters import Interpreter

from . import image
from .federation import PLAIN, TIMEOUT, Study, seed


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
        ({"source": "/nowhere/module.py"}, "there is no file /nowhere/module.py"),
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


def test_a_folder_that_is_a_link(tmp_path, monkeypatch):
    """The package is called as the link."""
    (tmp_path / "first_version").mkdir()
    (tmp_path / "first_version" / "__init__.py").write_text("def rows(df):\n    return len(df)\n")
    (tmp_path / "linked_rows").symlink_to(tmp_path / "first_version")
    monkeypatch.setattr(sys, "path", list(sys.path))
    server = MockServer(seed())

    server.algorithms.register("image", tmp_path / "linked_rows")

    assert Study(server).value("rows") == 1
    assert "linked_rows" in sys.modules
    del sys.modules["linked_rows"]


def test_a_module_that_was_made_by_hand():
    """Its functions are taken as they are."""
    module = ModuleType("by_hand")
    module.method = lambda: 5
    server = MockServer(seed())
    server.algorithms.register("image", module)

    assert Study(server).value("method") == 5


@pytest.mark.parametrize(
    ("module", "method", "argument", "value"),
    [(json, "loads", "[1]", [1]), ("json", "loads", "[1]", [1]), ("_operator", "inv", 0, -1)],
    ids=["itself", "its name", "of the interpreter"],
)
def test_a_module(module, method, argument, value):
    """Its functions are the methods; it may be in no folder, as a part of the interpreter."""
    server = MockServer(seed())
    server.algorithms.register("image", module)

    assert Study(server).value(method, argument) == value


def functions_of_the_tools():
    """Return a decorator and a function as if vantage6-algorithm-tools were installed."""
    tools = {"__name__": "vantage6.algorithm.tools.decorators"}
    exec(DECORATOR, tools)  # noqa: S102 -- it is the name of its module by which a decorator is known
    return tools["data"], tools["info"]


DECORATOR = """
import functools, os

def data(function):
    @functools.wraps(function)
    def decorated(*args, **kwargs):
        label = os.environ["USER_REQUESTED_DATABASE_LABELS"]
        with open(os.environ[f"{label.upper()}_DATABASE_URI"]) as file:
            return function(file.read(), *args, **kwargs)
    return decorated

def info(text):
    print("info >", text)
"""


@pytest.mark.parametrize("execution", ["inline", "thread"])
def test_a_function_with_a_decorator_of_the_tools(execution):
    """It finds its data by itself, in a file, whatever its first parameter is called; one without gets them."""
    data, info = functions_of_the_tools()
    server = MockServer(seed(), execution=execution)
    server.algorithms.register("image", {"method": data(lambda df, word: [df, word])})
    server.algorithms.register("plain", {"method": lambda df, word: [list(df), word], "info": info})
    study = Study(server)

    plain = study.client.task.create(1, [2], "n", "plain", "", {"method": "method", "args": ["a"]}, "default")["id"]

    assert study.value("method", "a") == ["x,y\n0,0\n", "a"]
    (row,) = study.client.wait_for_results(plain, timeout=TIMEOUT)["data"]
    assert json.loads(row["result"]) == [["x", "y"], "a"]
    server.stop()


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A folder with a module in it, as a part of a namespace that others have a part in as well."""
    (tmp_path / "of_many").mkdir()
    (tmp_path / "of_many" / "rows.py").write_text("def count(df):\n    return len(df)\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "of_many.rows"
    for name in ("of_many", "of_many.rows"):
        sys.modules.pop(name, None)


@pytest.mark.slow
def test_a_module_runs_in_a_subprocess(monkeypatch):
    """It is found where it was found here."""
    server = MockServer(seed(), execution="subprocess-cold")
    with monkeypatch.context() as here:
        here.syspath_prepend(PLAIN.parent)
        server.algorithms.register("image", "plain_rows")

    assert Study(server).value("partial", "x") == 0
    server.stop()


@pytest.mark.slow
def test_a_module_of_a_namespace_runs_in_a_subprocess(package):
    """The namespace has no file, but a folder, in which the module is found."""
    server = MockServer(seed(), execution="subprocess-cold")
    server.algorithms.register("image", package)

    assert Study(server).value("count", at=(4,)) == 3
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
def test_a_folder_in_which_modules_are_called_as_those_of_python(tmp_path, monkeypatch):
    """A container does not start in it, and neither does what asks its interpreter or forks for it."""
    python = image.build(tmp_path / "image", "4.15.2")
    (tmp_path / "json.py").touch()
    monkeypatch.chdir(tmp_path)
    server = MockServer(seed(), execution="subprocess")
    server.algorithms.register("image", package=image.PACKAGE, python=python)

    assert Study(server).value("rows") == {"x": 1}
    server.stop()


@pytest.mark.slow
@pytest.mark.parametrize("place", ["rows/__init__.py", "rows.py"])
def test_an_image_of_whose_package_there_is_only_the_folder(tmp_path, place):
    """The interpreter that has the tools finds it there, or a module of which there is only the file."""
    python = image.build(tmp_path / "image", "4.15.2")
    file = tmp_path / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(image.ALGORITHM)
    server = MockServer(seed(), execution="inline")  # which is not for what another interpreter has
    package = file if file.name == "rows.py" else file.parent
    server.algorithms.register("image", package=package, venv=python.parents[1])

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
