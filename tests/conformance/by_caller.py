"""
Every route and every kind of caller: allowed, forbidden, for things that do not exist, with malformed paths and bodies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .case import Case, body, target
from .operations import Operation, filled, missing, named, operations
from .tokens import spoilt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cast import Cast

CALLERS = (
    "nobody",
    "root",
    "own admin",
    "own researcher",
    "own nobody",
    "shared",
    "stranger",
    "lonely",
    "own node",
    "shared node",
    "stranger node",
    "loose node",
    "container",
    "child container",
    "stranger container",
    "done container",
)
"""Somebody of each kind, near and far."""

OWNERS = ("own", "shared", "elsewhere", "stranger", "lonely", "missing")
"""Whose things a request is about; the last are nobody's."""

BAD_IDS = ("0", "01", "-1", "1.0", "abc", "1%20", "99999999999999999999", "")
OTHER_METHODS = ("HEAD", "OPTIONS", "PUT", "TRACE", "GET", "POST", "PATCH", "DELETE")
STRANGE_TARGETS = (
    "/api",
    "/api/",
    "/",
    "/api/version/",
    "/api/nothing",
    "/api/user/",
    "/api/user/1/",
    "/api/user/1/rules",
    "/api/VERSION",
    "/version",
    "/api/robots.txt",
)
NOT_OF_CONTAINERS = ("of a stranger", "of a node by kind")
"""What cannot be wrong with a container's token, whose subject is no id."""

ORIGIN = (("Origin", "https://app.example.org"),)


def cases(cast: Cast) -> Iterator[Case]:
    """
    Yield the cases.
    """
    for operation in operations(cast.version):
        yield from _callers(cast, operation)
        yield from _bad_tokens(cast, operation)
        yield from _bad_paths(cast, operation)
        yield from _other_methods(cast, operation)
    for strange in STRANGE_TARGETS:
        for method in ("GET", "POST", "OPTIONS"):
            yield _case("any", "root", method, strange)


def _case(route: str, caller: str, method: str, where: str, **fields: object) -> Case:
    return Case(area="callers", route=route, caller=caller, method=method, target=where, **fields)  # type: ignore[arg-type]


def request(operation: Operation, ids: dict[str, object]) -> dict[str, object]:
    """
    Return the fields of a case that make up the request of an operation on the things with these ids.
    """
    where = target(filled(operation.path, ids), filled(dict(operation.query), ids))
    return {"method": operation.method, "target": where, **body(filled(operation.body, ids))}


def targets(cast: Cast, operation: Operation) -> Iterator[dict[str, object]]:
    """
    Yield the ids of what an operation can be about, for each owner who has all of it.
    """
    seen = []
    for owner in OWNERS:
        ids = missing(cast) if owner == "missing" else named(cast, owner)
        nouns = {noun: ids.get(noun) for noun in sorted(operation.nouns())}
        if None not in nouns.values() and nouns not in seen:
            seen.append(nouns)
            yield ids


def _callers(cast: Cast, operation: Operation) -> Iterator[Case]:
    for ids in targets(cast, operation):
        for caller in dict.fromkeys((operation.caller, *CALLERS)):
            yield Case(area="callers", route=operation.route, caller=caller, **request(operation, ids))  # type: ignore[arg-type]


def _bad_tokens(cast: Cast, operation: Operation) -> Iterator[Case]:
    plain = request(operation, next(targets(cast, operation)))
    for caller in dict.fromkeys((operation.caller.removesuffix(", refresh"), "own node", "container")):
        for flaw in spoilt(cast.callers[caller], cast.secret):
            if caller == "container" and flaw in NOT_OF_CONTAINERS:
                continue
            yield Case(area="callers", route=operation.route, caller=f"{caller}, {flaw}", **plain)  # type: ignore[arg-type]
    yield Case(area="callers", route=operation.route, caller=operation.caller, headers=ORIGIN, **plain)  # type: ignore[arg-type]


def _bad_paths(cast: Cast, operation: Operation) -> Iterator[Case]:
    ids = next(targets(cast, operation))
    for noun in sorted(operation.nouns()):
        for bad in BAD_IDS if f"{{{noun}}}" in operation.path else ():
            where = filled(operation.path, ids | {noun: bad})
            yield _case(
                operation.route, operation.caller, operation.method, target(where), **body(filled(operation.body, ids))
            )


def _other_methods(cast: Cast, operation: Operation) -> Iterator[Case]:
    ids = next(targets(cast, operation))
    known = {other.method for other in operations(cast.version) if other.path == operation.path}
    if operation.method == min(known):
        for method in sorted(set(OTHER_METHODS) - known):
            yield _case(operation.route, operation.caller, method, target(filled(operation.path, ids)))
