"""
The database of a real server as plain data, and back.

Run by the real server's own Python, as `real_server.py` is. The data has the tables and columns of the mock's `dump()`,
so that the two can be compared column by column, and one be loaded into the other.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable

    Row = dict[str, Any]
    Tables = dict[str, list[Any]]

FORMAT = 1

# Names that differ between the data and the real server's database; all other tables have the same.
TABLES = {
    "organization": "organization",
    "collaboration": "collaboration",
    "study": "study",
    "user": "user",
    "node": "node",
    "node_config": "nodeconfig",
    "rule": "rule",
    "role": "role",
    "algorithm_store": "algorithmstore",
    "task": "task",
    "task_database": "taskdatabase",
    "run": "run",
    "port": "algorithmport",
}
RELATIONS = {
    "collaboration_organization": ("Member", "collaboration_id", "organization_id"),
    "study_organization": ("StudyMember", "study_id", "organization_id"),
    "user_role": ("Permission", "user_id", "role_id"),
    "user_rule": ("UserPermission", "user_id", "rule_id"),
    "role_rule": ("role_rule_association", "role_id", "rule_id"),
}
PRINCIPALS = ("user", "node")
"""Tables whose rows have a part in the table `authenticatable`, from which their ids come."""

SHARED_COLUMNS = ("ip", "last_seen", "status")
"""What that part consists of."""

TIMES = {
    "last_seen",
    "last_login_attempt",
    "last_email_failed_login_sent",
    "last_email_recover_password_sent",
    "created_at",
    "assigned_at",
    "started_at",
    "finished_at",
    "cleanup_at",
}
BOOLEANS = {"encrypted", "is_default_role", "blob_storage_used"}

# What server 4.0.3 has no column for, and the value that stands for it.
NOT_IN_4_0: dict[str, Row] = {
    "user": {"last_email_failed_login_sent": None, "last_email_recover_password_sent": None},
    "role": {"is_default_role": None},
    "task": {"study_id": None, "algorithm_store_id": None},
    "run": {"cleanup_at": None, "blob_storage_used": False},
}


class Converter(NamedTuple):
    """How the values of a column are read and written."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Any]


def _converter(column: str) -> Converter | None:
    if column in TIMES:
        return Converter(lambda text: text.replace(" ", "T"), lambda text: text.replace("T", " "))
    if column == "input":
        # Server 4.0.3 stores an object as it comes, and SQLite as bytes.
        return Converter(lambda value: value.decode() if isinstance(value, bytes) else value, lambda value: value)
    if column in BOOLEANS:
        return Converter(bool, int)
    if column == "public_key":
        return Converter(lambda key: b64encode(key).decode(), b64decode)
    return None


def dump(database: sqlite3.Connection) -> Tables:
    """
    Return all tables: lists of rows in ascending id, and lists of pairs.
    """
    existing = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables: Tables = {table: [] for table in (*TABLES, *RELATIONS, "blob")}
    return tables | dump_some(database, {table for name in existing for table in kept_in(name)})


def dump_some(database: sqlite3.Connection, names: Iterable[str]) -> Tables:
    """
    Return some of the tables.
    """
    return {name: _pairs(database, name) if name in RELATIONS else _rows(database, name) for name in names}


def kept_in(name: str) -> tuple[str, ...]:
    """
    Return the tables that have something in a table of the database.
    """
    if name == "authenticatable":
        return PRINCIPALS
    ours = {theirs: table for table, theirs in TABLES.items()} | {one[0]: table for table, one in RELATIONS.items()}
    return (ours[name],) if name in ours else ()


