"""The adversary takes every liberty, and none besides."""

from __future__ import annotations

import pytest

from v6mockserver import v6mock

SEEDS = range(8)


def mean(df):
    """Return the mean age at one node."""
    return float(df["age"].mean())


def central(client):
    """Ask every node, and keep who answered in which order."""
    organizations = [one["id"] for one in client.organization.list()]
    task = client.task.create(input_={"method": "mean"}, organizations=organizations)
    return client.wait_for_results(task["id"])


def ended(federation, method, *, everywhere):
    """Return the decoded results of a task."""
    federation.server.algorithms.register("algorithm", {"mean": mean, "central": central})
    task = federation.ask(method, {}, everywhere=everywhere)
    return [row["result"] for row in federation.client.wait_for_results(task["id"])["data"]]


def events(federation):
    """Return what was asked for and answered, without what differs from run to run."""
    return [(str(one.caller), one.request, one.outcome, list(one.answer or ())) for one in federation.server.journal]


@pytest.mark.slow
@pytest.mark.parametrize("version", ["4.0", "4.15"])
@pytest.mark.parametrize("seed", SEEDS)
def test_a_correct_client_notices_nothing(seed, version):
    """Results are complete, lists too, and central functions have all their parts."""
    with v6mock(organizations=11, encrypted=False, version=version, adversarial=seed) as federation:
        assert len(ended(federation, "mean", everywhere=True)) == 11
        (result,) = ended(federation, "central", everywhere=False)
        assert result.count(",") == 10
        assert sorted(one["id"] for one in federation.client.organization.iter()) == federation.organizations
        assert len(federation.client.run.list(per_page=100)["data"]) == 23


def test_the_same_seed_does_the_same():
    """What happened can be had again."""
    with v6mock(organizations=2, adversarial=5) as one, v6mock(organizations=2, adversarial=5) as other:
        for federation in (one, other):
            ended(federation, "mean", everywhere=True)

        assert events(one) == events(other)


def liberties(seed):
    """Return what one seed did with each liberty."""
    with v6mock(organizations=4, encrypted=False, adversarial=seed) as federation:
        server = federation.server
        began = server.clock.now()
        ended(federation, "mean", everywhere=True)
        took = server.clock.now() - began
        headers = {"Authorization": f"Bearer {federation.login().token}"}
        page = server.session().get(f"{server.url}/api/organization", headers=headers).json()
        collaboration = federation.client.collaboration.get(federation.collaboration)
        run = federation.client.run.list()["data"][0]
        starts = [one.path for one in server.journal.where(method="PATCH", path="/run/*", status=200)]
        return {
            "order of runs": tuple(dict.fromkeys(starts)),
            "order of keys": tuple(page),
            "order of rows": page["data"][0]["id"],
            "order of methods": tuple(run["task"]["methods"]),
            "size of pages": len(page["data"]),
            "slow nodes": took.total_seconds() > 1,
            "broken requests": any(one.fault == "adversary: reset before acting" for one in server.journal),
            "expired tokens": any(one.fault == "adversary: token expired" for one in server.journal),
            "keys of objects": tuple(collaboration),
        }


@pytest.fixture(scope="module")
def taken():
    """What some seeds did."""
    return [liberties(seed) for seed in SEEDS]


@pytest.mark.slow
@pytest.mark.parametrize(
    "liberty",
    [
        "order of runs",
        "order of keys",
        "order of rows",
        "order of methods",
        "size of pages",
        "slow nodes",
        "broken requests",
        "expired tokens",
        "keys of objects",
    ],
)
def test_every_liberty_is_taken(taken, liberty):
    """Among a few seeds there are several ways."""
    assert len({one[liberty] for one in taken}) > 1


def test_time_stands_still_for_those_who_stopped_it():
    """A test that has frozen the clock counts on it."""
    with v6mock(organizations=4, encrypted=False, adversarial=1) as federation:
        federation.server.clock.freeze()
        before = federation.server.clock.now()
        ended(federation, "mean", everywhere=True)

        assert federation.server.clock.now() == before


def test_tokens_of_algorithms_last():
    """A container has no way to get another one."""
    with v6mock(organizations=11, encrypted=False, adversarial=2) as federation:
        ended(federation, "central", everywhere=False)
        expired = federation.server.journal.where(status=401)

        assert {one.caller.kind for one in expired} <= {"user", "node"}


def test_refused_requests_come_to_nothing():
    """An expired token is refused before the server acts, and the client sends the request again."""
    with v6mock(organizations=1, encrypted=False, adversarial=0) as federation:
        for number in range(30):
            federation.server.client("root").organization.create(f"new {number}", "", "", "", "", "")
        root = federation.server.client("root")

        assert sum(one["name"].startswith("new") for one in root.organization.iter()) == 30
