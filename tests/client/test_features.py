"""What an older server lacks is said, and never guessed."""

from __future__ import annotations

import pytest

from v6client import _features
from v6client.exceptions import ServerTooOldError

CALL = {"organizations": [3], "name": "n", "image": "count", "description": "", "input_": {}}


@pytest.fixture
def old(old_server):
    """Root's client on 4.0."""
    return old_server.client("root")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda client: client.study.list(), "GET study needs a server of version 4.3"),
        (lambda client: client.study.get(1), "GET study/1 needs a server of version 4.3"),
        (lambda client: client.study.create("S", [2], 1), "POST study needs a server of version 4.3"),
        (lambda client: client.study.update(1, name="S"), "PATCH study/1 needs"),
        (lambda client: client.study.delete(1), "DELETE study/1 needs"),
        (lambda client: client.study.add_organization(2, 1), "POST study/1/organization needs"),
        (lambda client: client.study.remove_organization(2, 1), "DELETE study/1/organization needs"),
        (lambda client: next(client.store.iter()), "GET algorithmstore needs a server of version 4.3"),
        (lambda client: client.store.set(1), "GET algorithmstore/1 needs"),
        (lambda client: client.store.create("http://x.org", "n", 1), "POST algorithmstore needs"),
        (lambda client: client.organization.delete(3), r"DELETE organization/3 needs a server of version 4\.7"),
        (lambda client: client.organization.list(study=1), r"organization\.list\(study=\) needs .* 4\.3"),
        (lambda client: client.node.list(study=1), r"node\.list\(study=\) needs .* 4\.3"),
        (lambda client: client.task.list(study=1), r"task\.list\(study=\) needs .* 4\.3"),
        (lambda client: next(client.task.iter(store=1)), r"task\.list\(store=\) needs .* 4\.6"),
        (lambda client: client.task.create(**CALL, study=1), r"task\.create\(study=\) needs .* 4\.3"),
        (lambda client: client.task.create(1, **CALL, store=1), r"task\.create\(store=\) needs .* 4\.6"),
        (lambda client: client.task.create(1, **CALL, server_url="http://x.org"), r"server_url=\) needs .* 4\.8"),
        (lambda client: client.collaboration.list(algorithm_store=1), r"list\(algorithm_store=\) needs .* 4\.5"),
    ],
)
def test_an_old_server_lacks_it(old, call, said):
    """The error has the call, the release that has it, and the one that was met."""
    with pytest.raises(ServerTooOldError, match=rf"{said}.* has version 4\.0\.3"):
        call(old)


def test_nothing_is_asked_where_nothing_is_in_doubt(server):
    """Only arguments that an old server would pass over cost a question, and that once."""
    client = server.client("root")
    study = client.study.create("S", [2], 1)["id"]
    client.node.list()
    asked_before = len(server.journal.where(path="/version"))

    client.node.list(study=study)
    client.task.list(study=study)

    assert asked_before == 0
    assert len(server.journal.where(path="/version")) == 1


def test_a_route_that_no_release_has_is_told_as_it_is(old):
    """There is no version to name."""
    with pytest.raises(ServerTooOldError, match="has no route for GET nothing"):
        old.connection.request("GET", "nothing")


def test_a_server_that_does_not_tell_its_version(old_server, old):
    """What is known of the route is said all the same."""
    old_server.faults.on(path="/version").answer(500, body={"msg": "no"})

    with pytest.raises(ServerTooOldError, match="has no route for GET study"):
        old.study.list()


def test_a_new_server_without_the_route(server, root):
    """Then something else is wrong with it than its age."""
    server.faults.on(path="/study").answer(404, body="<p>")

    with pytest.raises(ServerTooOldError, match="has no route for GET study"):
        root.study.list()


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        ("4.0.3", "4.3", True),
        ("4.10.0", "4.3", False),
        ("4.3.0rc1", "4.3", False),
        ("3.11", "4.3", True),
        ("5.0.0", "4.13", False),
        ("development", "4.3", False),
    ],
)
def test_versions(version, than, expected):
    """They are compared as numbers; a build without any is taken for the newest."""
    assert _features._is_older(version, than) is expected
