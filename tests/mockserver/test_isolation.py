"""Several servers in one process, and several threads on one server, see no trace of each other."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import flask
import pandas as pd
import pytest

from v6client.exceptions import PermissionDeniedError
from v6mockserver import MockServer

THREADS = 8


def world(pairs=THREADS):
    """Return a seed: so many encrypted collaborations of two organizations, each with a user of its own."""
    organizations, collaborations = [], []
    for number in range(pairs):
        names = [f"{number} left", f"{number} right"]
        person = {"username": f"user{number}", "password": "Secret-42", "roles": ["Researcher"]}
        organizations += [{"name": names[0], "users": [person]}, {"name": names[1]}]
        frame = pd.DataFrame({"x": [number]})
        participants = [{"name": name, "databases": {"default": frame}} for name in names]
        collaborations.append({"name": f"{number}", "encrypted": True, "participants": participants})
    return {"organizations": organizations, "collaborations": collaborations}


def central(client):
    """Ask both organizations for their number, through a subtask."""
    ids = [one["id"] for one in client.organization.list()]
    return client.wait_for_results(client.task.create({"method": "partial"}, ids)["id"])


def partial(df):
    """Return the one number in the data."""
    return int(df["x"][0])


@pytest.mark.slow
@pytest.mark.parametrize("execution", ["inline", "thread"])
def test_eight_threads_on_one_server(execution):
    """Eight users work at once, each in a collaboration of their own, and each sees their own results only."""
    server = MockServer(world(), execution=execution)
    server.algorithms.register("ask", {"central": central, "partial": partial})
    together = Barrier(THREADS)

    def work(number):
        client = server.client(f"user{number}")
        client.setup_encryption(server.private_keys[f"{number} left"])
        (place,) = client.collaboration.list()["data"]
        together.wait(timeout=30)
        outcomes = []
        for _ in range(3):
            task = client.task.create(
                place["id"], [client.whoami.organization_id], "ask", "ask", "", {"method": "central"}, "default"
            )
            (row,) = client.wait_for_results(task["id"], timeout=30)["data"]
            outcomes.append(json.loads(row["result"]))
        seen = {task["collaboration"]["id"] for task in client.task.iter()}
        return outcomes, seen == {place["id"]}, len(list(client.run.iter()))

    with ThreadPoolExecutor(THREADS) as pool:
        results = list(pool.map(work, range(THREADS)))
    server.nodes.stop()

    assert results == [([[number, number]] * 3, True, 9) for number in range(THREADS)]


def test_two_servers_have_nothing_in_common():
    """What is created in one is not in the other, and neither takes the other's tokens."""
    one, other = MockServer(), MockServer()
    client = one.client()
    client.organization.create("North", "", "", "", "", "")
    one.algorithms.register("image", {})
    one.clock.advance(3600)

    assert [row["name"] for row in other.client().organization.list()["data"]] == ["root"]
    assert "image" not in other.algorithms
    assert other.clock.now() < one.clock.now()
    headers = {"Authorization": f"Bearer {client.token}"}
    assert other.session().get(f"{other.url}/api/user", headers=headers).status_code == 422


def test_two_servers_at_once():
    """Requests that cross each other in two threads end up where they belong."""
    servers = [MockServer(world(1)) for _ in range(2)]
    together = Barrier(2)

    def work(server):
        client = server.client()
        together.wait(timeout=30)
        for number in range(50):
            client.organization.create(f"{id(server)} {number}", "", "", "", "", "")
        return {row["name"].partition(" ")[0] for row in client.organization.iter()} - {"root", "0"}

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(work, servers)) == [{str(id(server))} for server in servers]


def test_threads_lose_nothing():
    """Eight threads create users at the same time: each gets an id of its own, and all of them are there."""
    server = MockServer()
    together = Barrier(THREADS)

    def work(thread):
        client = server.client()
        together.wait(timeout=30)
        names = [f"user-{thread}-{number}" for number in range(15)]
        return [client.user.create(name, "a", "b", "Secret-42", f"{name}@x.org")["id"] for name in names]

    with ThreadPoolExecutor(THREADS) as pool:
        ids = [id_ for made in pool.map(work, range(THREADS)) for id_ in made]

    assert len(set(ids)) == THREADS * 15
    assert {row["id"] for row in server.client().user.iter()} == {1, *ids}


def test_a_member_of_one_collaboration_does_not_see_another():
    """The server itself keeps them apart."""
    server = MockServer(world(2))

    with pytest.raises(PermissionDeniedError):
        server.client("user0").collaboration.get(2)


def test_an_application_of_flask_has_no_say_while_it_is_tested():
    """Its limit on bodies is for its own requests."""
    theirs = flask.Flask("theirs")
    theirs.config["MAX_CONTENT_LENGTH"] = 10
    client = MockServer().client()

    with theirs.test_request_context():
        assert client.organization.create("North", "", "", "", "NL", "")["name"] == "North"
