"""What importing the packages loads: heavy or optional modules wait until they are needed."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

OPTIONAL = {
    "v6client": [
        "click",
        "flask",
        "keyring",
        "marshmallow",
        "orjson",
        "pandas",
        "platformdirs",
        "pyotp",
        "pytest",
        "rich",
        "tomlkit",
        "v6mockserver",
        "waitress",
    ],
    "v6mockserver": [
        "apispec",
        "faker",
        "flask",
        "hypothesis",
        "marshmallow",
        "pandas",
        "pytest",
        "v6client",
        "waitress",
    ],
}


def loaded_by(statement: str) -> set[str]:
    """Name the top-level modules that a fresh interpreter loads for a statement."""
    command = [sys.executable, "-X", "importtime", "-c", statement]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    modules = [line.rpartition("|")[2].strip() for line in report.splitlines() if line.startswith("import time:")]
    return {module.partition(".")[0] for module in modules}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("package", "statement"), [("v6client", "from v6client import UserClient"), ("v6mockserver", "import v6mockserver")]
)
def test_import_loads_only_what_every_user_needs(package, statement):
    """Importing a package loads nothing heavy and nothing that an extra brings."""
    loaded = loaded_by(statement)

    assert package in loaded
    assert loaded.isdisjoint(OPTIONAL[package])


@pytest.mark.slow
@pytest.mark.parametrize("command", [[], ["task"]])
def test_the_command_line_shows_its_help_without_a_client(command):
    """Whoever asks for help, or completes a command, does not wait for what only a request needs."""
    loaded = loaded_by(f"from v6client._cli.root import root; root.main({[*command, '--help']})")

    assert "click" in loaded
    assert loaded.isdisjoint(["cryptography", "requests", "rich", "tomlkit"])


@pytest.mark.parametrize("module", sorted({*OPTIONAL["v6client"], *OPTIONAL["v6mockserver"]}))
def test_the_modules_that_must_not_be_loaded_are_there_to_load(module):
    """What the test above does not find loaded was left alone, not missing."""
    assert importlib.util.find_spec(module)


WITHOUT_EXTRA = "import runpy, sys; sys.modules['marshmallow'] = None; sys.argv = ['v6mock', 'demo']; "


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("from v6mockserver import MockServer", "ImportError: v6mockserver.MockServer needs marshmallow, which is not"),
        ("runpy.run_module('v6mockserver', run_name='__main__')", "v6mock needs marshmallow, which is not"),
    ],
)
def test_without_its_extra_the_mock_says_what_to_install(statement, told):
    """Whoever has installed the client alone reads one line of advice, on the name as on the command."""
    ended = subprocess.run(
        [sys.executable, "-c", WITHOUT_EXTRA + statement], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == f"{told} installed: pip install 'v6client[mock]'"


@pytest.mark.slow
def test_pytest_starts_without_loading_the_mock_server():
    """A project that has the extras installed pays nothing for them when it starts its own tests."""
    loaded = loaded_by("import pytest; pytest.main(['-VV'])")

    assert "_pytest" in loaded
    assert loaded.isdisjoint(["flask", "marshmallow", "pandas", "v6client"])
