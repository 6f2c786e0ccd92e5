"""
Real servers: installed once into environments of their own, started and stopped by tests.

    with RealServer("4.15") as server:
        server.url         # http://127.0.0.1:…, without /api; root's password is root
        server.secret      # what signs its tokens
        server.save("fresh")
        ...                # requests to the API
        server.dump()      # as MockServer.dump() has it
        server.restore("fresh")

or, to look around by hand, from the top of the project: `python -m tests.conformance.servers 4.15`.

Environments are looked for in the folder that `V6_ORACLES` names, each under its version (`4.15`, `4.0`), by default in
`.oracles` of the project; what is missing is installed there with `venv` and pip. The servers work with Python 3.10 and
3.11 only; `V6_ORACLE_PYTHON` names such an interpreter where the one that runs is newer.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from .in_process import Reply

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from typing_extensions import Self

TOP = Path(__file__).parents[2]
LAUNCHER = Path(__file__).with_name("real_server.py")

REQUIREMENTS = {
    "4.15": ("vantage6-server==4.15.2", "vantage6-backend-common==4.15.2"),
    # Its own pins are too loose: later releases of these do not work with it, and setuptools has lost pkg_resources.
    "4.0": ("vantage6-server==4.0.3", "python-socketio==5.9.*", "python-engineio==4.7.*", "setuptools<81"),
}
VERSIONS = tuple(REQUIREMENTS)

CAN_MAIL = {"smtp": {"server": "mail.invalid", "port": 25, "username": "oracle@example.org", "password": ""}}
"""Settings of a server that can send mail; it never does, see `real_server.py`."""


def environment(version: str) -> Path:
    """
    Return the Python of the environment with a real server, installed first if need be.
    """
    folder = Path(os.environ.get("V6_ORACLES", TOP / ".oracles")) / version
    python = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists():
        _install(folder, python, REQUIREMENTS[version])
        complete.touch()
    return python


def _install(folder: Path, python: Path, requirements: tuple[str, ...]) -> None:
    creator = os.environ.get("V6_ORACLE_PYTHON", sys.executable)
    print(f"installing {requirements[0]} into {folder}", file=sys.stderr)
    subprocess.run([creator, "-m", "venv", "--clear", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *requirements], check=True)


class RealServer:
    """
    A real server with a database of its own, on a free loopback port.

    Parameters
    ----------
    version : {"4.15", "4.0"}
        Which one.
    settings : dict, optional
        Entries of its configuration file, such as `CAN_MAIL` or `{"two_factor_auth": True}`.

    Attributes
    ----------
    url : str
        Scheme, host and port, without the API path.
    secret : str
        What it signs tokens with.
    release : str
        Its exact version.
    """

    def __init__(self, version: str, settings: dict[str, Any] | None = None) -> None:
        self.version = version
        self._settings = settings or {}
        self._folder = Path(tempfile.mkdtemp(prefix="oracle-", dir=_fast_place()))
        self._errors = (self._folder / "errors.txt").open("wb")
        self._process = self._start()
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            message = f"server {version} did not start:\n{self.errors()}"
            self._end()
            raise RuntimeError(message)
        announced = json.loads(line)
        self.url, self.secret, self.release = announced["url"], announced["secret"], announced["version"]
        self._connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=60)

    def _start(self) -> subprocess.Popen[bytes]:
        command = [str(environment(self.version)), str(LAUNCHER), str(self._folder), json.dumps(self._settings)]
        # What it keeps for its user goes to the folder as well.
        places = dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"), str(self._folder))
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | places | {"PYTHONWARNINGS": "ignore"},
        )

    def errors(self) -> str:
        """
        Return the last of what the server wrote about its troubles.
        """
        return (self._folder / "errors.txt").read_text(errors="replace")[-4000:]

    def stop(self) -> None:
        """
        End the server, and forget its database.
        """
        self._connection.close()
        self._end()

    def _end(self) -> None:
        self._process.communicate(timeout=30)
        self._errors.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None = None) -> Reply:
        """
        Send one request as it stands.

        Parameters
        ----------
        method, target : str
            The request line: target is path and query, encoded, with the API path.
        headers : dict
            All headers; only Host and Content-Length are added.
        body : bytes, optional
            The body.
        """
        self._connection.request(method, target, body, headers)
        with self._connection.getresponse() as answer:
            return Reply(answer.status, answer.getheaders(), answer.read())

    def _control(self, order: str, **data: Any) -> Any:
        reply = self.send("POST", f"/oracle/{order}", {}, json.dumps(data).encode())
        if reply.status != http.client.OK:
            raise RuntimeError(f"{order}: {reply.status}\n{self.errors()}")
        return json.loads(reply.body)

    def dump(self) -> dict[str, Any]:
        """
        Return all tables, in the format of `MockServer.dump()`.
        """
        return self._control("dump")

    def load(self, tables: dict[str, list[Any]]) -> None:
        """
        Make the database hold these tables, and nothing else; their format is that of `dump()["tables"]`.
        """
        self._control("load", tables=tables)

    def save(self, name: str) -> None:
        """
        Keep the database as it is, under a name.
        """
        self._control("save", name=name)

    def restore(self, name: str) -> None:
        """
        Put a database that was saved back, which takes a few milliseconds.
        """
        self._control("restore", name=name)

    def changes(self, name: str) -> dict[str, Any]:
        """
        Return what became of the tables since the database was saved under a name: rows "changed" and ids "gone".
        """
        return self._control("changes", name=name)

    def play(self, name: str, requests: Sequence[dict[str, Any]]) -> list[tuple[Reply, dict[str, Any]]]:
        """
        Play requests, each on the database saved under a name, and return what came of them.

        They do not pass a socket, which together with the fewer round trips makes this the fast way.

        Parameters
        ----------
        name : str
            The name of the database.
        requests : sequence of dict
            Each with `method`, `target`, `headers`, `body` (text or None) and `grant` (arguments of `grant` or None).

        Returns
        -------
        list of pairs
            Of each request the answer, and the changes as `changes` has them.
        """
        played = self._control("play", name=name, requests=list(requests))
        return [
            (Reply(status, [(key, value) for key, value in headers], b64decode(body)), changes)
            for status, headers, body, changes in played
        ]

    def grant(self, user: int, rules: Sequence[int], roles: Sequence[int]) -> None:
        """
        Let a user hold these rules and roles, and no others.
        """
        self._control("grant", user=user, rules=list(rules), roles=list(roles))

    def mails(self) -> list[dict[str, Any]]:
        """
        Return the mails sent since the last time; `data` is what the text was made from, such as the token.
        """
        return self._control("mails")


def _fast_place() -> str | None:
    memory = Path("/dev/shm")  # noqa: S108 -- the system's own file system in memory
    return str(memory) if os.access(memory, os.W_OK) else None


if __name__ == "__main__":
    with RealServer(sys.argv[1]) as server:
        print(f"server {server.release} listens on {server.url}; Enter ends it")
        sys.stdin.read(1)
