"""The audit: which rules decided, and which ones a script could not have done without."""

from __future__ import annotations

from contextlib import suppress

import pytest

from v6client.exceptions import PermissionDeniedError, V6ClientError
from v6mockserver import MockServer, MockUsageError
from v6mockserver._wsgi import WSGIAdapter

SEED = {
    "organizations": [
        {
            "name": "North",
            "users": [
                {"username": "nora", "password": "p", "roles": ["Researcher"]},
                {"username": "olga", "password": "p", "roles": ["Collaboration Admin"]},
            ],
        },
        {"name": "South"},
        {"name": "Far"},
    ],
    "collaborations": [
        {
            "name": "All",
            "encrypted": False,
            "participants": [{"name": "North"}, {"name": "South"}],
            "tasks": [{"image": "one", "user": "olga"}],
        }
    ],
}


@pytest.fixture(params=["4.0", "4.15"])
def server(request):
    """A server whose audit is on."""
    server = MockServer(SEED, version=request.param)
    server.algorithms.register("one", {"one": lambda: 1})
    server.audit.start()
    return server


def script(client):
    """Run a task at all organizations, and look at its results and nothing else."""
    members = [row["id"] for row in client.organization.list(collaboration=1)["data"]]
    task = client.task.create(1, members, "t", "one", "", {"method": "one"})
    return [row["result"] for row in client.wait_for_results(task["id"])["data"]]


def texts(rules):
    """Return rules as seeds call them."""
    return [str(rule) for rule in rules]


def with_rules(server, rules):
    """Return the client of a new user of North, who holds these rules and nothing else."""
    root = server.client("root")
    ids = {f"{one['name']} {one['operation']} {one['scope']}": one["id"] for one in root.rule.iter()}
    held = [ids[text] for text in texts(rules)]
    root.user.create("will", "Will", "W", "Secret-Pass-42", "will@north.example", 2, rules=held)
    return server.client("will", "Secret-Pass-42")


def test_it_is_off_until_it_is_started():
    """What nobody asks for is not written down."""
    server = MockServer(SEED)

    server.client("nora").organization.list()

    assert not server.audit.exercised()
    with pytest.raises(MockUsageError, match=r"server.audit.start\(\) starts it"):
        server.audit.smallest_role("nora")


def test_rules_that_allowed_something_are_counted(server):
    """By whom they were held does not matter, unless one asks."""
    server.client("root").organization.create("West", "", "", "", "", "")
    server.client("nora").task.list()

    counted = server.audit.exercised()

    assert {"organization CREATE GLOBAL", "task VIEW COLLABORATION"} <= set(texts(counted))
    assert "organization CREATE GLOBAL" not in texts(server.audit.exercised("nora"))


def test_trials_do_not_count(server):
    """Finding the smallest role changes neither the counts nor the server."""
    script(server.client("nora"))
    before, counted = server.dump(), server.audit.exercised()

    server.audit.smallest_role("nora")

    assert server.dump() == before
    assert server.audit.exercised() == counted


def test_the_smallest_role_is_enough(server):
    """Whoever holds it, and nothing else, can run the script, with the same outcome."""
    outcome = script(server.client("nora"))
    smallest = server.audit.smallest_role("nora")

    assert script(with_rules(server, smallest)) == outcome == ["1", "1"]


def test_no_rule_of_the_smallest_role_can_be_left_out(server):
    """Without any one of them the script is refused, or sees less."""
    outcome = script(server.client("nora"))
    smallest = server.audit.smallest_role("nora")
    before = server.snapshot()

    for left_out in smallest:
        server.restore(before)
        client = with_rules(server, [rule for rule in smallest if rule is not left_out])
        with suppress(V6ClientError):
            assert script(client) != outcome


def test_the_smallest_role_is_narrow(server):
    """Root can do anything; this needs to see one's own organization."""
    client = server.client("root")
    client.organization.get(1)

    assert texts(server.audit.smallest_role("root")) == ["organization VIEW ORGANIZATION"]


def test_a_part_of_the_journal(server):
    """Of a long test run, some requests may be what matters."""
    client = server.client("nora")
    seen = len(server.journal)
    client.task.list()

    smallest = server.audit.smallest_role("nora", server.journal[seen:])

    assert texts(smallest) == ["task VIEW ORGANIZATION"]


def test_what_was_refused_needs_no_rule(server):
    """A script that gets a refusal gets it again."""
    client = server.client("nora")
    client.task.list()
    with pytest.raises(PermissionDeniedError):
        client.organization.create("West", "", "", "", "", "")

    assert "organization CREATE GLOBAL" not in texts(server.audit.smallest_role("nora"))


def test_a_slip_of_the_pen(server):
    """A name that nobody has is told apart from somebody who did nothing."""
    with pytest.raises(MockUsageError, match="there is no user 'norah'; there are nora, olga, root"):
        server.audit.smallest_role("norah")


def test_it_outlives_a_reset(server):
    """Tests share a server; a report is about all of them."""
    server.client("nora").task.list()

    server.reset()

    assert texts(server.audit.smallest_role("nora"))


def test_nobody_else_is_asked_again():
    """A trial of a request in which the server asked a store does not ask it once more."""
    asked = []

    def store(environ, start_response):
        asked.append(environ["PATH_INFO"])
        start_response("201 Created", [("Content-Type", "application/json")])
        return [b"{}"]

    server = MockServer(SEED)
    server.outgoing.mount("https://store.example", WSGIAdapter(store))
    server.audit.start()
    server.client("root").store.create("https://store.example/api", "S", 1)
    heard = list(asked)

    smallest = server.audit.smallest_role("root")

    assert heard
    assert asked == heard
    assert "collaboration EDIT GLOBAL" in texts(smallest)
