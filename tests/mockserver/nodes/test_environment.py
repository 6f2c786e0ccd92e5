"""The variables of a container."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from v6mockserver import MockServer, MockUsageError
from v6mockserver.nodes import environment
from v6mockserver.nodes.databases import Database
from v6mockserver.nodes.files import Files


def variables(**changes):
    """Return the variables of a run with two databases, of which the task asks for one."""
    folder = Path("/data")
    files = Files(
        **{name: folder / name for name in ("input", "output", "token", "log", "scratch")},
        uris={"one": "/data/one.csv", "two": "/data/two.csv"},
    )
    frame = pd.DataFrame()
    given = {
        "databases": {"one": Database.at("one", frame), "two": Database.at("two", frame)},
        "wanted": [{"label": "two"}],
        "files": files,
        "proxy": "http://127.0.0.1:5000",
        "own": {},
    }
    return environment.variables(**{**given, **changes})


def test_all_that_a_node_sets():
    """Names and values are those of a real node."""
    assert variables() == {
        "INPUT_FILE": "/data/input",
        "OUTPUT_FILE": "/data/output",
        "TOKEN_FILE": "/data/token",
        "TEMPORARY_FOLDER": "/data/scratch",
        "HOST": "http://127.0.0.1",
        "PORT": "5000",
        "API_PATH": "",
        "USER_REQUESTED_DATABASE_LABELS": "two",
        "ONE_DATABASE_URI": "/data/one.csv",
        "ONE_DATABASE_TYPE": "csv",
        "TWO_DATABASE_URI": "/data/two.csv",
        "TWO_DATABASE_TYPE": "csv",
        "DB_LABELS": "one,two",
    }


def test_what_a_task_says_about_a_database():
    """Query, sheet and preprocessing become variables; anything else does not."""
    wanted = [{"label": "one", "query": "q", "sheet_name": "s", "preprocessing": [{"function": "f"}], "arguments": 1}]

    found = {name: value for name, value in variables(wanted=wanted).items() if name not in variables()}

    assert found == {"ONE_QUERY": "q", "ONE_SHEET_NAME": "s", "ONE_PREPROCESSING": '[{"function": "f"}]'}


def test_a_node_overrides_everything():
    """Its own variables come last, as text."""
    found = variables(own={"HOST": "http://elsewhere", "FLAG": True})

    assert (found["HOST"], found["FLAG"]) == ("http://elsewhere", "True")


@pytest.mark.parametrize(("clear", "code"), [("abc", "MFRGG!!!"), ("", ""), ("é", "YOUQ!!!!")])
def test_encoding(clear, code):
    """Base32, with another sign for padding; what is empty stays so."""
    assert environment.encoded({"NAME": clear}) == {"NAME": code}


def test_a_process_inherits_nothing(monkeypatch):
    """It has the image's variables, and those of the node."""
    monkeypatch.setenv("FEATURE", "DISABLED")

    found = environment.of_process("/venv/bin/python", "package", {"PORT": "1"})

    assert found["PATH"].startswith("/venv/bin:")
    assert set(found) == {"PATH", "LANG", "PKG_NAME", "PORT"}


@pytest.mark.parametrize("name", ["PKG_NAME", "A-B", "1A"])
def test_names_that_no_container_starts_with(name):
    """A node is not started with them."""
    server = MockServer()

    with pytest.raises(MockUsageError, match=repr(name)):
        server.nodes.start("unused", environment={name: "1"})
