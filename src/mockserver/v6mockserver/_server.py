"""
A vantage6 server in memory, with its nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import requests

from v6client import UserClient
from v6client._crypto import RSACryptor
from v6client._plain import PlainCryptor
from v6mockserver import _keys, _planting, _seed
from v6mockserver._adversary import Adversary
from v6mockserver._app import application
from v6mockserver._audit import Audit
from v6mockserver._control import Control
from v6mockserver._errors import MockUsageError
from v6mockserver._events import EventChannel
from v6mockserver._explaining import explain
from v6mockserver._faults import Faults
from v6mockserver._journal import Exchange, Journal, Outgoing
from v6mockserver._live import LiveServer
from v6mockserver._outbox import Outbox
from v6mockserver._wsgi import DirectSession, WSGIAdapter
from v6mockserver.api._links import API_PATH
from v6mockserver.api._routes import EVENTS, OUTGOING, TURN, WORLD
from v6mockserver.nodes.algorithms import Algorithms
from v6mockserver.nodes.fleet import Nodes
from v6mockserver.state import dump as dumps
from v6mockserver.state import two_factor
from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.state.settings import DEFAULTS, Settings
from v6mockserver.state.world import World

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from typing_extensions import Self

    from v6mockserver._events import Membership
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.fleet import NodeMemories
    from v6mockserver.state.clock import Clock
    from v6mockserver.state.permissions import Decision

PROMPT = frozenset(
    {"version", "user", "organization", "collaboration", "node", "role", "rule", "task", "run", "result"}
)
"""The nouns whose requests neither compute a hash, nor ask a store, nor move large bodies."""
IN_PROCESS = "http://v6mockserver.invalid"
"""Where a server is found that listens nowhere; .invalid never resolves, so no request reaches anybody else."""


def _encrypted(content: bytes, public_key: str) -> str:
    """
    Return the text that the server has of an input or a result; without a public key it is readable.
    """
    return (
        RSACryptor(_keys.load(_keys.path(0))).encrypt(content, public_key)
        if public_key
        else PlainCryptor().encrypt(content)
    )


def _require_settings(settings: object) -> None:
    """
    Refuse a mapping, which would fail in the middle of the first login.
    """
    if not isinstance(settings, Settings | None):
        raise MockUsageError(f"settings are such as Settings(smtp=False), not {settings!r}")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Snapshot:
    """
    A server at one moment, for `MockServer.restore`; made by `MockServer.snapshot`.
    """

    server: MockServer
    world: World
    nodes: NodeMemories
    members: Mapping[int, Membership]
    passwords: Mapping[str, str]
    private_keys: Mapping[str, Path]


class MockServer:
    """
    A vantage6 server in memory, with its nodes.

    It answers as soon as it exists, through sessions and clients of this process. Between `start` and `stop`, or inside
    a `with` block, it listens on a loopback port as well.

    Parameters
    ----------
    seed : mapping or path, optional
        What it starts with: organizations with users, collaborations with participants; as a mapping or a YAML file in
        the format of the real server's import command. By default what a first start leaves: the rules, the default
        roles, and user root with password root.
    version : {"4.0", "4.15"}, default "4.15"
        The server version that it behaves as.
    settings : Settings, optional
        How it is configured; by default as a real server that was not told anything.
    execution : {"inline", "thread", "subprocess", "subprocess-cold", "manual"} or Executor, default "inline"
        Where nodes run algorithms, unless a node or an image says something else: in the thread of the request that
        starts them, each in a thread or a process of its own, where the test says, or in anybody's executor.
    random_seed : int, default 0
        What api keys and token ids are derived from.
    adversarial : int, optional
        The seed of the liberties that it takes from now on; by default it takes none.

    Attributes
    ----------
    nodes : Nodes
        The simulated nodes by name.
    algorithms : Algorithms
        The algorithms that nodes can run, by image.
    ledger : Ledger
        What has left its nodes.
    outbox : Outbox
        The mails that it sent, oldest first.
    passwords : dict
        The passwords of the users in the seed, by username.
    journal : Journal
        Every request and its answer, from the first one on that is not part of the seed.
    faults : Faults
        What the wire is told to do to requests.
    audit : Audit
        The rules that decided about requests; off until it is started.
    adversary : Adversary or None
        What takes liberties on the server's part.
    private_keys : dict
        The private key files of the organizations in encrypted collaborations, by name. Organizations that the seed
        gives no key have a ready-made one, which protects nothing.

    Raises
    ------
    SeedError
        If the seed does not describe a world.
    MockUsageError
        If there is no such version or execution, or the settings are none.

    Examples
    --------
    >>> server = MockServer()
    >>> server.client("root").organization.create("Hospital", "", "", "", "NL", "")["id"]
    2
    """

    def __init__(
        self,
        seed: _seed.Source | None = None,
        *,
        version: str = LATEST,
        settings: Settings | None = None,
        execution: Choice = "inline",
        random_seed: int = 0,
        adversarial: int | None = None,
    ) -> None:
        if version not in RELEASES:
            msg = f"there is no mock of server {version!r} yet; there is one of {', '.join(map(repr, RELEASES))}"
            raise MockUsageError(msg)
        _require_settings(settings)
        self._world = World.fresh(version, settings=settings or DEFAULTS, random_seed=random_seed)
        self._live: LiveServer | None = None
        self.passwords: dict[str, str] = {"root": "root"}
        self.private_keys: dict[str, Path] = {}
        self.journal = Journal()
        self.faults = Faults()
        self.audit = Audit(lambda: self._world)
        self.adversary: Adversary | None = None
        self.outbox = Outbox(lambda: self._world.mails)
        self._channel = EventChannel(lambda: self._world)
        self.algorithms = Algorithms()
        self.nodes = Nodes(
            url=f"{IN_PROCESS}/api",
            session=lambda: DirectSession(self),
            channel=self._channel,
            algorithms=self.algorithms,
            now=lambda: self._world.clock.now(),  # noqa: PLW0108 -- the world may be replaced
            advance=lambda seconds: self._world.clock.advance(seconds),  # noqa: PLW0108 -- as above
            execution=execution,
        )
        self.ledger = self.nodes.ledger
        if seed is not None:
            self._sow(seed)
            self.journal.clear()  # It begins with the first request that is not part of the seed.
        self.adversary = None if adversarial is None else Adversary(adversarial)
        self._beginning = self.snapshot()

    @classmethod
    def demo(cls, *, version: str = LATEST, execution: Choice = "inline") -> MockServer:
        """
        Return the federation of the README: four hospitals, an encrypted collaboration, a researcher, and their data.

        Parameters
        ----------
        version : {"4.0", "4.15"}, default "4.15"
            The server version that it behaves as.
        execution : str or Executor, default "inline"
            Where nodes run algorithms, as for `MockServer`.

        Returns
        -------
        MockServer
            The server, with the algorithm `v6-average` registered and user `researcher` (password `Federated-1`) in
            Cleveland.
        """
        from v6mockserver import _demo

        return _demo.server(version=version, execution=execution)

    @classmethod
    def load(
        cls,
        data: Mapping[str, Any],
        *,
        settings: Settings | None = None,
        execution: Choice = "inline",
        passwords: Mapping[str, str] | None = None,
    ) -> Self:
        """
        Return a server with the state that plain data describe.

        It has the ids and the secrets of the server that the data are from, takes its tokens, and behaves as its
        release. Simulated nodes are no part of a server's state; start those that are wanted with `nodes.start`.

        Parameters
        ----------
        data : mapping
            What `dump` returned; or the tables of a real server's database in the same format, with its hashes of
            bcrypt. A password or an api key may be given as {"plain": "the secret"}.
        settings : Settings, optional
            How it is configured; by default as the data say.
        execution : str or Executor, default "inline"
            Where nodes run algorithms, as for `MockServer`.
        passwords : mapping, optional
            What `client` logs users in with, by username; known without are root's first one, and those that are plain
            in the data.

        Returns
        -------
        MockServer
            The server.

        Raises
        ------
        DumpError
            If the data do not describe a world; names table, row, column and what was expected.
        """
        _require_settings(settings)
        world = dumps.load(data)
        server = cls(version=world.release.version, execution=execution)
        world.settings = settings or world.settings
        server._world.take(world)
        server._channel.seat({})
        users = data["tables"].get("user", ())
        plain = {row["username"]: row["password"] for row in users if isinstance(row["password"], Mapping)}
        server.passwords |= {username: password["plain"] for username, password in plain.items()}
        server.passwords |= passwords or {}
        server._beginning = server.snapshot()
        return server

    def dump(self) -> dict[str, Any]:
        """
        Return the complete state of the server as plain data, for `json.dumps` and for `load`.

        Its tables and columns are those of the real server's database. Passwords and api keys are in it as hashes, the
        secret that signs tokens as it is.

        Returns
        -------
        dict
            `format`, `version`, `tables` and `server`, what there is beside the tables.
        """
        world = self._world
        self._channel.watch(world.clock.now())
        with world.lock:
            return dumps.dump(world)

    def snapshot(self) -> Snapshot:
        """
        Return the server as it is now, with its nodes, to be restored any number of times; costs next to nothing.

        Algorithms, and what is served where, are no part of it.
        """
        with self._world.lock:
            return Snapshot(
                server=self,
                world=self._world.copy(),
                nodes=self.nodes.memory(),
                members=self._channel.members(),
                passwords=dict(self.passwords),
                private_keys=dict(self.private_keys),
            )

    def restore(self, snapshot: Snapshot) -> None:
        """
        Make the server what it was at the time of a snapshot.

        Runs that nodes are at work on come to their end first. Journal and ledger are empty afterwards, and so are the
        tables of faults and plans: let `faults.verify()` and `nodes.verify()` have a look at them before. Nodes that
        were started since are gone; the others are online or offline, and know what they knew. Clients that were logged
        in then are still.

        Parameters
        ----------
        snapshot : Snapshot
            What `snapshot` returned: that of this server, or of another one without simulated nodes.

        Raises
        ------
        MockUsageError
            If it is no snapshot, there are nodes of another server in it, or a run does not end, as when an algorithm
            asks for this.
        """
        if not isinstance(snapshot, Snapshot):
            raise MockUsageError(f"restore() takes what snapshot() returned, not a {type(snapshot).__name__}")
        if snapshot.server is not self and snapshot.nodes:
            msg = "the snapshot has nodes of another server; MockServer.load(server.dump()) makes a server without them"
            raise MockUsageError(msg)
        self.nodes.settle()
        with self._world.lock:
            self._world.take(snapshot.world)
            self._channel.seat(snapshot.members)
            self.nodes.remember(snapshot.nodes)
            self.passwords, self.private_keys = dict(snapshot.passwords), dict(snapshot.private_keys)
            self.journal.clear()
            self.faults.clear()

    def reset(self) -> None:
        """
        Make the server what it was when it was made, with its seed and its nodes.

        Raises
        ------
        MockUsageError
            If a run does not end.
        """
        self.restore(self._beginning)

    def _sow(self, seed: _seed.Source) -> None:
        read = _seed.read(seed, self._world)
        planted = _planting.plant(self._world, read)
        self.passwords |= planted.passwords
        self.private_keys |= planted.private_keys
        for station in planted.stations:
            self.nodes.start(
                station.api_key,
                databases=station.databases,
                private_key=station.private_key,
                online=station.online,
            )
        # Last, so that what a seed leaves pending is not taken by nodes that are there from the start.
        _planting.plant_tasks(self._world, read, _encrypted)

    @property
    def clock(self) -> Clock:
        """
        The server's clock: real by default; `freeze()`, `unfreeze()` and `advance()` move it.
        """
        return self._world.clock

    @property
    def version(self) -> str:
        """
        The server version that it behaves as, such as "4.15".
        """
        return self._world.release.version

    @property
    def url(self) -> str:
        """
        Scheme and host of the server, without the API path.

        While it is live, that is its address; else one that only sessions of this server know.
        """
        return IN_PROCESS if self._live is None else self._live.url

    def session(self) -> requests.Session:
        """
        Return a session that reaches this server in process, whether it is live or not.
        """
        session = requests.Session()
        # Proxies and .netrc have no say in process; looking for them costs as much as the request itself.
        session.trust_env = False
        session.mount(IN_PROCESS, WSGIAdapter(self))
        if self._live is not None:
            session.mount(self.url, WSGIAdapter(self))
        return session

    @cached_property
    def outgoing(self) -> requests.Session:
        """
        The session by which the server asks algorithm stores; mount an adapter on it to play one.
        """
        return requests.Session()

    def client(self, username: str = "root", password: str | None = None) -> UserClient:
        """
        Return a client of this server, in process and logged in, with the code of a second factor where one is wanted.

        Parameters
        ----------
        username : str, default "root"
            The user.
        password : str, optional
            The user's password; by default the one in the seed.

        Returns
        -------
        UserClient
            A client without progress display.

        Raises
        ------
        MockUsageError
            If no password is given and the user is not in the seed.
        """
        if password is None and username not in self.passwords:
            msg = f"the password of {username!r} is not in the seed; pass password="
            raise MockUsageError(msg)
        client = UserClient(IN_PROCESS, None, session=self.session(), progress=False)
        client.authenticate(username, self.passwords[username] if password is None else password, self._code(username))
        return client

    def _code(self, username: str) -> str | None:
        with self._world.lock:
            user = self._world.user.first("username", username)
            return two_factor.code(self._world, user) if user is not None else None

    def explain(
        self,
        username: str,
        operation: str,
        resource: str,
        *,
        organization: int | str | None = None,
        collaboration: int | str | None = None,
        own: bool = False,
    ) -> Decision:
        """
        Say whether a user may do something, and by which rule, or which rules would let them.

        Parameters
        ----------
        username : str
            The user.
        operation : str
            One of VIEW, EDIT, CREATE, DELETE, SEND, RECEIVE; case does not matter.
        resource : str
            What it is done to, such as "task".
        organization : int or str, optional
            Id or name of the organization that the object belongs to; of a task, the one that created it.
        collaboration : int or str, optional
            Id or name of the collaboration that the object belongs to; with neither, only the scope GLOBAL reaches it.
        own : bool, default False
            Whether it is the user's own: a task that they created, or they themselves.

        Returns
        -------
        Decision
            True or false, with `rule` and `would_allow`; as text, a sentence.

        Raises
        ------
        MockUsageError
            If there is no such user, organization or collaboration, or no rule is about this.
        """
        with self._world.lock:
            return explain(
                self._world,
                username,
                operation,
                resource,
                organization=organization,
                collaboration=collaboration,
                own=own,
            )

    def start(self, host: str = "127.0.0.1", port: int = 0, *, control: bool = False) -> Self:
        """
        Listen on a port, until `stop`.

        Parameters
        ----------
        host : str, default "127.0.0.1"
            The address; the default is reached from this machine only.
        port : int, default 0
            The port; 0 takes a free one.
        control : bool, default False
            Whether other programs of this machine may dump and load its state, take and restore snapshots, and reset
            it: at `/v6mock/dump`, `/load`, `/snapshot`, `/restore` and `/reset`.

        Returns
        -------
        MockServer
            Itself; it accepts connections.

        Raises
        ------
        MockUsageError
            If it listens already.
        """
        if self._live is not None:
            msg = f"the server listens on {self.url} already; stop() it first"
            raise MockUsageError(msg)
        self._live = LiveServer(Control(self) if control else self, host, port, is_prompt=self._is_prompt)
        return self

    def _is_prompt(self, method: str, path: str) -> bool:
        """
        Tell whether a request is answered without waiting: for a fault, a node's algorithm, a store, or a slow client.
        """
        noun = path.lstrip("/").removeprefix(f"{API_PATH[1:]}/").partition("/")[0]
        if noun not in PROMPT or self.faults:
            return False
        return method == "GET" or not (self.nodes or self._world.algorithm_store)

    def stop(self) -> None:
        """
        Stop listening, and end what nodes run; what it knows stays, and nodes that are online stay so.

        No process and no thread is left behind. Processes of algorithms are killed, and their runs crash.

        Raises
        ------
        MockUsageError
            If an algorithm in a thread does not end.
        """
        live, self._live = self._live, None
        with self.faults.without_waiting():
            if live is not None:
                live.stop()
            self.nodes.interrupt()

    def __enter__(self) -> Self:
        # `with server.start(port=5000):` is how a block gets a port of its own.
        return self.start() if self._live is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        if error is None:
            self.faults.verify()
            self.nodes.verify()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """
        Answer a request: the WSGI interface. Events that it causes are delivered once the answer is out.
        """
        environ[WORLD] = self._world
        environ[OUTGOING] = lambda: self.outgoing
        exchange = Exchange(environ)
        self.audit.follow(environ, exchange)
        self._channel.watch(exchange.at)
        try:
            chunks = self._answer(environ, exchange, exchange.starting(start_response))
        except BaseException:
            # The server may have acted before a fault broke the connection.
            self._deliver(environ)
            raise
        return Outgoing(exchange, chunks, lambda: self._deliver(environ))

    def _answer(self, environ: WSGIEnvironment, exchange: Exchange, start: StartResponse) -> Iterable[bytes]:
        try:
            answer: WSGIApplication = application(self._world.release.version)
            if self.adversary is not None:
                answer = partial(self.adversary.answer, answer, exchange)
            if self.faults:
                return self.faults.answer(answer, environ, exchange, start)
            return answer(environ, start)
        finally:
            exchange.turn = environ.get(TURN)
            exchange.duration = self._world.clock.now() - exchange.at
            self.journal.add(exchange)

    def _deliver(self, environ: WSGIEnvironment) -> None:
        order = list if self.adversary is None else self.adversary.ordered
        self._channel.deliver(environ.get(EVENTS, ()), order)
