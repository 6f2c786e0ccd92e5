"""
What tests of tasks, runs and results act in: three organizations, two collaborations, and their nodes.

Alpha and Beta share one collaboration, Alpha and Gamma the other. Everything is made when it is first needed; the tests
play the nodes and the containers themselves.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from .network import INPUT, made

if TYPE_CHECKING:
    from .network import Caller, Server

NOW, LATER = "2026-01-01T10:00:00.000001", "2026-01-01T11:00:00.000001"

Row = dict[str, Any]


class Work:
    """
    A small federation on a server.

    Parameters
    ----------
    server : Server
        The server under test.
    """

    def __init__(self, server: Server) -> None:
        self.server = server
        self._nodes: dict[tuple[int, int], Caller] = {}

    @cached_property
    def alpha(self) -> Row:
        """The organization that is in both collaborations."""
        return self.server.organization()

    @cached_property
    def beta(self) -> Row:
        """The other organization of the shared collaboration."""
        return self.server.organization()

    @cached_property
    def gamma(self) -> Row:
        """The other organization of the other collaboration."""
        return self.server.organization()

    @cached_property
    def shared(self) -> Row:
        """The collaboration of Alpha and Beta, with their nodes."""
        return self.collaboration(self.alpha, self.beta)

    @cached_property
    def other(self) -> Row:
        """The collaboration of Alpha and Gamma, with their nodes."""
        return self.collaboration(self.alpha, self.gamma)

    def collaboration(self, *organizations: Row, encrypted: bool = False) -> Row:
        """Create a collaboration in which every organization has a node."""
        row = self.server.collaboration(*organizations, encrypted=encrypted)
        for organization in organizations:
            self._nodes[organization["id"], row["id"]] = self.server.node(organization, row)
        return row

    @cached_property
    def researcher(self) -> Caller:
        """A user of Alpha with the role Researcher."""
        return self.user(self.alpha, roles=["Researcher"])

    def user(self, organization: Row, *rules: str, **columns: Any) -> Caller:
        """Create a user who holds some rules."""
        return self.server.user(organization, *rules, **columns)

    def node(self, organization: Row, collaboration: Row | None = None) -> Caller:
        """Return the node of an organization in a collaboration, by default the shared one."""
        return self._nodes[organization["id"], (collaboration or self.shared)["id"]]

    def body(self, *organizations: Row, **columns: Any) -> Row:
        """Return a body for POST /task that is accepted from the researcher."""
        body = {
            "image": "example.org/algorithm",
            "collaboration_id": self.shared["id"],
            "organizations": [{"id": one["id"], "input": INPUT} for one in organizations or (self.alpha,)],
        }
        return body | columns

    def task(self, *organizations: Row, by: Caller | None = None, **columns: Any) -> Row:
        """Create a task, by default as the researcher in the shared collaboration."""
        return made((by or self.researcher).post("/task", self.body(*organizations, **columns)))

    def runs(self, task: Row) -> list[Row]:
        """Return the runs of a task, oldest first."""
        return made(self.server.root.get("/run", task_id=task["id"]))["data"][::-1]

    def run(self, *organizations: Row, **columns: Any) -> Row:
        """Create a task and return its first run."""
        return self.runs(self.task(*organizations, **columns))[0]

    def container(self, task: Row, organization: Row) -> Caller:
        """Return the container in which the node of an organization runs a task."""
        collaboration = {"id": task["collaboration"]["id"]}
        return self.server.container(self.node(organization, collaboration), task)

    def subtask(self, parent: Row, *organizations: Row, by: Row | None = None, **columns: Any) -> Row:
        """Let the container of a task, by default Alpha's, create a subtask."""
        container = self.container(parent, by or self.alpha)
        columns.setdefault("collaboration_id", parent["collaboration"]["id"])
        return self.task(*organizations, by=container, **columns)

    def node_of(self, run: Row) -> Caller:
        """Return the node that a run is for."""
        return next(node for node in self._nodes.values() if node.id == run["node"]["id"])

    def report(self, run: Row, **changes: Any) -> Row:
        """Let the node of a run report on it."""
        return made(self.node_of(run).patch(f"/run/{run['id']}", changes))

    def complete(self, run: Row, result: str = INPUT, log: str = "done") -> Row:
        """Let the node of a run deliver its result."""
        return self.report(run, status="completed", result=result, log=log, started_at=NOW, finished_at=LATER)


def ids(response: Any) -> list[int]:
    """Return the ids on a page, in order."""
    return [row["id"] for row in made(response)["data"]]


def plain(value: Any) -> Any:
    """Return JSON data in which the methods that links announce are in alphabetical order; servers shuffle them."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    if isinstance(value, dict):
        return {name: sorted(one) if name == "methods" else plain(one) for name, one in value.items()}
    return value


def link(noun: str, id_: int, *methods: str) -> Row:
    """Return the link to one object, as `plain` leaves it."""
    return {"id": id_, "link": f"/api/{noun}/{id_}", "methods": sorted(methods or ("GET", "PATCH", "DELETE"))}
