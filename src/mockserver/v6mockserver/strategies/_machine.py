"""
A federation at work, as a state machine: organizations, users, tasks and runs come and go, all through the client.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, precondition, rule

from v6client.exceptions import ConflictError, TaskFailedError, V6ClientError, WrongKeyError
from v6mockserver._server import MockServer
from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.strategies._tasks import VALUES
from v6mockserver.strategies._words import WORDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from v6client import UserClient
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.held import HeldRun
    from v6mockserver.strategies._words import Strategy

IMAGE, METHOD = "echo", "echo"
PASSWORD = "Federated-1"  # noqa: S105 -- of users that exist in a test
PENDING, ACTIVE, COMPLETED, CRASHED, FAILED, KILLED = (
    "pending",
    "active",
    "completed",
    "crashed",
    "failed",
    "killed by user",
)
UNFINISHED = (ACTIVE, PENDING)
FAILURES = {CRASHED, FAILED, KILLED}
NOUNS = ("organization", "user", "collaboration", "node", "task", "run")
ALL = {"collaboration": {"scope": "global"}}
"""What to ask for where a list has only one's own otherwise."""


def agree(what: str, found: object, wanted: object) -> None:
    """
    Check that the client tells what the model knows.

    Raises
    ------
    AssertionError
        If it tells something else.
    """
    if found != wanted:
        raise AssertionError(f"{what}: it is {found!r}, and should be {wanted!r}")


@dataclass
class ModelRun:
    """
    What the machine knows of a run.

    Attributes
    ----------
    organization : str
        The name of the organization whose run it is.
    status : str
        Its status.
    result : object
        What its algorithm returned; None until then.
    has_result : bool
        Whether its node has sent one, whatever has become of its status since.
    """

    organization: str
    status: str = PENDING
    result: Any = None
    has_result: bool = False

    def complete(self, result: Any) -> None:
        """
        Take note of its end.
        """
        self.status, self.result, self.has_result = COMPLETED, result, True


@dataclass
class ModelTask:
    """
    What the machine knows of a task.

    Attributes
    ----------
    id : int
        Its id.
    owner : str
        The name of the organization whose researcher created it.
    value : object
        What its algorithm is asked to give back.
    runs : list of ModelRun
        Its runs, in the order in which the task names their organizations.
    """

    id: int
    owner: str
    value: Any
    runs: list[ModelRun] = field(default_factory=list)

    def status(self, *, blurs_failures: bool) -> str:
        """
        Return the status that its runs give it, by the contract.
        """
        present = {run.status for run in self.runs}
        failures = present & FAILURES
        if failures:
            return FAILED if blurs_failures or len(failures) > 1 else failures.pop()
        return next((status for status in UNFINISHED if status in present), COMPLETED)