def difference(before: Tables, after: Tables) -> dict[str, Any]:
    """
    Return what became of those tables that are in `after`: rows and pairs that are new or changed, and those gone.
    """
    found = {}
    for table, rows in after.items():
        old = before[table]
        if rows == old:
            continue
        if table in RELATIONS:
            changed, gone = [pair for pair in rows if pair not in old], [pair for pair in old if pair not in rows]
        else:
            known, ids = {row["id"]: row for row in old}, {row["id"] for row in rows}
            changed = [row for row in rows if known.get(row["id"]) != row]
            gone = [id_ for id_ in known if id_ not in ids]
        if changed or gone:
            found[table] = {"changed": changed, "gone": gone}
    return found


def counters(database: sqlite3.Connection) -> dict[str, int]:
    """
    Return the highest id that each table has given out so far.
    """
    used = dict(database.execute("SELECT name, seq FROM sqlite_sequence"))
    known = {name: table for table, name in TABLES.items() if table not in PRINCIPALS}
    return {table: used[name] for name, table in known.items() if name in used} | {
        "authenticatable": used["authenticatable"]
    }


def _pairs(database: sqlite3.Connection, relation: str) -> list[Any]:
    name, left, right = RELATIONS[relation]
    query = f'SELECT {left}, {right} FROM "{name}" ORDER BY 1, 2'  # noqa: S608 -- names of this module
    return [list(pair) for pair in database.execute(query)]


def _rows(database: sqlite3.Connection, table: str) -> list[Row]:
    name = TABLES[table]
    if table in PRINCIPALS:
        shared = ", ".join(f"a.{column}" for column in SHARED_COLUMNS)
        query = f'SELECT t.*, {shared} FROM "{name}" t JOIN authenticatable a ON a.id = t.id ORDER BY t.id'  # noqa: S608
    else:
        query = f'SELECT * FROM "{name}" ORDER BY id'  # noqa: S608 -- names of this module
    cursor = database.execute(query)
    columns = [description[0].removeprefix("_") for description in cursor.description]
    rows = [dict(zip(columns, values, strict=True)) for values in cursor]
    for column in columns:
        _read_column(rows, column)
    return _completed(table, rows)


def _read_column(rows: list[Row], column: str) -> None:
    converter = _converter(column)
    if converter is not None:
        for row in rows:
            if row[column] is not None:
                row[column] = converter.read(row[column])
    if column == "public_key":
        for row in rows:
            row[column] = row[column] or ""


def _completed(table: str, rows: list[Row]) -> list[Row]:
    rows = [NOT_IN_4_0.get(table, {}) | row for row in rows]
    if table == "role":
        for row in rows:
            if row["is_default_role"] is None:
                row["is_default_role"] = row["organization_id"] is None
    return rows


def load(database: sqlite3.Connection, tables: Tables) -> None:
    """
    Make the database hold these tables, and nothing else.
    """
    database.execute("BEGIN")
    for name in ("authenticatable", *TABLES.values(), *(relation[0] for relation in RELATIONS.values())):
        if _columns(database, name):
            database.execute(f'DELETE FROM "{name}"')  # noqa: S608 -- names of this module
    for table, name in TABLES.items():
        rows = tables.get(table, [])
        if table in PRINCIPALS:
            shared = [{column: row.get(column) for column in ("id", *SHARED_COLUMNS)} for row in rows]
            _insert(database, "authenticatable", [row | {"type": table} for row in shared])
        _insert(database, name, rows)
    for relation, (name, *columns) in RELATIONS.items():
        _insert(database, name, [dict(zip(columns, pair, strict=True)) for pair in tables.get(relation, [])])
    database.execute("COMMIT")


def _columns(database: sqlite3.Connection, name: str) -> list[str]:
    return [column[1] for column in database.execute(f'PRAGMA table_info("{name}")')]


def _insert(database: sqlite3.Connection, name: str, rows: Iterable[Row]) -> None:
    columns = _columns(database, name)
    if not columns:
        return
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    values = [[_written(column.removeprefix("_"), row) for column in columns] for row in rows]
    database.executemany(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', values)  # noqa: S608


def _written(column: str, row: Row) -> Any:
    value = row.get(column)
    converter = _converter(column)
    return value if value is None or converter is None else converter.write(value)
