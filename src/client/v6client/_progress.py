"""
Telling a person how far a task is.
"""

from __future__ import annotations

import importlib
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from v6client._tables import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.table import Table

    from v6client import _models as models

COLOURS = {"pending": "dim", "initializing": "cyan", "active": "cyan", "completed": "green"}


class Report(NamedTuple):
    """
    A way to show how far a task is, called after each look.
    """

    show: Callable[[models.TaskUpdate], object]
    shows_runs: bool = False


@contextmanager
def reporting(task_id: int, *, progress: bool) -> Iterator[Report]:
    """
    The report that fits the place: live in a notebook and in a terminal, one line elsewhere, nothing when told so.

    Parameters
    ----------
    task_id
        The task, for headings.
    progress
        Whether to report at all.
    """
    if not progress:
        yield Report(_silence)
    elif _in_notebook():
        yield Report(_notebook(), shows_runs=True)
    elif sys.stderr.isatty():
        with _live() as show:
            yield Report(show, shows_runs=True)
    else:
        with _one_line(task_id) as show:
            yield Report(show)


def say_it_goes_on(task_id: int) -> None:
    """
    Tell somebody who has stopped waiting that this did not stop the task.
    """
    told = f"task {task_id} goes on: wait_for_results({task_id}) waits again, task.kill({task_id}) stops it"
    print(told, file=sys.stderr)  # noqa: T201 -- whoever pressed the keys looks at the terminal


def _silence(update: models.TaskUpdate) -> None:
    """
    Report nothing.
    """


@contextmanager
def _one_line(task_id: int) -> Iterator[Callable[[models.TaskUpdate], None]]:
    start, seen = time.monotonic(), "not seen"

    def show(update: models.TaskUpdate) -> None:
        nonlocal seen
        seen = update["status"]

    try:
        yield show
    finally:
        line = f"task {task_id}: {seen} after {time.monotonic() - start:.1f} s"
        print(line, file=sys.stderr)  # noqa: T201 -- this line is what was asked for


@contextmanager
def _live() -> Iterator[Callable[[models.TaskUpdate], None]]:
    from rich.console import Console
    from rich.live import Live

    start = time.monotonic()
    # Drawn after each look and not by a thread of its own: nothing changes in between.
    with Live(console=Console(stderr=True), auto_refresh=False) as live:
        yield lambda update: live.update(_table(update, start), refresh=True)


def _in_notebook() -> bool:
    # Asked of what is loaded already: outside of IPython nobody has to have it, or wait for it.
    ipython = sys.modules.get("IPython")
    return ipython is not None and hasattr(ipython.get_ipython(), "kernel")


def _notebook() -> Callable[[models.TaskUpdate], None]:
    """
    A table below the cell, renewed in its place.
    """
    # Not by rich's Live, which needs ipywidgets for this.
    display = importlib.import_module("IPython.display").display
    start = time.monotonic()
    handle = display(display_id=True)
    return lambda update: handle.update(_table(update, start))


def _table(update: models.TaskUpdate, start: float) -> Table:
    from rich.table import Table
    from rich.text import Text

    caption = f"task {update['id']}: {update['status']}, {time.monotonic() - start:.1f} s"
    table = Table("organization", "node", "run", caption=caption)
    for run in update["runs"]:
        colour = COLOURS.get(run["status"], "red")
        node = f"{run['node']} ({run['node_status']})"
        # Text: names are not to be read as rich's markup.
        table.add_row(Text(plain(run["organization"])), Text(plain(node)), Text(run["status"], colour))
    return table
