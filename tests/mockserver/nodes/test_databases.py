"""The databases of nodes: what they are made of, and what algorithms get of them."""

from __future__ import annotations

import csv
import json
import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from v6client.exceptions import TaskFailedError
from v6mockserver import MockServer, MockUsageError, SeedError
from v6mockserver.nodes.databases import Database

FRAME = pd.DataFrame({"age": [40, 50], "sex": ["f", "m"]})
QUERY = {"query": "SELECT * FROM patients"}


def sqlite(path):
    """Write the data to a table in a file."""
    with closing(sqlite3.connect(path)) as connection:
        FRAME.to_sql("patients", connection, index=False)
        connection.commit()


WRITERS = {
    "data.csv": lambda path: FRAME.to_csv(path, index=False),
    "data.parquet": lambda path: FRAME.to_parquet(path, index=False),
    "data.xlsx": lambda path: FRAME.to_excel(path, index=False, sheet_name="patients"),
    "data.sqlite": sqlite,
    "data.db": sqlite,
}


@pytest.fixture(params=WRITERS)
def file(request, tmp_path):
    """A file with the data, of each kind."""
    path = tmp_path / request.param
    WRITERS[request.param](path)
    return path


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def node():
    """A node without data."""
    return MockServer(SEED).nodes["north"]


SEED = {
    "organizations": [{"name": "North", "users": [{"username": "nora", "password": "p", "roles": ["Researcher"]}]}],
    "collaborations": [
        {"name": "All", "encrypted": False, "participants": [{"name": "North", "node": "north", "databases": {}}]}
    ],
}


def log_of(seed, databases, method):
    """Run a function that fails on the node, and return its log."""
    server = MockServer(seed)
    server.algorithms.register("image", {"method": method})
    client = server.client("nora")
    task = client.task.create(1, [2], "n", "image", "", {"method": "method"}, databases)
    with pytest.raises(TaskFailedError) as caught:
        client.wait_for_results(task["id"], timeout=10)
    return caught.value.runs[0]["log"]


def test_every_kind_of_file_is_read(file):
    """What it is its suffix tells; SQL is asked what the task wants to know."""
    database = Database.at("default", file)

    assert database.read(QUERY | {"sheet_name": "patients"}).equals(FRAME)


def test_a_uri_is_read_by_sqlalchemy(tmp_path):
    """Also where it names a driver."""
    sqlite(tmp_path / "data.sqlite")

    database = Database.at("default", f"sqlite+pysqlite:///{tmp_path / 'data.sqlite'}")

    assert database.type == "sql"
    assert database.read(QUERY).equals(FRAME)


@pytest.mark.parametrize("driver", ["", "+pysqlite"])
def test_a_query_is_asked_as_it_is(tmp_path, driver):
    """As by the tools: a colon in it is no parameter."""
    sqlite(tmp_path / "data.sqlite")
    database = Database.at("default", f"sqlite{driver}:///{tmp_path / 'data.sqlite'}")

    found = database.read({"query": "SELECT ':name' AS name, age % 7 AS rest FROM patients"})

    assert found.to_dict("list") == {"name": [":name", ":name"], "rest": [5, 1]}


def test_a_uri_of_sqlite_needs_no_extra(tmp_path, monkeypatch):
    """Python reads it by itself."""
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    sqlite(tmp_path / "data")

    assert Database.at("default", f"sqlite:///{tmp_path / 'data'}").read(QUERY).equals(FRAME)


@pytest.mark.parametrize("type_", ["csv", "parquet", "excel"])
def test_a_frame_becomes_a_file_where_one_is_needed(tmp_path, type_):
    """Of the type that it passes for."""
    place = Database.at("default", FRAME, type_).place(tmp_path / "copy")

    assert Database.at("again", place).type == type_
    assert Database.at("again", place).read({}).equals(FRAME)


def test_the_type_may_be_written_in_capitals(tmp_path):
    """The tools compare it in lower case."""
    FRAME.to_csv(tmp_path / "data.txt", index=False)

    assert Database.at("default", tmp_path / "data.txt", "CSV").read({}).equals(FRAME)


