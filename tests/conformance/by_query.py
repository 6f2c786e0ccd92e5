"""
Every parameter of every query: good, foreign, unknown, malformed; pages, sorting, and what is included.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from .by_caller import targets
from .case import Case, body, target
from .operations import MISSING_ID, filled, named, operations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .cast import Cast
    from .operations import Operation

IDS = {
    "user": ("organization", "role", "rule", "collaboration"),
    "organization": ("collaboration", "study"),
    "collaboration": ("organization", "algorithm_store"),
    "study": ("organization", "collaboration"),
    "node": ("organization", "collaboration", "study"),
    "role": ("organization", "collaboration", "rule", "user"),
    "rule": ("role", "user"),
    "algorithmstore": ("collaboration",),
    "task": ("collaboration", "init_org", "init_user", "study", "parent", "job", "run", "store"),
    "run": ("organization", "task", "node", "collaboration"),
    "result": ("organization", "task", "node", "collaboration"),
}
"""The parameters of each list that name something by its id, without their `_id`."""

NOUNS = {
    "init_org": "organization",
    "init_user": "user",
    "parent": "task",
    "job": "task",
    "algorithm_store": "store",
}
"""What such a parameter names, where it is not called so."""

TEXTS = {
    "user": ("username", "firstname", "lastname", "email"),
    "organization": ("name", "country"),
    "collaboration": ("name", "encrypted"),
    "study": ("name",),
    "node": ("name", "status", "ip"),
    "role": ("name", "description"),
    "rule": ("name", "operation", "scope"),
    "algorithmstore": ("name", "url"),
    "task": ("name", "image", "description", "status", "database"),
    "run": ("state", "status", "port"),
    "result": ("state", "status", "port"),
}
TEXT_VALUES = (
    "",
    "%",
    "own%",
    "OWN%",
    "own-user",
    "own-organization",
    "own-node",
    "own-task",
    "own-study",
    "own_role",
    "%e%",
    "_",
    "x",
    "1",
    "0",
    "true",
    "NL",
    "online",
    "10.0.0.7",
    "example.org/algorithm:1",
    "default",
    "VIEW",
    "v",
    "GLOBAL",
    "glo",
    "view",
    "task",
    "completed",
    "pending",
    "open",
    "8080",
    "http://127.0.0.1:9/own",
)
TIMES = {
    "user": ("last_seen_from", "last_seen_till"),
    "node": ("last_seen_from", "last_seen_till"),
    "run": ("assigned_from", "assigned_till", "started_from", "started_till", "finished_from", "finished_till"),
    "result": ("assigned_from", "assigned_till", "started_from", "started_till", "finished_from", "finished_till"),
}
TIME_VALUES = ("2019-01-01", "2020-01-01T00:01:00", "2100-01-01", "", "x", "0")

INCLUDES = {
    "collaboration": ("organizations",),
    "study": ("organizations",),
    "task": ("results", "runs"),
    "run": ("task",),
    "result": ("task",),
    "role": (),
    "user": (),
}
FLAGS = {
    "role": ("include_root",),
    "user": ("include_permissions",),
    "task": ("is_user_created",),
    "rule": ("no_pagination",),
}
FLAG_VALUES = ("1", "0", "2", "true", "false", "", "x")

PAGES: tuple[Any, ...] = (
    {"page": 1},
    {"page": 2, "per_page": 2},
    {"page": 99},
    {"page": 99, "per_page": 1, "name": "%e%"},
    {"per_page": 1},
    {"per_page": 3, "page": "01"},
    {"per_page": 1000},
    {"page": 0},
    {"page": -1},
    {"per_page": 0},
    {"per_page": -5},
    {"page": "x"},
    {"page": ""},
    {"page": "1.5"},
    {"page": " 2"},
    {"page": "+1"},
    {"per_page": "x"},
    {"per_page": ""},
    {"page": "x", "per_page": "x"},
    [("page", 2), ("page", 1), ("per_page", 2)],
    [("per_page", 2), ("x", "a b"), ("x", "c"), ("y", "%,ä")],
    {"unknown": 1},
    {"id": 1},
)
SORTS = (
    "id",
    "-id",
    "+id",
    "name",
    "-name",
    "name,-id",
    " name , id",
    "username",
    "-email,id",
    "organization_id,-id",
    "collaboration_id",
    "last_seen",
    "-status",
    "api_key",
    "encrypted",
    "country",
    "description",
    "operation,scope,name",
    "created_at",
    "finished_at",
    "url",
    "type,-id",
    "public_key",
    "is_default_role",
    "last_email_failed_login_sent",
    "study_id",
    "algorithm_store_id",
    "cleanup_at",
    "",
    "unknown",
    "name,unknown",
    "-",
    ",",
    "--id",
    "ID",
)
CALLERS = ("root", "own admin", "own viewer", "stranger", "lonely", "own node", "container")
ITEMS = ("user", "organization", "collaboration", "study", "node", "role", "task", "run", "result")


def cases(cast: Cast) -> Iterator[Case]:
    """
    Yield the cases.
    """
    for operation in operations(cast.version):
        noun = operation.path.strip("/")
        if operation.method == "GET" and noun in IDS:
            for query in _queries(cast, noun):
                for caller in CALLERS:
                    yield _case(operation.route, caller, operation.path, query)
        if operation.method == "GET" and re.fullmatch(r"/(\w+)/{\w+}", operation.path):
            yield from _items(cast, operation)
        if operation.query and operation.method == "DELETE":
            yield from _deletions(cast, operation)
    yield from _addresses(cast)


def _case(route: str, caller: str, path: str, query: Any) -> Case:
    return Case(area="queries", route=route, caller=caller, method="GET", target=target(path, query))


def _queries(cast: Cast, noun: str) -> Iterator[Any]:
    yield from PAGES
    yield from ({"sort": sort} for sort in SORTS)
    for parameter in IDS[noun]:
        name = f"{parameter}_id"
        yield from ({name: id_} for id_ in _ids(cast, NOUNS.get(parameter, parameter)))
        yield [(name, id_) for id_ in _ids(cast, NOUNS.get(parameter, parameter))[:2]]
    if noun == "organization":
        yield from (
            [("ids", 1), ("ids", 2)],
            {"ids": "1,2"},
            {"ids": 3},
            {"ids": "x"},
            {"ids": ""},
            {"ids": MISSING_ID},
        )
    for name in TEXTS[noun]:
        yield from ({name: value} for value in TEXT_VALUES)
        yield [(name, "%o%"), (name, "%e%")]
    for name in TIMES.get(noun, ()):
        yield from ({name: value} for value in TIME_VALUES)
    yield from _extras(noun)
    yield from _combinations(cast, noun)


def _ids(cast: Cast, noun: str) -> list[Any]:
    known = cast.rules if noun == "rule" else cast.ids.get(noun, {})
    some = list(known.values())
    return [*dict.fromkeys((*some[:8], *some[-3:])), MISSING_ID, "0", "-1", "x", "", "1.5", "01", " 1"]


def _extras(noun: str) -> Iterator[Any]:
    words = INCLUDES.get(noun, ())
    for word in words:
        yield from ({"include": word}, {"include": f"{word},x"}, {"include": word.upper()}, {"include": f"x, {word}"})
    if words:
        yield from ({"include": ",".join(words)}, [("include", word) for word in words], {"include": ""})
    for name in FLAGS.get(noun, ()):
        yield from ({name: value} for value in FLAG_VALUES)


def _combinations(cast: Cast, noun: str) -> Iterator[Any]:
    own = named(cast, "own")
    ids = {f"{parameter}_id": own.get(NOUNS.get(parameter, parameter), 1) for parameter in IDS[noun]}
    yield ids
    names = list(ids)
    for name, other in pairwise(names):
        yield {name: ids[name], other: ids[other]}
    for name in names:
        yield {name: ids[name], TEXTS[noun][0]: "own%", "per_page": 2}
        yield {name: ids[name], "sort": "-id", "per_page": 1, "page": 2, "include": ",".join(INCLUDES.get(noun, ()))}
        yield {name: ids[name], "include_root": 1}


def _items(cast: Cast, operation: Operation) -> Iterator[Case]:
    noun = operation.path.split("/")[1]
    for ids in targets(cast, operation):
        for query in (*_extras(noun), {"include": "x"}, {"page": "x"}):
            for caller in CALLERS:
                yield _case(operation.route, caller, filled(operation.path, ids), query)


def _deletions(cast: Cast, operation: Operation) -> Iterator[Case]:
    for ids in targets(cast, operation):
        for name in operation.query:
            for value in (None, *FLAG_VALUES, *(_ids(cast, name.removesuffix("_id")) if name == "run_id" else ())):
                query = {} if value is None else {name: value}
                where = target(filled(operation.path, ids), query)
                yield Case(
                    area="queries",
                    route=operation.route,
                    caller=operation.caller,
                    method="DELETE",
                    target=where,
                    **body(filled(operation.body, ids)),
                )


ADDRESS_FLAGS = (
    "include_children",
    "include_parent",
    "only_children",
    "only_parent",
    "only_siblings",
    "only_self",
)


def _addresses(cast: Cast) -> Iterator[Case]:
    queries: list[dict[str, Any]] = [{}, {"label": "web"}, {"label": "x"}]
    queries += [{one: 1} for one in ADDRESS_FLAGS]
    queries += [{one: value} for one in ADDRESS_FLAGS[:2] for value in ("0", "", "false")]
    queries += [{one: 1, other: 1} for one in ADDRESS_FLAGS for other in ADDRESS_FLAGS if one < other]
    for query in queries:
        for caller in ("container", "child container", "done container"):
            yield _case("GET /vpn/algorithm/addresses", caller, "/vpn/algorithm/addresses", query)
    del cast
