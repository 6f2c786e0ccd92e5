"""What goes when something is deleted."""

from __future__ import annotations

import pytest

from v6mockserver._errors import BadRequestError
from v6mockserver.state import cascade, entities
from v6mockserver.state.task_checks import Database

from .federation import ALPHA, BETA, GAMMA, OTHER, SHARED

WORK = ("task", "task_database", "run", "port")


@pytest.fixture
def family(federation):
    """A task in each collaboration, with a subtask, a database and a port each; ids of the two parents."""
    parents = []
    for collaboration_id in (SHARED, OTHER):
        columns = {"collaboration_id": collaboration_id, "databases": [Database("default")]}
        parent = federation.task(federation.researcher(), ALPHA, **columns)
        federation.task(federation.container(parent, ALPHA), ALPHA, **columns)
        federation.world.port.add(
            entities.Port(id=federation.world.next_id("port"), port=80, run_id=federation.runs(parent)[0].id)
        )
        parents.append(parent.id)
    return parents


def sizes(world):
    """Return how many rows each table of work has."""
    return {name: len(getattr(world, name)) for name in WORK}


HALF = {"task": 2, "task_database": 2, "run": 2, "port": 1}
"""What is left when one of the two families is gone."""


def collaborations_left(world):
    """Return the collaborations that still have tasks and runs."""
    return {row.collaboration_id for row in world.task} | {
        world.task[row.task_id].collaboration_id for row in world.run
    }


def test_task_takes_its_family_along(federation, family):
    """With a task go its runs, databases and ports, and all of its subtasks; others stay."""
    cascade.delete_tasks(federation.world, family[:1])

    assert sizes(federation.world) == HALF
    assert collaborations_left(federation.world) == {OTHER}


def test_task_and_its_descendant_can_be_named_together(federation, family):
    """A task that went with its parent is not missed when its own turn comes."""
    cascade.delete_tasks(federation.world, federation.world.task.ids())

    assert set(sizes(federation.world).values()) == {0}


def test_grandchildren_go_too(federation, family):
    """However deep a subtask is, it goes with the task that started it all."""
    child = federation.world.task[federation.world.task.where("parent_id", family[0])[0]]
    federation.task(federation.container(child, ALPHA), BETA)

    cascade.delete_tasks(federation.world, family[:1])

    assert collaborations_left(federation.world) == {OTHER}


def test_user_takes_their_tasks_along(federation, family):
    """With a user go their tasks, and what they may do."""
    world = federation.world
    user_id = world.task[family[0]].init_user_id

    cascade.delete_user(world, user_id)

    assert sizes(world) == HALF
    assert user_id not in world.user
    assert user_id not in {user for user, _ in world.user_rule}


def test_collaboration_takes_its_work_along(federation, family):
    """With a collaboration go its tasks, nodes and studies; its organizations stay."""
    world = federation.world
    world.study.add(entities.Study(id=1, name="Study", collaboration_id=SHARED))
    world.study_organization.add(1, ALPHA)

    cascade.delete_collaboration(world, SHARED)

    assert sizes(world) == HALF
    assert {row.collaboration_id for row in world.node} == {OTHER}
    assert (len(world.study), list(world.study_organization)) == (0, [])
    assert world.collaboration_organization.lefts(BETA) == frozenset()
    assert BETA in world.organization


def test_study_takes_its_tasks_along(federation):
    """With a study go its tasks; tasks of its collaboration stay."""
    world, researcher = federation.world, federation.researcher()
    world.study.add(entities.Study(id=1, name="Study", collaboration_id=SHARED))
    world.study_organization.add(1, ALPHA)
    federation.task(researcher, ALPHA, study_id=1)
    other = federation.task(researcher, ALPHA)

    cascade.delete_study(world, 1)

    assert [row.id for row in world.task] == [other.id]


def test_organization_takes_everything_of_its_own_along(federation):
    """With an organization go its runs in others' tasks, its own tasks, nodes, users and roles."""
    world = federation.world
    federation.task(federation.researcher(BETA), ALPHA)
    shared = federation.task(federation.researcher(ALPHA), ALPHA, BETA)
    world.role.add(entities.Role(id=99, name="Role", organization_id=BETA))

    cascade.delete_organization(world, BETA)

    assert [row.id for row in world.task] == [shared.id]
    assert [row.organization_id for row in world.run] == [ALPHA]
    for table in (world.node, world.user, world.role):
        assert BETA not in {row.organization_id for row in table}
    assert world.collaboration_organization.rights(SHARED) == {ALPHA}


def test_organization_of_a_subtask_takes_it_along(federation):
    """A subtask started by the organization goes, the task it belonged to stays."""
    parent = federation.task(federation.researcher(), ALPHA, GAMMA, collaboration_id=OTHER)
    federation.task(federation.container(parent, GAMMA), ALPHA, collaboration_id=OTHER)

    cascade.delete_organization(federation.world, GAMMA)

    assert [row.id for row in federation.world.task] == [parent.id]
    assert [row.organization_id for row in federation.world.run] == [ALPHA]


def test_node_takes_its_configuration_along(federation):
    """With a node goes what it shared; runs stay."""
    world, node = federation.world, federation.node(ALPHA)
    federation.task(federation.researcher(), ALPHA)
    world.node_config.add(entities.NodeConfig(id=1, node_id=node.id, key="allowed_users", value="1"))

    cascade.delete_node(world, node.id)

    assert (node.id in world.node, len(world.node_config), len(world.run)) == (False, 0, 1)


def test_role_is_taken_from_its_users(federation):
    """With a role go its rules, and those who had it lose them."""
    world, user = federation.world, federation.user(ALPHA)
    world.role.add(entities.Role(id=99, name="Role", organization_id=ALPHA))
    world.role_rule.add(99, 1)
    world.user_role.add(user.id, 99)

    cascade.delete_role(world, 99)

    assert (99 in world.role, world.user_role.rights(user.id), world.role_rule.rights(99)) == (False, set(), set())


def test_dependents_must_be_given_up_explicitly():
    """Deleting what others depend on is refused, and says on what."""
    with pytest.raises(BadRequestError, match="2 tasks"):
        cascade.require_no_dependents("user", 1, {"tasks": [1, 2], "nodes": []}, delete_dependents=False)


@pytest.mark.parametrize(("dependents", "flag"), [({"tasks": []}, False), ({"tasks": [1]}, True)])
def test_dependents_are_no_obstacle(dependents, flag):
    """Without dependents, or when these may go as well, nothing stands in the way."""
    assert cascade.require_no_dependents("user", 1, dependents, delete_dependents=flag) is None