def test_a_file_of_sqlite_is_told_as_the_tools_want_it(tmp_path):
    """They take a path for SQLite's if it ends in .sqlite, and a URI in all other cases."""
    for name in ("data.db", "data.sqlite"):
        sqlite(tmp_path / name)

    assert Database.at("a", tmp_path / "data.db").place(tmp_path) == f"sqlite:///{tmp_path / 'data.db'}"
    assert Database.at("a", tmp_path / "data.sqlite").place(tmp_path) == str(tmp_path / "data.sqlite")


def test_a_relative_path_is_made_whole(tmp_path, monkeypatch):
    """Whoever changes the folder later changes nothing for the node."""
    monkeypatch.chdir(tmp_path)
    FRAME.to_csv("data.csv", index=False)

    database = Database.at("default", "data.csv")
    monkeypatch.chdir("/")

    assert database.read({}).equals(FRAME)


MISTAKES = {
    "label": (("a b", FRAME), "'a b' is not an identifier"),
    "type": (("a", "x.csv", "spss"), "no type 'spss' .* there are csv, parquet"),
    "suffix": (("a", "x.sav"), "of no known type; pass type="),
    "missing": (("a", "x.csv"), r"'a' has no file /x\.csv"),
    "missing sqlite": (("a", "sqlite:///x.db"), r"'a' has no file /x\.db"),
    "folder as a file": (("a", ".", "csv"), "type 'csv', but / is a folder"),
    "source": (("a", 3), "a data frame, a path or a URI, not 3"),
    "frame": (("a", FRAME, "sql"), "csv, parquet or excel"),
    "uri": (("a", "https://example.org/sparql"), "pass type='sql', 'sparql'"),
    "variable": (("a", FRAME, None, {"a-b": 1}), "variable 'a-b'"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes_are_told_at_once(arguments, message, monkeypatch):
    """Not by a run that crashes later."""
    monkeypatch.chdir("/")

    with pytest.raises(MockUsageError, match=message):
        Database.at(*arguments)


def test_a_folder(tmp_path):
    """The algorithm gets to know where it is."""
    database = Database.at("default", tmp_path)

    assert (database.type, database.place(tmp_path / "copy")) == ("folder", str(tmp_path))


def test_a_mistake_changes_nothing(node):
    """The node keeps the database that it has."""
    node.add_database("default", FRAME)

    with pytest.raises(MockUsageError):
        node.add_database("default", "nowhere.csv")

    assert node.databases["default"].source is FRAME


@pytest.mark.parametrize("type_", ["sparql", "omop", "other"])
def test_what_is_no_frame_is_not_read(type_):
    """As by the tools; the algorithm knows where it is."""
    log = log_of(with_databases({"d": {"uri": "https://example.org/x", "type": type_}}), "d", lambda df: 1)

    assert f"of type '{type_}', which is not read as a data frame" in log
    assert "D_DATABASE_URI" in log


def test_a_database_that_the_node_does_not_have():
    """The log has those that it has; another node may have it, so nobody could tell before."""
    log = log_of(with_databases({"e": {"uri": "x", "type": "other"}}), "d", lambda df: 1)

    assert log == "this node has no database 'd'; it has ['e']\n"


def test_sql_without_a_query():
    """The log shows what the task should have said."""
    sqlite(Path("data.sqlite"))

    log = log_of(with_databases({"d": "data.sqlite"}), "d", lambda df: 1)

    assert 'databases=[{"label": "d", "query": "SELECT ..."}]' in log


def test_a_file_that_has_gone(tmp_path):
    """The log names the path."""
    file = tmp_path / "data.csv"
    FRAME.to_csv(file, index=False)
    seed = with_databases({"d": file})

    def method(df):
        raise AssertionError

    server = MockServer(seed)
    file.unlink()
    server.nodes["north"].go_offline()
    server.nodes["north"].go_online()
    server.algorithms.register("image", {"method": method})
    client = server.client("nora")
    task = client.task.create(1, [2], "n", "image", "", {"method": "method"}, "d")

    with pytest.raises(TaskFailedError, match="not there any more"):
        client.wait_for_results(task["id"], timeout=10)


def test_a_file_that_is_no_csv(node, tmp_path):
    """Its node says nothing about its columns, and it is for the algorithm to see what it is."""
    file = tmp_path / "data.csv"
    file.write_text('"' + "x" * (csv.field_size_limit() + 1) + '"\n')

    node.add_database("default", file)

    assert node.databases["default"].columns() == []


def test_a_package_that_is_missing(tmp_path, monkeypatch):
    """The log names it, and the extra that brings it."""
    FRAME.to_excel(tmp_path / "data.xlsx", index=False)
    monkeypatch.setitem(sys.modules, "openpyxl", None)

    log = log_of(with_databases({"d": tmp_path / "data.xlsx"}), "d", lambda df: 1)

    assert "openpyxl" in log
    assert "pip install 'v6client[data]' brings those for Parquet, .xlsx and SQLAlchemy, but no drivers" in log


def with_databases(databases):
    """Return the seed with these databases."""
    seed = json.loads(json.dumps(SEED))
    seed["collaborations"][0]["participants"][0]["databases"] = databases
    return seed


def test_a_seed_describes_databases_as_a_node_is_configured(tmp_path):
    """The keys are those of the configuration of a real node, and paths are relative to the seed."""
    (tmp_path / "sub").mkdir()
    FRAME.to_csv(tmp_path / "sub" / "data.txt", index=False)
    file = tmp_path / "sub" / "seed.yaml"
    file.write_text(json.dumps(with_databases({"d": {"uri": "data.txt", "type": "csv", "env": {"user": "n"}}})))

    database = MockServer(file).nodes["north"].databases["d"]

    assert database.read({}).equals(FRAME)
    assert database.environment == {"user": "n"}


@pytest.mark.parametrize("entry", [{"type": "csv"}, {"uri": "data.csv", "kind": "csv"}])
def test_what_describes_no_database(entry):
    """A key that is missing or unknown is told, with those that there are."""
    with pytest.raises(SeedError, match=r"a mapping of uri, type, env, not \{"):
        MockServer(with_databases({"d": entry}))


def test_a_file_that_a_seed_names_and_that_is_missing(tmp_path):
    """It is told with file, line and key, when the seed is read."""
    text = """
organizations: [{name: North}]
collaborations:
  - name: All
    participants:
      - name: North
        databases:
          default: gone.csv
"""
    (tmp_path / "seed.yaml").write_text(text)

    with pytest.raises(SeedError, match=r"seed\.yaml, line 8: .*databases\.default: .* has no file .*gone\.csv"):
        MockServer(tmp_path / "seed.yaml")


def test_the_columns_of_a_csv_file_are_shared(tmp_path, node):
    """As by a real node; the data are not read for it."""
    FRAME.to_csv(tmp_path / "data.csv", index=False)

    node.add_database("default", tmp_path / "data.csv")

    assert list(node.databases["default"].columns()) == ["age", "sex"]


def test_an_algorithm_finds_what_it_has_to_read_itself(tmp_path):
    """The place of a folder, and what the node tells about a database, are in its environment."""
    (tmp_path / "notes").mkdir()
    server = MockServer(with_databases({"notes": {"uri": tmp_path / "notes", "env": {"user": "n"}}}))
    names = ["NOTES_DATABASE_URI", "NOTES_DATABASE_TYPE", "NOTES_DB_PARAM_USER"]
    server.algorithms.register("image", {"look": lambda: [os.environ[name] for name in names]})

    client = server.client("nora")
    task = client.task.create(1, [2], "n", "image", "", {"method": "look"}, "notes")

    (row,) = client.wait_for_results(task["id"])["data"]
    assert json.loads(row["result"]) == [str(tmp_path / "notes"), "folder", "n"]
