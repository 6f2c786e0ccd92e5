"""The policies of nodes: what they let run, and what the server hears of them."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError
from v6mockserver import MockServer, MockUsageError, Policies

from .federation import Study, seed

IMAGE = "example.org/average:1.2"
STORE = "https://store.example.org/api"
OBJECTS = {"organization/2": {"name": "North"}, "algorithmstore/5": {"url": STORE}}

ALLOWED = [
    {},
    {"allowed_algorithms": IMAGE},
    {"allowed_algorithms": ["other", IMAGE]},
    {"allowed_algorithms": "example.org/average"},
    {"allowed_algorithms": r"example\.org/.*"},
    {"allowed_algorithms": "example.org/a*"},
    {"allowed_algorithm_stores": STORE},
    {"allowed_algorithm_stores": r"https://store\..*"},
    {"allowed_algorithms": "other", "allowed_algorithm_stores": STORE, "allow_either_whitelist_or_store": True},
    # Node quirk: where one of the two is empty, it allows all, and so do both (4.15.2).
    {"allowed_algorithms": "other", "allow_either_whitelist_or_store": True},
    {"allowed_users": [7]},
    {"allowed_users": "7"},
    {"allowed_users": [8], "allowed_organizations": [2]},
    {"allowed_organizations": "North"},
    {"allow_basics_algorithm": False},
]
FORBIDDEN = [
    {"allowed_algorithms": "other"},
    {"allowed_algorithms": "example.org/average:1"},
    {"allowed_algorithms": "example.org"},
    {"allowed_algorithms": r"average.*"},
    {"allowed_algorithms": "example.org.average:1.2"},
    {"allowed_algorithm_stores": "https://store.example.org"},
    {"allowed_algorithms": IMAGE, "allowed_algorithm_stores": "https://other"},
    {"allowed_users": [8]},
    {"allowed_organizations": ["South", 3]},
]


def task(image=IMAGE, store=5):
    """Return a task of user 7 of organization 2, North."""
    return {
        "image": image,
        "init_user": {"id": 7},
        "init_org": {"id": 2},
        "algorithm_store": {"id": store} if store else None,
    }


@pytest.mark.parametrize("policies", ALLOWED)
def test_what_is_allowed(policies):
    """There is nothing to say against it."""
    assert Policies(**policies).refusal(task(), OBJECTS.get) is None


@pytest.mark.parametrize("policies", FORBIDDEN)
def test_what_is_forbidden(policies):
    """The node gets to know why."""
    assert "not allowed" in Policies(**policies).refusal(task(), OBJECTS.get)


def test_a_digest_is_no_part_of_the_name():
    """Nor is a tag."""
    policies = Policies(allowed_algorithms="example.org:5000/average")

    assert policies.refusal(task("example.org:5000/average:2@sha256:abc"), OBJECTS.get) is None


def test_a_task_from_no_store():
    """It is from none that is allowed."""
    assert Policies(allowed_algorithm_stores=STORE).refusal(task(store=None), OBJECTS.get) is not None


def test_the_basic_algorithms():
    """They can be forbidden by themselves, and need no other permission of the kind."""
    basics = task("ghcr.io/vantage6/algorithm-basics:latest")

    assert Policies().refusal(basics, OBJECTS.get) is None
    assert Policies(allow_basics_algorithm=False).refusal(basics, OBJECTS.get) is not None


@pytest.mark.parametrize("entry", ["[a", 3])
def test_mistakes(entry):
    """They are told where the policy is made."""
    with pytest.raises(MockUsageError, match="policy"):
        Policies(allowed_algorithms=[entry])


def test_what_is_forbidden_does_not_run():
    """The run is closed at once, and the node's log tells why."""
    study = Study(MockServer(seed()))
    study.server.algorithms.register("image", {"count": lambda df: len(df)})
    study.server.nodes["North"].allow(algorithms=["other"])

    run = study.run("count")

    assert (run["status"], run["log"], bool(run["finished_at"])) == ("not allowed", None, True)
    assert "'image' is not allowed; see the node's policies" in study.server.nodes["North"].log[-1]


def test_the_server_hears_of_policies():
    """It refuses users by itself, as long as the node is online."""
    study = Study(MockServer(seed()))
    node = study.server.nodes["North"]
    node.allow(users=[99], algorithms=["a", "b"])

    shared = {(one["key"], one["value"]) for one in study.server.client().node.get(node.id)["config"]}

    assert {("allowed_users", "99"), ("allowed_algorithms", "a"), ("allowed_algorithms", "b")} <= shared
    with pytest.raises(InvalidInputError):
        study.ask("count")


def test_the_server_does_not_hear_of_policies_of_a_node_that_is_offline():
    """The node itself refuses then, once it is back."""
    study = Study(MockServer(seed()))
    study.server.algorithms.register("image", {"count": lambda df: len(df)})
    node = study.server.nodes["North"]
    node.go_offline()
    node.allow(organizations=["South"])
    study.ask("count")

    node.go_online()

    assert study.client.task.get(1)["status"] == "not allowed"


def test_a_policy_that_the_server_does_not_help_to_check():
    """The run waits until its node comes back, and keeps nobody from resetting the server."""
    study = Study(MockServer(seed()))
    study.server.algorithms.register("image", {"count": lambda df: len(df)})
    node = study.server.nodes["North"]
    node.allow(organizations=["North"])
    study.server.faults.on(method="GET", path="/organization/2", caller="North", times=2).answer(500)
    task = study.ask("count")
    before = study.client.task.get(task)["status"], node.log[-1]
    node.go_offline()
    study.ask("count")

    node.go_online()
    statuses = [run["status"] for run in study.client.run.list()["data"]]
    study.server.reset()

    assert before[0] == "pending"
    assert before[1].startswith("run 1: whether it is allowed cannot be told: ")
    assert sorted(statuses) == ["completed", "pending"]
    assert study.server.client().task.list()["data"] == []


def test_a_reset_brings_policies_back():
    """They are part of what a node knows."""
    server = MockServer(seed())
    server.nodes["North"].allow(users=[99])

    server.reset()

    assert server.nodes["North"].policies == Policies()
