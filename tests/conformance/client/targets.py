"""
What the client is tried on: the mock as either release, and either real server.

Beside a real server stands the mock. Every call is made on both, and has to come to the same on both: what it returns
or raises, apart from what legitimately differs (`answers.py`). Both went through the same calls since they were
started, so their ids agree; of a secret that each made up for itself, each is given its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import requests

from v6client import UserClient
from v6client._results import ResultsByOrganization
from v6client._tables import Table
from v6client.exceptions import ServerRefusedError, V6ClientError
from v6client.resources import SubClient
from v6mockserver import MockServer

from ..answers import clean, clean_text, differences, without_texts
from ..deviations import DEVIATIONS
from ..servers import CAN_MAIL, RealServer

if TYPE_CHECKING:
    from collections.abc import Sequence

PASSWORD = "Federated-1"
ROOT_PASSWORD = "root"
TIMEOUT = 20

RANDOM = {
    "<encrypted>": re.compile(r"[A-Za-z0-9+/=]{100,}\$[A-Za-z0-9+/=]*\$[A-Za-z0-9+/=]*"),
    "<public key>": re.compile(r"LS0tLS1CRUdJTiBQVUJMSUMgS0VZ[A-Za-z0-9+/=]+"),  # -----BEGIN PUBLIC KEY, in base64
}
"""What is made anew each time, apart from what `answers.py` knows of."""


class Side(Protocol):
    """
    One server.
    """

    url: str

    def session(self) -> requests.Session | None:
        """Return a session that reaches it, or None where any does."""
        ...

    def put_online(self, node: int) -> None:
        """Let a node be seen online, as if it listened for events."""
        ...

    def save(self) -> None:
        """Keep its state."""
        ...

    def restore(self) -> None:
        """Go back to the state that was kept."""
        ...

    def mailed_token(self) -> str:
        """Return the token in the last mail."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


class MockSide:
    """
    The mock, in this process.
    """

    def __init__(self, version: str) -> None:
        self._server = MockServer(version=version)
        self.url = self._server.url

    def session(self) -> requests.Session:
        """Return a session that reaches it."""
        return self._server.session()

    def put_online(self, node: int) -> None:
        """Let a node be seen online, as if it listened for events."""
        data = self._server.dump()
        self._server = MockServer.load(data | {"tables": _with_online(data["tables"], node)})

    def save(self) -> None:
        """Keep its state."""
        self._saved = self._server.snapshot()

    def restore(self) -> None:
        """Go back to the state that was kept."""
        self._server.restore(self._saved)

    def mailed_token(self) -> str:
        """Return the token in the last mail."""
        return self._server.outbox.last.token

    def stop(self) -> None:
        """Nothing was started."""


class RealSide:
    """
    A real server.
    """

    def __init__(self, version: str) -> None:
        self._server = RealServer(version, CAN_MAIL)
        self.url = self._server.url
        self.stop = self._server.stop

    def session(self) -> None:
        """Any session reaches it."""

    def put_online(self, node: int) -> None:
        """Let a node be seen online, as if it listened for events."""
        self._server.load(_with_online(self._server.dump()["tables"], node))

    def save(self) -> None:
        """Keep its state."""
        self._server.save("base")

    def restore(self) -> None:
        """Go back to the state that was kept."""
        self._server.restore("base")

    def mailed_token(self) -> str:
        """Return the token in the last mail."""
        return self._server.mails()[-1]["data"]["token"]


class Outcome(NamedTuple):
    """
    What a call came to on one side.
    """

    value: Any = None
    error: V6ClientError | None = None

    def seen(self) -> dict[str, Any]:
        """
        Return what has to be the same on every side.
        """
        if self.error is None:
            return {"returns": _in_order(_seen(self.value))}
        refusal = {}
        if isinstance(self.error, ServerRefusedError):
            refusal = {"status": self.error.status, "errors": without_texts(self.error.errors)}
        return {"raises": type(self.error).__name__, **refusal}


def outcome(method: Callable[..., Any], args: Any, kwargs: Any) -> Outcome:
    """
    Make a call and return what it came to; what it would yield is what it returns.
    """
    try:
        value = method(*args, **kwargs)
        return Outcome([*value] if isinstance(value, Iterator) else value)
    except V6ClientError as error:
        return Outcome(error=error)


