"""
The cases of a comparison: all that the tables make, or a sample of them.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from . import by_body, by_caller, by_query, by_rule
from .deviations import of_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .case import Case
    from .cast import Cast

SOURCES: dict[str, Callable[[Cast], Iterable[Case]]] = {
    "callers": by_caller.cases,
    "rules": by_rule.cases,
    "bodies": by_body.cases,
    "queries": by_query.cases,
}
"""What makes the cases of each area."""

SAMPLE = {"callers": 700, "rules": 900, "bodies": 800, "queries": 700}
"""How many of each a default run compares, with each version."""

FULL = {"callers": 4700, "rules": 5600, "bodies": 5200, "queries": 4700}
"""How many of each a full run compares and records."""


EACH = 4
"""How many cases are compared for each known deviation, whatever the sample."""


def sampled(cast: Cast, area: str, size: int, seed: str) -> list[Case]:
    """
    Return so many cases of an area: those that a seed picks, each once, in the order in which they are made.

    Every route has its share, so that those with few fields or parameters are not lost among the others; and so has
    every known deviation, so that one that no longer occurs is found out.
    """
    everything = list(dict.fromkeys(SOURCES[area](cast)))
    chance = random.Random(f"{seed} {area}")  # noqa: S311 -- a sample
    picked: set[int] = set()
    for row in of_version(cast.version):
        concerned = [position for position, case in enumerate(everything) if row.is_met_by(case)]
        picked |= {*chance.sample(concerned, min(EACH, len(concerned)))}
    by_route: dict[str, list[int]] = {}
    for position, case in enumerate(everything):
        if position not in picked:
            by_route.setdefault(case.route, []).append(position)
    remaining = max(size - len(picked), 0)
    for number, positions in enumerate(sorted(by_route.values(), key=len)):
        some = chance.sample(positions, min(remaining // (len(by_route) - number), len(positions)))
        picked |= {*some}
        remaining -= len(some)
    return [everything[position] for position in sorted(picked)]
