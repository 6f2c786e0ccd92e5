"""
What the runs of one task are doing, and at which organizations.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from v6client._answers import page
from v6client._paging import walk
from v6client.exceptions import PermissionDeniedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6client import _models as models
    from v6client._http import Connection

COMPLETED = "completed"
UNFINISHED = frozenset({"pending", "initializing", "active"})
FAILED = frozenset(
    {
        "failed",
        "start failed",
        "non-existing Docker image",
        "crashed",
        "killed by user",
        "not allowed",
        "unknown error",
    }
)


class TaskRuns:
    """
    The runs of one task.

    Parameters
    ----------
    connection
        The conversation with the server.
    task_id
        The task.
    """

    def __init__(self, connection: Connection, task_id: int) -> None:
        self._connection = connection
        self.task_id = task_id

    def rows(self) -> Iterator[models.Run]:
        """
        The runs as the server shows them now, newest first.
        """
        return self._rows("run", "organization.id", "status", "log", "node", task_id=self.task_id)

    def summaries(self) -> list[models.RunSummary]:
        """
        What they are doing now, in the order in which the task names their organizations.

        Raises
        ------
        NotFoundError
            There is no such task.
        """
        names = self.names  # first, since the list of runs has no clear answer for a task that is not there
        return sorted((_summary(run, names) for run in self.rows()), key=lambda summary: summary["id"])

    @cached_property
    def names(self) -> dict[int, str]:
        """
        The names of the collaboration's organizations, as far as we may see them.

        Raises
        ------
        NotFoundError
            There is no such task.
        """
        try:
            task = self._connection.view(f"task/{self.task_id}", "collaboration.id")
            rows = self._rows("organization", "name", sort="id", collaboration_id=task["collaboration"]["id"])
            return {row["id"]: row["name"] for row in rows}
        except PermissionDeniedError:
            return {}  # names are a courtesy; the runs tell the ids

    def _rows(self, path: str, *fields: str, **params: Any) -> Iterator[Any]:
        def fetch(**where: int) -> Any:
            return page(self._connection.request("GET", path, params={**params, **where}), path, *fields)

        return walk(fetch)


def _summary(run: models.Run, names: dict[int, str]) -> models.RunSummary:
    organization = run["organization"]["id"]
    node = run["node"]  # empty where the node was deleted
    return {
        "id": run["id"],
        "organization": names.get(organization, f"organization {organization}"),
        "organization_id": organization,
        "status": run["status"],
        "log": run["log"],
        "node": node.get("name", "(deleted)"),
        "node_status": node.get("status") or "offline",  # Server quirk: null before first contact (4.0)
    }
