"""The names of a database's columns: asked for by a task, as long as no node shares them."""

from __future__ import annotations

import json

import pytest

from .network import DENIED, FAILED, INPUT, INVALID, MISSING, REFUSED, deviates, made, outcome
from .work import Work, link, plain

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999


@pytest.fixture
def work(server):
    """Three organizations, two collaborations."""
    return Work(server)


def body(work, **columns):
    """Return a body that is accepted from the researcher."""
    return {
        "db_label": "default",
        "collaboration_id": work.shared["id"],
        "organizations": [{"id": work.alpha["id"], "input": INPUT}],
    } | columns


@pytest.mark.parametrize(
    ("columns", "parameters"),
    [
        ({}, {}),
        ({"sheet_name": "", "query": ""}, {}),
        ({"sheet_name": "s", "query": "SELECT 1"}, {"sheet_name": "s", "query": "SELECT 1"}),
    ],
)
def test_a_task_that_asks(work, columns, parameters):
    """It is a task like any other, with one database."""
    answer = work.researcher.post("/column", body(work, **columns))
    task = plain(made(answer))

    assert answer.status_code == 201
    assert (task["name"], task["image"]) == ("get_column_names", "ghcr.io/vantage6/algorithm-basics:latest")
    assert task["databases"] == [{"label": "default", "parameters": json.dumps(parameters, separators=(",", ":"))}]
    assert task["init_user"] == link("user", work.researcher.id)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"db_label": None}, INVALID),
        ({"db_label": 1}, INVALID),
        ({"collaboration_id": 0}, INVALID),
        ({"organizations": []}, INVALID),
        ({"organizations": [{}]}, INVALID),
        ({"organizations": "x"}, INVALID),
        ({"sheet_name": None}, INVALID),
        ({"query": 1}, INVALID),
        ({"more": 1}, INVALID),
        ({"collaboration_id": ABSENT}, MISSING),
        ({"organizations": [1]}, INVALID),
        ({"organizations": [{"id": ABSENT, "input": INPUT}]}, REFUSED),
    ],
)
def test_refused_questions(work, changes, expected):
    """A question has a label, a collaboration and organizations; then all that holds for a task holds."""
    assert outcome(work.researcher.post("/column", body(work, **changes))) == expected


@pytest.mark.parametrize("missing", ["db_label", "collaboration_id", "organizations"])
def test_what_a_question_needs(work, missing):
    """Label, collaboration and organizations."""
    question = body(work)
    del question[missing]

    assert outcome(work.researcher.post("/column", question)) == INVALID


@pytest.mark.parametrize("target", [{}, {"input": None}, {"input": 1}])
def test_a_question_without_input(work, target):
    """Not copied: the real server fails with a 500."""
    answer = work.researcher.post("/column", body(work, organizations=[{"id": work.alpha["id"], **target}]))

    assert outcome(answer) == work.server.expected(deviates(mock=REFUSED, real=FAILED))


def test_who_may_ask(work):
    """Who may create tasks there. Root may, and then cannot, because its organization is no member."""
    viewer = work.user(work.alpha, roles=["Viewer"])
    stranger = work.user(work.gamma, "task CREATE COLLABORATION")

    assert outcome(viewer.post("/column", body(work))) == DENIED
    assert outcome(stranger.post("/column", body(work))) == DENIED
    assert outcome(work.server.root.post("/column", body(work))) == DENIED


def test_nodes_do_not_ask(work):
    """Server quirk: the wrong kind of caller gets a 500."""
    assert outcome(work.node(work.alpha).post("/column", body(work))) == FAILED
