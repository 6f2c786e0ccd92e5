"""The table of known deviations and the page that explains them."""

from __future__ import annotations

import re

from .case import Case
from .deviations import DEVIATIONS, unexplained
from .report import PAGE

FIDELITY = PAGE.with_name("fidelity.md")


def case(route, target="/api/x"):
    """Return some case of a route."""
    method = route.split()[0]
    return Case(area="test", route=route, caller="root", method=method, target=target)


def test_every_deviation_has_its_reason_and_every_reason_its_deviation():
    """The page and the table name the same."""
    _, table = FIDELITY.read_text().split("## Where the mock differs")
    rows = re.findall(r"^\| ([\w-]+) \|", table, re.MULTILINE)

    assert sorted(row.name for row in DEVIATIONS) == sorted(set(rows) - {"name", "---"})


def test_a_deviation_explains_its_own_lines_only():
    """Another difference of the same case stays unexplained."""
    differences = ["status: real 500, mock 404", "body.id: real 1, mock 2"]

    assert unexplained("4.15", case("GET /user/<id>", f"/api/user/{'9' * 20}"), differences) == differences[1:]


def test_a_deviation_is_about_some_versions_only():
    """What only one version does is not expected of the other."""
    differences = ['changes.role_rule: real has no such key, mock {"added": []}']

    assert unexplained("4.0", case("DELETE /role/<id>/rule/<id>"), differences) == []
    assert unexplained("4.15", case("DELETE /role/<id>/rule/<id>"), differences) == differences
