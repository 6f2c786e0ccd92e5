"""
A simulated node: it does what a real node does, and knows what a real node knows.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import inf
from time import monotonic
from typing import TYPE_CHECKING, Any

from v6client._blobs import BlobStore
from v6client._crypto import RSACryptor
from v6client._http import Connection
from v6client._plain import PlainCryptor
from v6client.exceptions import ConnectionFailedError, V6ClientError
from v6mockserver._errors import MockUsageError
from v6mockserver.nodes import plans
from v6mockserver.nodes.databases import Database
from v6mockserver.nodes.executors import require
from v6mockserver.nodes.ledger import Egress
from v6mockserver.nodes.peek import Peek
from v6mockserver.nodes.plans import Plan
from v6mockserver.nodes.policies import Policies
from v6mockserver.nodes.proxy import Proxy
from v6mockserver.nodes.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from v6client._auth import Tokens
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.held import HeldRun
    from v6mockserver.nodes.surroundings import Membership, Surroundings

# Not the client's, whose readers want to know what they have asked themselves; what nodes ask is in the journal.
_log = logging.getLogger("v6mockserver")

TRIES = 5
"""How often a node sends a request whose connection breaks, so that tests end."""

LONGEST = 3600.0
"""Seconds that a run waits at most for others that go on, so that runs which wait for each other end."""

LOOK = 1.0
"""Seconds after which a run that waits looks for itself: its node may be offline, and hear of nothing."""


@dataclass(frozen=True, slots=True)
class Memory:
    """
    What a node knows at one moment, beside what it was made with.
    """

    tokens: Tokens | None
    membership: Membership | None
    databases: Mapping[str, Database]
    environment: Mapping[str, str]
    policies: Policies
    log: Sequence[str]


class SimulatedNode:
    """
    A node without Docker.

    It fetches its runs over HTTP, runs their algorithms, and reports what comes out. Made by
    `server.nodes.start(...)`.

    Parameters
    ----------
    api_key : str
        What it logs in with.
    surroundings : Surroundings
        Where the server is, what algorithms there are, and where they run.
    private_key : RSAPrivateKey, optional
        The key of its organization; needed in an encrypted collaboration.

    Attributes
    ----------
    id, name, organization
        Its id, its name and the name of its organization.
    is_encrypted : bool
        Whether its collaboration is.
    blobs : BlobStore
        The server's blob store, if it has one.
    databases : dict
        Its databases by label.
    environment : dict
        The variables that its algorithms find, beside those that every node sets.
    policies : Policies
        Who may run what on it; `allow` changes them.
    log : list of str
        What it noted: refusals of the server that it hides from algorithms, and reports that came too late.

    Raises
    ------
    AuthenticationError
        If the server does not know the api key.
    MockUsageError
        If the collaboration is encrypted and there is no key, or the server has another one.
    """

    def __init__(self, api_key: str, surroundings: Surroundings, *, private_key: RSAPrivateKey | None = None) -> None:
        self._surroundings = surroundings
        self._connection = Connection(surroundings.url, session=surroundings.session(), log=_log)
        self.url = self._connection.base_url
        answer = self._connection.login("token/node", {"api_key": api_key})
        me = self._connection.request("GET", f"node/{answer['node_url'].rpartition('/')[2]}")
        self.id: int = me["id"]
        self.name: str = me["name"]
        if me["collaboration"] is None:
            raise MockUsageError(f"the node {self.name!r} is in no collaboration; add it to one before it is started")
        organization = self._connection.request("GET", f"organization/{me['organization']['id']}")
        self.organization: str = organization["name"]
        self._organization_id: int = organization["id"]
        collaboration = self._connection.request("GET", f"collaboration/{me['collaboration']['id']}")
        self.is_encrypted: bool = collaboration["encrypted"]
        self.cryptor = self._cryptor(organization, private_key) if self.is_encrypted else PlainCryptor()
        self.blobs = BlobStore(self._connection)
        self.databases: dict[str, Database] = {}
        self.environment: dict[str, str] = {}
        self._execution: Choice | None = None
        self.log: list[str] = []
        self.policies = Policies()
        self.proxy = Proxy(self, surroundings.session())
        self._work = Work(self, surroundings)
        self._membership: Membership | None = None
        self._stopped = False
        self._waiting = 0
        self._handlers = {"sync": self._synchronise, "new_task": self._take_task, "kill_containers": self._kill}

    def __repr__(self) -> str:
        state = "online" if self.is_online else "offline"
        return f"<SimulatedNode {self.name!r} of {self.organization!r}, {state}, databases {sorted(self.databases)}>"

    def _cryptor(self, organization: Mapping[str, Any], private_key: RSAPrivateKey | None) -> RSACryptor:
        """
        Return what encrypts for this node; its public key is published if the server has none yet.
        """
        if private_key is None:
            raise MockUsageError(f"the collaboration of node {self.name!r} is encrypted; pass private_key=")
        cryptor = RSACryptor(private_key)
        if not organization["public_key"]:
            path = f"organization/{self._organization_id}"
            self._connection.request("PATCH", path, json={"public_key": cryptor.public_key})
        elif not cryptor.is_pair_of(organization["public_key"]):
            raise MockUsageError(
                f"the private key of node {self.name!r} does not belong to the public key that the server has of "
                f"{self.organization!r}; pass the organization's own key"
            )
        return cryptor

    @property
    def is_online(self) -> bool:
        """
        Whether it hears of new tasks.
        """
        return self._membership is not None

    @property
    def execution(self) -> Choice | None:
        """
        Where it runs algorithms: one of the names, an executor, or None, which leaves it to the server.
        """
        return self._execution

    @execution.setter
    def execution(self, choice: Choice | None) -> None:
        """
        Let it run algorithms somewhere else from now on.
        """
        require(choice, optional=True)
        self._execution = choice

    @property
    def runs(self) -> list[HeldRun]:
        """
        The runs that it holds for the test, in `manual` execution, oldest first.
        """
        return self._work.held

    @property
    def plans(self) -> plans.Plans:
        """
        What it is told to do with its next runs.
        """
        return self._work.plans

    def go_online(self) -> None:
        """
        Connect to the server, and start the runs that have waited. A node that is online stays so.
        """
        self._stopped = False
        if self._membership is None:
            self._connection.request("GET", f"node/{self.id}")  # renews a token that has expired meanwhile
            token = self._connection.token or ""
            self._membership = self._surroundings.channel.connect(token, self._hear, self._handlers)
            if self._waiting:
                self._membership.attend(is_attentive=True)
            self._share()

    def go_offline(self) -> None:
        """
        Leave the server: new tasks wait until the node is back. Runs that are under way go on and are reported.
        """
        membership, self._membership = self._membership, None
        if membership is not None:
            membership.close()

    def lose_contact(self) -> None:
        """
        Fall silent, as when a cable breaks; `go_online` brings the node back.

        The server takes it for online until it misses its signs of life, 65 to 130 seconds later by its clock.
        """
        membership, self._membership = self._membership, None
        if membership is not None:
            membership.vanish()

    def stop(self) -> None:
        """
        Leave the server, and let what waits for other runs wait no longer.
        """
        self.go_offline()
        self._wake()

    def power_off(self) -> None:
        """
        Be gone at once, with all that it runs, as in a power cut; `go_online` brings it back.

        The server takes it for online as after `lose_contact`, and its runs stay active. When the node is back it
        starts them again, as a real one does. An algorithm in a thread goes on and is not listened to.
        """
        self.lose_contact()
        self._work.drop()
        self._wake()

    def _wake(self) -> None:
        """
        Let what waits for other runs wait no longer.
        """
        with self._work.news:
            self._stopped = True
            self._work.news.notify_all()

    def interrupt(self) -> None:
        """
        End what can be ended: processes, and the wait for other runs. The rest goes on, and so does the node.
        """
        self._wake()
        self._work.interrupt()

    def resume(self) -> None:
        """
        Let runs wait for others again, after `interrupt`.
        """
        self._stopped = False

    def settle(self) -> list[int]:
        """
        Stop, wait for the runs that are under way, and return those that do not end.
        """
        self.stop()
        return self._work.settle(self._surroundings.patience)

    def memory(self) -> Memory:
        """
        Return what it knows at this moment.
        """
        return Memory(
            tokens=self._connection.tokens,
            membership=self._membership,
            databases=dict(self.databases),
            environment=dict(self.environment),
            policies=self.policies,
            log=list(self.log),
        )

    def remember(self, memory: Memory) -> None:
        """
        Know what it knew at another moment, and nothing of plans and runs; none may be under way.
        """
        self._connection.tokens, self._membership = memory.tokens, memory.membership
        self.databases, self.environment = dict(memory.databases), dict(memory.environment)
        self.policies, self.log = memory.policies, list(memory.log)
        self._work.forget()
        self._stopped = False

    def add_database(
        self,
        label: str,
        source: Any,
        *,
        type: str | None = None,  # noqa: A002 -- the node configuration calls it so
        environment: Mapping[str, Any] | None = None,
    ) -> None:
        """
        Give the node a database, or another one in the place of that with the same label.

        Parameters
        ----------
        label : str
            What tasks call it; an identifier.
        source : DataFrame, path or str
            The data; a CSV, Parquet, Excel or SQLite file; a folder; or the URI of a database for SQLAlchemy.
        type : {"csv", "parquet", "excel", "sql", "sparql", "omop", "folder", "other"}, optional
            What it is; by default the source tells. A data frame passes for a CSV file.
        environment : mapping, optional
            What algorithms are told about it, as variables `<LABEL>_DB_PARAM_<KEY>`.

        Raises
        ------
        MockUsageError
            If there is no such file, the label is no identifier, or the type is unknown or does not fit.
        """
        self.databases[label] = Database.at(label, source, type, environment)
        self._share()

    def allow(
        self,
        *,
        algorithms: Sequence[str] = (),
        stores: Sequence[str] = (),
        either: bool = False,
        users: Sequence[int | str] = (),
        organizations: Sequence[int | str] = (),
        basics: bool = True,
    ) -> None:
        """
        Set the node's policies; what is left out is allowed. What they forbid ends as `not allowed`.

        Parameters
        ----------
        algorithms, stores : sequence of str, optional
            Images, and URLs of algorithm stores, as they are or as regular expressions; an image without a tag allows
            all tags.
        either : bool, default False
            Whether a task needs one of those two only, and not both.
        users, organizations : sequence of int or str, optional
            Ids of users, and ids or names of organizations. While the node is online, the server itself refuses the
            tasks of other users.
        basics : bool, default True
            Whether the image with basic algorithms may run.

        Raises
        ------
        MockUsageError
            If an entry is no regular expression, and is not to be taken as it is.
        """
        self.policies = Policies(
            allowed_algorithms=algorithms,
            allowed_algorithm_stores=stores,
            allow_either_whitelist_or_store=either,
            allowed_users=users,
            allowed_organizations=organizations,
            allow_basics_algorithm=basics,
        )
        self._share()

    def plan(
        self,
        what: str,
        *,
        run: int | None = 1,
        image: str | None = None,
        method: str | None = None,
        log: str | None = None,
        result: Any = None,
        seconds: float | None = None,
    ) -> Plan:
        """
        Say what becomes of a run: the next one, unless the arguments say which.

        A plan that no run takes is an error at the end of `with server:`, and of `server.nodes.verify()`.

        Parameters
        ----------
        what : str
            "crash", "refuse", "no image", "start failed", "bad environment", "no token", "kill", "vanish", "lose",
            "ignore", "stall", "slow", "complete", "empty", "malformed" or "wrong key".
        run : int or None, default 1
            Which of the runs that are meant; None for every one of them.
        image, method : str, optional
            Only runs of this image, or of this method.
        log : str, optional
            What the algorithm prints, if it crashes or completes.
        result : any, optional
            What it returns, if it completes; what it has written, if it crashes.
        seconds : float, optional
            How long it takes by the server's clock, if it is slow.

        Returns
        -------
        Plan
            The plan, which counts the runs that it is for.

        Raises
        ------
        MockUsageError
            If a node can do no such thing, or not here.
        """
        if what == "wrong key" and not self.is_encrypted:
            raise MockUsageError(f"the collaboration of node {self.name!r} is not encrypted, so no key is wrong")
        options = {"log": log, "result": result, "seconds": seconds}
        given = {name: value for name, value in options.items() if value is not None}
        plans.require(what, run, given)
        content = plans.content(self.name, what, given)
        return self.plans.add(Plan(self.name, what, run=run, image=image, method=method, **content))

    def peek(self, run: int | Mapping[str, Any]) -> Peek:
        """
        Look into a run: its input, environment, output, log and files, as the node has them.

        Parameters
        ----------
        run : int or mapping
            The id of the run, or the run as a client gets it.

        Raises
        ------
        MockUsageError
            If the node has not had such a run, or not since the server was reset.
        """
        run_id = run if isinstance(run, int) else run["id"]
        if run_id not in self._work.attempts:
            had = ", ".join(map(str, sorted(self._work.attempts))) or "none"
            raise MockUsageError(f"node {self.name!r} has had no run {run_id}; it has had {had}")
        return Peek(self.name, self._work.attempts[run_id])

    def let_out(self, task_id: int, what: str, to: int, content: bytes) -> None:
        """
        Write into the ledger that something of a task's run leaves the node.
        """
        run_id = self._work.run_of[task_id]
        self._surroundings.ledger.add(Egress(run_id, task_id, self.name, what, to, content))

    def note(self, text: str) -> None:
        """
        Add a line to the node's log.
        """
        self.log.append(text)

    def wait_until(
        self, condition: Callable[[], bool], *, patience: float = inf, goes_on: Callable[[], bool] = bool
    ) -> bool:
        """
        Wait, at most so many seconds, until a condition holds that events may bring about; return whether it does.

        The wait begins anew if something goes on by then. Where algorithms run inline nobody else can bring it about,
        so there is no waiting.
        """
        patience = min(patience, self._surroundings.patience)
        begun = monotonic()
        deadline = begun + patience
        with self._work.news:
            self._wait(+1)
            try:
                while not (self._stopped or condition()):
                    now = monotonic()
                    if now >= deadline:
                        if not patience or now > begun + LONGEST:
                            return False
                        if not goes_on():
                            return condition()  # What went on before may have ended just now.
                        deadline = now + patience
                    self._work.news.wait(min(deadline - now, LOOK))
            finally:
                self._wait(-1)
            return not self._stopped

    def _wait(self, change: int) -> None:
        """
        Count the runs that wait; the node listens to what happens elsewhere as long as there are any.
        """
        self._waiting += change
        if self._membership is not None:
            self._membership.attend(is_attentive=self._waiting > 0)

    def _share(self) -> None:
        if self._membership is not None:
            self._membership.share(self._settings())

    def _settings(self) -> Iterator[tuple[str, str]]:
        """
        Return what a node tells the server about itself.
        """
        yield "encryption", str(int(self.is_encrypted))
        yield from self.policies.shared()
        for label, database in self.databases.items():
            yield "database_labels", label
            yield f"db_type_{label}", database.type
            for column in database.columns():
                yield f"columns_{label}", column

    def _hear(self, event: str, data: Any) -> None:
        handler = self._handlers.get(event)
        if handler is not None:
            try:
                handler(data)
            except V6ClientError as error:
                # What goes wrong here is the node's affair: whoever caused the event has had their answer.
                self.note(f"{event}: {error}")
        with self._work.news:
            self._work.news.notify_all()

    def ask(self, method: str, path: str, **content: Any) -> Any:
        """
        Send a request, and again where the connection broke. A real node tries every second, for ever.
        """
        for _ in range(TRIES - 1):
            try:
                return self._connection.request(method, path, **content)
            except ConnectionFailedError as error:  # noqa: PERF203 -- this is what the loop is for
                self.note(str(error))
        return self._connection.request(method, path, **content)

    def _synchronise(self, _: Mapping[str, Any]) -> None:
        self._take(self._open_runs())

    def _take_task(self, data: Mapping[str, Any] | int) -> None:
        # A server 4.0 tells the bare id of the task.
        self._take(self._open_runs(task_id=data if isinstance(data, int) else data["id"]))

    def _take(self, runs: list[dict[str, Any]]) -> None:
        for run in runs:
            if run.get("blob_storage_used"):
                try:
                    run["input"] = list(self.blobs.download(run["input"]))
                except V6ClientError as error:
                    # Node quirk: it takes none of them, and looks again when it comes back online (4.15.2).
                    waiting = [one["id"] for one in runs]
                    self.note(f"run {run['id']}: its input cannot be had, so runs {waiting} do not start: {error}")
                    return
        for run in runs:
            self._work.take(run)

    def _kill(self, data: Mapping[str, Any]) -> None:
        """
        Stop runs: those in the list that are this node's, or all if there is no list.

        The server closes the runs in a list itself, and refuses the report; that is noted, as in a real node.
        """
        if data.get("node_id", self.id) != self.id:
            return
        kill_list = data.get("kill_list")
        if kill_list is not None:
            kill_list = {one["run_id"] for one in kill_list if one["organization_id"] == self._organization_id}
        self._work.kill(kill_list)

    def _open_runs(self, **filters: Any) -> list[dict[str, Any]]:
        """
        Return the runs that wait for this node, oldest first.
        """
        runs: list[dict[str, Any]] = []
        query = {"state": "open", "node_id": self.id, "include": "task", "page": 1, **filters}
        while True:
            answer = self.ask("GET", "run", params=query)
            runs += answer["data"]
            if "next" not in answer["links"]:
                return sorted(runs, key=lambda run: run["id"])
            query["page"] += 1

    def time(self) -> str:
        """
        Return the time, as reports have it.
        """
        return self._surroundings.now().replace(tzinfo=None).isoformat(timespec="microseconds")
