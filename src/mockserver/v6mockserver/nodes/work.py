"""
What a node does with the runs that it takes: it starts them, runs their algorithms, and reports what comes out.
"""

from __future__ import annotations

import json
import traceback
from dataclasses import dataclass, field
from functools import partial
from threading import Condition, Lock
from typing import TYPE_CHECKING, Any, Final, Literal

from v6client._crypto import RSACryptor
from v6client.exceptions import EncryptionError, V6ClientError
from v6mockserver import _keys
from v6mockserver._errors import MockUsageError
from v6mockserver.nodes import environment, plans
from v6mockserver.nodes.container import Job, Outcome
from v6mockserver.nodes.executions import LOG_ELSEWHERE, VANISHED
from v6mockserver.nodes.executors import APART, MANUAL, SUBPROCESS
from v6mockserver.nodes.files import Volume
from v6mockserver.nodes.held import HeldRun
from v6mockserver.nodes.ledger import LOG, RESULT
from v6mockserver.nodes.plans import Plan, Plans

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from v6mockserver.nodes.algorithms import Algorithm
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.files import Files
    from v6mockserver.nodes.node import SimulatedNode
    from v6mockserver.nodes.surroundings import Surroundings

NO_IMAGE, ACTIVE, FAILED, KILLED, REFUSED = (
    "non-existing Docker image",
    "active",
    "failed",
    "killed by user",
    "not allowed",
)

Stage = Literal["held", "starting", "running", "reporting", "dead", "gone"]
HELD: Final = "held"
STARTING: Final = "starting"
RUNNING: Final = "running"
REPORTING: Final = "reporting"
DEAD: Final = "dead"
GONE: Final = "gone"
"""
How far a node is with a run that it has taken: it waits for the test, it is being started, its algorithm runs, its end
is being reported, it was killed and whatever comes out of it is of no interest, or the node itself was gone since.
"""


@dataclass(slots=True, eq=False)
class Attempt:
    """
    One run, from the moment when a node takes it to that when it is rid of it.

    Attributes
    ----------
    run : dict
        The run, with its task, as the server shows it; an input that is in a blob as its bytes, in pieces.
    stage : str
        How far it is.
    status : str
        What the node reported last.
    plan : Plan or None
        What the test wants to become of it.
    input : bytes or None
        The input, once it was decrypted.
    job : Job or None
        What its container gets.
    files : list of Files
        Its files, if they were made.
    outcome : Outcome or None
        What came out of its container.
    kill : callable
        Ends its process, if it has one.
    """

    run: dict[str, Any]
    stage: Stage
    status: str = "pending"
    plan: Plan | None = None
    input: bytes | None = None
    job: Job | None = None
    files: list[Files] = field(default_factory=list)
    outcome: Outcome | None = None
    kill: Callable[[], object] = bool

    @property
    def id(self) -> int:
        """
        The id of the run.
        """
        return int(self.run["id"])

    @property
    def image(self) -> str:
        """
        The image of its task.
        """
        return str(self.run["task"]["image"])

    def leaves_at(self, moment: plans.Moment) -> Plan | None:
        """
        Return the plan, if its course leaves the usual one at a moment.
        """
        return self.plan if self.plan is not None and self.plan.course.moment == moment else None


