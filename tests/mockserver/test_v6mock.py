"""A federation for a block or a function."""

from __future__ import annotations

import asyncio
import inspect

import pytest

from v6mockserver import FaultNotHitError, MockUsageError, PlanNotUsedError, v6mock


def mean(df, column):
    """Return the mean of a column."""
    return float(df[column].mean())


def test_block_has_a_federation_that_works():
    """There are organizations, nodes with rows, and researchers with keys."""
    with v6mock(organizations=2) as federation:
        federation.server.algorithms.register("algorithm", {"mean": mean})
        task = federation.ask("mean", {"column": "age"}, everywhere=True)
        results = federation.client.wait_for_results(task["id"])["data"]

    assert len(results) == 2
    assert len(federation.data) == 40
    assert [node.is_online for node in federation.nodes] == [False, False]


def test_function_gets_a_federation_of_its_own_each_time():
    """It comes after the arguments, and is none that a caller has to give."""

    @v6mock(organizations=["North"], version="4.0")
    def called(number, federation, *, name="Second"):
        federation.server.client().organization.create(name, "", "", "", "", "")
        return number, federation.server.version, federation

    first, second = called(1), called(2, name="Third")

    assert first[:2] == (1, "4.0")
    assert first[2].server is not second[2].server
    assert list(inspect.signature(called).parameters) == ["number", "name"]


def test_others_give_their_arguments_by_name():
    """As pytest does with fixtures and parameters."""

    @v6mock(organizations=1)
    def called(tmp_path, federation):
        return tmp_path, len(federation.nodes)

    assert called(tmp_path="there") == ("there", 1)


def test_function_has_an_argument_for_its_federation():
    """One that has none hears of it where it is decorated."""
    with pytest.raises(MockUsageError, match="has no argument for the federation, which is the last one"):
        v6mock(organizations=1)(lambda: None)


def test_coroutine_gets_a_federation():
    """It has it until it ends."""

    @v6mock(organizations=1)
    async def called(federation):
        await asyncio.sleep(0)
        return [node.is_online for node in federation.nodes]

    assert asyncio.run(called()) == [True]


def test_what_was_never_met_is_an_error_at_the_end():
    """Faults and plans are for something."""
    with pytest.raises(FaultNotHitError), v6mock(organizations=1) as federation:
        federation.server.faults.on(path="/version").answer(503)

    with pytest.raises(PlanNotUsedError), v6mock(organizations=1) as federation:
        federation.nodes[0].plan("crash")


def test_another_error_comes_first():
    """Who fails before a fault was hit, hears of the failure."""

    @v6mock(organizations=1)
    def fails(federation):
        federation.server.faults.on(path="/version").answer(503)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()


@pytest.mark.parametrize("organizations", ["North", -1])
def test_organizations_are_a_number_or_names(organizations):
    """One name is no list of letters."""
    with pytest.raises(MockUsageError, match=f"organizations={organizations!r}: a number from 0, or a list of names"):
        v6mock(organizations=organizations)


def test_seed_takes_the_place_of_organizations():
    """The federation is the first collaboration of the seed."""
    seed = {
        "organizations": [{"name": "North"}, {"name": "South"}],
        "collaborations": [{"name": "alone", "participants": [{"name": "South"}]}],
    }

    with v6mock(seed) as federation:
        assert [node.organization for node in federation.nodes] == ["South"]
        assert federation.client.whoami.organization_name == "South"


def test_organizations_may_be_renamed_and_deleted():
    """The federation keeps the nodes, and says what organizations are called now."""
    with v6mock(organizations=3) as federation:
        root, (first, second, _) = federation.server.client("root"), federation.organizations
        root.organization.update(second, name="Renamed")
        root.organization.delete(first, delete_dependents=True)

        assert repr(federation) == "<Federation of Renamed, organization 3 on server 4.15>"
        assert [node.name for node in federation.nodes] == ["organization 1", "organization 2", "organization 3"]
        assert len(federation.data) == 60
        with pytest.raises(MockUsageError, match=f"there is no organization {first}; there is 'root', 'Renamed'"):
            federation.login()


@pytest.mark.parametrize(
    ("who", "message"),
    [
        ({"username": "eve"}, "password of 'eve' is not in the seed"),
        ({"username": "root", "role": "Viewer"}, "leave out role="),
        ({"password": "secret"}, "goes with a username"),
        ({"role": "Emperor"}, "no role 'Emperor' for this organization; there are Collaboration Admin"),
        ({"rules": ["task EAT GLOBAL"]}, "no rule 'task EAT GLOBAL'"),
        ({"rules": ["task"]}, "one looks like 'task VIEW ORGANIZATION'"),
        ({"rules": "task VIEW ORGANIZATION"}, "a list of rules is expected"),
        ({"organization": "East"}, "no organization 'East'; there is 'root', 'organization 1'"),
    ],
)
def test_nobody_to_log_in_as(who, message):
    """The error says what there is, and no user is made."""
    with v6mock(organizations=1) as federation:
        before = federation.server.dump()["tables"]["user"]

        with pytest.raises(MockUsageError, match=message):
            federation.login(**who)

        assert federation.server.dump()["tables"]["user"] == before


def test_users_are_made_once():
    """Who has exactly this role or these rules is the same user again."""
    with v6mock(organizations=2) as federation:
        viewers = [federation.login(role="Viewer", organization="organization 2") for _ in range(2)]
        others = [federation.login(rules=["user EDIT OWN"]), federation.login(rules=[])]

        assert viewers[0].whoami == viewers[1].whoami
        assert federation.client.whoami.id_ == federation.login().whoami.id_
        assert len({client.whoami.id_ for client in [*viewers, *others, federation.client]}) == 4
        assert federation.server.explain("organization 2: Viewer", "view", "task", collaboration=1)
