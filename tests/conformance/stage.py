"""
Servers on which requests are played: a real one and the mock side by side in the same world, or the mock alone.

    with RealServer("4.15", CAN_MAIL) as real:
        stage = Stage(real, *make_world(real))
        for compared in stage.compare_all(cases):
            print(compared.case, compared.differences)

`compare` and `compare_all` leave both servers in the world that they started from. Programs of several requests use
`play`, which leaves them where they are, and `restore`.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, fields, is_dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from v6mockserver import MockServer

from .answers import Answer, Delta, cleaned, cleaned_changes, differences
from .cast import HOLDER, PASSWORD, Cast, build
from .in_process import Reply, send
from .real_tables import RELATIONS, TABLES, difference
from .tokens import mint, spoilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .case import Case
    from .servers import RealServer

    Tables = dict[str, list[Any]]

BASE = "base"
BATCH = 50


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
        What became of the tables since the world that was restored last, cleaned.
    """

    answer: Answer
    changes: Delta

    def data(self) -> dict[str, Any]:
        """
        Return it as plain data.
        """
        return {**self.answer._asdict(), "changes": self.changes}


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
        return cleaned_changes(self._tables, self._server.changes(BASE))

    def play_all(self, requests: Sequence[dict[str, Any]]) -> list[Played]:
        """Send requests, and go back after each."""
        played = self._server.play(BASE, requests)
        return [Played(cleaned(reply), cleaned_changes(self._tables, changes)) for reply, changes in played]


class MockSide:
    """
    The mock, in this process.
    """

    def __init__(self, world: World) -> None:
        # Hashes of bcrypt are the real server's affair; here, the secrets are hashed anew.
        passwords = [row | {"password": {"plain": password(row["username"])}} for row in world.tables["user"]]
        data = {"format": 1, "version": world.version, "tables": world.tables | {"user": passwords}}
        self._server = MockServer.load(data | {"server": world.server})
        self._base = self._server.snapshot()
        self._tables = self._server.dump()["tables"]

    def send(self, method: str, target: str, headers: dict[str, str], body: bytes | None) -> Reply:
        """Send one request as it stands."""
        return send(self._server, method, target, headers, body)

    def restore(self) -> None:
        """Go back to the world it started from."""
        self._server.restore(self._base)

    def changes(self) -> Delta:
        """Return what became of the tables since then."""
        return cleaned_changes(self._tables, difference(self._tables, self._touched()))

    def _touched(self) -> Tables:
        """Return the tables that no longer share their rows with the snapshot; `dump` would go through all."""
        world = self._server._world
        names = [name for name in (*TABLES, *RELATIONS) if not getattr(world, name)._is_shared]
        tables = {name: _rows(getattr(world, name)) for name in names}
        return tables | {"blob": [{"id": id_} for id_ in sorted(world.blobs)]}

    def grant(self, user: int, rules: Sequence[int], roles: Sequence[int]) -> None:
        """Let a user hold these rules and roles, and no others."""
        self._server._world.user_rule.assign(user, rules)
        self._server._world.user_role.assign(user, roles)


def _rows(table: Iterable[Any]) -> list[Any]:
    rows = list(table)
    if rows and is_dataclass(rows[0]):
        columns = [column.name for column in fields(rows[0])]
        return [{column: getattr(row, column) for column in columns} for row in rows]
    return [list(pair) for pair in rows]


def password(username: str) -> str:
    """
    Return the password of a user of the world.
    """
    return "root" if username == "root" else PASSWORD


@dataclass
class Player:
    """
    Sends cases to one server, as those who are in the cast.
    """

    side: Side
    cast: Cast
    _tokens: dict[str, str | None] = field(default_factory=dict)

    def play(self, case: Case) -> Played:
        """
        Send a case, and return what came of it; the world stays as it left it.
        """
        grant = self.grant(case)
        if grant is not None:
            self.side.grant(**grant)
        body = None if case.text is None else case.text.encode()
        reply = self.side.send(case.method, case.target, self.headers(case), body)
        return Played(cleaned(reply), self.side.changes())

    def request(self, case: Case) -> dict[str, Any]:
        """
        Return a case as plain data, with the token of whoever sends it.
        """
        return {
            "method": case.method,
            "target": case.target,
            "headers": self.headers(case),
            "body": case.text,
            "grant": self.grant(case),
        }

    def grant(self, case: Case) -> dict[str, Any] | None:
        """
        Return what a case gives the user `holder` to hold, if it is about that one.
        """
        if case.caller != HOLDER:
            return None
        return {"user": self.cast.id("user", HOLDER), "rules": case.rules, "roles": case.roles}

    def headers(self, case: Case) -> dict[str, str]:
        """
        Return the headers of a case, with the token of whoever sends it.
        """
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

    Attributes
    ----------
    release : str
        The exact version of the real server.
    cast, world
        Who and what is in the world, and its tables.
    real, mock : Player
        What plays cases on one of them.
    """

    def __init__(self, real: RealServer, cast: Cast, world: World) -> None:
        self.release = real.release
        self.cast, self.world = cast, world
        self._real = RealSide(real, world)
        self.real = Player(self._real, cast)
        self.mock = Player(MockSide(world), cast)
        self._ahead = ThreadPoolExecutor(max_workers=1)

    def play(self, case: Case) -> tuple[Played, Played]:
        """
        Send a case to both, and return what came of it; both stay as it left them.
        """
        return self.real.play(case), self.mock.play(case)

    def restore(self) -> None:
        """
        Put both back into the world that they started from.
        """
        self.real.side.restore()
        self.mock.side.restore()

    def compare(self, case: Case) -> Compared:
        """
        Send a case to both, put both back, and return what came of it.
        """
        real, mock = self.play(case)
        self.restore()
        return Compared(case, real, mock)

    def compare_all(self, cases: Iterable[Case]) -> Iterator[Compared]:
        """
        Compare many cases, each in the world that both started from.

        The real server, which takes most of the time, begins at once and is ahead of the mock.
        """
        batches = [(batch, self._ahead.submit(self._play_real, batch)) for batch in _batches(cases)]
        return (
            Compared(case, real, play_alone(self.mock, case))
            for batch, played in batches
            for case, real in zip(batch, played.result(), strict=True)
        )

    def close(self) -> None:
        """
        Compare no more of what was asked for.
        """
        self._ahead.shutdown(cancel_futures=True)

    def _play_real(self, batch: Sequence[Case]) -> list[Played]:
        return self._real.play_all([self.real.request(case) for case in batch])


def play_alone(player: Player, case: Case) -> Played:
    """
    Send a case, put the server back, and return what came of it.
    """
    played = player.play(case)
    player.side.restore()
    return played


def _batches(cases: Iterable[Case]) -> Iterator[list[Case]]:
    remaining = iter(cases)
    while batch := list(islice(remaining, BATCH)):
        yield batch


class Compared(NamedTuple):
    """
    What came of a case at either server.
    """

    case: Case
    real: Played
    mock: Played

    @property
    def differences(self) -> list[str]:
        """
        Where the mock differs, one line for each place.
        """
        return list(differences(self.real.data(), self.mock.data()))


def make_world(server: RealServer) -> tuple[Cast, World]:
    """
    Return the cast and the world, made with a real server that was just started.
    """
    cast, tables = build(server)
    beside = server.dump()["server"]
    return cast, World(server.version, json.loads(json.dumps(tables)), beside)
