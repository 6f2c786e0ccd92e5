"""
The results of a task by organization, decoded, with those that are missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from v6client._tables import plain
from v6client._task_runs import FAILED
from v6client.exceptions import DeserializationException, MissingResultError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    from typing_extensions import Self

    from v6client import _models as models


class ResultsByOrganization(Mapping[str, Any]):
    """
    The results of a task, decoded from JSON, by the name of the organization.

    A look-up takes an organization's id as well. One of an organization whose result is missing raises an error that
    says why; in the mapping are only those that are there.

    Parameters
    ----------
    task_id
        The task.
    results
        What is there, by name.
    missing
        The runs without a result.
    names
        The names of all organizations that run the task, by id.

    Attributes
    ----------
    task_id
        The task.
    missing
        The runs without a result: dicts with `organization`, `status`, `log` and more. One that completed without any
        output is among them.
    """

    def __init__(
        self, task_id: int, results: dict[str, Any], missing: Sequence[models.RunSummary], names: Mapping[int, str]
    ) -> None:
        self.task_id = task_id
        self.missing = missing
        self._results = results
        self._names = names

    def __getitem__(self, organization: str | int) -> Any:
        # Not by its type: an id may be a number of numpy's.
        name: Any = self._names.get(cast("int", organization), cast("str", organization))
        if name in self._results:
            return self._results[name]
        lost = [run for run in self.missing if run["organization"] == name]
        if lost:
            raise MissingResultError(self.task_id, lost)
        known = ", ".join(f"{name} ({id_})" for id_, name in self._names.items())
        raise KeyError(f"task {self.task_id} has no run at organization {organization!r}, but at {known}")

    def __iter__(self) -> Iterator[str]:
        return iter(self._results)

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        # Without the results themselves: what is shown gets into logs.
        missing = ", ".join(f"{run['organization']} ({run['status']})" for run in self.missing)
        return plain(f"<results of task {self.task_id}: {', '.join(self) or 'none'}; missing: {missing or 'none'}>")

    def require_all(self) -> Self:
        """
        These results, if none is missing.

        Raises
        ------
        MissingResultError
            Some are; the error names them, and says why.
        """
        if self.missing:
            raise MissingResultError(self.task_id, self.missing)
        return self


def by_organization(
    task_id: int, rows: Iterable[models.TaskResult], runs: Iterable[models.RunSummary]
) -> ResultsByOrganization:
    """
    Sort the results of a task by organization.

    Parameters
    ----------
    task_id
        The task.
    rows
        Its results, decrypted.
    runs
        Its runs.

    Raises
    ------
    DeserializationException
        A result is no JSON.
    """
    # What a failed run may have left behind is no result.
    there = [row for row in rows if row["result"] and row["status"] not in FAILED]
    results = {row["organization"]["name"]: _decoded(row) for row in there}
    summaries = list(runs)
    missing = [run for run in summaries if run["organization"] not in results]
    names = {run["organization_id"]: run["organization"] for run in summaries}
    return ResultsByOrganization(task_id, results, missing, names)


def _decoded(row: models.TaskResult) -> Any:
    try:
        return json.loads(row["result"] or "")
    except ValueError as error:
        raise DeserializationException(
            f"the result of run {row['id']} at {row['organization']['name']} is no JSON ({error}); "
            "result.from_task() gives it as text"
        ) from None  # the error would hold the result


def frame(results: ResultsByOrganization) -> pd.DataFrame:
    """
    Results as a data frame, with the organizations as its index.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise UsageError("a data frame needs pandas: pip install 'v6client[pandas]'") from error
    rows = [(name, record) for name, result in results.items() for record in _records(result)]
    rows += [(run["organization"], {}) for run in results.missing]
    index = pd.Index([name for name, _ in rows], name="organization")
    framed: pd.DataFrame = pd.DataFrame([record for _, record in rows], index=index)
    return framed


def _records(result: Any) -> list[dict[str, Any]]:
    """
    The rows that a result makes; one at least, so that no organization is lost.
    """
    if isinstance(result, dict):
        return [result]
    if isinstance(result, list) and all(isinstance(record, dict) for record in result):
        return result or [{}]
    return [{"result": result}]
