"""
A simulated node: it does what a real node does, and knows what a real node knows.
"""

from __future__ import annotations

import json
import traceback
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from v6client._blobs import BlobStore
from v6client._crypto import RSACryptor
from v6client._http import Connection
from v6client._plain import PlainCryptor
from v6client.exceptions import ConnectionFailedError, V6ClientError
from v6mockserver._errors import MockUsageError
from v6mockserver.nodes import container, environment
from v6mockserver.nodes.databases import Database
from v6mockserver.nodes.executions import LOG_ELSEWHERE, VANISHED
from v6mockserver.nodes.executors import APART, MANUAL, SUBPROCESS, require
from v6mockserver.nodes.files import Volume
from v6mockserver.nodes.held import HeldRun
from v6mockserver.nodes.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from v6client._auth import Tokens
    from v6mockserver.nodes.algorithms import Algorithm
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.surroundings import Membership, Surroundings

NO_IMAGE, ACTIVE, FAILED, KILLED = "non-existing Docker image", "active", "failed", "killed by user"
TRIES = 5
"""How often a node sends a request whose connection breaks, so that tests end."""


Stage = Literal["held", "starting", "running", "reporting", "dead"]
HELD: Final = "held"
STARTING: Final = "starting"
RUNNING: Final = "running"
REPORTING: Final = "reporting"
DEAD: Final = "dead"
"""
How far a node is with a run that it has taken: it waits for the test, it is being started, its algorithm runs, its end
is being reported, or it was killed and whatever comes out of it is of no interest.
"""


