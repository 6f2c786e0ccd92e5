"""Rules."""

from __future__ import annotations

import pytest

from v6client.exceptions import NotFoundError

from .network import UNKNOWN


def test_list(root):
    """Filters and pages are the server's."""
    rules = root.rule.list(name="task", operation="VIEW", scope="GLOBAL")["data"]

    assert [(rule["name"], rule["operation"], rule["scope"]) for rule in rules] == [("task", "VIEW", "GLOBAL")]
    assert len(root.rule.list()["data"]) == 20
    assert root.rule.list(role=1, page=2, per_page=3)["data"] == root.rule.list()["data"][3:6]


def test_table(root):
    """It has the rows of the list."""
    table = root.rule.table(name="task")

    assert table.rows == root.rule.list(name="task")["data"] != []


def test_iter(root):
    """It walks them all, however many pages that takes."""
    every = [*root.rule.iter()]

    assert len(every) == len({rule["id"] for rule in every}) > 70
    assert [*root.rule.iter(role=1)] == every
    assert {rule["scope"] for rule in root.rule.iter(name="run", operation="VIEW")} > {"GLOBAL", "ORGANIZATION"}


def test_get(root):
    """One by its id."""
    assert root.rule.get(2) == root.rule.list(per_page=2)["data"][1]
    with pytest.raises(NotFoundError):
        root.rule.get(UNKNOWN)
