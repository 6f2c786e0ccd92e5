"""
A world as plain data, and a world from plain data.

The data has the tables and columns of the real server's database (4.15.2), so that a world can be compared with a real
one column by column, and a real one be turned into a world:

    {"format": 1, "version": "4.15", "tables": {"organization": [{"id": 1, ...}], ...}, "server": {"secret": ...}}

Tables are lists of rows, many-to-many relations lists of pairs, both ascending; every column is there. A table that is
left out is empty. What a world has beside its tables is under `server`; each part that is left out there starts afresh,
counters after the highest id. Data are read completely before there is a world, so those with a mistake leave none.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from v6mockserver._errors import DumpError, MockUsageError
from v6mockserver.state.clock import Clock
from v6mockserver.state.entities import TABLES
from v6mockserver.state.mails import Mail
from v6mockserver.state.passwords import BCRYPT, CHEAP, hash_api_key, hash_password
from v6mockserver.state.permissions import OPERATIONS, SCOPES, RuleKey
from v6mockserver.state.releases import RELEASES
from v6mockserver.state.settings import DEFAULTS, Settings
from v6mockserver.state.world import SHARED_SEQUENCES, World

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

Rows = dict[str, dict[int, Any]]
"""Rows by table and id."""

FORMAT = 1
SECTIONS = ("format", "version", "tables", "server")

RELATIONS = ("collaboration_organization", "study_organization", "user_role", "user_rule", "role_rule")
"""The many-to-many relations, each named after the two tables whose ids it pairs."""

BLOBS = "blob"
"""The table of blobs, whose ids are no numbers; a world keeps them by id."""

REFERENCES = {"parent_id": "task", "init_org_id": "organization", "init_user_id": "user", "job_id": None}
"""What columns refer to that are not named after the table, as all others are; a job is no row."""

OWNERS = {"run": "task_id", "task_database": "task_id", "port": "run_id", "node_config": "node_id"}
"""
What rows of these tables belong to. Where the real server deletes that, it leaves them behind with null in this column
(4.0 to 4.15). Nothing leads to such rows, and they are left out.
"""

UNIQUE = {
    "organization": ("name",),
    "collaboration": ("name",),
    "study": ("name",),
    "user": ("username", "email"),
    "node": ("name",),
}
"""Columns in which no two rows of a table have the same; many may have null."""

CHOICES = {("rule", "operation"): OPERATIONS, ("rule", "scope"): SCOPES}
"""Columns that hold one of a few texts."""

SECRETS: dict[tuple[str, str], Callable[[str, int], str]] = {
    ("user", "password"): lambda password, id_: hash_password(password, salt=str(id_)),
    ("node", "api_key"): lambda api_key, _: hash_api_key(api_key),
}
"""Columns that hold hashes, and how one is made where the data give the secret itself, as {"plain": ...}."""

WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}


def dump(world: World) -> dict[str, Any]:
    """
    Return all that a world is, as plain data that JSON can carry.

    There are no passwords and api keys in it, only their hashes; but there is the secret that signs tokens.

    Parameters
    ----------
    world : World
        The world.

    Returns
    -------
    dict
        What `load` takes.
    """
    tables: dict[str, list[Any]] = {name: _rows(world, name) for name in TABLES}
    tables |= {name: [list(pair) for pair in getattr(world, name)] for name in RELATIONS}
    tables[BLOBS] = [{"id": id_, "content": b64encode(blob).decode()} for id_, blob in sorted(world.blobs.items())]
    server = {name: part.dump(world) for name, part in PARTS.items()}
    return {"format": FORMAT, "version": world.release.version, "tables": tables, "server": server}


def _rows(world: World, name: str) -> list[dict[str, Any]]:
    columns = _columns(name)
    return [{column: getattr(row, column) for column in columns} for row in getattr(world, name)]


def load(data: Any) -> World:
    """
    Return the world that plain data describe.

    Parameters
    ----------
    data : mapping
        What `dump` returned, or the tables of a real server; a password or an api key may be {"plain": "the secret"}.

    Returns
    -------
    World
        A world that `dump` makes the same data of, once no part is left out and no secret plain.

    Raises
    ------
    DumpError
        If the data do not describe a world; names table, row, column and what was expected.
    """
    _require_keys(data, SECTIONS, "the data")
    _require_choice(data.get("format"), [FORMAT], "format")
    _require_choice(data.get("version"), list(RELEASES), "version")
    tables, server = data.get("tables"), data.get("server", {})
    _require_keys(tables, [*TABLES, *RELATIONS, BLOBS], "tables")
    _require_keys(server, PARTS, "server")
    rows = {name: _read_rows(name, tables.get(name, [])) for name in TABLES}
    pairs = {name: _read_pairs(name, tables.get(name, []), rows) for name in RELATIONS}
    _check_references(rows)
    _check_unique(rows)
    world = World(data["version"], DEFAULTS, random_seed=0)
    _fill(world, rows, pairs)
    world.blobs = _read_blobs(tables.get(BLOBS, []))
    for name, value in server.items():
        PARTS[name].load(world, value)
    return world


def _fill(world: World, rows: Rows, pairs: Mapping[str, Iterable[tuple[int, int]]]) -> None:
    """
    Put rows and pairs that fit each other into an empty world.
    """
    for name, by_id in rows.items():
        for _, row in sorted(by_id.items()):
            getattr(world, name).add(row)
    for name, some in pairs.items():
        for left, right in some:
            getattr(world, name).add(left, right)
    world.rule_ids |= {RuleKey(rule.name, rule.operation, rule.scope): rule.id for rule in world.rule}
    world.counters = _highest_ids(world)


def _mistake(place: str, expected: str, found: object) -> DumpError:
    return DumpError(f"{place}: expected {expected}, found {_shown(place, expected, found)}")


def _shown(place: str, expected: str, found: object) -> str:
    """
    Return what was found, or only its type where a secret may be in it.
    """
    is_text_for_parts = isinstance(found, str) and expected == "an object"
    is_plain = not found or isinstance(found, tuple(WORDS))
    return repr(found) if is_plain and not is_text_for_parts and not place.endswith("secret") else type(found).__name__


def _require_keys(data: Any, allowed: Collection[str], place: str) -> None:
    if not isinstance(data, Mapping):
        raise _mistake(place, "an object", data)
    for key in data:
        if key not in allowed:
            raise _mistake(place, f"only {', '.join(allowed)}", key)


def _require_choice(value: object, choices: Sequence[object], place: str) -> None:
    if value not in choices:
        raise _mistake(place, " or ".join(map(repr, choices)), value)


def _require_type(value: object, types: Iterable[type], place: str) -> None:
    # Exactly: true is no number. But whole numbers are numbers.
    if type(value) not in types and not (type(value) is int and float in types):
        raise _mistake(place, " or ".join(WORDS[type_] for type_ in types), value)


@cache
def _columns(table: str) -> dict[str, tuple[type, ...]]:
    """
    Return the columns of a table, with the types that their values may have.
    """
    hints = get_type_hints(TABLES[table])
    return {field.name: get_args(hints[field.name]) or (hints[field.name],) for field in fields(TABLES[table])}


def _read_rows(table: str, data: Any) -> dict[int, Any]:
    rows: dict[int, Any] = {}
    for place, raw in _each(table, data):
        if isinstance(raw, Mapping) and raw.get(OWNERS.get(table), 0) is None:
            continue
        row = TABLES[table](**_row(table, raw, place))
        if row.id in rows:
            raise _mistake(f"{place}, column id", f"an id that no other {table} has", row.id)
        rows[row.id] = row
    return rows


def _each(table: str, data: Any) -> Iterator[tuple[str, Any]]:
    """
    Return the rows of a table or relation, each with the words that tell where it is.
    """
    if not isinstance(data, list):
        raise _mistake(f"table {table}", "a list", data)
    for position, raw in enumerate(data):
        yield f"table {table}, row {position}", raw


def _row(table: str, raw: Any, place: str) -> dict[str, Any]:
    columns = _columns(table)
    _require_keys(raw, columns, place)
    place = f"{place} (id {raw.get('id')!r})"
    for column in columns:
        if column not in raw:
            raise DumpError(f"{place}, column {column}: missing; every column is given, null where it is empty")
    return {column: _value(table, column, raw, f"{place}, column {column}") for column in columns}


def _value(table: str, column: str, raw: Mapping[str, Any], place: str) -> Any:
    value = raw[column]
    if (table, column) in SECRETS:
        return _secret(table, column, value, raw["id"], place)
    _require_type(value, _columns(table)[column], place)
    if (table, column) in CHOICES:
        _require_choice(value, CHOICES[table, column], place)
    if value is not None and _is_time(column):
        _require_time(value, place)
    return value


def _secret(table: str, column: str, value: Any, id_: int, place: str) -> str:
    if isinstance(value, Mapping) and isinstance(value.get("plain"), str) and len(value) == 1:
        return SECRETS[table, column](value["plain"], id_)
    if not isinstance(value, str) or not value.startswith((BCRYPT, CHEAP)):
        # What was found is not shown: it may well be the secret.
        raise DumpError(f'{place}: expected a hash of bcrypt or of this package, or {{"plain": "the secret"}}')
    return value


def _is_time(column: str) -> bool:
    return column.endswith("_at") or column.startswith("last_")


def _require_time(value: str, place: str) -> None:
    try:
        aware = datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        aware = True
    if aware:
        raise _mistake(place, "a UTC time without offset, such as '2026-11-22T19:20:48.594221'", value)


def _check_references(rows: Rows) -> None:
    """
    Refuse rows that refer to none, and two rows with an id of the same sequence.
    """
    for name, by_id in rows.items():
        targets = {column: _target(column) for column in _columns(name) if column.endswith("_id")}
        for row in by_id.values():
            for column, target in targets.items():
                id_ = getattr(row, column)
                if target is not None and id_ is not None and id_ not in rows[target]:
                    raise _mistake(f"table {name}, id {row.id}, column {column}", f"the id of a {target}", id_)
    for id_ in rows["user"].keys() & rows["node"].keys():
        raise _mistake(f"table node, id {id_}, column id", "an id that no user has", id_)

    for task in rows["task"].values():
        _check_parents(rows["task"], task)


def _check_parents(tasks: Mapping[int, Any], task: Any) -> None:
    """
    Refuse a task that is below itself.
    """
    above, seen = task.parent_id, {task.id}
    while above is not None:
        if above in seen:
            raise _mistake(f"table task, id {task.id}, column parent_id", "a task that is not below it", task.parent_id)
        seen.add(above)
        above = tasks[above].parent_id


def _check_unique(rows: Rows) -> None:
    """
    Refuse a text that another row of the table has, where a database would.
    """
    for name, unique in UNIQUE.items():
        for column in unique:
            seen: set[str] = set()
            for row in rows[name].values():
                value = getattr(row, column)
                if value in seen:
                    raise _mistake(
                        f"table {name}, id {row.id}, column {column}", f"one that no other {name} has", value
                    )
                seen |= set() if value is None else {value}


def _target(column: str) -> str | None:
    return REFERENCES.get(column, column.removesuffix("_id"))


def _read_pairs(relation: str, data: Any, rows: Rows) -> set[tuple[int, int]]:
    tables = relation.split("_")
    pairs: set[tuple[int, int]] = set()
    for place, raw in _each(relation, data):
        if not isinstance(raw, (list, tuple)) or len(raw) != len(tables):
            raise _mistake(place, f"a pair of {tables[0]} and {tables[1]}", raw)
        for table, id_ in zip(tables, raw, strict=True):
            if type(id_) is not int or id_ not in rows[table]:
                raise _mistake(f"{place}, column {table}_id", f"the id of a {table}", id_)
        # A pair may come twice, as some default roles have a rule twice in a real database; a set has it once.
        pairs.add((raw[0], raw[1]))
    return pairs


def _read_blobs(data: Any) -> dict[str, bytes]:
    blobs: dict[str, bytes] = {}
    for place, raw in _each(BLOBS, data):
        _require_keys(raw, ("id", "content"), place)
        for column in ("id", "content"):
            _require_type(raw.get(column), [str], f"{place}, column {column}")
        if raw["id"] in blobs:
            raise _mistake(f"{place}, column id", "an id that no other blob has", raw["id"])
        try:
            blobs[raw["id"]] = b64decode(raw["content"], validate=True)
        except ValueError as error:
            raise _mistake(f"{place}, column content", "base64 text", raw["content"]) from error
    return blobs


def _highest_ids(world: World) -> dict[str, int]:
    """
    Return the counters of a world whose every id is in its tables.
    """
    counters: dict[str, int] = {}
    for name in TABLES:
        sequence = SHARED_SEQUENCES.get(name, name)
        if ids := getattr(world, name).ids():
            counters[sequence] = max(ids[-1], counters.get(sequence, 0))
    if len(world.task):
        counters["job"] = max(task.job_id for task in world.task)
    return counters


class Part(NamedTuple):
    """
    Something that a world has beside its tables: how it becomes plain data, and how it is made of them.
    """

    dump: Callable[[World], Any]
    load: Callable[[World, Any], None]


def _plain(attribute: str, type_: type) -> Part:
    """
    Return the part that is an attribute of the world, and plain data as it is.
    """

    def load_attribute(world: World, value: Any) -> None:
        _require_type(value, [type_], f"server.{attribute}")
        setattr(world, attribute, value)

    return Part(lambda world: getattr(world, attribute), load_attribute)


SEQUENCES = sorted({SHARED_SEQUENCES.get(table, table) for table in TABLES} | {"job", "uuid"})


def _load_counters(world: World, value: Any) -> None:
    _require_keys(value, SEQUENCES, "server.counters")
    for sequence, count in value.items():
        _require_type(count, [int], f"server.counters.{sequence}")
        least = world.counters.get(sequence, 0)
        if count < least:
            raise _mistake(f"server.counters.{sequence}", f"at least {least}, an id in use", count)
    world.counters |= value


CLOCK: dict[str, tuple[type, ...]] = {"offset": (float,), "frozen_at": (str, type(None))}


def _load_clock(world: World, value: Any) -> None:
    _require_keys(value, CLOCK, "server.clock")
    for key, types in CLOCK.items():
        _require_type(value.get(key), types, f"server.clock.{key}")
    if value["frozen_at"] is not None:
        _require_time(value["frozen_at"], "server.clock.frozen_at")
    try:
        world.clock = Clock.load(**value)
        world.clock.now()
    except (OverflowError, ValueError) as error:
        # JSON of Python has NaN, which is no number of seconds.
        raise _mistake("server.clock.offset", "seconds that lead to some date", value["offset"]) from error


def _load_settings(world: World, value: Any) -> None:
    types = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Settings).items()}
    _require_keys(value, types, "server.settings")
    for name, one in value.items():
        _require_type(one, types[name], f"server.settings.{name}")
    try:
        world.settings = Settings(**value)
    except MockUsageError as error:
        raise DumpError(f"server.settings: {error}") from error


def _load_mails(world: World, value: Any) -> None:
    if not isinstance(value, list):
        raise _mistake("server.mails", "a list", value)
    types = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(Mail).items()}
    for position, raw in enumerate(value):
        _require_keys(raw, types, f"server.mails[{position}]")
        for name, wanted in types.items():
            _require_type(raw.get(name), wanted, f"server.mails[{position}].{name}")
    world.mails = [Mail(**raw) for raw in value]


PARTS = {
    "secret": _plain("secret", str),
    "random_seed": _plain("random_seed", int),
    "counters": Part(lambda world: dict(world.counters), _load_counters),
    "clock": Part(lambda world: world.clock.dump(), _load_clock),
    "mails": Part(lambda world: [asdict(mail) for mail in world.mails], _load_mails),
    "settings": Part(lambda world: asdict(world.settings), _load_settings),
}
"""What a world has beside its tables."""
