"""
Results: what comes of a task's runs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._payloads import result_text
from v6client._results import ResultsByOrganization, by_organization, frame
from v6client._task_runs import TaskRuns
from v6client.resources._base import SubClient, whole

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd


class Result(SubClient[models.Result]):
    """
    Calls about results.

    They come as JSON text, decrypted. A result that cannot be decrypted is an error.
    """

    noun = "result"
    order = None
    _needed = ("id", "result")

    def get(self, id_: int) -> models.Result:
        """
        View the result of one run.

        Parameters
        ----------
        id_
            The run.

        Raises
        ------
        WrongKeyError, NoPrivateKeyError
            It is encrypted and cannot be decrypted.
        """
        return self._readable(self._get(id_))

    def from_task(self, task_id: int) -> models.Page[models.TaskResult]:
        """
        View all results of a task, however many there are.

        The newest run comes first; `organization` (`id` and `name`), `run` and `status` tell whose it is. A run that is
        not finished has the result None.

        Parameters
        ----------
        task_id
            The task.

        Raises
        ------
        WrongKeyError, NoPrivateKeyError
            One is encrypted and cannot be decrypted.
        """
        task = self._task(task_id)
        return {"data": self._of(task.task_id, task.summaries()), "links": {}}

    def by_organization(self, task_id: int) -> ResultsByOrganization:
        """
        View the results of a task by organization, decoded from JSON.

        Parameters
        ----------
        task_id
            The task.

        Returns
        -------
        ResultsByOrganization
            A mapping from the name of each organization (its id does as well) to its result; `missing` tells which
            have none, and why.

        Raises
        ------
        DeserializationException
            A result is no JSON.
        WrongKeyError, NoPrivateKeyError
            One is encrypted and cannot be decrypted.
        """
        task = self._task(task_id)
        runs = task.summaries()
        return by_organization(task.task_id, self._of(task.task_id, runs), runs)

    def to_frame(self, task_id: int, *, allow_missing: bool = False) -> pd.DataFrame:
        """
        View the results of a task as a data frame of pandas, with the organizations as its index.

        A result that is a dict makes a row with its keys as columns, a list of dicts makes a row of each, and anything
        else goes into a column `result`.

        Parameters
        ----------
        task_id
            The task.
        allow_missing
            Whether an organization without a result is a row without values, instead of an error.

        Raises
        ------
        MissingResultError
            Some results are missing.
        DeserializationException
            A result is no JSON.
        UsageError
            pandas is not installed.
        """
        results = self.by_organization(task_id)
        return frame(results if allow_missing else results.require_all())

    def _task(self, task_id: int) -> TaskRuns:
        return TaskRuns(self.parent.connection, whole(task_id, "task"))

    def _of(self, task_id: int, runs: Iterable[models.RunSummary]) -> list[models.TaskResult]:
        known = {run["id"]: run for run in runs}
        # A run that vanished since (with its node) has no result either, so there is none without a known run.
        rows = walk(partial(self._list, task_id=task_id))
        return [_of_run(self._readable(row), known[row["id"]]) for row in rows]

    def _readable(self, row: models.Result) -> models.Result:
        return {**row, "result": result_text(self.parent, row)} if row["result"] else row


def _of_run(row: models.Result, run: models.RunSummary) -> models.TaskResult:
    organization: models.NamedOrganization = {"id": run["organization_id"], "name": run["organization"]}
    return {**row, "organization": organization, "status": run["status"]}
