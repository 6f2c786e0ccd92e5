"""Strategies for worlds: what they make is valid, varied, simple at its simplest, and comes back from plain data."""

from __future__ import annotations

import doctest
import importlib
import json
import pkgutil
from datetime import datetime, timezone
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6client.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError, SessionExpiredError
from v6mockserver import MockServer, strategies
from v6mockserver.state import cascade, entities
from v6mockserver.state.mails import Mail
from v6mockserver.state.run_states import STATUSES

SETTINGS = st.fixed_dictionaries(
    {}, optional={"smtp": st.booleans(), "server_name": strategies.WORDS, "inactivation_minutes": st.floats(0.5, 60)}
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001 -- the strategy adds the zone
versions = st.sampled_from(["4.0", "4.15"])
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=50)
searching = settings(deadline=None, database=None, max_examples=20, report_multiple_bugs=False)


@st.composite
def servers(draw):
    """Return a strategy for servers in which something has happened that no seed can tell."""
    version = draw(versions)
    server = MockServer(draw(strategies.worlds(version=version, settings=SETTINGS)), version=version)
    world = server._world
    if draw(st.booleans()):
        server.clock.freeze(draw(moments))
    for run in draw(st.lists(st.sampled_from(list(world.run)), max_size=3)) if len(world.run) else ():
        id_, number, label = world.next_id("port"), draw(st.integers(1, 65535)), draw(st.none() | strategies.WORDS)
        world.port.add(entities.Port(id=id_, port=number, run_id=run.id, label=label))
    if len(world.task) and draw(st.booleans()):
        cascade.delete_tasks(world, [draw(st.sampled_from(list(world.task.ids())))])
    world.blobs = draw(st.dictionaries(st.uuids().map(str), st.binary(max_size=8), max_size=2))
    mail = st.builds(Mail, to=strategies.WORDS, subject=strategies.WORDS, text=strategies.texts("text"), at=st.just(""))
    world.mails = draw(st.lists(mail, max_size=2)) if version == "4.15" else []
    return server


@pytest.mark.slow
@patient
@given(server=servers())
def test_a_dump_makes_an_equal_server(server):
    """Whatever is in a world: it goes through JSON and comes out as it was, and so does a dump of that."""
    data = json.loads(json.dumps(server.dump()))

    again = MockServer.load(data)

    assert again._world == server._world
    assert again.dump() == data


@pytest.mark.slow
@patient
@given(server=servers(), data=st.data())
def test_tokens_are_good_for_the_server_that_was_loaded(server, data):
    """Whoever was logged in is still, and so is whoever logs in with the password they had."""
    username = data.draw(st.sampled_from(sorted(server.passwords)))
    before = server.client(username)

    again = MockServer.load(server.dump(), passwords=server.passwords)

    for token in (before.token, again.client(username).token):
        url = f"{again.url}/api/user/{before.whoami.id_}"
        answer = again.session().get(url, headers={"Authorization": f"Bearer {token}"})
        assert answer.json()["username"] == username


@pytest.mark.slow
@patient
@given(server=servers())
def test_reset_is_the_beginning(server):
    """Whatever happened since."""
    server.reset()
    before = server.dump()
    server.client("root").organization.create("one more", "", "", "", "", "")
    server.clock.advance(60)
    server.nodes.settle()

    server.reset()

    assert server.dump() == before


@pytest.mark.slow
@patient
@given(version=versions, data=st.data())
def test_worlds_are_valid_by_default(version, data):
    """Every example starts a server, whose nodes are as online as the example says."""
    seed = data.draw(strategies.worlds(version=version))

    server = MockServer(seed, version=version)

    online = [one["online"] for each in seed["collaborations"] for one in each["participants"]]
    assert [node.is_online for node in server.nodes.values()] == online


def subtasks(seed):
    """Return the subtasks of all tasks."""
    return [child for one in seed["collaborations"] for task in one["tasks"] for child in task["subtasks"]]


VARIETY = {
    "two collaborations": lambda seed: len(seed["collaborations"]) == 2,
    "a user with a role of their organization": lambda seed: any(
        role["name"] in user["roles"] for one in seed["organizations"] for role in one["roles"] for user in one["users"]
    ),
    "a task in a study": lambda seed: any(task["study"] for one in seed["collaborations"] for task in one["tasks"]),
    "a task of a user": lambda seed: any(task["user"] for one in seed["collaborations"] for task in one["tasks"]),
    "a task from a store": lambda seed: any(task["store"] for one in seed["collaborations"] for task in one["tasks"]),
    "a result": lambda seed: any(
        run.get("result") for one in seed["collaborations"] for task in one["tasks"] for run in task["runs"]
    ),
    "a subtask with a run": lambda seed: any(child["runs"] for child in subtasks(seed)),
    "an encrypted collaboration": lambda seed: any(one["encrypted"] for one in seed["collaborations"]),
}


@pytest.mark.slow
def test_worlds_are_varied():
    """What can be in a world is in one of the first hundred or so."""
    missing = dict(VARIETY)

    @settings(patient, max_examples=150, phases=[Phase.generate], derandomize=True, database=None)
    @given(seed=strategies.worlds())
    def look(seed):
        for name in [name for name, is_there in missing.items() if is_there(seed)]:
            del missing[name]

    look()

    assert list(missing) == []