class Target:
    """
    One or two servers, on all of which everything is done.

    Attributes
    ----------
    name : str
        The kind and the version, such as "real 4.0".
    version : str
        The version.
    is_real : bool
        Whether the first of them is real.
    called : set of str
        The methods of the client that were called since `restore`, such as "role.list".
    """

    def __init__(self, name: str) -> None:
        kind, self.version = name.split()
        self.name = name
        self.is_real = kind == "real"
        self._deviates = False
        self.called: set[str] = set()
        self._stack = ExitStack()
        self._clients = ExitStack()
        self._twins: dict[str | Path, str | Path] = {}
        self._logins: dict[str, Any] = {}
        self._sides: list[Side] = []
        for start in [RealSide, MockSide] if self.is_real else [MockSide]:
            side = start(self.version)
            self._stack.callback(side.stop)
            self._sides.append(side)

    def save(self, *, online: int) -> None:
        """
        Keep the state, for `restore`, but for a node that is to be online.
        """
        self._clients.close()
        for side in self._sides:
            side.put_online(online)
            side.save()

    def restore(self) -> None:
        """
        Go back to the state that was kept, and forget the clients.
        """
        self._clients.close()
        self.called.clear()
        for side in self._sides:
            side.restore()

    def stop(self) -> None:
        """
        End the servers.
        """
        self._clients.close()
        self._stack.close()

    def stranger(self) -> Mirrored:
        """
        Return a client that has not logged in.
        """
        clients = [UserClient(side.url, session=side.session(), progress=False) for side in self._sides]
        for client in clients:
            self._clients.enter_context(client)
        return Mirrored(self, "", clients)

    def client(self, username: str, password: str | None = None) -> Mirrored:
        """
        Return a client that has logged in; without a password it goes on with the first login.
        """
        client = self.stranger()
        if password is not None:
            client.authenticate(username, password)
        elif username in self._logins:
            client.resume(self._logins[username])
        else:
            client.authenticate(username, ROOT_PASSWORD if username == "root" else PASSWORD)
            self._logins[username] = client.kept_login()
        return client

    def mailed_token(self) -> str:
        """
        Return the token in the last mail.
        """
        tokens = [side.mailed_token() for side in self._sides]
        return self.pair(tokens[0], tokens[-1])

    def plain(self, method: str, path: str, *, token: str | None = None, **content: Any) -> Any:
        """
        Send a request without our client, and return the decoded body.
        """
        methods = [_sender(side, method, path) for side in self._sides]
        return self.call(f"{method} {path}", methods, token, **content)

    @contextmanager
    def deviating(self, name: str) -> Iterator[None]:
        """
        Let the sides differ in every call of a block, for the reason that docs/fidelity.md has under a name.
        """
        assert name in {row.name for row in DEVIATIONS}
        self._deviates = True
        try:
            yield
        finally:
            self._deviates = False

    def pair(self, first: Any, other: Any) -> Any:
        """
        Let the second side be given something else in the place of what the first is given; return the latter.
        """
        self._twins[first] = other
        return first

    def call(self, name: str, methods: Sequence[Callable[..., Any]], /, *args: Any, **kwargs: Any) -> Any:
        """
        Call something on every side, and return or raise what it came to on the first.
        """
        self.called.add(name)
        first, *others = [
            outcome(method, self._own(args, number), self._own(kwargs, number)) for number, method in enumerate(methods)
        ]
        for other in others:
            found = [*differences(first.seen(), other.seen())]
            assert bool(found) == self._deviates, "\n".join([f"{name}{args}{kwargs} on {self.name}:", *found])
            self._learn(first.value, other.value)
        if first.error is not None:
            raise first.error
        return first.value

    def _own(self, value: Any, number: int) -> Any:
        """
        Put a side's own secrets in the place of those of the first.
        """
        if isinstance(value, dict):
            return {key: self._own(member, number) for key, member in value.items()}
        if isinstance(value, (list, tuple)):
            return type(value)(self._own(member, number) for member in value)
        return self._twins.get(value, value) if number and isinstance(value, (str, Path)) else value

    def _learn(self, first: Any, other: Any) -> None:
        """
        Remember which secrets stand for each other.
        """
        if isinstance(first, dict):
            for key in first.keys() & (other or {}).keys():
                self._learn(first[key], other[key])
        elif isinstance(first, str) and first != other and clean_text(first) != first:
            self._twins[first] = other


class Mirrored:
    """
    A client of ours, or a part of one, on every side of a target.
    """

    def __init__(self, target: Target, prefix: str, parts: Sequence[Any]) -> None:
        self._target = target
        self._prefix = prefix
        self._parts = parts

    def kept_login(self) -> list[Any]:
        """
        Return what makes the clients logged in.
        """
        return [(client.connection.tokens, client.whoami) for client in self._parts]

    def resume(self, login: list[Any]) -> None:
        """
        Go on with the login of other clients.
        """
        for client, (tokens, whoami) in zip(self._parts, login, strict=True):
            client.connection.tokens, client.whoami = tokens, whoami

    def __getattr__(self, name: str) -> Any:
        values = [getattr(part, name) for part in self._parts]
        label = f"{self._prefix}{name}"
        if isinstance(values[0], SubClient):
            return Mirrored(self._target, f"{label}.", values)
        if callable(values[0]):
            return lambda *args, **kwargs: self._target.call(label, values, *args, **kwargs)
        return values[0]


def _with_online(tables: dict[str, Any], node: int) -> dict[str, Any]:
    return tables | {"node": [row | ({"status": "online"} if row["id"] == node else {}) for row in tables["node"]]}


def _sender(side: Side, method: str, path: str) -> Callable[..., Any]:
    def send(token: str | None, **content: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with side.session() or requests.Session() as session:
            answer = session.request(method, f"{side.url}/api/{path}", headers=headers, timeout=TIMEOUT, **content)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json()

    return send


def _in_order(seen: Any) -> Any:
    # A list without an envelope, such as the members of a collaboration, is in no particular order.
    is_list_of_rows = isinstance(seen, list) and all(isinstance(row, dict) and "id" in row for row in seen)
    return sorted(seen, key=lambda row: row["id"]) if is_list_of_rows else seen


def _seen(value: Any) -> Any:
    """
    Return what is compared of a value.
    """
    value = _plain(value)
    if isinstance(value, dict):
        # Texts of rules and default roles are as free as messages are.
        is_default = "scope" in value or value.get("organization", value) is None
        return clean({key: "" if is_default and key == "description" else _seen(one) for key, one in value.items()})
    if isinstance(value, (list, tuple)):
        return [_seen(one) for one in value]
    return _without_randomness(value) if isinstance(value, str) else value


def _plain(value: Any) -> Any:
    """
    Return an object of the client, or a data frame, as a dict.
    """
    if isinstance(value, Table):
        return vars(value)
    if isinstance(value, ResultsByOrganization):
        return {**value, "missing": value.missing}
    if hasattr(value, "to_dict"):
        return value.astype(object).where(value.notna(), None).to_dict()
    return value


def _without_randomness(text: str) -> Any:
    for name, pattern in RANDOM.items():
        text = pattern.sub(name, text)
    return clean_text(text)
