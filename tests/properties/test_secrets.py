"""What was encrypted for one organization no other can read, and neither can the server."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from v6client.exceptions import WrongKeyError
from v6mockserver import MockServer
from v6mockserver.strategies import WORDS, inputs

NAMES = ("North", "South", "West")
SEED = {
    "organizations": [
        {"name": name, "users": [{"username": name, "password": "Secret-42", "roles": ["Researcher"]}]}
        for name in NAMES
    ],
    "collaborations": [
        {"name": "All", "encrypted": True, "participants": [{"name": name, "node": name} for name in NAMES]}
    ],
}
bounded = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
someone = st.sampled_from(range(3))


@pytest.fixture(scope="module")
def server():
    """A server whose algorithm is the test, which sees what nodes have made of an input."""
    return MockServer(SEED, execution="manual")


def client_of(server, name):
    """Return the client of an organization's researcher, with the key."""
    client = server.client(name)
    client.setup_encryption(server.private_keys[name])
    return client


@pytest.mark.slow
@bounded
@given(
    owner=someone,
    reader=someone,
    picks=st.lists(someone, min_size=1, unique=True),
    asked=inputs(methods=WORDS, arguments=st.text("ab", min_size=8, max_size=9)),
    result=st.text("cd", min_size=8, max_size=9),
)
def test_only_those_it_is_for_can_read_it(server, owner, reader, picks, asked, result):
    """Nodes read inputs, the researcher who asked reads results, and the other organizations read neither."""
    server.reset()
    asking, reading = client_of(server, NAMES[owner]), client_of(server, NAMES[reader])
    members = [pick + 2 for pick in picks]
    task = asking.task.create(1, members, "t", "one", "", asked)["id"]
    for pick in picks:
        (run,) = server.nodes[NAMES[pick]].runs
        assert run.input == asked
        run.complete(result)

    assert {row["result"] for row in asking.result.from_task(task)["data"]} == {json.dumps(result)}
    if owner != reader:
        with pytest.raises(WrongKeyError):
            reading.result.from_task(task)
    for row in reading.run.from_task(task)["data"]:
        assert (row["organization"]["id"] == reader + 2) == (row["input"] == json.dumps(asked))
    stored = json.dumps(server.dump()["tables"]["run"])
    for text in (json.dumps(asked), json.dumps(result)):
        assert text not in stored
        assert b64encode(text.encode()).decode() not in stored
