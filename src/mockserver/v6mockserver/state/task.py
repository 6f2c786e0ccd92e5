"""
Tasks: requests to run one algorithm at some organizations of a collaboration.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from v6mockserver import _messages as messages
from v6mockserver._errors import PermissionDeniedError, UnauthorizedError
from v6mockserver.state import cascade, entities, run_states, store_protocol, task_checks
from v6mockserver.state.lookup import existing, existing_for_filter
from v6mockserver.state.permissions import (
    COLLABORATION,
    DELETE,
    GLOBAL,
    ORGANIZATION,
    OWN,
    SCOPES,
    VIEW,
    Caller,
    decide,
    on_collaboration,
    on_organization,
    require,
    require_any,
    scopes_to_task,
    widest,
)
from v6mockserver.state.query import Among, Parameters, Selection, likes, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from v6mockserver.state.query import Predicate
    from v6mockserver.state.talk import Talk
    from v6mockserver.state.task_checks import Database, Target
    from v6mockserver.state.world import World

NOUN = "task"


class Algorithm(NamedTuple):
    """
    What a task runs: an image, and the store that vouches for it.
    """

    image: str
    store_id: int | None


def status(world: World, id_: int) -> str:
    """
    Return the status of a task, derived from its runs.
    """
    return status_of(world, runs(world, id_))


def status_of(world: World, rows: Iterable[entities.Run]) -> str:
    """
    Return the status of the task that these runs are all of.
    """
    return run_states.task_status([run.status for run in rows], blurs_failures=world.release.blurs_failures)


def runs(world: World, id_: int) -> list[entities.Run]:
    """
    Return the runs of a task, oldest first.
    """
    return [world.run[run_id] for run_id in world.run.where("task_id", id_)]


def databases(world: World, id_: int) -> list[entities.TaskDatabase]:
    """
    Return the databases that a task wants, in the task's order.
    """
    return [world.task_database[row_id] for row_id in world.task_database.where("task_id", id_)]


def scopes(world: World, caller: Caller, row: entities.Task) -> list[str]:
    """
    Return the scopes that reach a task, OWN among them for the user who created it.
    """
    reach = scopes_to_task(world, caller, row)
    return [*reach, OWN] if caller.user_id == row.init_user_id else reach


def view(world: World, caller: Caller, id_: int) -> entities.Task:
    """
    Return a task that the caller may view.
    """
    row = existing(world.task, NOUN, id_)
    require(decide(world, caller, NOUN, VIEW, scopes(world, caller, row)))
    return row


def require_may_view_results(world: World, caller: Caller, row: entities.Task) -> None:
    """
    Refuse unless the caller may view the runs of a task that they may view.
    """
    # Server quirk: OWN counts by the rule to view tasks, not runs (4.0 to 4.15, GET /task/<id>?include=results).
    own = [OWN] if caller.user_id == row.init_user_id else []
    if not decide(world, caller, NOUN, VIEW, own):
        require(decide(world, caller, "run", VIEW, scopes_to_task(world, caller, row)))


def visible(world: World, caller: Caller, parameters: Parameters) -> Selection[entities.Task]:
    """
    Return the tasks that the caller may view and the query selects, newest first.
    """
    reach = _within_reach(world, caller, parameters)
    criteria: list[Among | Predicate] = [
        *likes(parameters, "name", "image", "description"),
        *_chosen_by_origin(world, caller, parameters),
        *_chosen_by_group(world, caller, parameters),
        *_chosen_by_content(world, parameters),
        *reach,
    ]
    return select(world.task, criteria).newest_first()


def _within_reach(world: World, caller: Caller, parameters: Parameters) -> list[Among]:
    scope = require_any(world, caller, NOUN, VIEW)
    if "results" in parameters.words("include"):
        wide_enough = SCOPES[SCOPES.index(scope) :]
        if widest(world, caller, "run", VIEW) not in wide_enough:
            raise PermissionDeniedError(
                messages.DENIED.format(decision=decide(world, caller, "run", VIEW, wide_enough))
            )
    # Server quirk: for a container, too, these are all collaborations of its organization (4.0 to 4.15, GET /task).
    reach = {
        GLOBAL: [],
        COLLABORATION: [Among("collaboration_id", world.collaboration_organization.lefts(caller.organization_id))],
        ORGANIZATION: [Among("init_org_id", {caller.organization_id})],
        OWN: [Among("init_user_id", {caller.user_id})],
    }
    return reach[scope]


def _chosen_by_origin(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if (collaboration_id := parameters.integer("collaboration_id")) is not None:
        require(on_collaboration(world, caller, NOUN, VIEW, collaboration_id))
        yield Among("collaboration_id", {collaboration_id})
    if (organization_id := parameters.integer("init_org_id")) is not None:
        require(on_organization(world, caller, NOUN, VIEW, organization_id))
        yield Among("init_org_id", {organization_id})
    if (user_id := parameters.integer("init_user_id")) is not None:
        owner = existing_for_filter(world.user, "user", user_id)
        is_me = caller.user_id == user_id and decide(world, caller, NOUN, VIEW, [OWN])
        if not is_me:
            require(on_organization(world, caller, NOUN, VIEW, owner.organization_id))
        yield Among("init_user_id", {user_id})


def _chosen_by_group(world: World, caller: Caller, parameters: Parameters) -> Iterable[Among]:
    if (study_id := parameters.integer("study_id")) is not None:
        study = existing_for_filter(world.study, "study", study_id)
        require(on_collaboration(world, caller, NOUN, VIEW, study.collaboration_id))
        yield Among("study_id", {study_id})
    if (parent_id := parameters.integer("parent_id")) is not None:
        parent = existing_for_filter(world.task, NOUN, parent_id)
        require(on_collaboration(world, caller, NOUN, VIEW, parent.collaboration_id))
        yield Among("parent_id", {parent_id})
    if (job_id := parameters.integer("job_id")) is not None:
        first = existing_for_filter(world.task, "job", next(iter(world.task.where("job_id", job_id)), 0))
        require(on_collaboration(world, caller, NOUN, VIEW, first.collaboration_id))
        yield Among("job_id", {job_id})


def _chosen_by_content(world: World, parameters: Parameters) -> Iterable[Among | Predicate]:
    # Not copied: on the real server status, run_id and store_id always fail with a 500 (4.0 to 4.15, GET /task).
    if (wanted := parameters.text("status")) is not None:
        yield lambda row: status(world, row.id) == wanted
    if (run_id := parameters.integer("run_id")) is not None:
        yield Among("id", {existing_for_filter(world.run, "run", run_id).task_id})
    if (store_id := parameters.integer("store_id")) is not None:
        yield Among("algorithm_store_id", {existing_for_filter(world.algorithm_store, "store", store_id).id})
    if (label := parameters.text("database")) is not None:
        rows = world.task_database.where("database", label)
        yield Among("id", {world.task_database[row_id].task_id for row_id in rows})
    if (by_user := parameters.integer("is_user_created")) is not None:
        yield lambda row: (row.parent_id is None) == bool(by_user)


def create(
    world: World,
    caller: Caller,
    *,
    image: str,
    organizations: Sequence[Target],
    collaboration_id: int | None = None,
    study_id: int | None = None,
    store_id: int | None = None,
    name: str = "",
    description: str = "",
    databases: Sequence[Database] = (),
) -> entities.Task:
    """
    Create a task with one pending run per organization, and tell the nodes of its collaboration.

    Parameters
    ----------
    world, caller
        Where, and by whom: a user, or the container of a run that makes a subtask.
    image : str
        The algorithm; a subtask gets its parent's, whatever prefix was sent.
    organizations : sequence of Target
        Who runs it, each with its own input.
    collaboration_id, study_id : int, optional
        Where it runs; at least one of them.
    store_id : int, optional
        The algorithm store that the image was found in; a subtask has its parent's.
    name, description : str, optional
        For people.
    databases : sequence of Database, optional
        What the algorithm reads at each node.

    Returns
    -------
    Task
        The new task.

    Raises
    ------
    NotFoundError
        If the collaboration or the study does not exist.
    BadRequestError
        If an organization is not in it, has no node there, or its input does not fit the collaboration's encryption.
    PermissionDeniedError
        If the caller may not create tasks there.
    """
    place, parent = _place(
        world,
        caller,
        image=image,
        organizations=organizations,
        collaboration_id=collaboration_id,
        study_id=study_id,
    )
    if parent is not None:
        store_id = parent.algorithm_store_id
    elif store_id is not None:
        task_checks.store(world, place.collaboration, store_id)
    if world.release.checks_inputs:
        task_checks.inputs(world, place.collaboration, organizations)
    row = _add(world, caller, place, parent, name=name, description=description, image=image, store_id=store_id)
    _add_databases(world, row.id, databases)
    _add_runs(world, row, organizations)
    _announce(world, row)
    return row


def _place(
    world: World,
    caller: Caller,
    *,
    image: str,
    organizations: Sequence[Target],
    collaboration_id: int | None,
    study_id: int | None,
) -> tuple[task_checks.Place, entities.Task | None]:
    """
    Return where a new task runs, and the parent that it has if it is a container's.
    """
    place = task_checks.place(world, collaboration_id, study_id)
    task_checks.targets(world, caller, place, organizations)
    return place, task_checks.caller(world, caller, place.collaboration, image)


def look_up(
    world: World,
    caller: Caller,
    *,
    image: str,
    organizations: Sequence[Target],
    store_id: int,
    authorization: str,
    collaboration_id: int | None = None,
    study_id: int | None = None,
    server_url: str | None = None,
) -> Talk[Algorithm]:
    """
    Find the image of a new task in an algorithm store, unless the task would be refused anyhow.

    Parameters
    ----------
    world, caller
        Where, and by which user.
    image : str
        What the task names.
    organizations : sequence of Target
        Who is to run it.
    store_id : int
        The algorithm store.
    authorization : str
        The header with which the caller came.
    collaboration_id, study_id : int, optional
        Where it is to run.
    server_url : str, optional
        Where this server's API is; by default its settings tell.

    Returns
    -------
    Algorithm
        The image as the store names it. Server quirk: without a digest the store is forgotten (4.15, POST /task).

    Raises
    ------
    BadRequestError
        If there is no such store, nobody says where this server is, or the store does not have the image.
    ForbiddenError
        If the store does not serve the collaboration.
    UnauthorizedError
        If the caller was deleted while the store was asked.
    """
    place, _ = _place(
        world,
        caller,
        image=image,
        organizations=organizations,
        collaboration_id=collaboration_id,
        study_id=study_id,
    )
    store = task_checks.store(world, place.collaboration, store_id)
    asker = store_protocol.asker(world.settings, server_url, authorization)
    name, digest = yield from store_protocol.find(store.url, asker, image)
    if caller.user_id not in world.user:
        # Meanwhile deleted; what else has changed is seen when the task is created.
        raise UnauthorizedError(messages.BEARER_GONE.format(kind=caller.kind, id=caller.id))
    return Algorithm(f"{name}@{digest}", store.id) if digest else Algorithm(name, None)


def _announce(world: World, row: entities.Task) -> None:
    if not world.release.tells_of_tasks_by_id:
        world.emit("new_task", row.collaboration_id, {"id": row.id, "parent_id": row.parent_id})
        return
    origin = {"job_id": row.job_id, "collaboration_id": row.collaboration_id, "init_org_id": row.init_org_id}
    world.emit("task_created", row.collaboration_id, {"task_id": row.id, **origin})
    world.emit("new_task", row.collaboration_id, row.id)


def _add(
    world: World,
    caller: Caller,
    place: task_checks.Place,
    parent: entities.Task | None,
    *,
    name: str,
    description: str,
    image: str,
    store_id: int | None,
) -> entities.Task:
    return world.task.add(
        entities.Task(
            id=world.next_id(NOUN),
            name=name,
            description=description,
            image=parent.image if parent and world.release.keeps_image_of_parent else image,
            collaboration_id=place.collaboration.id,
            study_id=place.study.id if place.study else None,
            job_id=parent.job_id if parent else _next_job(world),
            parent_id=parent.id if parent else None,
            init_org_id=caller.organization_id,
            init_user_id=parent.init_user_id if parent else caller.id,
            created_at=world.clock.text(),
            algorithm_store_id=store_id,
        )
    )


def _next_job(world: World) -> int:
    # Server quirk: unlike ids, the highest job numbers are given again once their tasks are deleted (4.0 to 4.15,
    # POST /task). Every number that is stepped over here was counted up once, so this is cheap in the long run.
    highest = world.counters.get("job", 0)
    while highest and not world.task.where("job_id", highest):
        highest -= 1
    world.counters["job"] = highest + 1
    return highest + 1


def _add_databases(world: World, id_: int, databases: Iterable[Database]) -> None:
    for database in databases:
        world.task_database.add(
            entities.TaskDatabase(
                id=world.next_id("task_database"),
                task_id=id_,
                database=database.label,
                parameters=json.dumps(database.parameters, separators=(",", ":")),
            )
        )


def _add_runs(world: World, row: entities.Task, organizations: Iterable[Target]) -> None:
    for target in organizations:
        world.run.add(
            entities.Run(
                id=world.next_id("run"),
                input=target.input,
                task_id=row.id,
                organization_id=target.id,
                # Not copied: on 4.15 every run has the start time of the server process here.
                assigned_at=row.created_at,
                status=run_states.PENDING,
                blob_storage_used=world.stores_blobs,
            )
        )


def delete(world: World, caller: Caller, id_: int) -> None:
    """
    Delete a task with its runs and subtasks; one that is not finished is killed first.
    """
    row = existing(world.task, NOUN, id_)
    require(decide(world, caller, NOUN, DELETE, scopes(world, caller, row)))
    if not run_states.has_finished(status(world, id_)):
        kill(world, row)
    cascade.delete_tasks(world, [id_])


def kill(world: World, row: entities.Task) -> None:
    """
    End the unfinished runs of a task and of its direct subtasks, and tell their nodes.
    """
    # Server quirk: deeper subtasks go on (4.0 to 4.15).
    family = [row.id, *world.task.where("parent_id", row.id)]
    everybody = [run for task_id in family for run in runs(world, task_id)]
    # Server quirk: the status counts, not the end: "completed" without an end is spared (4.15).
    # Not copied: 4.0 names runs under the wrong tasks in this list, leaves some out, and writes local time below.
    victims = [run for run in everybody if world.release.kills_finished_runs or not run_states.has_finished(run.status)]
    kill_list = [{"task_id": run.task_id, "run_id": run.id, "organization_id": run.organization_id} for run in victims]
    world.emit(
        "kill_containers",
        row.collaboration_id,
        {"kill_list": kill_list, "collaboration_id": row.collaboration_id},
    )
    changes = {"status": run_states.KILLED, "finished_at": world.clock.text()}
    for run in victims:
        world.run.replace(run_states.apply(run, "kill", changes))
