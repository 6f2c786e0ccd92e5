"""
Telling a person how far a task is.
"""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from v6client import _models as models
    from v6client._waiting import TaskWatch

COLOURS = {"pending": "dim", "initializing": "cyan", "active": "cyan", "completed": "green"}


@contextmanager
def reporting(watch: TaskWatch, task_id: int, *, progress: bool) -> Iterator[Callable[[str], None]]:
    """
    The report that fits the place: live in a terminal, one line elsewhere, nothing when told so.

    Parameters
    ----------
    watch
        Where a report takes its facts from.
    task_id
        The task, for headings.
    progress
        Whether to report at all.
    """
    if not progress:
        yield _silence
    elif sys.stderr.isatty():
        with _live(watch, task_id) as report:
            yield report
    else:
        with _one_line(task_id) as report:
            yield report


def _silence(status: str) -> None:
    """
    Report nothing.
    """


@contextmanager
def _one_line(task_id: int) -> Iterator[Callable[[str], None]]:
    start, seen = time.monotonic(), ["not seen"]
    try:
        yield seen.append  # a report is called after each look, with the task's status
    finally:
        line = f"task {task_id}: {seen[-1]} after {time.monotonic() - start:.1f} s"
        print(line, file=sys.stderr)  # noqa: T201 -- this line is what was asked for


@contextmanager
def _live(watch: TaskWatch, task_id: int) -> Iterator[Callable[[str], None]]:
    from rich.console import Console
    from rich.live import Live

    start = time.monotonic()
    # Drawn after each look and not by a thread of its own: nothing changes in between.
    with Live(console=Console(stderr=True), auto_refresh=False) as live:

        def report(status: str) -> None:
            caption = f"task {task_id}: {status}, {time.monotonic() - start:.1f} s"
            live.update(_table(watch.runs.summaries(), caption), refresh=True)

        yield report


def _table(runs: list[models.RunSummary], caption: str) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table("organization", "node", "run", caption=caption)
    for run in runs:
        colour = COLOURS.get(run["status"], "red")
        # Text: names are not to be read as rich's markup.
        table.add_row(
            Text(run["organization"]), Text(f"{run['node']} ({run['node_status']})"), Text(run["status"], colour)
        )
    return table
