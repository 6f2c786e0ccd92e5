"""The client installed alone, without any extra. Needs such an environment: `tox -e minimal`."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

OPTIONAL = ["faker", "flask", "hypothesis", "keyring", "marshmallow", "orjson", "pandas", "waitress", "yaml"]

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("flask") is not None,
    reason="the extra `mock` is installed here; `tox -e minimal` tests the client without it",
)


@pytest.mark.parametrize("module", OPTIONAL)
def test_the_extras_are_absent(module):
    """Nothing that only an extra brings is importable, so that the other tests here mean something."""
    assert importlib.util.find_spec(module) is None


@pytest.fixture
def port():
    """A server that gives one answer to everything."""
    with ThreadingHTTPServer(("127.0.0.1", 0), OneAnswer) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server.server_port
        server.shutdown()


class OneAnswer(BaseHTTPRequestHandler):
    """Answers as a vantage6 server does when it is asked for its version."""

    def do_GET(self):
        """Answer any request."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(b'{"version": "4.15.2"}')

    def log_message(self, *_):
        """Keep the output of the tests clean."""


def test_client_needs_no_extra(port):
    """A client talks to a server."""
    from v6client import UserClient

    assert UserClient("http://127.0.0.1", port).util.get_server_version() == {"version": "4.15.2"}


@pytest.mark.slow
def test_client_makes_keys_without_an_extra(port, tmp_path):
    """Encryption belongs to the client proper."""
    from v6client import UserClient

    UserClient("http://127.0.0.1", port).util.generate_private_key(tmp_path / "key.pem")

    assert (tmp_path / "key.pem").read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")


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


def test_the_command_line_needs_no_extra():
    """It is there, and says which one a keyring needs."""
    command = [sys.executable, "-m", "v6client"]
    shown = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True).stdout
    ended = subprocess.run([*command, "login", "--save-password"], capture_output=True, text=True, check=False)

    assert shown.startswith("v6client ")
    assert ended.returncode == 2
    assert "pip install 'v6client[keyring]'" in ended.stderr