@dataclass(frozen=True, slots=True)
class Memory:
    """
    What a node knows at one moment, beside what it was made with.
    """

    tokens: Tokens | None
    membership: Membership | None
    databases: Mapping[str, Database]
    environment: Mapping[str, str]
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
        self._connection = Connection(surroundings.url, session=surroundings.session())
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
        self._volume = Volume(lambda: surroundings.folder / f"node-{self.id}")
        self._held: dict[int, HeldRun] = {}
        self._kills: dict[int, Callable[[], object]] = {}
        self.proxy = Proxy(self, surroundings.session())
        self._membership: Membership | None = None
        self._stages: dict[int, Stage] = {}
        self._lock = Lock()
        self._news = Condition()
        self._stopped = False
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
        with self._lock:
            return [run for _, run in sorted(self._held.items())]

    def go_online(self) -> None:
        """
        Connect to the server, and start the runs that have waited. A node that is online stays so.
        """
        self._stopped = False
        if self._membership is None:
            self._connection.request("GET", f"node/{self.id}")  # renews a token that has expired meanwhile
            token = self._connection.token or ""
            self._membership = self._surroundings.channel.connect(token, self._hear)
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
        with self._news:
            self._stopped = True
            self._news.notify_all()

    def interrupt(self) -> None:
        """
        End what can be ended: processes, and the wait for other runs. The rest goes on, and so does the node.
        """
        with self._news:
            self._stopped = True
            self._news.notify_all()
        with self._lock:
            kills = list(self._kills.values())
        for kill in kills:
            kill()

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
        for run in self.runs:
            self._let_go(run.id)
        with self._news:
            self._news.wait_for(lambda: not self._stages, self._surroundings.patience)
            return sorted(self._stages)

    def memory(self) -> Memory:
        """
        Return what it knows at this moment.
        """
        return Memory(
            self._connection.tokens, self._membership, dict(self.databases), dict(self.environment), list(self.log)
        )

    def remember(self, memory: Memory) -> None:
        """
        Know what it knew at another moment, and nothing since; no run may be under way.
        """
        self._connection.tokens, self._membership = memory.tokens, memory.membership
        self.databases, self.environment = dict(memory.databases), dict(memory.environment)
        self.log = list(memory.log)
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

    def note(self, text: str) -> None:
        """
        Add a line to the node's log.
        """
        self.log.append(text)

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """
        Wait until a condition holds that events may bring about; return whether it does.

        Where algorithms run inline nobody else can bring it about, so there is no waiting.
        """
        with self._news:
            ended = self._news.wait_for(lambda: self._stopped or condition(), self._surroundings.patience)
            return ended and not self._stopped

    def _share(self) -> None:
        if self._membership is not None:
            self._membership.share(self._settings())

    def _settings(self) -> Iterator[tuple[str, str]]:
        """
        Return what a node tells the server about itself.
        """
        yield "encryption", str(int(self.is_encrypted))
        yield "allowed_algorithms", "all"
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
        with self._news:
            self._news.notify_all()

    def _ask(self, method: str, path: str, **content: Any) -> Any:
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
        for run in self._open_runs():
            self._start(run)

    def _take_task(self, data: Mapping[str, Any] | int) -> None:
        # A server 4.0 tells the bare id of the task.
        for run in self._open_runs(task_id=data if isinstance(data, int) else data["id"]):
            self._start(run)

    def _kill(self, data: Mapping[str, Any]) -> None:
        """
        Stop runs: those in the list that are this node's, or all if there is no list.

        A process ends at once. No thread can be stopped from outside: its algorithm goes on and is not listened to. The
        server closes the runs in a list itself, and refuses the report; that is noted, as in a real node.
        """
        if data.get("node_id", self.id) != self.id:
            return
        listed = {one["run_id"] for one in data.get("kill_list", ()) if one["organization_id"] == self._organization_id}
        with self._lock:
            victims = [run_id for run_id in self._stages if run_id in listed or "kill_list" not in data]
        for run_id in victims:
            if self._move(run_id, HELD, DEAD):
                self._let_go(run_id)
            # One that is being started is reported by whoever starts it, or "active" could come after "killed".
            elif not self._move(run_id, STARTING, DEAD) and self._move(run_id, RUNNING, DEAD):
                self._kills.get(run_id, bool)()
                self._report(run_id, status=KILLED)

    def _move(self, run_id: int, before: Stage | None, after: Stage) -> bool:
        """
        Move a run from one stage to another; return whether it was there, so that of two threads one goes on.
        """
        with self._lock:
            if self._stages.get(run_id) != before:
                return False
            self._stages[run_id] = after
            return True

    def _let_go(self, run_id: int) -> None:
        with self._lock:
            del self._stages[run_id]
            self._kills.pop(run_id, None)
            self._held.pop(run_id, None)
        with self._news:
            self._news.notify_all()

    def _open_runs(self, **filters: Any) -> list[dict[str, Any]]:
        """
        Return the runs that wait for this node, oldest first.
        """
        runs: list[dict[str, Any]] = []
        query = {"state": "open", "node_id": self.id, "include": "task", "page": 1, **filters}
        while True:
            answer = self._ask("GET", "run", params=query)
            runs += answer["data"]
            if "next" not in answer["links"]:
                return sorted(runs, key=lambda run: run["id"])
            query["page"] += 1

    def _start(self, run: dict[str, Any]) -> None:
        """
        Start a run, or hold it for the test.
        """
        algorithm = self._algorithm(run)
        choice = self._choice(algorithm)
        if choice == MANUAL:
            if self._move(run["id"], None, HELD):
                self._held[run["id"]] = HeldRun(self, run)
        elif self._move(run["id"], None, STARTING):
            token = self._admitted(run, has_image=algorithm is not None)
            if token is not None and algorithm is not None:
                self._execute(run, token, algorithm, choice)

    def begin(self, run: dict[str, Any]) -> str | None:
        """
        Start a run that was held; return the token of its container, or None if it does not run.
        """
        return self._admitted(run, has_image=True) if self._move(run["id"], HELD, STARTING) else None

    def _algorithm(self, run: dict[str, Any]) -> Algorithm | None:
        image, algorithms = run["task"]["image"], self._surroundings.algorithms
        return algorithms.get(image)

    def _choice(self, algorithm: Algorithm | None) -> Choice:
        """
        Return where an algorithm runs: as it says itself, or else its node, or else the server.
        """
        choice = (algorithm and algorithm.execution) or self.execution or self._surroundings.execution
        # What another interpreter has installed runs in that one.
        return SUBPROCESS if algorithm and algorithm.interpreter and choice not in APART else choice

    def _admitted(self, run: dict[str, Any], *, has_image: bool) -> str | None:
        """
        Do what comes before a container starts; return its token, or None if it does not.
        """
        self._report(run["id"], started_at=self._time())
        image = run["task"]["image"]
        token = self._container_token(run, image)
        if token is None:
            self._let_go(run["id"])
            return None
        if has_image:
            self._report(run["id"], status=ACTIVE)
        if not self._move(run["id"], STARTING, RUNNING):
            self._report(run["id"], status=KILLED)
            self._let_go(run["id"])
            return None
        if not has_image:
            note = f"there is no image {image!r}; server.algorithms.register() it"
            self.finish(run, container.Outcome(NO_IMAGE, b"", LOG_ELSEWHERE, note))
            return None
        return token

    def _container_token(self, run: dict[str, Any], image: str) -> str | None:
        body = {"task_id": run["task"]["id"], "image": image}
        try:
            return str(self._ask("POST", "token/container", json=body)["container_token"])
        except V6ClientError as refusal:
            self.note(f"run {run['id']}: no token for its container: {refusal}")
            self._report(run["id"], status=FAILED, log="The server gave no token for the container")
            return None

    def _execute(self, run: dict[str, Any], token: str, algorithm: Algorithm, choice: Choice) -> None:
        """
        Run an algorithm.
        """
        try:
            text = self.input_of(run)
            environment.require_names(self.environment)
        except (V6ClientError, MockUsageError) as error:
            self.finish(run, container.Outcome(FAILED, b"", f"The container did not start: {error}"))
            return
        databases = dict(self.databases)
        make = partial(self._volume.files, run["id"], run["task"]["job_id"])
        job = container.Job(
            algorithm=algorithm,
            input=text,
            token=token,
            wanted=[json.loads(one["parameters"]) | {"label": one["label"]} for one in run["task"]["databases"]],
            databases=databases,
            variables=dict(self.environment),
            proxy=self.proxy,
            files=partial(make, content=text, token=token, databases=databases),
        )
        try:
            future, kill = self._surroundings.executions[choice].start(job)
        except BaseException:
            # What ends the test as well; the node has to be free of the run, or the server could not be reset.
            self._let_go(run["id"])
            raise
        if future.done():
            # Here, and not in a callback: a future keeps to itself what its callbacks raise.
            self._take(run, future)
            return
        with self._lock:
            self._kills[run["id"]] = kill
            is_dead = self._stages.get(run["id"]) == DEAD
        if is_dead:
            kill()
        future.add_done_callback(partial(self._take, run))

    def input_of(self, run: dict[str, Any]) -> bytes:
        """
        Return the input of a run.

        Raises
        ------
        EncryptionError
            If it cannot be decrypted.
        ServerRefusedError
            If it is in a blob that the server does not give.
        """
        if not run.get("blob_storage_used"):
            return self.cryptor.decrypt(run["input"])
        with closing(self.blobs.download(run["input"])) as pieces:
            return b"".join(map(bytes, self.cryptor.decrypt_blob(pieces)))

    def _take(self, run: dict[str, Any], future: Future[container.Outcome]) -> None:
        """
        Take what came out of a run; an executor that lost it has lost its container.
        """
        if future.cancelled():
            outcome = container.Outcome(VANISHED, b"", LOG_ELSEWHERE, "it was cancelled before it had started")
        elif (error := future.exception()) is not None:
            note = "".join(traceback.format_exception(error))
            outcome = container.Outcome(VANISHED, b"", LOG_ELSEWHERE, note)
        else:
            outcome = future.result()
        self.finish(run, outcome)

    def finish(self, run: dict[str, Any], outcome: container.Outcome) -> None:
        """
        Report the end of a run, its result encrypted for the organization that started the task.
        """
        status, log = outcome.status, outcome.log
        if outcome.note:
            self.note(f"run {run['id']}: {outcome.note}")
        try:
            result = self._result(run, outcome.result)
        except V6ClientError as error:
            status, result, log = FAILED, "", f"{log}The result cannot be encrypted: {error}"
        if self._move(run["id"], RUNNING, REPORTING):
            self._report(run["id"], result=result, log=log, status=status, finished_at=self._time())
        self._let_go(run["id"])

    def _result(self, run: dict[str, Any], message: bytes) -> str:
        """
        Return what goes into the run for the organization that started the task: the result, or the name of its blob.
        """
        public_key = ""
        if self.is_encrypted:
            public_key = self._ask("GET", f"organization/{run['task']['init_org']['id']}")["public_key"]
        if run.get("blob_storage_used"):
            return self.blobs.stored(self.cryptor.blob(message, public_key))
        return self.cryptor.encrypt(message, public_key)

    def _report(self, run_id: int, **changes: str) -> None:
        """
        Report on a run. That it was closed or deleted meanwhile is noted and is no error, as in a real node.
        """
        try:
            self._ask("PATCH", f"run/{run_id}", json=changes)
        except V6ClientError as refusal:
            self.note(f"run {run_id}: {refusal}")

    def _time(self) -> str:
        return self._surroundings.now().replace(tzinfo=None).isoformat(timespec="microseconds")
