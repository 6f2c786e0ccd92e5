"""The client installed alone, without any extra. Needs such an environment: `tox -e minimal`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import pytest

OPTIONAL = ["faker", "flask", "hypothesis", "marshmallow", "orjson", "pandas", "waitress", "yaml"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("flask") is not None,
    reason="the extra `mock` is installed here; `tox -e minimal` tests the client without it",
)


@pytest.mark.parametrize("module", OPTIONAL)
def test_the_extras_are_absent(module):
    """Nothing that only an extra brings is importable, so that the other tests here mean something."""
    assert importlib.util.find_spec(module) is None


def test_client_needs_no_extra():
    """A client can be made, and its exceptions are there."""
    from v6client import UserClient, exceptions

    client = UserClient("http://localhost", 1)

    with pytest.raises(exceptions.NotAuthenticatedError):
        client.task.get(1)


def test_mock_server_says_which_extra_it_needs():
    """Without its extra the mock server names the command that installs it."""
    import v6mockserver

    with pytest.raises(ImportError, match=r"pip install 'v6client\[mock\]'"):
        v6mockserver.MockServer()


def test_mock_command_says_which_extra_it_needs():
    """The command ends with the same advice and no traceback."""
    ended = subprocess.run([sys.executable, "-m", "v6mockserver", "demo"], capture_output=True, text=True, check=False)

    assert ended.returncode != 0
    assert "pip install 'v6client[mock]'" in ended.stderr
    assert "Traceback" not in ended.stderr
