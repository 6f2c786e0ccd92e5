"""Lists as tables, to look at."""

from __future__ import annotations

import inspect

import pytest

from v6client._tables import COLUMNS, Table, cell
from v6mockserver import MockServer

NOUNS = ["collaboration", "node", "organization", "role", "rule", "run", "store", "study", "task", "user"]


@pytest.fixture
def client():
    """Root's, of the demo."""
    server = MockServer.demo()
    client = server.client("root")
    client.setup_encryption(None)
    return client


@pytest.mark.parametrize("noun", NOUNS)
def test_every_list_has_a_table(client, noun):
    """With the same arguments, and the columns that people look for."""
    calls = getattr(client, noun)

    table = calls.table()

    assert [row["id"] for row in table.rows] == [row["id"] for row in calls.list()["data"]]
    assert table.columns == [*COLUMNS[calls.noun]]
    assert inspect.signature(calls.table).parameters == inspect.signature(calls.list).parameters


def test_a_table_is_text(client):
    """It is what a prompt shows."""
    shown = repr(client.organization.table(name="Clev%"))

    assert shown == str(client.organization.table(name="Clev%"))
    assert "Cleveland" in shown
    assert "Budapest" not in shown


def test_a_table_says_that_there_is_more(client):
    """Nothing is cut without a word."""
    assert "more on the next page" in str(client.rule.table())
    assert "more" not in str(client.rule.table(name="task", scope="GLOBAL"))


def test_selected_fields_are_the_columns(client):
    """Those that `list` gives."""
    assert client.rule.table(fields=["scope", "users"]).columns == ["scope"]
    assert client.rule.table(field="users").columns == ["users"]


def test_cells():
    """What is nothing shows nothing, and another noun's row its name or id."""
    row = {"a": None, "b": True, "c": {"id": 3}, "d": {"id": 3, "name": "N"}, "e": {}, "f": "\x1b[2J[red]"}

    table = Table([*row], [row])

    assert "<td></td><td>yes</td><td>3</td><td>N</td><td></td><td>\N{REPLACEMENT CHARACTER}[2J[red]</td>" in (
        table._repr_html_()
    )
    assert "\x1b" not in str(table)
    assert "[red]" in str(table)


def test_what_is_no_text_is_shown_as_json():
    """On the command line as in tables; and texts of several lines, such as logs, keep them."""
    assert cell([{"label": "default"}]) == '[{"label": "default"}]'
    assert cell("one\ntwo\r") == "one\ntwo\N{REPLACEMENT CHARACTER}"


def test_times_are_shown_to_the_second():
    """And other texts as they are."""
    assert cell("2026-11-26T02:39:32.333597") == cell("2026-11-26T02:39:32") == "2026-11-26 02:39:32"
    assert cell("T02:39:32.3") == "T02:39:32.3"


def test_a_notebook_shows_html():
    """In which the names of others are text."""
    table = Table(["name"], [{"name": "<b>"}], "more & more")

    assert table._repr_html_() == (
        "<table><caption>more &amp; more</caption><thead><tr><th>name</th></tr></thead>"
        "<tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>"
    )