class Work:
    """
    The runs of one node.

    Parameters
    ----------
    node : SimulatedNode
        The node.
    surroundings : Surroundings
        What algorithms there are, and where they run.

    Attributes
    ----------
    plans : Plans
        What the test wants to become of the next runs.
    attempts : dict
        All that it has taken, by the id of the run; of one that was taken again, the last.
    run_of : dict
        The ids of runs by those of their tasks.
    news : Condition
        Notified whenever something happens that a run may wait for.
    """

    def __init__(self, node: SimulatedNode, surroundings: Surroundings) -> None:
        self.node = node
        self.plans = Plans()
        self.attempts: dict[int, Attempt] = {}
        self.run_of: dict[int, int] = {}
        self.news = Condition()
        self._surroundings = surroundings
        self._volume = Volume(lambda: surroundings.folder / f"node-{node.id}")
        self._held: dict[int, HeldRun] = {}
        self._open: dict[int, Attempt] = {}
        # Those of another life of the node as well, whose algorithms nobody can stop.
        self._at_work: set[Attempt] = set()
        self._lock = Lock()

    @property
    def held(self) -> list[HeldRun]:
        """
        The runs that wait for the test, oldest first.
        """
        with self._lock:
            return [run for _, run in sorted(self._held.items())]

    def forget(self) -> None:
        """
        Know nothing of any run; none may be under way.
        """
        self.attempts.clear()
        self.run_of.clear()
        self.plans.clear()
        self._volume.clear()

    def interrupt(self) -> None:
        """
        End what can be ended: processes.
        """
        with self._lock:
            attempts = list(self._open.values())
        for attempt in attempts:
            attempt.kill()

    def drop(self) -> None:
        """
        Be gone with all that runs, and tell nobody.
        """
        with self._lock:
            attempts, self._open = list(self._open.values()), {}
            self._held.clear()
            for attempt in attempts:
                if attempt.stage == HELD:
                    self._at_work.discard(attempt)
                attempt.stage = GONE
        for attempt in attempts:
            attempt.kill()

    def settle(self, patience: float) -> list[int]:
        """
        Wait for the runs that are under way, and return those that do not end.
        """
        for run in self.held:
            self._let_go(run.attempt)
        with self.news:
            self.news.wait_for(lambda: not self._at_work, patience)
            return sorted(attempt.id for attempt in self._at_work)

    def take(self, run: dict[str, Any]) -> None:
        """
        Start a run, unless it is under way, or hold it for the test.
        """
        algorithm = self._surroundings.algorithms.get(run["task"]["image"])
        choice = self._choice(algorithm)
        attempt = Attempt(run, STARTING)
        with self._lock:
            if self._open.setdefault(attempt.id, attempt) is not attempt:
                return
            self._at_work.add(attempt)
            self.attempts[attempt.id] = attempt
            self.run_of[run["task"]["id"]] = attempt.id
        try:
            self._start(attempt, algorithm, choice)
        except BaseException:
            # What ends the test as well; the node has to be free of the run, or the server could not be reset.
            self._let_go(attempt)
            raise

    def _start(self, attempt: Attempt, algorithm: Algorithm | None, choice: Choice) -> None:
        attempt.plan = self._plan(attempt, is_held=choice == MANUAL)
        if attempt.leaves_at(plans.TAKEN):
            self._let_go(attempt)
        elif choice == MANUAL:
            self._held[attempt.id] = HeldRun(self, attempt)
            if not self._move(attempt, STARTING, HELD):
                self._let_go(attempt)
        else:
            token = self._admitted(attempt, has_image=algorithm is not None)
            if token is not None and algorithm is not None:
                self._execute(attempt, token, algorithm, choice)

    def kill(self, run_ids: set[int] | None) -> None:
        """
        Stop these runs, or all.

        A process ends at once. No thread can be stopped from outside: its algorithm goes on and is not listened to.
        """
        with self._lock:
            victims = [one for one in self._open.values() if run_ids is None or one.id in run_ids]
        for attempt in victims:
            self._kill(attempt)

    def _kill(self, attempt: Attempt) -> None:
        if self._move(attempt, HELD, DEAD):
            self._let_go(attempt)
        # One that is being started is reported by whoever starts it, or "active" could come after "killed".
        elif not self._move(attempt, STARTING, DEAD) and self._move(attempt, RUNNING, DEAD):
            attempt.kill()
            self._report(attempt, status=KILLED)

    def _plan(self, attempt: Attempt, *, is_held: bool) -> Plan | None:
        """
        Return the plan for a run; its method is looked up only where there are plans.
        """
        if not self.plans:
            return None
        try:
            method = json.loads(self.input_of(attempt.run)).get("method")
        except (ValueError, AttributeError, RecursionError):
            method = None
        return self.plans.due(attempt.image, method, is_held=is_held)

    def _choice(self, algorithm: Algorithm | None) -> Choice:
        """
        Return where an algorithm runs: as it says itself, or else its node, or else the server.
        """
        choice = (algorithm and algorithm.execution) or self.node.execution or self._surroundings.execution
        # What another interpreter has installed runs in that one.
        return SUBPROCESS if algorithm and algorithm.interpreter and choice not in APART else choice

    def _move(self, attempt: Attempt, before: Stage, after: Stage) -> bool:
        """
        Move a run from one stage to another; return whether it was there, so that of two threads one goes on.
        """
        with self._lock:
            if attempt.stage != before:
                return False
            attempt.stage = after
            return True

    def _let_go(self, attempt: Attempt) -> None:
        with self._lock:
            if self._open.get(attempt.id) is attempt:
                del self._open[attempt.id]
                self._held.pop(attempt.id, None)
            self._at_work.discard(attempt)
        with self.news:
            self.news.notify_all()

    def begin(self, attempt: Attempt) -> str | None:
        """
        Start a run that was held; return the token of its container, or None if it does not run.
        """
        return self._admitted(attempt, has_image=True) if self._move(attempt, HELD, STARTING) else None

    def _admitted(self, attempt: Attempt, *, has_image: bool) -> str | None:
        """
        Do what comes before a container starts; return its token, or None if it does not.
        """
        self._report(attempt, started_at=self.node.time())
        token = self._container_token(attempt)
        if token is None:
            self._let_go(attempt)
            return None
        try:
            status, why = self._obstacle(attempt, has_image=has_image)
        except V6ClientError as error:
            # As on a real node: it goes no further, until the node comes back online.
            self.node.note(f"run {attempt.id}: whether it is allowed cannot be told: {error}")
            self._let_go(attempt)
            return None
        if status == REFUSED:
            self.node.note(f"run {attempt.id}: {why}")
            self._report(attempt, status=REFUSED, finished_at=self.node.time())
            self._let_go(attempt)
            return None
        self._report(attempt, status=status)
        if not self._move(attempt, STARTING, RUNNING):
            self._report(attempt, status=KILLED)
            self._let_go(attempt)
            return None
        if status == ACTIVE:
            return token
        if attempt.plan is not None and not attempt.plan.course.ends:
            self._let_go(attempt)
        else:
            self.finish(attempt, Outcome(status, b"", LOG_ELSEWHERE, why))
        return None

    def _container_token(self, attempt: Attempt) -> str | None:
        why: object = "as planned"
        if not attempt.leaves_at(plans.TOKEN):
            body = {"task_id": attempt.run["task"]["id"], "image": attempt.image}
            try:
                return str(self.node.ask("POST", "token/container", json=body)["container_token"])
            except V6ClientError as refusal:
                why = refusal
        self.node.note(f"run {attempt.id}: no token for its container: {why}")
        self._report(attempt, status=FAILED, log="The server gave no token for the container")
        return None

    def _obstacle(self, attempt: Attempt, *, has_image: bool) -> tuple[str, str]:
        """
        Return the status of a run whose container is to start, and why it does not if it does not.
        """
        if plan := attempt.leaves_at(plans.START):
            return plan.course.status, f"{plan.course.tells}, as planned"
        why = self.node.policies.refusal(attempt.run["task"], lambda path: self.node.ask("GET", path))
        if why is not None:
            return REFUSED, f"{why}; see the node's policies"
        if not has_image:
            return NO_IMAGE, f"there is no image {attempt.image!r}; server.algorithms.register() it"
        try:
            environment.require_names(self.node.environment)
        except MockUsageError as error:
            return FAILED, str(error)
        return ACTIVE, ""

    def _execute(self, attempt: Attempt, token: str, algorithm: Algorithm, choice: Choice) -> None:
        """
        Run an algorithm, or let happen what is planned.
        """
        attempt.input = self.input_of(attempt.run, is_readable=not attempt.leaves_at(plans.INPUT))
        attempt.job = self._job(attempt, token, algorithm)
        if plan := attempt.leaves_at(plans.RUNNING):
            if plan.what != "slow":
                self._follow(attempt, plan)
                return
            self._surroundings.advance(plan.seconds)
        future, attempt.kill = self._surroundings.executions[choice].start(attempt.job)
        if future.done():
            # Here, and not in a callback: a future keeps to itself what its callbacks raise.
            self._take(attempt, future)
            return
        if attempt.stage in {DEAD, GONE}:
            attempt.kill()
        future.add_done_callback(partial(self._take, attempt))

    def _follow(self, attempt: Attempt, plan: Plan) -> None:
        """
        Let a run end as planned, while its algorithm should run.
        """
        if plan.what == "kill":
            self._kill(attempt)
            self._let_go(attempt)
        elif plan.what == "lose":
            self.node.power_off()
            self._let_go(attempt)
        else:
            is_gone = plan.course.status == VANISHED
            log, note = (LOG_ELSEWHERE, f"{plan.course.tells}, as planned") if is_gone else (plan.log, "")
            self.finish(attempt, Outcome(plan.course.status, plan.result, log, note))

    def _job(self, attempt: Attempt, token: str, algorithm: Algorithm) -> Job:
        databases, task = dict(self.node.databases), attempt.run["task"]
        assert attempt.input is not None  # noqa: S101 -- it was just read
        make = partial(self._volume.files, attempt.id, task["job_id"])
        make = partial(make, content=attempt.input, token=token, databases=databases)

        def files() -> Files:
            made = make()
            attempt.files.append(made)
            return made

        return Job(
            algorithm=algorithm,
            input=attempt.input,
            token=token,
            wanted=[json.loads(one["parameters"]) | {"label": one["label"]} for one in task["databases"]],
            databases=databases,
            variables=dict(self.node.environment),
            proxy=self.node.proxy,
            files=files,
        )

    def input_of(self, run: Mapping[str, Any], *, is_readable: bool = True) -> bytes:
        """
        Return the input of a run. One that cannot be decrypted comes as it is, as to an algorithm on a real node.
        """
        cryptor = self.node.cryptor if is_readable else self._other_cryptor()
        cipher: str | list[bytes] = run["input"]
        try:
            if isinstance(cipher, str):
                return cryptor.decrypt(cipher)
            return b"".join(map(bytes, cryptor.decrypt_blob(cipher)))
        except EncryptionError as error:
            self.node.note(f"run {run['id']}: its input cannot be decrypted: {error}")
            return cipher.encode() if isinstance(cipher, str) else b"".join(cipher)

    def _other_cryptor(self) -> RSACryptor:
        """
        Return what decrypts with a key that is not the node's.
        """
        own = self.node.cryptor.public_key if isinstance(self.node.cryptor, RSACryptor) else ""
        cryptors = (RSACryptor(_keys.load(_keys.path(number))) for number in (0, 1))
        return next(cryptor for cryptor in cryptors if cryptor.public_key != own)

    def _take(self, attempt: Attempt, future: Future[Outcome]) -> None:
        """
        Take what came out of a run; an executor that lost it has lost its container.
        """
        if future.cancelled():
            outcome = Outcome(VANISHED, b"", LOG_ELSEWHERE, "it was cancelled before it had started")
        elif (error := future.exception()) is not None:
            outcome = Outcome(VANISHED, b"", LOG_ELSEWHERE, "".join(traceback.format_exception(error)))
        else:
            outcome = future.result()
        self.finish(attempt, outcome)

    def finish(self, attempt: Attempt, outcome: Outcome) -> None:
        """
        Report the end of a run, its result encrypted for the organization that started the task.
        """
        attempt.outcome = outcome
        if outcome.note:
            self.node.note(f"run {attempt.id}: {outcome.note}")
        try:
            result = self._result(attempt.run, outcome.result)
        except V6ClientError as error:
            # Node quirk: nobody hears of its end, and it starts again when the node comes back online (4.15.2).
            self.node.note(f"run {attempt.id} has {outcome.status}, and its result cannot be handed over: {error}")
        else:
            if self._move(attempt, RUNNING, REPORTING):
                self._hand_over(attempt, outcome, result)
        self._let_go(attempt)

    def _hand_over(self, attempt: Attempt, outcome: Outcome, result: str) -> None:
        # Half a character is written as text, as Python does in its own messages; no log of a container has one.
        log = outcome.log.encode(errors="backslashreplace")
        end = self.node.time()
        self._report(attempt, result=result, log=log.decode(), status=outcome.status, finished_at=end)
        receiver = attempt.run["task"]["init_org"]["id"]
        for what, content in ((RESULT, outcome.result), (LOG, log)):
            if content:
                self.node.let_out(attempt.run["task"]["id"], what, receiver, content)

    def _result(self, run: dict[str, Any], message: bytes) -> str:
        """
        Return what goes into the run for the organization that started the task: the result, or the name of its blob.
        """
        public_key = ""
        if self.node.is_encrypted:
            public_key = self.node.ask("GET", f"organization/{run['task']['init_org']['id']}")["public_key"]
        if run.get("blob_storage_used"):
            return self.node.blobs.stored(self.node.cryptor.blob(message, public_key))
        return self.node.cryptor.encrypt(message, public_key)

    def _report(self, attempt: Attempt, **changes: str) -> None:
        """
        Report on a run. That it was closed or deleted meanwhile is noted and is no error, as in a real node.
        """
        if attempt.stage == GONE:
            return
        attempt.status = changes.get("status", attempt.status)
        try:
            self.node.ask("PATCH", f"run/{attempt.id}", json=changes)
        except V6ClientError as refusal:
            self.node.note(f"run {attempt.id}: {refusal}")
