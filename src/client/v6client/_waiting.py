"""
Waiting for a task: when to look, what to look at, and the one place that sleeps.
"""

from __future__ import annotations

import math
import time
from functools import partial
from typing import TYPE_CHECKING

from v6client._progress import reporting
from v6client._task_runs import COMPLETED, FAILED, UNFINISHED, TaskRuns
from v6client.exceptions import (
    MalformedAnswerError,
    ServerTooOldError,
    TaskFailedError,
    TaskTimeoutError,
)
from v6client.resources import Result, SubClient
from v6client.resources._base import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from v6client import _models as models
    from v6client._http import Connection

FIRST_PAUSE = 0.01
GROWTH = 1.5


def ended(status: str) -> bool:
    """
    Whether a status is final.

    Raises
    ------
    MalformedAnswerError
        It is none of the protocol's. Taking it for an end would lose results, taking it for none would wait for ever.
    """
    if status == COMPLETED or status in FAILED:
        return True
    if status in UNFINISHED:
        return False
    raise MalformedAnswerError(f"the server reports a task status that this client does not know: {status!r}")


def polling(
    interval: float, timeout: float = math.inf, now: Callable[[], float] = time.monotonic
) -> Generator[float, str, str]:
    """
    Decide when to look at a task: yields how long to pause before a look, is sent the status seen.

    The first look is immediate; the pauses grow from 10 ms to `interval`, so that short tasks are seen at once and long
    ones cost little.

    Returns
    -------
    str
        The last status seen; one that is not final means that the time was up.
    """
    deadline = now() + timeout
    pause, longer = 0.0, FIRST_PAUSE
    while True:
        status = yield pause
        left = deadline - now()
        if ended(status) or left <= 0:
            return status
        pause = min(longer, interval, left)
        longer = min(longer * GROWTH, interval)


def follow(looks: Generator[float, str, str], look: Callable[[], str]) -> str:
    """
    Pause and look until the generator has seen enough.
    """
    pause = next(looks)
    while True:
        time.sleep(pause)
        try:
            pause = looks.send(look())
        except StopIteration as enough:
            return str(enough.value)


class TaskWatch:
    """
    One task as the server reports it.

    Parameters
    ----------
    connection
        The conversation with the server.
    task_id
        The task.
    to_the_end
        Whether a task goes on while one of its runs does: the server calls it failed as soon as one run has.
    """

    def __init__(self, connection: Connection, task_id: int, *, to_the_end: bool = False) -> None:
        self._connection = connection
        self.runs = TaskRuns(connection, task_id)
        self._to_the_end = to_the_end
        self._status_path = f"task/{task_id}/status"

    def status(self) -> str:
        """
        The task's status now.
        """
        status = self._reported()
        if self._to_the_end and status in FAILED:
            return next((run["status"] for run in self.runs.rows() if run["status"] in UNFINISHED), status)
        return status

    def _reported(self) -> str:
        try:
            answer = self._connection.request("GET", self._status_path)
        except ServerTooOldError:
            # Server quirk: 4.0 knows no status route, but the task itself has the status too.
            self._status_path = f"task/{self.runs.task_id}"
            answer = self._connection.request("GET", self._status_path)
        if not isinstance(answer, dict) or "status" not in answer:
            raise MalformedAnswerError(f"GET {self._status_path} was answered without a status")
        return str(answer["status"])


class Waiting(SubClient["models.Result"]):
    """
    The calls that wait for a task.
    """

    noun = "task"

    def for_results(
        self, task_id: int, interval: float, *, timeout: float, progress: bool, raise_on_failure: bool
    ) -> models.Page[models.TaskResult]:
        """
        Wait until a task has ended, and view all its results.
        """
        watch = TaskWatch(self.parent.connection, whole(task_id, "task"), to_the_end=not raise_on_failure)
        with reporting(watch, task_id, progress=progress) as report:
            status = follow(polling(interval, timeout), partial(_look, watch, report))
        if not ended(status):
            going_on = [run for run in watch.runs.summaries() if run["status"] in UNFINISHED]
            raise TaskTimeoutError(task_id, timeout, going_on)
        if status in FAILED and raise_on_failure:
            raise TaskFailedError(task_id, status, watch.runs.summaries())
        return Result(self.parent).from_task(task_id)


def _look(watch: TaskWatch, report: Callable[[str], None]) -> str:
    status = watch.status()
    report(status)
    return status
