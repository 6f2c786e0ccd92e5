"""
The life of a run, and what it makes of its task.

A run has a status, one of the eleven texts below, which its node sets as it likes: the server accepts any order. What
the server does guard is whether the run is *closed*: a run with an end time takes no more reports. Three things can
happen to a run:

==============  ==============  =================  ========================
state           report          kill               a sibling failed
==============  ==============  =================  ========================
waiting         as reported     killed and closed  failed and closed
started         as reported     killed and closed  nothing
closed          refused         killed and closed  nothing
==============  ==============  =================  ========================

*Waiting* has no start time, *started* has one, *closed* has an end time. A kill is not sent to runs that are over by
their status; one that was closed without such a status is killed after all. `apply` is the only function that changes
a run's state. A task has no status of its own: `task_status` derives it from the runs at every reading.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from v6mockserver.state.entities import Run

PENDING = "pending"
INITIALIZING = "initializing"
ACTIVE = "active"
COMPLETED = "completed"
FAILED = "failed"
KILLED = "killed by user"

UNFINISHED = (ACTIVE, INITIALIZING, PENDING)
"""The statuses of a run that is not over, in the order in which they win when a task's status is derived."""

SOUND = frozenset({*UNFINISHED, COMPLETED})
"""The statuses that mean no failure; every other text that a node may report does."""

FAILURES = (
    FAILED,
    "start failed",
    "non-existing Docker image",
    "crashed",
    KILLED,
    "not allowed",
    "unknown error",
)
"""The statuses of a run that is over without a result."""

STATUSES = (PENDING, INITIALIZING, ACTIVE, COMPLETED, *FAILURES)

State = Literal["waiting", "started", "closed"]
Event = Literal["report", "kill", "sibling failed"]
Outcome = Literal["set", "close", "keep", "refuse"]

TRANSITIONS: dict[tuple[State, Event], Outcome] = {
    ("waiting", "report"): "set",
    ("started", "report"): "set",
    ("closed", "report"): "refuse",
    ("waiting", "kill"): "close",
    ("started", "kill"): "close",
    ("closed", "kill"): "close",
    ("waiting", "sibling failed"): "close",
    ("started", "sibling failed"): "keep",
    ("closed", "sibling failed"): "keep",
}


def state(run: Run) -> State:
    """
    Return where in its life a run is.
    """
    if run.finished_at is not None:
        return "closed"
    return "waiting" if run.started_at is None else "started"


def apply(run: Run, event: Event, changes: Mapping[str, Any]) -> Run:
    """
    Return the run after an event.

    Parameters
    ----------
    run : Run
        The run as it is.
    event : {"report", "kill", "sibling failed"}
        What happens to it.
    changes : mapping
        The columns that the event sets, if it has an effect.

    Returns
    -------
    Run
        The run as it is then; the same object where the event has no effect.

    Raises
    ------
    BadRequestError
        If the run is closed and its node reports again; nothing changes.
    """
    outcome = TRANSITIONS[state(run), event]
    if outcome == "refuse":
        raise BadRequestError(messages.RUN_CLOSED.format(id=run.id, finished_at=run.finished_at))
    return run if outcome == "keep" else replace(run, **changes)


def has_failed(status: str) -> bool:
    """
    Tell whether a status means failure.
    """
    return status not in SOUND


def has_finished(status: str) -> bool:
    """
    Tell whether a status is final for a task; a task is final as soon as one of its runs failed.
    """
    return status not in UNFINISHED


def task_status(statuses: Iterable[str], *, blurs_failures: bool = False) -> str:
    """
    Derive a task's status from those of its runs; a task without runs is completed.

    What all its failed runs have in common is the task's, unless the release blurs failures.
    """
    present = set(statuses)
    if failures := present - SOUND:
        return FAILED if blurs_failures or len(failures) > 1 else failures.pop()
    for status in UNFINISHED:
        if status in present:
            return status
    return COMPLETED


def task_finished_at(runs: Iterable[Run]) -> str | None:
    """
    Derive when a task was completed: the latest end of its runs; None while it is not, and if it failed.
    """
    ends = []
    for run in runs:
        if run.status != COMPLETED:
            return None
        if run.finished_at is not None:
            ends.append(run.finished_at)
    return max(ends, default=None)
