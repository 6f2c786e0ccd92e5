"""
The report on rules: which ones allowed something in a run of tests, and the smallest role of each user in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from v6mockserver._server import MockServer

    Seen = dict[str, Any]

EVERYTHING = " GLOBAL"
"""How the rules end that make others about the same needless."""


def nothing() -> Seen:
    """
    Return what is known before the first test: how often by rule, and rules by user; plain data, for other processes.
    """
    return {"exercised": {}, "smallest": {}}


def of(server: MockServer) -> Seen:
    """
    Return what the audit of a server knows.
    """
    audit = server.audit
    return {
        "exercised": {str(rule): times for rule, times in audit.exercised().items()},
        "smallest": {name: [str(rule) for rule in audit.smallest_role(name)] for name in audit.usernames},
    }


def add(seen: Seen, more: Mapping[str, Any]) -> None:
    """
    Add what was seen elsewhere.
    """
    for rule, times in more["exercised"].items():
        seen["exercised"][rule] = seen["exercised"].get(rule, 0) + times
    for name, rules in more["smallest"].items():
        seen["smallest"][name] = sorted({*seen["smallest"].get(name, ()), *rules})


def lines(seen: Seen) -> Iterator[str]:
    """
    Yield the report.
    """
    if not seen["exercised"]:
        yield "no test has asked for anything that rules decide"
    for rule, times in sorted(seen["exercised"].items()):
        yield f"{times:7} x  {rule}"
    for name, rules in sorted(seen["smallest"].items()):
        yield f"the smallest role of {name}:"
        yield from (f"    {rule}" for rule in _needed(rules))


def _needed(rules: list[str]) -> list[str]:
    wide = {rule.removesuffix(EVERYTHING) for rule in rules if rule.endswith(EVERYTHING)}
    return [rule for rule in rules if rule.endswith(EVERYTHING) or rule.rpartition(" ")[0] not in wide]
