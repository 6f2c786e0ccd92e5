"""
What goes when something is deleted.

Not copied: the real server leaves the runs of tasks that go with a parent behind, unreachable (4.0 to 4.15).
Here runs go with their task, whatever way it goes.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from v6mockserver.state.world import World


def require_no_dependents(
    noun: str, id_: int, dependents: Mapping[str, Collection[object]], *, delete_dependents: bool
) -> None:
    """
    Refuse to delete what others depend on, unless these may go as well.
    """
    counts = ", ".join(f"{len(rows)} {name}" for name, rows in dependents.items() if rows)
    if counts and not delete_dependents:
        raise BadRequestError(messages.HAS_DEPENDENTS.format(noun=noun, id=id_, dependents=counts))


def delete_tasks(world: World, ids: Iterable[int]) -> None:
    """
    Delete tasks with their runs, databases and all their descendants.
    """
    for id_ in list(ids):
        if id_ not in world.task:
            continue
        delete_tasks(world, world.task.where("parent_id", id_))
        delete_runs(world, world.run.where("task_id", id_))
        for database_id in list(world.task_database.where("task_id", id_)):
            world.task_database.remove(database_id)
        world.task.remove(id_)


def delete_runs(world: World, ids: Iterable[int]) -> None:
    """
    Delete runs with their ports and blobs.
    """
    for id_ in list(ids):
        for port_id in list(world.port.where("run_id", id_)):
            world.port.remove(port_id)
        run = world.run.remove(id_)
        if run.blob_storage_used:
            for uuid in (run.input, run.result):
                world.blobs.pop(uuid or "", None)


def delete_user(world: World, id_: int) -> None:
    """
    Delete a user and the tasks that they created.
    """
    delete_tasks(world, world.task.where("init_user_id", id_))
    world.user_role.drop_left(id_)
    world.user_rule.drop_left(id_)
    world.user.remove(id_)


def delete_node(world: World, id_: int) -> None:
    """
    Delete a node and what it shared about itself.
    """
    delete_configuration(world, id_)
    world.node.remove(id_)


def delete_configuration(world: World, node_id: int) -> None:
    """
    Delete what a node shared about itself.
    """
    for config_id in list(world.node_config.where("node_id", node_id)):
        world.node_config.remove(config_id)


def delete_role(world: World, id_: int) -> None:
    """
    Delete a role; its users lose it.
    """
    world.user_role.drop_right(id_)
    world.role_rule.drop_left(id_)
    world.role.remove(id_)


def delete_study(world: World, id_: int) -> None:
    """
    Delete a study and its tasks.
    """
    delete_tasks(world, world.task.where("study_id", id_))
    world.study_organization.drop_left(id_)
    world.study.remove(id_)


def delete_stores(world: World, ids: Iterable[int]) -> None:
    """
    Delete records of algorithm stores; tasks go on without them.
    """
    gone = frozenset(ids)
    for task in list(world.task) if gone else ():
        if task.algorithm_store_id in gone:
            world.task.replace(replace(task, algorithm_store_id=None))
    for id_ in gone:
        world.algorithm_store.remove(id_)


def delete_organization(world: World, id_: int) -> None:
    """
    Delete an organization with its runs, tasks, nodes, users and roles; collaborations and studies go on without it.
    """
    delete_runs(world, world.run.where("organization_id", id_))
    delete_tasks(world, world.task.where("init_org_id", id_))
    for node_id in list(world.node.where("organization_id", id_)):
        delete_node(world, node_id)
    for user_id in list(world.user.where("organization_id", id_)):
        delete_user(world, user_id)
    for role_id in list(world.role.where("organization_id", id_)):
        delete_role(world, role_id)
    world.collaboration_organization.drop_right(id_)
    world.study_organization.drop_right(id_)
    world.organization.remove(id_)


def delete_collaboration(world: World, id_: int) -> None:
    """
    Delete a collaboration with its tasks, nodes and studies.
    """
    delete_tasks(world, world.task.where("collaboration_id", id_))
    for node_id in list(world.node.where("collaboration_id", id_)):
        delete_node(world, node_id)
    for study_id in list(world.study.where("collaboration_id", id_)):
        delete_study(world, study_id)
    # Server quirk: stores of a collaboration that goes serve all the others from then on (4.15).
    for store_id in list(world.algorithm_store.where("collaboration_id", id_)):
        world.algorithm_store.replace(replace(world.algorithm_store[store_id], collaboration_id=None))
    world.collaboration_organization.drop_left(id_)
    world.collaboration.remove(id_)
