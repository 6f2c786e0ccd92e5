"""The command `v6client` as a process of its own, and with a person at its terminal."""

from __future__ import annotations

import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
from importlib.metadata import version

import pytest
from pyotp import TOTP

from v6mockserver import MockServer, Settings

COMMAND = [sys.executable, "-m", "v6client"]
PATIENCE = 30

pytestmark = pytest.mark.slow


def run(*arguments, **options):
    """Run the command to its end."""
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=PATIENCE, **options
    )


class Person:
    """Somebody at a terminal, who reads what is asked and types the answer."""

    def __init__(self, *arguments):
        self.screen = ""
        self._end, terminal = os.openpty()
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            stdin=terminal,
            stderr=terminal,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # without the terminal of whoever runs the tests
        )
        os.close(terminal)

    def answer(self, question, text):
        """Wait for a question, and type a line."""
        before = len(self.screen)
        while question not in self.screen[before:]:
            assert select.select([self._end], [], [], PATIENCE)[0], f"{question!r} is not asked: {self.screen}"
            self.screen += os.read(self._end, 4096).decode()
        os.write(self._end, f"{text}\n".encode())

    def leave(self):
        """Wait for the end, and return what was on stdout."""
        shown = self.process.communicate(timeout=PATIENCE)[0]
        os.close(self._end)
        return shown


@pytest.mark.skipif(importlib.util.find_spec("pty") is None, reason="Windows has no pseudo-terminals")
def test_a_person_logs_in_for_the_first_time(home):
    """They are asked for what is missing, get a second factor, and nothing secret is shown but that."""
    with MockServer(settings=Settings(two_factor_auth=True)) as server:
        person = Person("login", "--profile=hospital")
        person.answer("Address of the server", "localhost")
        person.answer("Address of the server", server.url)
        person.answer("Username:", "root")
        person.answer("Password of root: ", "root")
        person.answer("Code of your authenticator app: ", "000000x")
        person.leave()
        assert person.process.returncode == 2
        secret = person.screen.partition("secret:")[2].split()[0]

        person = Person("login", "--profile=hospital", f"--host={server.url}", "--username=root")
        person.answer("Password of root: ", "root")
        person.answer("Code of your authenticator app: ", TOTP(secret).now())
        shown = person.leave()

        assert person.process.returncode == 0
        assert "root" in shown
        assert f'[hospital]\nhost = "{server.url}"' in (home / "config.toml").read_text()
        assert "id " in run("whoami", "--profile=hospital").stdout


def test_the_command_is_installed(home):
    """Under its name, beside Python; it is the same as the module."""
    command = shutil.which("v6client", path=sysconfig.get_path("scripts"))

    ended = subprocess.run([command, "--version"], capture_output=True, text=True, check=True, timeout=PATIENCE)

    assert ended.stdout == run("--version").stdout == f"v6client {version('v6client')}\n"


@pytest.mark.usefixtures("interruptible")
def test_a_wait_is_stopped(server, login):
    """Ctrl-C ends the command, and the task goes on."""
    server.nodes["Open Budapest"].go_offline()
    made = run("task", "create", "--image=x", "--method=x", "--organization=3", "--json")
    assert made.returncode == 0

    with subprocess.Popen(
        [*COMMAND, "task", "wait", "1", "--verbose"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            while "/status" not in process.stderr.readline():
                pass
            process.send_signal(signal.SIGINT)
            stdout, stderr = process.communicate(timeout=PATIENCE)
        finally:
            process.kill()

    assert process.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    assert stderr.endswith("v6client: stopped\n")


def test_a_reader_who_has_seen_enough(login):
    """As `head` has; nobody complains."""
    with subprocess.Popen([*COMMAND, "rule", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        complaints = process.stderr.read()

    assert process.wait(PATIENCE) == 1
    assert complaints == b""


def test_a_server_that_is_not_there(home):
    """One line says so."""
    (home / "config.toml").write_text("[default]\nhost = 'http://127.0.0.1:1'\nusername = 'x'\n")

    ended = run("whoami", env={**os.environ, "V6CLIENT_PASSWORD": "x"})

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("v6client: POST http://127.0.0.1:1/api/token/user failed: ")
    assert ended.stderr.count("\n") == 1


def test_nobody_is_asked(home):
    """Without a terminal the command says what it lacks."""
    ended = run("login", stdin=subprocess.DEVNULL)

    assert ended.returncode == 2
    assert (
        ended.stderr
        == "v6client: the host is not given, and nobody is at a terminal to ask; see: v6client login --help\n"
    )
