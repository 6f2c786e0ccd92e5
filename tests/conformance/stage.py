"""
Servers on which requests are played: a real one, the mock, or both side by side in the same world.

    with RealServer("4.15", CAN_MAIL) as real:
        cast, world = make_world(real)
        stage = Stage(RealSide(real, world), MockSide(world), cast)
        for difference in stage.compare(case):
            ...

`compare` leaves both servers in the world that they started from. Programs of several requests use `play`, which leaves
them where they are, and `restore`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import unquote_to_bytes

from v6mockserver import MockServer

from .answers import Answer, Delta, cleaned, delta, differences
from .cast import PASSWORD, Cast, build
from .servers import RealServer, Reply
from .tokens import mint, spoilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .case import Case

    Tables = dict[str, list[Any]]

BASE = "base"


class World(NamedTuple):
    """
    The state that both servers start from.

    Attributes
    ----------
    version : str
        The version of the server.
    tables : dict
        Its tables.
    server : dict
        What it has beside them: the secret for tokens, and the counters of ids.
    """

    version: str
    tables: Tables
    server: dict[str, Any]


class Played(NamedTuple):
    """
    What came of a request.

    Attributes
    ----------
    answer : Answer
        The answer, cleaned.
    changes : dict
        What became of the tables since the world that was restored last, cleaned; empty for a request that reads.
    """

    answer: Answer
    changes: Delta


class Side(Protocol):
    """
    One of the servers.
    """

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        """Send one request as it stands."""
        ...

    def restore(self) -> None:
        """Go back to the world it started from."""
        ...

    def changes(self) -> Delta:
        """Return what became of the tables since then."""
        ...

    def grant(self, user: int, rules: Sequence[int], roles: Sequence[int]) -> None:
        """Let a user hold these rules and roles, and no others."""
        ...


class RealSide:
    """
    A real server.
    """

    def __init__(self, server: RealServer, world: World) -> None:
        self._server = server
        self._tables = world.tables
        self.send = server.send
        self.grant = server.grant
        server.load(world.tables)
        server.save(BASE)

    def restore(self) -> None:
        """Go back to the world it started from."""
        self._server.restore(BASE)

    def changes(self) -> Delta:
        """Return what became of the tables since then."""
        return delta(self._tables, self._tables | self._server.changes(BASE))


class MockSide:
    """
    The mock, in this process.
    """

    def __init__(self, world: World) -> None:
        # Hashes of bcrypt are the real server's affair; here, the secrets are hashed anew.
        passwords = [row | {"password": {"plain": password(row["username"])}} for row in world.tables["user"]]
        data = {"format": 1, "version": world.version, "tables": world.tables | {"user": passwords}}
        self._server = MockServer.load(data | {"server": world.server})
        self._base = self._server._world.copy()
        self._tables = self._server.dump()["tables"]

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        """Send one request as it stands."""
        started: list[Any] = []
        chunks = self._server(environ(method, target, headers, body), lambda *start: started.extend(start))
        answer = b"".join(chunks)
        chunks.close()  # type: ignore[attr-defined]
        return Reply(int(started[0].split()[0]), started[1], answer)

    def restore(self) -> None:
        """Go back to the world it started from."""
        self._server._world = self._base.copy()

    def changes(self) -> Delta:
        """Return what became of the tables since then."""
        return delta(self._tables, self._server.dump()["tables"])

    def grant(self, user: int, rules: Sequence[int], roles: Sequence[int]) -> None:
        """Let a user hold these rules and roles, and no others."""
        self._server._world.user_rule.assign(user, rules)
        self._server._world.user_role.assign(user, roles)


def password(username: str) -> str:
    """
    Return the password of a user of the world.
    """
    return "root" if username == "root" else PASSWORD


def environ(method: str, target: str, headers: dict[str, str], body: bytes | None) -> dict[str, Any]:
    """
    Return the WSGI environment of a request, as a server on a socket would make it.
    """
    path, _, query = target.partition("?")
    variables: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(body or b""),
        "wsgi.errors": BytesIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        variables["CONTENT_LENGTH"] = str(len(body))
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        variables[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return variables


@dataclass
class Player:
    """
    Sends cases to one server, as those who are in the cast.
    """

    side: Side
    cast: Cast
    _tokens: dict[str, str | None] = field(default_factory=dict)
    _held: tuple[Any, Any] = ((), ())
    _dirty: bool = False

    def play(self, case: Case) -> Played:
        """
        Send a case, and return what came of it; the world stays as it left it.
        """
        if case.caller == "holder" and self._held != (case.rules, case.roles):
            self._held = (case.rules, case.roles)
            self.side.grant(self.cast.id("user", "holder"), *self._held)
        body = None if case.text is None else case.text.encode()
        reply = self.side.send(case.method, case.target, self._headers(case), body)
        self._dirty = self._dirty or case.writes
        return Played(cleaned(reply), self.side.changes() if case.writes else {})

    def restore(self) -> None:
        """
        Go back to the world that the server started from.
        """
        if self._dirty:
            self.side.restore()
            self._held = ((), ())
            self._dirty = False

    def _headers(self, case: Case) -> dict[str, str]:
        headers = dict(case.headers)
        if case.content_type is not None:
            headers["Content-Type"] = case.content_type
        authorization = self._authorization(case.caller)
        if authorization is not None:
            headers["Authorization"] = authorization
        return headers

    def _authorization(self, caller: str) -> str | None:
        if caller not in self._tokens:
            name, _, flaw = caller.partition(", ")
            claims, secret = self.cast.callers.get(name), self.cast.secret
            if flaw:
                assert claims is not None
                self._tokens |= {f"{name}, {one}": token for one, token in spoilt(claims, secret).items()}
            else:
                self._tokens[caller] = None if claims is None else f"Bearer {mint(claims, secret)}"
        return self._tokens[caller]


class Stage:
    """
    The real server and the mock, in the same world.
    """

    def __init__(self, real: RealServer, cast: Cast, world: World) -> None:
        self.real = Player(RealSide(real, world), cast)
        self.mock = Player(MockSide(world), cast)

    def play(self, case: Case) -> tuple[Played, Played]:
        """
        Send a case to both, and return what came of it; both stay as it left them.
        """
        return self.real.play(case), self.mock.play(case)

    def restore(self) -> None:
        """
        Put both back into the world that they started from.
        """
        self.real.restore()
        self.mock.restore()

    def compare(self, case: Case) -> tuple[Played, list[str]]:
        """
        Send a case to both, put both back, and return what came of it at the real one, and where the mock differs.
        """
        real, mock = self.play(case)
        self.restore()
        return real, list(between(real, mock))


def between(real: Played, mock: Played) -> Iterable[str]:
    """
    Yield where what came of a request differs, one line for each place.
    """
    one, other = ({**played.answer._asdict(), "changes": played.changes} for played in (real, mock))
    return differences(one, other)


def make_world(server: RealServer) -> tuple[Cast, World]:
    """
    Return the cast and the world, made with a real server that was just started.
    """
    cast, tables = build(server)
    beside = server.dump()["server"]
    return cast, World(server.version, json.loads(json.dumps(tables)), beside)
