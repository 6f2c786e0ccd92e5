"""Answers that no vantage6 server gives: the error says to which call, and what they lack."""

from __future__ import annotations

from pathlib import Path

import pytest

from v6client.exceptions import MalformedAnswerError

from .test_http import tokens

KEY = Path(__file__).parents[2] / "fixtures/keys/insecure-test-key-01.pem"


def create(client, **where):
    """Create a task."""
    client.task.create(organizations=[2], name="n", image="count", description="", input_={}, **where)


@pytest.mark.parametrize(
    ("path", "field", "call"),
    [
        ("user/2", "firstname", lambda client: client.authenticate("nora", "Secret-42")),
        ("organization/2", "name", lambda client: client.authenticate("nora", "Secret-42")),
        ("organization/2", "name", lambda client: client.setup_encryption(KEY)),
        ("collaboration/1", "encrypted", lambda client: create(client, collaboration=1)),
        ("study/1", "collaboration.id", lambda client: create(client, study=1)),
        ("task/1", "collaboration.id", lambda client: client.result.from_task(1)),
        ("version", "version", lambda client: client.task.list(study=1)),
        ("run/1", "id", lambda client: client.run.get(1)),
        ("result/1", "id", lambda client: client.result.get(1)),
        ("user/2", "id", lambda client: client.user.get(field="username")),
    ],
)
@pytest.mark.parametrize("answer", [[], {}, {"msg": "hello", "collaboration": 1}])
def test_an_answer_without_what_is_needed_is_an_error(server, nora, path, field, call, answer):
    """Something else answers, or a release that is not known yet."""
    server.faults.on(path=f"/{path}").answer(200, body=answer)

    with pytest.raises(MalformedAnswerError, match=f"GET {path} was answered without '{field}'"):
        call(nora)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {"msg": "hello"},
        {"data": []},
        *({"data": data, "links": {}} for data in (1, {}, [1], [{"name": "x"}], [{"id": [1]}])),
    ],
)
@pytest.mark.parametrize("method", ["list", "iter"])
def test_an_answer_that_is_no_page_is_an_error(server, root, method, answer):
    """Nothing is taken for an empty list."""
    server.faults.on(path="/organization").answer(200, body=answer)

    with pytest.raises(MalformedAnswerError, match="GET organization was not answered with a page"):
        list(getattr(root.organization, method)())


@pytest.mark.parametrize(
    ("path", "field", "call"),
    [
        ("organization", "name", lambda client, task: client.result.from_task(task)),
        ("run", "organization.id", lambda client, task: client.result.from_task(task)),
        ("run", "input", lambda client, task: client.run.from_task(task)),
        ("result", "result", lambda client, task: client.result.from_task(task)),
    ],
)
def test_a_row_without_what_is_needed_is_an_error(server, nora, path, field, call):
    """As much as an object that lacks it."""
    task = nora.task.create(2, [2], "n", "count", "", {"method": "count"})["id"]
    server.faults.on(path=f"/{path}").answer(200, body={"data": [{"id": 1}], "links": {}})

    with pytest.raises(MalformedAnswerError, match=f"GET {path} was answered without '{field}'"):
        call(nora, task)


def test_a_token_for_nobody_is_an_error(server, nora):
    """Nobody would know who is logged in."""
    server.faults.on(path="/token/user").answer(200, body=tokens())

    with pytest.raises(MalformedAnswerError, match="does not say whom it is for"):
        nora.authenticate("nora", "Secret-42")