class FederationMachine(RuleBasedStateMachine):
    """
    A federation at work, for state machines that test what is built on the client.

    Subclass it, and add rules and invariants about code of your own; the rules here keep the federation moving
    meanwhile, and compare what the client tells with a model of plain Python. What a subclass may set or override is
    below, and so is what it may look at.

    There is one collaboration of all organizations, each with a node. Every organization has a researcher, whose
    username is the organization's name in lower case, and who has its private key where the collaboration is encrypted.

    Attributes
    ----------
    organizations : sequence of str
        The names of the organizations; three by default.
    version : str
        The server version.
    encrypted : bool
        Whether the collaboration is; false by default.
    execution : {"manual", "inline"}
        Whether runs start, complete and crash by rules of their own, or are over as soon as a node has them.
    values : strategy
        What tasks are asked to give back, and runs complete with; by default anything that JSON can say.
    server : MockServer
        The server.
    federation : list of ModelTask
        The tasks that there are, oldest first.
    there : dict
        The ids of what there is, by noun.
    tasks : Bundle
        The ids of tasks that there are, for rules.

    Examples
    --------
    >>> class Dashboards(FederationMachine):
    ...     encrypted = True
    ...
    ...     @invariant()
    ...     def a_dashboard_shows_all_tasks(self):
    ...         shown = list(self.client("north").task.iter())
    ...         assert len(shown) == len(self.federation)
    >>> from hypothesis import settings
    >>> from hypothesis.stateful import run_state_machine_as_test
    >>> few = settings(max_examples=2, stateful_step_count=5, deadline=None, database=None)
    >>> run_state_machine_as_test(Dashboards, settings=few)
    """

    organizations: ClassVar[Sequence[str]] = ("North", "South", "West")
    version: ClassVar[str] = LATEST
    encrypted: ClassVar[bool] = False
    execution: ClassVar[Choice] = "manual"
    values: ClassVar[Strategy[Any]] = VALUES

    tasks = Bundle("tasks")

    def __init__(self) -> None:
        super().__init__()
        self.server = self.make_server()
        self.federation: list[ModelTask] = []
        self._clients: dict[str, UserClient] = {}
        self._rules = RELEASES[self.version]
        self.there = {noun: {row["id"] for row in rows} for noun, rows in self._everything()}
        self.ids = {row["name"]: row["id"] for row in self.client("root").organization.iter()}

    def make_server(self) -> MockServer:
        """
        Return the server that an example starts with; override it for a world of your own, which has these parts too.
        """
        seed = {
            "organizations": [
                {"name": name, "users": [{"username": name.lower(), "password": PASSWORD, "roles": ["Researcher"]}]}
                for name in self.organizations
            ],
            "collaborations": [
                {
                    "name": "All",
                    "encrypted": self.encrypted,
                    "participants": [{"name": name, "node": name} for name in self.organizations],
                }
            ],
        }
        server = MockServer(seed, version=self.version, execution=self.execution)
        server.algorithms.register(IMAGE, {METHOD: lambda value: value})
        return server

    def make_client(self, username: str) -> UserClient:
        """
        Return a client that is logged in; override it for a client of your own.
        """
        return self.server.client(username)

    def client(self, username: str) -> UserClient:
        """
        Return the client of a user, always the same; that of a researcher has the key of their organization.
        """
        if username not in self._clients:
            self._clients[username] = made = self.make_client(username)
            home = next((name for name in self.organizations if name.lower() == username), None)
            if self.encrypted and home is not None:
                made.setup_encryption(self.server.private_keys[home])
        return self._clients[username]

    def _everything(self) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
        root = self.client("root")
        walks: dict[str, Callable[..., Iterator[Any]]] = {noun: getattr(root, noun).iter for noun in NOUNS}
        return ((noun, list(walk(**ALL.get(noun, {})))) for noun, walk in walks.items())

    def status(self, task: ModelTask) -> str:
        """
        Return the status that a task should have.
        """
        return task.status(blurs_failures=self._rules.blurs_failures)

    def task(self, task_id: int) -> ModelTask:
        """
        Return what is known of a task that there is.
        """
        return next(task for task in self.federation if task.id == task_id)

    def named(self, picks: Sequence[int]) -> list[str]:
        """
        Return the names of organizations, by any numbers.
        """
        return list(dict.fromkeys(self.organizations[pick % len(self.organizations)] for pick in picks))

    # What happens to the federation.

    @rule(name=WORDS)
    def create_organization(self, name: str) -> None:
        """
        Root creates an organization; its name may be taken.
        """
        root = self.client("root")
        try:
            row = root.organization.create(name, "", "", "", "", "")
        except ConflictError:
            agree(
                f"organization {name!r} exists", name in {one["name"] for one in root.organization.iter()}, wanted=True
            )
        else:
            self.there["organization"].add(row["id"])

    @rule(pick=st.integers(0, 11), name=WORDS.map("user-{}".format))
    def create_user(self, pick: int, name: str) -> None:
        """
        Root creates a user, of whom nothing more is heard; the name may be taken.
        """
        root, (home,) = self.client("root"), self.named([pick])
        address = f"{name}@example.org"
        try:
            row = root.user.create(name, name, name, PASSWORD, address, self.ids[home])
        except ConflictError:
            agree(f"there is {name!r}", name in {one["username"] for one in root.user.iter()}, wanted=True)
        else:
            self.there["user"].add(row["id"])

    @rule(
        target=tasks,
        owner=st.integers(0, 11),
        picks=st.lists(st.integers(0, 11), min_size=1, max_size=4),
        value=st.runner().flatmap(lambda machine: machine.values),
    )
    def create_task(self, owner: int, picks: Sequence[int], value: Any) -> int:
        """
        A researcher creates a task for some organizations.
        """
        (home,), members = self.named([owner]), self.named(picks)
        row = self.client(home.lower()).task.create(
            collaboration=1,
            organizations=[self.ids[name] for name in members],
            name="task",
            image=IMAGE,
            description="",
            input_={"method": METHOD, "kwargs": {"value": value}},
        )
        task = ModelTask(row["id"], home, value, [ModelRun(name) for name in members])
        self.federation.append(task)
        self.there["task"].add(task.id)
        self.there["run"] |= {run["id"] for run in self.client("root").run.iter(task=task.id)}
        self._run_inline()
        return task.id

    def _run_inline(self) -> None:
        """
        Complete what nodes that are online have completed meanwhile, where that is how they run.
        """
        for task in self.federation if self.execution == "inline" else ():
            for run in task.runs:
                if run.status == PENDING and self.server.nodes[run.organization].is_online:
                    run.complete(task.value)

    def _held(self, statuses: Sequence[str]) -> list[tuple[ModelTask, ModelRun, HeldRun]]:
        """
        Return the runs that can go on: at nodes that are online, of tasks that have not failed if they have to start.
        """
        return [
            (task, run, held)
            for task in self.federation
            for run in task.runs
            if run.status in statuses and (run.status == ACTIVE or self.status(task) not in FAILURES)
            for held in self.server.nodes[run.organization].runs
            if held.task_id == task.id and self.server.nodes[run.organization].is_online
        ]

    @precondition(lambda self: self.execution == "manual" and self._held([PENDING]))
    @rule(data=st.data())
    def start_run(self, data: st.DataObject) -> None:
        """
        A run starts, and finds what its task asks.
        """
        task, run, held = data.draw(st.sampled_from(self._held([PENDING])))
        agree(f"the input of run {held.id}", held.input, {"method": METHOD, "kwargs": {"value": task.value}})
        held.start()
        run.status = ACTIVE

    @precondition(lambda self: self.execution == "manual" and self._held([PENDING, ACTIVE]))
    @rule(data=st.data(), result=st.runner().flatmap(lambda machine: machine.values))
    def complete_run(self, data: st.DataObject, result: Any) -> None:
        """
        A run completes, and has a result.
        """
        _, run, held = data.draw(st.sampled_from(self._held([PENDING, ACTIVE])))
        held.complete(result)
        run.complete(result)

    @precondition(lambda self: self.execution == "manual" and self._held([PENDING, ACTIVE]))
    @rule(data=st.data())
    def crash_run(self, data: st.DataObject) -> None:
        """
        A run crashes; from 4.15 on, those of its task that have not started fail with it.
        """
        task, run, held = data.draw(st.sampled_from(self._held([PENDING, ACTIVE])))
        held.crash("on purpose")
        run.status, run.has_result = CRASHED, True  # what it had written: nothing, encrypted
        for other in task.runs if self._rules.closes_waiting_siblings else ():
            other.status = FAILED if other.status == PENDING else other.status

    @rule(pick=st.integers(0, 11))
    def switch_node(self, pick: int) -> None:
        """
        A node that has nothing to do goes offline, and one that is offline comes back.
        """
        (name,) = self.named([pick])
        node = self.server.nodes[name]
        if not node.is_online:
            node.go_online()
            self._run_inline()
        elif (name, ACTIVE) not in {(run.organization, run.status) for task in self.federation for run in task.runs}:
            node.go_offline()

    @rule(task_id=tasks)
    def kill_task(self, task_id: int) -> None:
        """
        Root kills a task; one that is over cannot be killed, but in 4.0 a run that is over can.
        """
        task = self.task(task_id)
        was_over = self.status(task) not in UNFINISHED
        try:
            self.client("root").task.kill(task_id)
        except ConflictError:
            agree(f"task {task_id} was over", was_over, wanted=True)
            return
        agree(f"task {task_id} was over", was_over, wanted=False)
        for run in task.runs:
            run.status = KILLED if run.status in UNFINISHED or self._rules.kills_finished_runs else run.status

    @rule(task_id=consumes(tasks))
    def delete_task(self, task_id: int) -> None:
        """
        The researcher who created a task deletes it, with its runs.
        """
        task = self.task(task_id)
        runs = {run["id"] for run in self.client("root").run.iter(task=task_id)}
        self.client(task.owner.lower()).task.delete(task_id)
        self.federation.remove(task)
        self.there["task"].remove(task_id)
        self.there["run"] -= runs

    # What is always so.

    @rule(noun=st.sampled_from(NOUNS), size=st.integers(1, 5))
    def read_pages(self, noun: str, size: int) -> None:
        """
        All pages of a list together have what there is, once, whatever their size.
        """
        pages: Callable[..., Any] = getattr(self.client("root"), noun).list
        count = -(-len(self.there[noun]) // size)
        query = {"per_page": size, **ALL.get(noun, {})}
        seen = [row["id"] for page in range(1, count + 1) for row in pages(page=page, **query)["data"]]
        agree(f"{noun} by pages of {size}", sorted(seen), sorted(self.there[noun]))

    @invariant()
    def lists_have_what_there_is(self) -> None:
        """
        The client lists what was created and not deleted, and nothing else.
        """
        for noun, rows in self._everything():
            agree(f"the list of {noun}", sorted(row["id"] for row in rows), sorted(self.there[noun]))

    @invariant()
    def tasks_have_the_status_of_their_runs(self) -> None:
        """
        A task has the status that the contract derives from its runs, and each run has its own.
        """
        for task in self.federation:
            client = self.client(task.owner.lower())
            agree(f"the status of task {task.id}", client.task.get(task.id)["status"], self.status(task))
            told = {run["organization"]["id"]: run["status"] for run in client.run.from_task(task.id)["data"]}
            known = {self.ids[run.organization]: run.status for run in task.runs}
            agree(f"the runs of task {task.id} by organization", told, known)

    @rule(task_id=tasks)
    def read_results(self, task_id: int) -> None:
        """
        The researcher who asked reads of each organization what its run returned.
        """
        task = self.task(task_id)
        rows = self.client(task.owner.lower()).result.from_task(task_id)["data"]
        told = {row["organization"]["name"]: row["result"] for row in rows if row["status"] == COMPLETED}
        known = {run.organization: run.result for run in task.runs if run.status == COMPLETED}
        agree(f"the results of task {task_id}", {name: json.loads(text or "") for name, text in told.items()}, known)

    @rule(task_id=tasks)
    def wait_for_task(self, task_id: int) -> None:
        """
        Who waits for a task that is over gets its results, or an error that names every failed run.
        """
        task = self.task(task_id)
        if self.status(task) in UNFINISHED:
            return
        failed = {run.organization for run in task.runs if run.status in FAILURES}
        told: set[str] = set()
        try:
            rows = self.client(task.owner.lower()).wait_for_results(task_id, timeout=0)["data"]
            agree(f"how many results task {task_id} has", len(rows), len(task.runs))
        except TaskFailedError as error:
            told = {run["organization"] for run in error.runs if run["status"] in FAILURES}
        agree(f"the failed runs of task {task_id}", told, failed)

    @precondition(lambda self: self.encrypted)
    @rule(task_id=tasks, pick=st.integers(0, 11))
    def read_results_of_others(self, task_id: int, pick: int) -> None:
        """
        What was encrypted for one organization no other can read.
        """
        task, (name,) = self.task(task_id), self.named([pick])
        has_results = any(run.has_result for run in task.runs)
        try:
            self.client(name.lower()).result.from_task(task_id)
            can_read = True
        except WrongKeyError:
            can_read = False
        agree(f"{name} reads results of task {task_id}", can_read, name == task.owner or not has_results)

    def refused(self, call: Callable[[], object]) -> V6ClientError | None:
        """
        Make a call of the client, and return the error that it ends in; a call that was refused has changed nothing.
        """
        before = self._rows()
        try:
            call()
        except V6ClientError as error:
            agree(f"what the server knows after {error}", self._rows(), before)
            return error
        return None

    def _rows(self) -> dict[str, list[Any]]:
        """
        Return all rows of the server, but for when users were last seen: a client that is refused was there.
        """
        tables: dict[str, list[Any]] = self.server.dump()["tables"]
        for row in tables["user"]:
            row["last_seen"] = None
        return tables
