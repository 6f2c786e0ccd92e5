"""
Every field of every body: absent, null, of a wrong type, at its bounds, unknown; and bodies that are none.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from v6mockserver._app import NOUNS

from .by_caller import targets
from .case import ABSENT, JSON, Case, body, target
from .operations import MISSING_ID, Operation, filled, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cast import Cast

VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    1,
    -1,
    2.5,
    3.0,
    10**12,
    MISSING_ID,
    "",
    " ",
    "x",
    "xy",
    "12",
    "2",
    " 2 ",
    "2.0",
    "ü" * 3,
    "½",
    "x" * 128,
    "x" * 129,
    "d" * 1024,
    "d" * 1025,
    "Long enough",
    "Pass-word-1",
    "Pass-word-1" * 12,
    "root",
    "own-user",
    "a@b.org",
    "a@localhost",
    "a@b",
    " a@b.org",
    "own-user@example.org",
    "own-organization",
    "Root",
    "127.0.0.1",
    "::1",
    "1.2.3",
    "https://example.org/api",
    "https://x.y",
    "true",
    "no",
    "maybe",
    "YWJj",
    "YWJ",
    "%%%",
    "completed",
    "crashed",
    "pending",
    "killed by user",
    "COMPLETED",
    "2021-03-04T05:06:07.000008",
    "2021-03-04T05:06:07",
    "2021-03-04T05:06:07.000008+00:00",
    "2021-03-04T05:06:07Z",
    "2021-03-04T05:06:07.000008+02:00",
    "2021-03-04",
    "5F0E8A4C-9C1B-4D3E-8A7F-0123456789AB",
    [],
    [1],
    ["2"],
    [2, 2],
    [2, "2"],
    [1, None],
    [0],
    [MISSING_ID],
    ["x"],
    [{}],
    [{"id": 2}],
    [{"id": "2", "input": ""}],
    [{"id": 2, "input": "YWJj"}, {"id": 3, "input": "YWJj"}],
    [{"id": 2, "input": "YWJj"}, {"id": 2, "input": "YWJj"}],
    [{"id": 2, "input": "YWJ"}],
    [{"id": 2, "input": None}],
    [{"id": 2, "input": {"method": "m"}}],
    [{"id": 2, "input": "YWJj", "more": 1}],
    [{"id": 2, "input": "/////w=="}],
    [{"label": "a"}],
    [{"label": "a", "type": "csv"}],
    [{"label": "a", "preprocessing": [{}]}],
    [{"label": "a", "preprocessing": [{"function": "f", "parameters": {}}], "arguments": {"k": 1}}],
    [{"label": 1}],
    "default",
    {},
    {"id": 1},
)
"""What every field is given, one after the other; what is good for one is bad for the next."""

NO_BODIES: tuple[tuple[str | None, str | None], ...] = (
    (None, None),
    (None, JSON),
    ("", JSON),
    (" ", JSON),
    ("{", JSON),
    ("{'a': 1}", JSON),
    ("[]", JSON),
    ("[1]", JSON),
    ("null", JSON),
    ('"text"', JSON),
    ("5", JSON),
    ("true", JSON),
    ("NaN", JSON),
    ("{}", JSON),
    ('{"unknown": 1}', JSON),
    ("{}", None),
    ("{}", "text/plain"),
    ("{}", "application/vnd.api+json"),
    ("{}", "application/json; charset=utf-8"),
    ("a=1", "application/x-www-form-urlencoded"),
    ('{"a": 1, "a": 2}', JSON),
    ("\ufeff{}", JSON),
)
"""Texts and content types that are no object, or one that says nothing."""

UNKNOWN_FIELDS = ("unknown", "id", "parent_id", "status", "__proto__")


def fields_by_route(version: str) -> dict[tuple[str, str], set[str]]:
    """
    Return the fields of the bodies that the mock reads, by method and path.
    """
    from v6mockserver.state.releases import RELEASES

    found = {}
    for route in (route for noun in NOUNS for route in noun.routes.routes):
        schema = route.body(RELEASES[version])
        path = route.path.replace("<int:", "<").split("<")
        if schema is not None:
            found[route.method, str(len(path)) + path[0]] = set(schema().fields)
    return found


def cases(cast: Cast) -> Iterator[Case]:
    """
    Yield the cases.
    """
    known = fields_by_route(cast.version)
    for operation in operations(cast.version):
        if operation.method != "GET":
            yield from _without(cast, operation)
        if operation.body is not ABSENT:
            pieces = operation.path.split("{")
            fields = known.get((operation.method, str(len(pieces)) + pieces[0]), set())
            yield from _fields(cast, operation, sorted(fields | set(operation.body)))


def _case(cast: Cast, operation: Operation, **fields: Any) -> Case:
    ids = next(targets(cast, operation))
    where = target(filled(operation.path, ids), filled(dict(operation.query), ids))
    return Case(
        area="bodies",
        route=operation.route,
        caller=operation.caller,
        method=operation.method,
        target=where,
        **fields,
    )


def _without(cast: Cast, operation: Operation) -> Iterator[Case]:
    for text, content_type in NO_BODIES:
        yield _case(cast, operation, text=text, content_type=content_type)


def _fields(cast: Cast, operation: Operation, names: list[str]) -> Iterator[Case]:
    good = filled(operation.body, next(targets(cast, operation)))
    yield _case(cast, operation, **body(good))
    for name in names:
        yield _case(cast, operation, **body({key: value for key, value in good.items() if key != name}))
        yield _case(cast, operation, **body({name: good[name]} if name in good else {}))
        for value in VALUES:
            yield _case(cast, operation, **body(good | {name: value}))
    for name in UNKNOWN_FIELDS:
        yield _case(cast, operation, **body(good | {name: 1}))
    # A key twice, which JSON allows: the last one counts.
    name = names[0]
    text = json.dumps(good)[:-1] + f', "{name}": null}}'
    yield _case(cast, operation, text=text, content_type=JSON)
