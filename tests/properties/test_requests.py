"""Requests through the client: refused ones change nothing, lists tell everything, filters keep to what they say."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from v6client.exceptions import V6ClientError
from v6mockserver import MockServer, strategies

bounded = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
versions = st.sampled_from(["4.0", "4.15"])

# One node, one task, two collaborations, and somebody with any rules.
COLLABORATIONS = [
    {
        "name": name,
        "encrypted": False,
        "participants": [{"name": "North", "online": False}],
        "tasks": [{"image": "one", "organizations": ["North"], "user": "nora"}],
    }
    for name in ("First", "Second")
]


@st.composite
def little_worlds(draw):
    """A strategy for worlds in which user nora holds a few rules."""
    held = draw(st.lists(strategies.rules(version="4.0"), max_size=8, unique=True))
    nora = {"username": "nora", "password": "Secret-42", "roles": [], "rules": held}
    return {
        "organizations": [{"name": "North", "users": [nora]}, {"name": "South"}],
        "collaborations": COLLABORATIONS,
    }


@pytest.mark.slow
@bounded
@given(version=versions, seed=little_worlds(), program=strategies.programs(["nora"], version="4.0"))
def test_what_a_client_may_not_do_changes_nothing(version, seed, program):
    """A request that is refused leaves the server as it was, to the last row."""
    server = MockServer(seed, version=version)
    server.clock.freeze()  # when somebody was last seen is no change
    nora = server.client("nora")

    for request in program:
        before = server.dump()["tables"]  # and not the number of tokens, which a client that is refused renews
        try:
            request.send(nora)
        except V6ClientError:
            assert server.dump()["tables"] == before


@pytest.mark.slow
@bounded
@given(version=versions, seed=little_worlds(), program=strategies.programs(["nora"], version="4.0"))
def test_the_smallest_role_is_enough_and_no_more(version, seed, program):
    """Given the rules that the audit found, and no others, the same requests are allowed."""
    server = MockServer(seed, version=version)
    server.audit.start()
    allowed = sent(server, program)
    smallest = [str(rule) for rule in server.audit.smallest_role("nora")]
    seed["organizations"][0]["users"][0]["rules"] = smallest

    assert sent(MockServer(seed, version=version), allowed) == allowed


def sent(server, program):
    """Send requests as nora, and return those that were allowed."""
    nora, allowed = server.client("nora"), []
    for request in program:
        try:
            request.send(nora)
        except V6ClientError:
            continue
        allowed.append(request)
    return allowed


NOUNS = {"4.0": ("organization", "collaboration", "user", "role", "node", "task", "run", "rule")}
NOUNS["4.15"] = (*NOUNS["4.0"], "study", "store")
SCOPED = {"collaboration"}
"""Lists that have only one's own unless one asks for all."""


@pytest.mark.slow
@bounded
@given(version=versions, data=st.data(), size=st.integers(1, 30))
def test_lists_are_what_was_created(version, data, size):
    """Page by page, of any size, and as a walk: every row of the server's, once."""
    seed = data.draw(strategies.worlds(version=version))
    server = MockServer(seed, version=version)
    root, tables = server.client("root"), server.dump()["tables"]

    for noun in NOUNS[version]:
        ids = sorted(row["id"] for row in tables["algorithm_store" if noun == "store" else noun])
        calls = getattr(root, noun)
        scope = {"scope": "global"} if noun in SCOPED else {}
        pages = [calls.list(page=page + 1, per_page=size, **scope)["data"] for page in range(-(-len(ids) // size))]

        assert sorted(row["id"] for page in pages for row in page) == ids
        assert max((len(page) for page in pages), default=0) <= size
        assert sorted(row["id"] for row in calls.iter(**scope)) == ids


@pytest.mark.slow
@settings(bounded, max_examples=8)
@given(count=st.integers(0, 350))
def test_walks_of_many_pages(count):
    """However many rows there are, a walk shows each of them once; the client asks for a hundred at a time."""
    server = MockServer({"organizations": [{"name": f"Clinic {number}"} for number in range(count)]})

    ids = [row["id"] for row in server.client("root").organization.iter()]

    assert ids == list(range(1, count + 2))


FILTERS = {
    "tasks of a collaboration": ("task", "collaboration", "collaboration", "collaboration_id"),
    "tasks of an organization": ("task", "initiating_org", "organization", "init_org_id"),
    "subtasks": ("task", "parent", "task", "parent_id"),
    "runs of a task": ("run", "task", "task", "task_id"),
    "runs of an organization": ("run", "organization", "organization", "organization_id"),
    "nodes of a collaboration": ("node", "collaboration", "collaboration", "collaboration_id"),
    "nodes of an organization": ("node", "organization", "organization", "organization_id"),
    "users of an organization": ("user", "organization", "organization", "organization_id"),
}
"""Noun, argument of its lists, the table that it chooses from, and the column that it compares."""


@pytest.mark.slow
@bounded
@given(data=st.data())
def test_filters_keep_to_what_they_say(data):
    """The rows with that value, all of them, and no others."""
    server = MockServer(data.draw(strategies.worlds(min_organizations=2)))
    root, tables = server.client("root"), server.dump()["tables"]

    for noun, argument, table, column in FILTERS.values():
        for chosen in tables[table]:
            rows = getattr(root, noun).iter(**{argument: chosen["id"]})
            wanted = [row["id"] for row in tables[noun] if row[column] == chosen["id"]]
            assert sorted(row["id"] for row in rows) == sorted(wanted)
