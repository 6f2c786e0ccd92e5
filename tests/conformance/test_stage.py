"""The stage plays one request on a real server and on the mock, and sees where they differ."""

from __future__ import annotations

import pytest

from .case import Case, body
from .servers import CAN_MAIL, VERSIONS, RealServer
from .stage import Stage, make_world


@pytest.fixture(scope="module", params=VERSIONS)
def stage(request):
    """Both servers of each version, in the same world."""
    with RealServer(request.param, CAN_MAIL) as real:
        yield Stage(real, *make_world(real))


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
    played, differences = stage.compare(rename("renamed"))

    assert differences == []
    assert played.changes["organization"] == {"1": {"name": "renamed"}}


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


def test_a_difference_is_told(stage):
    """What the mock answers otherwise is told by its place."""
    real = stage.real.play(rename("one"))
    mock = stage.mock.play(rename("other"))
    stage.restore()

    assert real.answer.status == mock.answer.status
    assert real.answer.body["name"] != mock.answer.body["name"]
