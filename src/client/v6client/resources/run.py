"""
Runs: what each organization does for a task.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from v6client import _models as models
from v6client._paging import walk
from v6client._payloads import input_text
from v6client._tables import tabled
from v6client.exceptions import UsageError
from v6client.resources._base import SubClient, included, whole
from v6client.resources._selecting import choosing_fields, choosing_rows

if TYPE_CHECKING:
    from collections.abc import Iterator

Range = tuple[str, str]


class Run(SubClient[models.Run]):
    """
    Calls about runs.

    Their inputs come as JSON text. One that was encrypted for another organization stays as it was sent.
    """

    noun = "run"
    order = None
    _needed = ("id", "input")
    _failing: ClassVar = {"port": "port="}

    @choosing_fields
    def get(self, id_: int, include_task: bool = False, *, decrypt_input: bool = True) -> models.Run:
        """
        View one run.

        Parameters
        ----------
        id_
            The run.
        include_task
            Whether `task` is the task itself instead of a reference.
        decrypt_input
            Whether to decrypt the input; if not, it comes as the server has it.
        """
        run = self._get(id_, include=included(include_task, "task"))
        return self._readable(run) if decrypt_input else run

    @choosing_rows
    def list(
        self,
        task: int | None = None,
        organization: int | None = None,
        state: str | None = None,
        node: int | None = None,
        include_task: bool = False,
        started: Range | None = None,
        assigned: Range | None = None,
        finished: Range | None = None,
        port: int | None = None,
        page: int | None = None,
        per_page: int | None = None,
    ) -> models.Page[models.Run]:
        """
        View one page of the runs, newest first.

        Parameters
        ----------
        task, organization, node
            Only runs of this task, by this organization, or on this node.
        state
            `open` for those that are not finished.
        include_task
            Whether `task` is the task itself instead of a reference.
        started, assigned, finished
            From when till when, such as `("2026-01-01", "2026-01-31")`.
        port
            Only runs that listen at this port. Servers up to 4.15 (at least) fail on it.
        page, per_page
            Which page, of how many runs; without them the server decides (the first ten).
        """
        answer = self._list(
            page,
            per_page,
            task_id=task,
            organization_id=organization,
            state=state,
            node_id=node,
            include=included(include_task, "task"),
            port=port,
            **_between("started", started),
            **_between("assigned", assigned),
            **_between("finished", finished),
        )
        return {**answer, "data": [self._readable(run) for run in answer["data"]]}

    table = tabled(list)

    def iter(
        self,
        *,
        task: int | None = None,
        organization: int | None = None,
        state: str | None = None,
        node: int | None = None,
        include_task: bool = False,
        started: Range | None = None,
        assigned: Range | None = None,
        finished: Range | None = None,
        port: int | None = None,
    ) -> Iterator[models.Run]:
        """
        Walk all runs, with the filters of `list`.
        """
        page = partial(self.list, task, organization, state, node, include_task)
        return walk(partial(page, started, assigned, finished, port))

    @choosing_rows
    def from_task(self, task_id: int, include_task: bool = False) -> models.Page[models.Run]:
        """
        View all runs of a task, however many there are.

        Parameters
        ----------
        task_id
            The task.
        include_task
            Whether `task` is the task itself instead of a reference.
        """
        return {"data": [*self.iter(task=whole(task_id, "task"), include_task=include_task)], "links": {}}

    def _readable(self, run: models.Run) -> models.Run:
        return {**run, "input": input_text(self.parent, run)} if run["input"] else run


def _between(event: str, times: object) -> dict[str, Any]:
    if times is None:
        return {}
    if not isinstance(times, tuple | list) or len(times) != 2:  # noqa: PLR2004 -- from when, and till when
        raise UsageError(f"{event} is a pair of times, such as ('2026-01-01', '2026-01-31'), not {times!r}")
    since, until = times
    return {f"{event}_from": since, f"{event}_till": until}
