"""The stage plays one request on a real server and on the mock, and sees where they differ."""

from __future__ import annotations

import pytest

from .case import Case, body
from .servers import VERSIONS
from .stage import Compared


@pytest.fixture(params=VERSIONS)
def stage(request, stages):
    """Both servers of each version, in the same world."""
    return stages[request.param]


def rename(name):
    """Let root rename their organization."""
    return Case(
        area="test",
        route="PATCH /organization/<id>",
        caller="root",
        method="PATCH",
        target="/api/organization/1",
        **body({"name": name}),
    )


def test_equal_answers_and_changes_are_no_difference(stage):
    """The same request leaves both with the same answer and the same change of state."""
    compared = stage.compare(rename("renamed"))

    assert compared.differences == []
    assert compared.real.changes["organization"] == {"1": {"name": "renamed"}}


def test_both_are_put_back(stage):
    """What a comparison changed is undone at both."""
    stage.compare(rename("renamed"))
    reading = Case(area="test", route="", caller="root", method="GET", target="/api/organization/1")

    for played in stage.play(reading):
        assert played.answer.body["name"] == "root"


def test_a_program_leaves_its_marks_until_they_are_put_back(stage):
    """Requests played one after the other see what the ones before did."""
    stage.play(rename("first"))
    real, mock = stage.play(rename("second"))
    stage.restore()

    assert real == mock
    assert real.changes["organization"] == {"1": {"name": "second"}}


def test_many_cases_are_compared_each_in_the_same_world(stage):
    """What one case changes, the next one does not see."""
    names = [f"{number}th name" for number in range(120)]
    compared = list(stage.compare_all(rename(name) for name in names))

    assert [one.differences for one in compared] == [[]] * len(names)
    assert [one.real.changes["organization"] for one in compared] == [{"1": {"name": name}} for name in names]


def test_a_difference_is_told_by_its_place(stage):
    """Where the mock answers otherwise is told, and what."""
    real = stage.real.play(rename("one"))
    mock = stage.mock.play(rename("other"))
    stage.restore()

    assert Compared(rename("one"), real, mock).differences == [
        'body.name: real "one", mock "other"',
        'changes.organization.1.name: real "one", mock "other"',
    ]
