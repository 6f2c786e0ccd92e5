"""What tests of the state act on: a world with three organizations, and callers with the rules that a test needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver.state import entities, tokens
from v6mockserver.state import node as nodes
from v6mockserver.state import run as runs
from v6mockserver.state import task as tasks
from v6mockserver.state.passwords import hash_password
from v6mockserver.state.permissions import SCOPES, Caller, RuleKey
from v6mockserver.state.query import Parameters
from v6mockserver.state.task_checks import Target
from v6mockserver.state.world import CONTAINER, NODE, World

if TYPE_CHECKING:
    from v6mockserver.state.entities import Run, Task

IMAGE = "example.org/algorithm"
INPUT = "e30="
ALPHA, BETA, GAMMA = 2, 3, 4
"""Ids of the organizations; 1 is root's."""
SHARED, OTHER = 1, 2
"""Ids of the collaborations: of Alpha and Beta, and of Alpha and Gamma."""


class Federation:
    """A world in which each organization has a node in each of its collaborations."""

    def __init__(self, version: str = "4.15") -> None:
        self.world = World.fresh(version)
        for name in ("Alpha", "Beta", "Gamma"):
            self.world.organization.add(entities.Organization(id=self.world.next_id("organization"), name=name))
        for name, members in (("Shared", (ALPHA, BETA)), ("Other", (ALPHA, GAMMA))):
            self._collaborate(name, members)

    def _collaborate(self, name: str, members: tuple[int, ...]) -> None:
        row = self.world.collaboration.add(
            entities.Collaboration(id=self.world.next_id("collaboration"), name=name, encrypted=False)
        )
        for organization_id in members:
            self.world.collaboration_organization.add(row.id, organization_id)
            nodes.register(
                self.world,
                name=f"{name} {organization_id}",
                organization_id=organization_id,
                collaboration_id=row.id,
            )

    def user(self, organization_id: int, *rules: str) -> Caller:
        """Add a user who holds these rules, and no others."""
        id_ = self.world.next_id("user")
        self.world.user.add(
            entities.User(
                id=id_,
                username=f"user {id_}",
                password=hash_password("Password-1", salt="salt"),
                organization_id=organization_id,
            )
        )
        self.world.user_rule.assign(id_, [self.world.rule_ids[RuleKey(*rule.split())] for rule in rules])
        return Caller(kind="user", id=id_, organization_id=organization_id, rules=self.world.user_rule.rights(id_))

    def researcher(self, organization_id: int = ALPHA) -> Caller:
        """Add a user who may do everything with tasks."""
        operations = {"VIEW": SCOPES, "CREATE": SCOPES[2:], "DELETE": SCOPES}
        rules = [f"task {operation} {scope}" for operation, scopes in operations.items() for scope in scopes]
        return self.user(organization_id, *rules, *(f"run VIEW {scope}" for scope in SCOPES))

    def node(self, organization_id: int, collaboration_id: int = SHARED) -> Caller:
        """Return the node of an organization in a collaboration."""
        row = nodes.serving(self.world, collaboration_id, organization_id)
        assert row is not None
        return Caller(
            kind="node",
            id=row.id,
            organization_id=organization_id,
            rules=tokens.rules_of_default_role(self.world, NODE),
            collaboration_id=collaboration_id,
        )

    def container(self, task: Task, organization_id: int) -> Caller:
        """Return the container in which an organization's node runs a task."""
        return Caller(
            kind="container",
            id=self.node(organization_id, task.collaboration_id).id,
            organization_id=organization_id,
            rules=tokens.rules_of_default_role(self.world, CONTAINER),
            collaboration_id=task.collaboration_id,
            task_id=task.id,
            image=task.image,
        )

    def task(self, caller: Caller, *organizations: int, collaboration_id: int = SHARED, **columns: Any) -> Task:
        """Create a task for some organizations."""
        return tasks.create(
            self.world,
            caller,
            image=IMAGE,
            organizations=[Target(id_, INPUT) for id_ in organizations],
            collaboration_id=collaboration_id,
            **columns,
        )

    def report(self, run: Run, **changes: Any) -> Run:
        """Let the node of a run report on it."""
        task = self.world.task[run.task_id]
        return runs.report(self.world, self.node(run.organization_id, task.collaboration_id), run.id, changes)

    def complete(self, run: Run, result: str = "e30=") -> Run:
        """Let the node of a run report its result."""
        now = self.world.clock.text()
        return self.report(run, status="completed", result=result, started_at=now, finished_at=now)

    def runs(self, task: Task) -> list[Run]:
        """Return the runs of a task, in the order of its organizations."""
        return tasks.runs(self.world, task.id)


def query(**values: Any) -> Parameters:
    """Return the query of a request."""
    return Parameters({name: [str(value)] for name, value in values.items()})
