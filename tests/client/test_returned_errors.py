"""With errors='return' a refusal is an answer: the server's message as a dict, as from the official client."""

from __future__ import annotations

import inspect

import pytest

from v6client import UserClient
from v6client.exceptions import NotFoundError, ServerTooOldError, SessionExpiredError, UsageError


@pytest.fixture
def returning(server):
    """Root's client that returns what others raise."""
    client = UserClient(server.url, session=server.session(), errors="return")
    client.authenticate("root", "root")
    return client


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.task.get(99),
        lambda client: client.task.create(2, [2], "n", "count", "", {}),
        lambda client: client.task.create(organizations=[2], name="", image="", description="", input_={}, study=9),
        lambda client: client.node.create(99),
        lambda client: client.study.get(99, field="name"),
        lambda client: client.store.set(99),
        lambda client: client.store.list(collaboration=99, filter_=("name", "x")),
        lambda client: client.collaboration.delete(99, delete_dependents=True),
        lambda client: client.collaboration.add_organization(99, 1),
        lambda client: client.organization.update(99, name="x"),
        lambda client: client.result.from_task(99),
        lambda client: client.wait_for_results(99),
        lambda client: client.request("task/99"),
    ],
)
def test_a_refusal_is_returned(returning, call):
    """Whatever the call: of a sub-client, of the client itself, with a selection or without."""
    answer = call(returning)

    assert isinstance(answer["msg"], str)
    assert answer.keys() <= {"msg", "errors"}


def test_what_works_works_as_ever(returning):
    """Answers, selections and what a sub-client knows are the same."""
    returning.setup_collaboration(1)

    assert returning.organization.get(1)["name"] == "root"
    assert returning.organization.list(field="name", per_page=1) == [{"name": "Hospital 1"}]
    assert len([*returning.organization.iter()]) == 12
    assert returning.store.store_id is None


def test_sub_clients_look_like_themselves(returning):
    """In help() and completion."""
    assert "create" in dir(returning.task)
    assert inspect.signature(returning.task.list).parameters["study"].default is None


def test_what_is_no_answer_is_raised(returning, old_server):
    """A call that makes no sense, and one that the server does not know, have no answer to return."""
    with pytest.raises(UsageError):
        returning.task.get("x")
    old = UserClient(old_server.url, session=old_server.session(), errors="return")
    old.authenticate("root", "root")
    with pytest.raises(ServerTooOldError):
        old.study.list()


def test_a_login_that_has_ended_is_raised(server, returning):
    """Nothing works any more then, and a message would only be taken for an answer."""
    server.clock.advance(60 * 60 * 24 * 30)

    with pytest.raises(SessionExpiredError):
        returning.task.list()


def test_a_walk_raises(returning):
    """Rows come one by one, and a message is no row."""
    with pytest.raises(NotFoundError):
        [*returning.store.iter(collaboration=99)]
