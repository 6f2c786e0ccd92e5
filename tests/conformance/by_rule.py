"""
The permission matrix: each rule alone, each default role and pairs of rules, for every operation and every owner.
"""

from __future__ import annotations

import random
from itertools import combinations
from typing import TYPE_CHECKING

from .by_caller import request, targets
from .case import Case, body, target
from .cast import HOLDER
from .operations import USER, Operation, filled, named, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cast import Cast

SEED = 1
"""Which pairs of rules are tried."""

PAIRS = 150
OPERATIONS_PER_PAIR = 20

# The rules that operations of a noun ask for, where they are not those of the noun itself.
RULES_OF = {
    "result": ("run",),
    "kill": ("event",),
    "column": ("task",),
    "blobstream": ("task", "run"),
    "algorithmstore": ("collaboration",),
    "recover": ("node",),
}


def cases(cast: Cast) -> Iterator[Case]:
    """
    Yield the cases, those of the same rules and roles one after the other.
    """
    everything = [
        (operation, ids)
        for operation in operations(cast.version)
        if operation.caller == "root" or operation.caller.startswith("own r")
        for ids in targets(cast, operation)
    ]
    held: dict[str, object]
    for held in ({}, *({"roles": (id_,)} for id_ in sorted(cast.ids["role"].values()))):
        yield from (_case(operation, ids, **held) for operation, ids in everything)
    for id_ in cast.rules.values():
        yield from (_case(operation, ids, rules=(id_,)) for operation, ids in everything)
    yield from _escalations(cast)
    chance = random.Random(SEED)  # noqa: S311 -- a sample
    for pair in chance.sample(list(combinations(cast.rules.items(), 2)), PAIRS):
        rules = tuple(id_ for _, id_ in pair)
        telling = [one for one in everything if any(concerns(rule, one[0]) for rule, _ in pair)]
        for operation, ids in chance.sample(
            telling or everything, min(OPERATIONS_PER_PAIR, len(telling or everything))
        ):
            yield _case(operation, ids, rules=rules)


def _escalations(cast: Cast) -> Iterator[Case]:
    """
    Yield attempts to give away a rule that has no wider relatives.
    """
    narrow = cast.rules["collaboration VIEW ORGANIZATION"]
    ids = named(cast, "own")
    for method, path, rule in (
        ("POST", "/user", "user CREATE GLOBAL"),
        ("POST", "/role", "role CREATE GLOBAL"),
        ("PATCH", f"/role/{ids['role']}", "role EDIT GLOBAL"),
    ):
        wanted = {"name": "narrow", "rules": [narrow]}
        content = USER | {"username": "narrow-user", "roles": [], "rules": [narrow]} if path == "/user" else wanted
        yield Case(
            area="rules",
            route=f"{method} {path.replace(str(ids['role']), '<id>')}",
            caller=HOLDER,
            method=method,
            target=target(path),
            rules=(cast.rules[rule],),
            **body(filled(content, ids)),
        )


def concerns(rule: str, operation: Operation) -> bool:
    """
    Tell whether a rule may decide about an operation.
    """
    noun = operation.path.split("/")[1]
    return rule.split(maxsplit=1)[0] in RULES_OF.get(noun, (noun,))


def _case(operation: Operation, ids: dict[str, object], **held: object) -> Case:
    return Case(area="rules", route=operation.route, caller=HOLDER, **request(operation, ids), **held)  # type: ignore[arg-type]