@settings(patient, max_examples=1, phases=[Phase.generate], database=None)
@given(seed=strategies.worlds())
def test_the_simplest_world_is_empty(seed):
    """The first example is what all others shrink to."""
    assert seed == {"server": {}, "organizations": [], "collaborations": []}


@pytest.mark.slow
@patient
@given(data=st.data())
def test_parts_can_be_ones_own(data):
    """Wherever one strategy uses another, that one can be replaced."""
    names = st.sampled_from(["North", "South", "East"])
    parties = strategies.organizations(names=names, min_users=1, max_users=1)

    def pairs(organizations):
        return strategies.collaborations(organizations, encrypted=st.just(False), max_tasks=0)

    seed = data.draw(strategies.worlds(organizations=parties, collaborations=pairs, min_organizations=2))

    assert {one["name"] for one in seed["organizations"]} <= {"North", "South", "East"}
    assert [one["encrypted"] or one["tasks"] for one in seed["collaborations"]] == [[]] * len(seed["collaborations"])
    MockServer(seed)


@pytest.mark.parametrize("status", STATUSES)
def test_runs_of_one_status(status):
    """Only those that are completed have a result."""
    run = find(strategies.runs("North", statuses=[status]), lambda _: True, settings=searching)

    assert run["status"] == status
    assert ("result" in run) == (status == "completed")


@settings(patient, max_examples=15)
@given(frame=strategies.data_frames(), key=strategies.private_keys(), asked=strategies.inputs())
def test_parts_that_are_no_rows(frame, key, asked):
    """A data frame, a key and an input are what nodes take."""
    node = {"name": "North", "node": "north", "online": False, "databases": {"default": frame}}
    task = {"image": "rows", "input": asked, "databases": ["default"]}
    seed = {
        "organizations": [{"name": "North", "private_key": key}],
        "collaborations": [{"name": "All", "participants": [node], "tasks": [task]}],
    }
    server = MockServer(seed, execution="manual")

    server.nodes["north"].go_online()

    (run,) = server.nodes["north"].runs
    assert run.input == asked
    assert list(server.nodes["north"].databases["default"].source.columns) == list(strategies.COLUMNS)
    assert server.private_keys["North"] == Path(key)


def is_allowed(request, client):
    """Send a request, and tell whether the server did it; users who were deleted before cannot."""
    try:
        request.send(client)
    except (PermissionDeniedError, NotFoundError, InvalidInputError, SessionExpiredError):
        return False
    return True


@pytest.mark.slow
@patient
@given(version=versions, data=st.data())
def test_programs_are_understood(version, data):
    """Whatever a program asks for, the server does it, or says why not; it never fails."""
    server = MockServer(data.draw(strategies.worlds(version=version, max_organizations=2)), version=version)
    clients = {username: server.client(username) for username in server.passwords}
    program = data.draw(strategies.programs(sorted(clients), version=version))

    for request in program:
        is_allowed(request, clients[request.username])


KINDS = [("GET", "rule"), ("POST", "organization"), ("PATCH", "organization"), ("DELETE", "user"), ("POST", "role")]


@pytest.mark.parametrize(("method", "noun"), KINDS)
def test_programs_are_varied(method, noun):
    """Among the requests of root there are some of each kind that succeed."""
    server = MockServer({"organizations": [{"name": "North", "users": [{"username": "nora", "password": "p"}]}]})
    root, before = server.client("root"), server.snapshot()

    def succeeds(program):
        server.restore(before)
        wanted = [one for one in program if one.method == method and one.path.split("/")[0] == noun]
        return any(is_allowed(one, root) for one in wanted)

    find(strategies.programs(["root"], max_requests=3), succeeds, settings=settings(searching, max_examples=2000))


BAD = {
    "columns": lambda: strategies.data_frames(columns={}),
    "rows": lambda: strategies.data_frames(rows=(2, 1)),
    "rows of splits": lambda: strategies.splits(pd.DataFrame({"age": []}), least_rows=1),
    "users of programs": lambda: strategies.programs([]),
    "methods": lambda: strategies.programs(["nora"], methods=["HEAD"]),
    "version": lambda: strategies.worlds(version="3.0"),
    "organizations": lambda: strategies.worlds(min_organizations=3, max_organizations=2),
    "users": lambda: strategies.organizations(min_users=-1),
    "statuses": lambda: strategies.runs("North", statuses=["done"]),
    "members": lambda: strategies.studies([]),
    "participants": lambda: strategies.tasks([]),
    "parties": lambda: strategies.collaborations([]),
    "rules": lambda: strategies.rules(version="4"),
    "text": lambda: strategies.texts("nothing that Faker knows"),
}


@pytest.mark.parametrize("make", BAD.values(), ids=BAD)
def test_bad_arguments_are_rejected(make):
    """At the latest when something is drawn."""
    with pytest.raises(InvalidArgument):
        find(make(), lambda _: True, settings=searching)


MODULES = [f"v6mockserver.strategies.{module.name}" for module in pkgutil.iter_modules(strategies.__path__)]


@pytest.mark.parametrize("name", [*MODULES, "v6mockserver._audit"])
def test_examples_in_docstrings_run(name):
    """They show what they say they show."""
    outcome = doctest.testmod(importlib.import_module(name))

    assert outcome.failed == 0


def test_all_strategies_are_public():
    """What is exported is there."""
    assert all(hasattr(strategies, name) for name in strategies.__all__)
