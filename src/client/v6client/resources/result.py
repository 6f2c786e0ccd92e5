"""
Results: what comes of a task's runs.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from v6client import _models as models
from v6client._paging import walk
from v6client._payloads import result_text
from v6client.exceptions import UsageError
from v6client.resources._base import SubClient, whole

if TYPE_CHECKING:
    from collections.abc import Iterator


class Result(SubClient[models.Result]):
    """
    Calls about results.

    They come as JSON text, decrypted. A result that cannot be decrypted is an error.
    """

    noun = "result"
    order = None

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

    def from_task(self, task_id: int) -> models.Page[models.Result]:
        """
        View all results of a task, however many there are.

        The newest run comes first; `run` tells whose it is. A run that is not finished has the result None.

        Parameters
        ----------
        task_id
            The task.

        Raises
        ------
        WrongKeyError, NoPrivateKeyError
            One is encrypted and cannot be decrypted.
        """
        return {"data": [*self._of_task(whole(task_id, "task"))], "links": {}}

    def _of_task(self, task_id: int) -> Iterator[models.Result]:
        return map(self._readable, walk(partial(self._list, task_id=task_id)))

    def _readable(self, row: models.Result) -> models.Result:
        wire = row.get("result")
        if not wire:
            return row
        if row.get("blob_storage_used"):
            raise UsageError(
                f"the result of run {row['id']} is in the server's blob store, which this version of v6client "
                "cannot read; use a server without one"
            )
        return {**row, "result": result_text(wire, self.parent.cryptor)}
