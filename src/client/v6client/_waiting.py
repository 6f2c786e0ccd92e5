"""
Waiting for a task: when to look, what to look at, and the one place that sleeps.
"""

from __future__ import annotations

import math
import time
from numbers import Real
from typing import TYPE_CHECKING, Any

from v6client._progress import reporting, say_it_goes_on
from v6client._task_runs import COMPLETED, FAILED, UNFINISHED, TaskRuns
from v6client.exceptions import (
    ConnectionFailedError,
    MalformedAnswerError,
    NotFoundError,
    ServerTooOldError,
    TaskFailedError,
    TaskTimeoutError,
    UsageError,
    V6ClientError,
)
from v6client.resources import Result, SubClient
from v6client.resources._base import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from v6client import _models as models
    from v6client._http import Connection
    from v6client._progress import Report

FIRST_PAUSE = 0.01
GROWTH = 1.5

# How long a server that has answered may stay away, in seconds: enough to restart one.
OUTAGE = 60.0
AWAY = frozenset({502, 503, 504})

# The runs of a task come with their inputs, which may be large. So there is a pause before they are looked at again:
# this many times as long as it took.
REST = 9


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
    raise MalformedAnswerError(
        f"the server reports a task status that this client does not know, and a newer one may: {status!r}"
    )


def is_outage(error: V6ClientError) -> bool:
    """
    Whether an error says that the server, or what stands before it, is away for the moment.
    """
    return isinstance(error, ConnectionFailedError) or getattr(error, "status", None) in AWAY


def polling(
    interval: float, timeout: float = math.inf, now: Callable[[], float] = time.monotonic
) -> Generator[float, str | V6ClientError, str]:
    """
    Decide when to look at a task: yields how long to pause before a look, is sent the status seen.

    The first look is immediate; the pauses grow from 10 ms to `interval`, so that short tasks are seen at once and long
    ones cost little. An outage is sent instead of a status. It is raised if nothing was seen before, if it lasts, or if
    the time is up.

    Returns
    -------
    str
        The last status seen; one that is not final means that the time was up.
    """
    deadline, patience = now() + timeout, -math.inf
    pause, longer = 0.0, FIRST_PAUSE
    while True:
        seen = yield pause
        left = deadline - now()
        if isinstance(seen, V6ClientError):
            if left <= 0 or now() >= patience:
                raise seen
        elif ended(seen) or left <= 0:
            return seen
        else:
            patience = now() + OUTAGE
        pause = min(longer, interval, left)
        longer = min(longer * GROWTH, interval)


def follow(looks: Generator[float, str | V6ClientError, str], look: Callable[[], str]) -> str:
    """
    Pause and look until the generator has seen enough.
    """
    pause = next(looks)
    while True:
        if pause:  # a sleep of no time at all hands the processor to others, and returns when they are done with it
            time.sleep(pause)
        try:
            pause = looks.send(_seen(look))
        except StopIteration as enough:
            return str(enough.value)


def _seen(look: Callable[[], str]) -> str | V6ClientError:
    try:
        return look()
    except V6ClientError as error:
        if is_outage(error):
            return error
        raise


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
    ask
        Asks for the status instead of the connection: called with a path.
    """

    def __init__(
        self,
        connection: Connection,
        task_id: int,
        *,
        to_the_end: bool = False,
        ask: Callable[[str], Any] | None = None,
    ) -> None:
        self.runs = TaskRuns(connection, task_id)
        self._to_the_end = to_the_end
        self._ask = ask or (lambda path: connection.request("GET", path))
        self._status_path = f"task/{task_id}/status"
        self._was_there = False

    def status(self) -> str:
        """
        The task's status now.

        Raises
        ------
        NotFoundError
            There is no such task.
        """
        status = self._reported()
        self._was_there = True
        if self._to_the_end and status in FAILED:
            return next((run["status"] for run in self.runs.rows() if run["status"] in UNFINISHED), status)
        return status

    def _reported(self) -> str:
        try:
            answer = self._answer()
        except NotFoundError as gone:
            if self._was_there:
                gone.next_step = f"Task {self.runs.task_id} was deleted while it was waited for."
            raise
        if not isinstance(answer, dict) or "status" not in answer:
            raise MalformedAnswerError(f"GET {self._status_path} was answered without a status")
        return str(answer["status"])

    def _answer(self) -> Any:
        try:
            return self._ask(self._status_path)
        except ServerTooOldError:
            # Server quirk: 4.0 knows no status route, but the task itself has the status too.
            self._status_path = f"task/{self.runs.task_id}"
            return self._ask(self._status_path)


class Observer:
    """
    Somebody who looks at a task, and tells what was seen.

    Parameters
    ----------
    watch
        The task.
    report
        Shows each look to a person.
    on_update
        Told each time something has changed.
    now
        The time.
    """

    def __init__(
        self,
        watch: TaskWatch,
        report: Report,
        on_update: Callable[[models.TaskUpdate], object] | None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch = watch
        self._report = report
        self._on_update = on_update
        self._now = now
        self._last: models.TaskUpdate | None = None
        self._rested = -math.inf

    def look(self) -> str:
        """
        Look once.
        """
        status = self._watch.status()
        runs = self._runs(status) if self._on_update or self._report.shows_runs else []
        update: models.TaskUpdate = {"id": self._watch.runs.task_id, "status": status, "runs": runs}
        self._report.show(update)
        if self._on_update and update != self._last:
            self._on_update(update)
        self._last = update
        return status

    def _runs(self, status: str) -> list[models.RunSummary]:
        start = self._now()
        if self._last and start < self._rested and not ended(status):
            return self._last["runs"]
        runs = self._watch.runs.summaries()
        end = self._now()
        self._rested = end + REST * (end - start)
        return runs


class Waiting(SubClient["models.Result"]):
    """
    The calls that wait for a task.
    """

    noun = "task"

    def until_ended(
        self,
        task_id: int,
        interval: float,
        *,
        timeout: float | None,
        progress: bool,
        on_update: Callable[[models.TaskUpdate], object] | None,
        raise_on_failure: bool,
        ask: Callable[[str], Any] | None = None,
    ) -> None:
        """
        Wait until a task has ended.
        """
        limit = math.inf if timeout is None else _seconds("timeout", timeout)
        looks = polling(_seconds("interval", interval), limit)
        watch = TaskWatch(self.parent.connection, whole(task_id, "task"), to_the_end=not raise_on_failure, ask=ask)
        try:
            with reporting(task_id, progress=progress) as report:
                status = follow(looks, Observer(watch, report, on_update).look)
        except KeyboardInterrupt:
            say_it_goes_on(task_id)
            raise
        if not ended(status):
            going_on = [run for run in watch.runs.summaries() if run["status"] in UNFINISHED]
            raise TaskTimeoutError(task_id, limit, going_on)
        if status in FAILED and raise_on_failure:
            raise TaskFailedError(task_id, status, watch.runs.summaries())

    def for_results(self, task_id: int, interval: float, **how: Any) -> models.Page[models.TaskResult]:
        """
        Wait until a task has ended, and view all its results.
        """
        self.until_ended(task_id, interval, **how)
        return Result(self.parent).from_task(task_id)


def _seconds(name: str, value: object) -> float:
    if isinstance(value, Real) and float(value) >= 0:  # also one of numpy's
        return float(value)
    raise UsageError(f"{name} is a number of seconds, not {value!r}")
