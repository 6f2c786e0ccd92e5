"""Time callables against each other and print the medians."""

from __future__ import annotations

from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def measure(subjects: Mapping[str, Callable[[], Any]], *, rounds: int = 50) -> dict[str, float]:
    """
    Return the median seconds that each subject takes for one call.

    Every subject runs once per round, after one call that is not counted.
    """
    for subject in subjects.values():
        subject()
    samples: dict[str, list[float]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            samples[name].append(seconds(subject))
    return {name: median(taken) for name, taken in samples.items()}


def seconds(subject: Callable[[], Any], clock: Callable[[], float] = perf_counter) -> float:
    """
    Return the time of one call: by default that on the wall.
    """
    started = clock()
    subject()
    return clock() - started


def print_table(title: str, medians: Mapping[str, float]) -> None:
    """
    Print the medians, and what they are as multiples of the first one.
    """
    baseline = next(iter(medians.values()))
    width = max(map(len, [title, *medians]))
    print(f"{title:<{width}}  {'median':>12}  {'ratio':>7}")
    for name, taken in medians.items():
        print(f"{name:<{width}}  {taken * 1e3:9.3f} ms  {taken / baseline:7.2f}", flush=True)
