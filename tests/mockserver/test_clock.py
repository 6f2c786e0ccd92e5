"""The server's clock, seen through the API: what ends by age ends when the clock says so."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from v6mockserver import Clock, MockServer

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)


@pytest.fixture
def server():
    """A server at noon."""
    server = MockServer()
    server.clock.freeze(NOON)
    return server


def login(server):
    """Return an access and a refresh token of root."""
    body = {"username": "root", "password": "root"}
    answer = server.session().post(f"{server.url}/api/token/user", json=body).json()
    return answer["access_token"], answer["refresh_token"]


def status(server, token, *, method="GET", path="user/1"):
    """Return the status that a request with this token is answered with."""
    headers = {"Authorization": f"Bearer {token}"}
    return server.session().request(method, f"{server.url}/api/{path}", headers=headers).status_code


@pytest.mark.parametrize(("after", "expected"), [(6 * HOUR - timedelta(seconds=1), 200), (6 * HOUR, 401)], ids=str)
def test_an_access_token_lives_six_hours(server, after, expected):
    """To the second."""
    access, _ = login(server)
    server.clock.advance(after)

    assert status(server, access) == expected


@pytest.mark.parametrize(("after", "expected"), [(48 * HOUR - timedelta(seconds=1), 200), (48 * HOUR, 401)], ids=str)
def test_a_refresh_token_lives_two_days(server, after, expected):
    """To the second."""
    _, refresh = login(server)
    server.clock.advance(after)

    assert status(server, refresh, method="POST", path="token/refresh") == expected


def test_a_token_is_not_valid_before_its_time(server):
    """A clock that was set back makes tokens that are from the future."""
    access, _ = login(server)
    server.clock.freeze(NOON - HOUR)

    assert status(server, access) == 422


def test_a_clock_that_runs_is_let_run():
    """To unfreeze it changes nothing, how far ahead it is included."""
    clock = Clock()
    clock.advance(HOUR)
    before = clock.dump()

    clock.unfreeze()

    assert clock.dump() == before


def test_what_is_created_has_the_time_of_the_clock(server):
    """And so is when somebody was seen."""
    server.client().organization.list()

    assert server.client().user.get()["last_seen"] == "2026-01-01T12:00:00"


def test_a_locked_account_opens_by_the_clock(server):
    """Fifteen minutes after the last failure that counted."""
    session, url = server.session(), f"{server.url}/api/token/user"
    for _ in range(5):
        session.post(url, json={"username": "root", "password": "wrong"})
    right = {"username": "root", "password": "root"}
    assert session.post(url, json=right).status_code == 401

    server.clock.advance(timedelta(minutes=15))

    assert session.post(url, json=right).status_code == 200


def test_threads_may_move_the_clock(server):
    """No second is lost."""
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(server.clock.advance, [1] * 400))

    assert server.clock.now() - NOON == timedelta(seconds=400)


API_KEY = "123e4567-e89b-12d3-a456-426614174000"
SEED = {
    "organizations": [{"name": "North"}],
    "collaborations": [{"name": "Poles", "participants": [{"name": "North", "node": "polar", "api_key": API_KEY}]}],
}


@pytest.fixture
def federation():
    """A server whose one node is online, and whose clock stands still."""
    server = MockServer(SEED)
    server.clock.freeze()
    return server


def polar(server):
    """Return what the API says of the one node."""
    (node,) = server.client().node.list()["data"]
    return node


def test_a_connected_node_stays_online(federation):
    """It gives signs of life, and so it was seen."""
    federation.clock.advance(7 * HOUR)

    node = polar(federation)
    assert node["status"] == "online"
    assert node["last_seen"] == federation.clock.text()


def test_a_node_that_was_started_again_stays_online(federation):
    """The one whose place it took leaves without it."""
    before = federation.nodes["polar"]
    federation.nodes.start(API_KEY, private_key=federation.private_keys["North"])

    before.go_offline()

    assert polar(federation)["status"] == "online"


@pytest.mark.parametrize(("after", "expected"), [(64, "online"), (65, "online"), (129, "online"), (130, "offline")])
def test_a_node_that_falls_silent_is_set_offline(federation, after, expected):
    """Every 65 seconds the server looks who was not seen since it looked last; this one was, the first time."""
    server = MockServer.load(federation.dump())
    server.clock.advance(1)
    node = server._world.node.first("name", "polar")
    server._world.node.replace(replace(node, last_seen=server.clock.text()))

    server.clock.advance(after - 1)

    assert polar(server)["status"] == expected


def test_a_node_that_lost_contact_is_silent(federation):
    """It believes itself offline long before the server does."""
    federation.nodes["polar"].lose_contact()
    assert not federation.nodes["polar"].is_online
    assert polar(federation)["status"] == "online"

    federation.clock.advance(130)

    assert polar(federation)["status"] == "offline"


def test_losing_contact_twice_does_no_harm(federation):
    """Nor does it to a node that is offline."""
    federation.nodes["polar"].lose_contact()
    federation.nodes["polar"].lose_contact()

    assert polar(federation)["status"] == "online"


@pytest.mark.slow
def test_a_silent_node_hears_nothing_until_it_is_back():
    """Its runs wait for it."""
    server = MockServer.demo()
    server.algorithms.register("image", {"one": lambda df: 1})
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    server.nodes["Cleveland"].lose_contact()
    client.task.create(1, [2], "one", "image", "", {"method": "one"}, databases="default")
    assert [run["status"] for run in client.run.iter()] == ["pending"]

    server.nodes["Cleveland"].go_online()

    assert [run["status"] for run in client.run.iter()] == ["completed"]


def test_requests_are_signs_of_life(federation):
    """A silent node whose runs still report is not set offline."""
    federation.nodes["polar"].lose_contact()
    for _ in range(4):
        federation.clock.advance(60)
        federation.nodes["polar"]._connection.request("GET", "node/2")

    assert polar(federation)["status"] == "online"


def test_a_clock_that_is_set_back_sets_nobody_offline(federation):
    """The watchdog starts again from there."""
    federation.clock.freeze(NOON)
    assert polar(federation)["status"] == "online"

    federation.clock.advance(7 * HOUR)

    assert polar(federation)["status"] == "online"


def test_a_dump_shows_who_is_silent(federation):
    """As a request would."""
    federation.nodes["polar"].lose_contact()
    federation.clock.advance(130)

    (node,) = federation.dump()["tables"]["node"]
    assert node["status"] == "offline"


def test_restoring_starts_the_watchdog_again(federation):
    """Nobody is set offline for time that has not passed."""
    snapshot = federation.snapshot()
    federation.nodes["polar"].lose_contact()
    federation.clock.advance(HOUR)
    federation.restore(snapshot)

    federation.clock.advance(64)

    assert polar(federation)["status"] == "online"


@pytest.mark.parametrize("delta", ["1h", None, 1e12, float("nan"), timedelta(days=999_999_999)], ids=str)
def test_a_step_that_is_none_is_refused(delta):
    """The clock stays where it is, and goes on."""
    clock = Clock()
    clock.freeze()
    before = clock.now()

    with pytest.raises(ValueError, match="cannot move by"):
        clock.advance(delta)
    assert clock.now() == before


def test_freezing_at_text_is_refused():
    """The message shows what to give."""
    with pytest.raises(ValueError, match=r"'2026-01-01' is no datetime"):
        Clock().freeze("2026-01-01")
