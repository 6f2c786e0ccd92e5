"""Any schedule of faults ends in success or in one typed error, and nothing is done twice."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from v6client.exceptions import V6ClientError
from v6mockserver import MockServer

bounded = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PAGE = "<html><body>Bad Gateway</body></html>"
EFFECTS = {
    "reset": lambda fault: fault.reset(),
    "reset after": lambda fault: fault.reset(acted=True),
    "500": lambda fault: fault.answer(500),
    "500 after": lambda fault: fault.answer(500, acted=True),
    "502": lambda fault: fault.answer(502, body=PAGE),
    "503": lambda fault: fault.answer(503),
    "404": lambda fault: fault.answer(404),
    "html": lambda fault: fault.answer(200, body=PAGE),
    "truncated": lambda fault: fault.truncate(),
    "mislabelled": lambda fault: fault.mislabel(),
    "empty": lambda fault: fault.empty(),
    "late": lambda fault: fault.delay(61),
}
HARMLESS = {"mislabelled"}  # what is JSON is read, whatever it is called

NAMES = [f"Clinic {number}" for number in range(12)]
NORA = {"username": "nora", "password": "Secret-42", "roles": ["Researcher"]}
SEED = {
    "organizations": [{"name": name, "users": [NORA] if name == NAMES[0] else []} for name in NAMES],
    "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": name} for name in NAMES]}],
}

schedules = st.lists(st.tuples(st.integers(0, 6), st.sampled_from(sorted(EFFECTS))), max_size=3)
expiries = st.sets(st.integers(0, 3))


def story(server, expire):
    """Run a task at all organizations, with time for tokens to expire between the steps."""
    client = server.client("nora")
    members = [row["id"] for row in client.organization.iter(collaboration=1)]
    expire(0)
    task = client.task.create(1, members, "t", "one", "", {"method": "one"})["id"]
    expire(1)
    results = client.wait_for_results(task, interval=0.01, timeout=5)["data"]
    expire(2)
    return len(members), len(results), {row["result"] for row in results}, client.task.get(task)["status"]


@pytest.fixture(scope="module")
def server():
    """One server for all examples."""
    server = MockServer(SEED)
    server.algorithms.register("one", {"one": lambda: 1})
    return server


def sent_twice(server):
    """Return the changes that nora sent again after the server had, or may have, taken them."""
    changes = Counter(
        (one.path, str(one.body))
        for one in server.journal.where(method="POST")
        if str(one.caller) in {"None", "user nora"} and one.status != 401 and not one.path.endswith("/token/refresh")
    )
    return [change for change, times in changes.items() if times > 1]


@pytest.mark.slow
@bounded
@given(schedule=schedules, expiries=expiries)
def test_any_schedule_of_faults(server, schedule, expiries):
    """Success has one outcome, anything else is an error of the client's own that says something."""
    server.reset()
    server.clock.freeze()
    for after, effect in schedule:
        EFFECTS[effect](server.faults.on(caller="user nora", after=after))

    error = None
    try:
        outcome = story(server, lambda step: server.clock.advance(7 * 3600) if step in expiries else None)
    except V6ClientError as raised:
        error = raised

    if error is None:
        assert outcome == (12, 12, {"1"}, "completed")
    else:
        assert str(error)
        assert {effect for _, effect in schedule} - HARMLESS
    assert sent_twice(server) == []


@pytest.mark.slow
@bounded
@given(effect=st.sampled_from(sorted(EFFECTS)))
def test_a_task_is_created_once(server, effect):
    """Or not at all: whatever happens to the request, it is not sent again."""
    server.reset()
    EFFECTS[effect](server.faults.on(caller="user nora", method="POST", path="/task"))

    with suppress(V6ClientError):
        story(server, lambda _: None)

    assert sent_twice(server) == []
    assert len(server.dump()["tables"]["task"]) <= 1
