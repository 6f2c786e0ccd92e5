"""
What the pytest plugin costs: at the start of a project that does not use it, and in each test of one that does.

Starts are whole runs of pytest over one empty test: where the plugin is not installed, is blocked, and as it is. The
three take turns, and what is told is the median of the differences within a turn: what a machine does next to it comes
in waves that are longer than a turn, and larger than a difference. CPU time is that of the process and of what it
starts. pytest loads no other plugins, so that nothing is counted as theirs.

Tests have a fresh federation of three organizations, encrypted; they log in and create one task, for one of them or for
all. What they leave is counted between the 100th and the 1,000th: memory of the process, and objects, of which pytest
keeps some of each test itself, as empty tests show.
"""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from math import sqrt
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median, quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING, NamedTuple

from timing import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS = 60
WARM, TESTS = 100, 1000
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
ENVIRONMENT["PYTHONHASHSEED"] = "0"  # where sets and dictionaries have their entries makes a difference of its own
COMMAND = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")

# Leaves out the distribution that has a plugin of this name, if there is one.
START = """
import sys
from importlib import metadata

def without(name, found=metadata.distributions):
    return [one for one in found() if all(point.name != name for point in one.entry_points)]

name, *arguments = sys.argv[1:]
metadata.distributions = lambda: without(name)
import pytest
sys.exit(pytest.main(arguments))
"""
PLUGIN = "v6mockserver"
OTHERS = sorted({plugin.name for plugin in entry_points(group="pytest11")} - {PLUGIN})
STARTED = {
    "not installed": (PLUGIN,),
    "blocked": ("nothing", "-p", f"no:{PLUGIN}"),
    "installed": ("nothing",),
}
"""What is started: whose plugin is left out, and arguments of pytest."""

PROJECT = """
import pytest

def mean(df):
    return float(df["age"].mean())

@pytest.mark.parametrize("again", range({tests}))
def test_nothing(again):
    pass

@pytest.mark.parametrize("again", range({tests}))
def test_task(again, v6_federation, v6_client):
    v6_federation.server.algorithms.register("mean", {{"mean": mean}})
    client = v6_client()
    task = client.task.create(
        collaboration=v6_federation.collaboration, organizations=v6_federation.organizations[:{runs}], name="mean",
        image="mean", description="", input_={{"method": "mean"}}, databases="default",
    )
    assert len(client.wait_for_results(task["id"])["data"]) == {runs}
"""

WATCH = """
import gc, pathlib, time

import pytest

taken, left = [], []

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol():
    wall, cpu = time.perf_counter(), time.process_time()
    done = yield
    taken.append((time.perf_counter() - wall, time.process_time() - cpu))
    if len(taken) in {counted}:
        gc.collect()
        pages = pathlib.Path("/proc/self/statm").read_text().split()[1]
        left.append((int(pages) * 4096, len(gc.get_objects())))
    return done

def pytest_sessionfinish():
    lines = [f"{{one}} {{other}}" for one, other in [*left, *taken]]
    pathlib.Path("measured").write_text("\\n".join(lines))
"""
COUNTED = (WARM, TESTS)


class Taken(NamedTuple):
    """
    What something took: seconds until it was done, and seconds of computing.
    """

    wall: float
    cpu: float


class Left(NamedTuple):
    """
    What a test leaves behind.
    """

    size: float
    objects: float

    def __str__(self) -> str:
        return f"{self.size / 1024:.1f} KiB and {self.objects:.1f} objects"


def main() -> None:
    """
    Measure starts, tests and memory.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "test_empty.py").write_text("def test_empty(): pass\n")
        _starts(folder)
        (folder / "conftest.py").write_text(WATCH.format(counted=COUNTED))
        _, empty = _tests(folder, runs=1, which="test_nothing")
        one, _ = _tests(folder, runs=1)
        three, ours = _tests(folder, runs=3)
        for kind in Taken._fields:
            tests = {"one task with one run": getattr(one, kind), "one task with three runs": getattr(three, kind)}
            print_table(f"test, after the first: {kind}", tests)
        print(f"after test {WARM}, each leaves {ours}; an empty one {empty}")


def _starts(folder: Path) -> None:
    """
    Print what starts take, and how they differ.
    """
    names = list(STARTED)
    samples: dict[str, list[Taken]] = {name: [] for name in names}
    for turn in range(STARTS + 1):
        first = turn % len(names)  # each goes first in its turn
        for name in names[first:] + names[:first]:
            taken = _started(folder, name)
            if turn:  # the first ones write byte code
                samples[name].append(taken)
    for kind in Taken._fields:
        seconds = {name: [getattr(one, kind) for one in taken] for name, taken in samples.items()}
        print_table(f"start of pytest, {kind}", {name: median(taken) for name, taken in seconds.items()})
        for name in names[:-1]:
            print(f"installed beside {name}: {_difference(seconds['installed'], seconds[name])}")


def _difference(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """
    Tell the median of the differences, how sure it is, and how they are spread.
    """
    each = sorted((one - other) * 1e3 for one, other in zip(ours, theirs, strict=True))
    # By the ranks of the values, whatever their distribution.
    rank = max(0, int(len(each) / 2 - 1.96 * sqrt(len(each)) / 2))
    low, _, high = quantiles(each, n=4)
    return (
        f"median {median(each):+.2f} ms (95 %: {each[rank]:+.2f} to {each[-1 - rank]:+.2f}); "
        f"half of all turns: {low:+.2f} to {high:+.2f}"
    )


def _started(folder: Path, name: str) -> Taken:
    """
    Run pytest over one empty test.
    """
    left_out, *arguments = STARTED[name]
    quiet = [word for other in OTHERS for word in ("-p", f"no:{other}")]
    command = [sys.executable, "-c", START, left_out, "-p", "no:cacheprovider", *quiet, *arguments]
    before, began = getrusage(RUSAGE_CHILDREN), perf_counter()
    ended = subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True, text=True)
    wall, after = perf_counter() - began, getrusage(RUSAGE_CHILDREN)
    assert ("v6client" in ended.stdout) == (name == "installed"), ended.stdout  # in the list of plugins
    return Taken(wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)


def _tests(folder: Path, *, runs: int, which: str = "test_task") -> tuple[Taken, Left]:
    """
    Return what a test takes, as medians of all but the first, and what it leaves.
    """
    (folder / "test_project.py").write_text(PROJECT.format(runs=runs, tests=TESTS))
    command = [*COMMAND, "test_project.py", "-k", which]
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    rows = [tuple(map(float, line.split())) for line in (folder / "measured").read_text().splitlines()]
    assert len(rows) == len(COUNTED) + TESTS
    (size, objects), (last_size, last_objects), _, *taken = rows
    left = Left((last_size - size) / (TESTS - WARM), (last_objects - objects) / (TESTS - WARM))
    return Taken(*map(median, zip(*taken, strict=True))), left


if __name__ == "__main__":
    main()
