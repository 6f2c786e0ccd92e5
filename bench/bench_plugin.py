"""
What the pytest plugin costs: at the start of a project that does not use it, and in each test of one that does.

Starts are CPU time of a whole run of pytest over one empty test, with the plugin and without: the least of many, as
what it adds is less than runs differ. Tests have a fresh federation of three organizations, encrypted; they log in and
create one task, for one of them or for all. Memory is that of the process after 100 and after 1,000 such tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from timing import print_table

if TYPE_CHECKING:
    from collections.abc import Sequence

STARTS = 40
TESTS = 1000
COMMAND = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
TIMED_IMPORT = """
import time, pytest
before = time.process_time()
import v6mockserver.pytest_plugin
print(time.process_time() - before)
"""
WITHOUT = ("-p", "no:v6mockserver")

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
import pathlib, pytest

seconds, resident = {}, []

def pytest_runtest_logreport(report):
    seconds[report.nodeid] = seconds.get(report.nodeid, 0) + report.duration
    if report.when == "teardown":
        pages = pathlib.Path("/proc/self/statm").read_text().split()[1]
        resident.append(int(pages) * 4096)

def pytest_sessionfinish():
    lines = [f"{took} {size}" for took, size in zip(seconds.values(), resident, strict=True)]
    pathlib.Path("measured").write_text("\\n".join(lines))
"""


def main() -> None:
    """
    Measure starts, tests and memory.
    """
    with TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pytest.ini").write_text("[pytest]\n")
        (folder / "test_empty.py").write_text("def test_empty(): pass\n")
        print_table("start, CPU time", _starts(folder))
        (folder / "conftest.py").write_text(WATCH)
        _, empty = _tests(folder, runs=1, tests=TESTS, which="test_nothing")
        one, _ = _tests(folder, runs=1, tests=200)
        three, resident = _tests(folder, runs=3, tests=TESTS)
        print_table("test, after the first", {"one task with one run": one, "one task with three runs": three})
        bare, ours = (f"{(sizes[-1] - sizes[99]) / 2**20:.1f} MiB" for sizes in (empty, resident))
        print(f"from test 100 to test {TESTS}, memory grows by {ours}; with empty tests, by {bare}")


def _starts(folder: Path) -> dict[str, float]:
    """
    Return the least seconds of runs with and without the plugin, interleaved.
    """
    subjects: dict[str, Sequence[str]] = {"without the plugin": WITHOUT, "with the plugin": ()}
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for turn in range(STARTS + 1):
        # Each goes first every other time: what a machine does next to it comes in waves.
        for name, options in sorted(subjects.items(), reverse=bool(turn % 2)):
            taken = _cpu_seconds([*COMMAND, *options], folder)
            if turn:  # the first ones write byte code
                samples[name].append(taken)
    least = {name: min(taken) for name, taken in samples.items()}
    added = least["with the plugin"] - least["without the plugin"]
    print(f"the plugin adds {added * 1e3:.1f} ms; its import takes {_import_seconds(folder) * 1e3:.1f} ms")
    return least


def _import_seconds(folder: Path) -> float:
    """
    Return how long it takes to import the plugin where pytest is loaded.
    """
    command = [sys.executable, "-c", TIMED_IMPORT]
    runs = [
        subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, capture_output=True) for _ in range(STARTS)
    ]
    return median(float(run.stdout) for run in runs)


def _cpu_seconds(command: Sequence[str], folder: Path) -> float:
    before = getrusage(RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    after = getrusage(RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _tests(folder: Path, *, runs: int, tests: int, which: str = "test_task") -> tuple[float, list[int]]:
    """
    Return the median seconds of a test, and the memory after each.
    """
    (folder / "test_project.py").write_text(PROJECT.format(runs=runs, tests=tests))
    command = [
        *COMMAND,
        "-p",
        "no:logging",
        "test_project.py",
        "-k",
        which,
    ]  # pytest keeps the log of every test to the end
    subprocess.run(command, cwd=folder, env=ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    rows = [line.split() for line in (folder / "measured").read_text().splitlines()]
    assert len(rows) == tests
    return median(float(took) for took, _ in rows[1:]), [int(size) for _, size in rows]


if __name__ == "__main__":
    main()
