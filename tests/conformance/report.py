"""
The page that says what was compared with the real servers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cases import SOURCES
from .servers import TOP

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = TOP / "docs" / "conformance.md"

INTRODUCTION = """\
# What is compared with the real servers

Written by `tox -e conformance -- --full`; do not edit.

Each case is one request, sent to the real server and to the mock in the same world. Compared are the status, the body
(keys, types, values; not the wording of messages), the headers that clients read, and every table of the database
afterwards. What differs knowingly is in [fidelity.md](fidelity.md). The areas:

- **callers**: every kind of caller (nobody, users, nodes, containers, near and far), tokens with every flaw, things
  that exist, that are others', that do not exist, malformed paths, other methods;
- **rules**: the permission matrix: each rule alone, each role, pairs of rules, for what is one's own, a partner's, a
  stranger's;
- **bodies**: every field absent, null, of a wrong type, at its bounds, unknown; and bodies that are none;
- **queries**: every filter with good, foreign, unknown and malformed values; pages, sorting, inclusion, flags.
"""


def page(compared: Mapping[tuple[str, str, str], int], releases: Mapping[str, str]) -> str:
    """
    Return the page.

    Parameters
    ----------
    compared : mapping
        How many answers were compared, by version, route and area.
    releases : mapping
        The exact release of each version.
    """
    lines = [INTRODUCTION]
    for version, release in releases.items():
        lines += [f"## Server {release}", "", *_table(compared, version), ""]
    return "\n".join(lines)


def _table(compared: Mapping[tuple[str, str, str], int], version: str) -> list[str]:
    routes = sorted({route for one, route, _ in compared if one == version}, key=_by_path)
    rows = [[route, *(compared.get((version, route, area), 0) for area in SOURCES)] for route in routes]
    total = ["**all**", *(sum(row[number] for row in rows) for number in range(1, len(SOURCES) + 1))]
    head = ["route", *SOURCES, "all"]
    body = [[*row, sum(row[1:])] for row in (*rows, total)]
    return [_line(head), _line(["---"] + ["---:"] * (len(head) - 1)), *map(_line, body)]


def _line(cells: list[object]) -> str:
    return "| " + " | ".join(str(cell) if cell != 0 else "" for cell in cells) + " |"


def _by_path(route: str) -> tuple[str, str]:
    method, _, path = route.partition(" ")
    return path, method
