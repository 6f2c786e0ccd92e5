"""Tasks: how they are made, who sees them, and how they end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from v6mockserver._errors import (
    BadRequestError,
    NotFoundError,
    PermissionDeniedError,
    RefusedError,
)
from v6mockserver.state import entities
from v6mockserver.state import node as nodes
from v6mockserver.state import task as tasks
from v6mockserver.state.task_checks import Database, Target

from .federation import ALPHA, BETA, GAMMA, IMAGE, INPUT, OTHER, SHARED, Federation, query


def listed(federation, caller, **parameters):
    """Return the ids of the tasks that a caller sees."""
    selection = tasks.visible(federation.world, caller, query(**parameters))
    return [row.id for row in selection.rows(0, 100)]


@pytest.fixture
def researcher(federation):
    """A user of Alpha who may do everything with tasks."""
    return federation.researcher()


@pytest.fixture
def grid(federation, researcher):
    """Four tasks, newest first: by another user, in another collaboration, by Beta, and the researcher's own."""
    mine = federation.task(researcher, ALPHA, BETA)
    theirs = federation.task(federation.researcher(BETA), ALPHA)
    elsewhere = federation.task(researcher, GAMMA, collaboration_id=OTHER)
    colleagues = federation.task(federation.researcher(), BETA)
    return {"mine": mine.id, "theirs": theirs.id, "elsewhere": elsewhere.id, "colleagues": colleagues.id}


def test_new_task_has_one_pending_run_per_organization(federation, researcher):
    """A run is made for each organization, in the order they are named, with its own input."""
    targets = [Target(BETA, "YmV0YQ=="), Target(ALPHA, "YWxwaGE=")]

    row = tasks.create(federation.world, researcher, image=IMAGE, organizations=targets, collaboration_id=SHARED)

    runs = [(run.organization_id, run.input, run.status, run.assigned_at) for run in federation.runs(row)]
    assert runs == [
        (BETA, "YmV0YQ==", "pending", row.created_at),
        (ALPHA, "YWxwaGE=", "pending", row.created_at),
    ]


def test_new_task_of_a_user_starts_a_job(federation, researcher):
    """Every task of a user has a job number of its own, and no parent."""
    first, second = federation.task(researcher, ALPHA), federation.task(researcher, ALPHA)

    assert (first.parent_id, second.parent_id) == (None, None)
    assert second.job_id == first.job_id + 1


def test_highest_job_number_is_given_again(federation, researcher):
    """The next job is one after the highest that there is; deleting an earlier one changes nothing."""
    first, second, third = (federation.task(researcher, ALPHA) for _ in range(3))
    tasks.delete(federation.world, researcher, first.id)
    tasks.delete(federation.world, researcher, third.id)

    again = federation.task(researcher, ALPHA)

    assert again.job_id == third.job_id == second.job_id + 1
    assert again.id == third.id + 1


def test_new_task_is_told_to_its_collaboration(federation, researcher):
    """The nodes of the collaboration hear of a new task."""
    row = federation.task(researcher, ALPHA, collaboration_id=OTHER)

    event = federation.world.take_events()[-1]
    assert event == ("new_task", f"collaboration_{OTHER}", {"id": row.id, "parent_id": None})


def test_databases_keep_label_and_the_rest(federation, researcher):
    """What is said about a database beside its label is kept as compact JSON, in order."""
    wanted = [Database("default"), Database("other", {"query": "SELECT 1", "sheet_name": "s"})]

    row = federation.task(researcher, ALPHA, databases=wanted)

    kept = [(one.database, one.parameters) for one in tasks.databases(federation.world, row.id)]
    assert kept == [("default", "{}"), ("other", '{"query":"SELECT 1","sheet_name":"s"}')]


def test_subtask_inherits_from_its_parent(federation, researcher):
    """A container's task has the job, user and image of its parent, and the organization of its node."""
    parent = federation.task(researcher, BETA)

    row = tasks.create(
        federation.world,
        federation.container(parent, BETA),
        image=f"other.registry/{IMAGE}",
        organizations=[Target(ALPHA, INPUT)],
        collaboration_id=SHARED,
    )

    assert (row.parent_id, row.job_id, row.image) == (parent.id, parent.job_id, parent.image)
    assert (row.init_user_id, row.init_org_id) == (researcher.id, BETA)


@pytest.mark.parametrize(
    "changes",
    [{"image": "other"}, {"collaboration_id": OTHER, "organizations": [Target(GAMMA, INPUT)]}],
    ids=["image", "collaboration"],
)
def test_container_is_bound_to_its_token(federation, researcher, changes):
    """A container creates subtasks with its own image in its own collaboration only."""
    container = federation.container(federation.task(researcher, ALPHA), ALPHA)
    body = {"image": IMAGE, "organizations": [Target(ALPHA, INPUT)], "collaboration_id": SHARED}

    with pytest.raises(PermissionDeniedError):
        tasks.create(federation.world, container, **body | changes)


def test_container_of_a_finished_task_makes_no_subtasks(federation, researcher):
    """As soon as one run failed, the task is over, and no container of it starts anything."""
    parent = federation.task(researcher, ALPHA, BETA)
    federation.report(federation.runs(parent)[1], status="crashed")

    with pytest.raises(PermissionDeniedError):
        federation.task(federation.container(parent, ALPHA), ALPHA)


def test_container_of_a_deleted_task_makes_no_subtasks(federation, researcher):
    """A container outlives its task, but starts nothing then."""
    parent = federation.task(researcher, ALPHA)
    container = federation.container(parent, ALPHA)
    tasks.delete(federation.world, researcher, parent.id)

    with pytest.raises(BadRequestError):
        federation.task(container, ALPHA)


def test_refused_task_leaves_nothing(federation, researcher):
    """What is refused at the last check has stored nothing before it."""
    with pytest.raises(BadRequestError):
        tasks.create(
            federation.world,
            researcher,
            image=IMAGE,
            organizations=[Target(ALPHA, INPUT), Target(BETA, "no base64")],
            collaboration_id=SHARED,
        )

    world = federation.world
    assert (len(world.task), len(world.run), len(world.task_database), world.take_events()) == (0, 0, 0, [])


@pytest.mark.parametrize("id_", [[], {}, "1", None, 999])
def test_what_is_no_id_of_a_member_is_refused(federation, researcher, id_):
    """The id of an organization may be anything that JSON can hold; only a member's passes."""
    targets = [Target(id_, INPUT)]

    with pytest.raises(BadRequestError):
        tasks.create(federation.world, researcher, image=IMAGE, organizations=targets, collaboration_id=SHARED)


@pytest.mark.parametrize("setting", ["allowed_users", "allowed_orgs"])
def test_policy_of_a_node_keeps_others_out(federation, researcher, setting):
    """A node that shares whom it allows gets no tasks of anybody else."""
    nodes.share_configuration(federation.world, federation.node(BETA).id, [(setting, "999")])

    with pytest.raises(BadRequestError):
        federation.task(researcher, ALPHA, BETA)


@pytest.mark.parametrize(
    "setting", [("allowed_users", "{id}"), ("allowed_orgs", str(ALPHA)), ("allowed_orgs", "Alpha")]
)
def test_policy_of_a_node_lets_those_in_whom_it_names(federation, researcher, setting):
    """A user is let in by their own id, or by id or name of their organization; one match is enough."""
    key, value = setting
    settings = [("allowed_users", "999"), (key, value.format(id=researcher.id))]
    nodes.share_configuration(federation.world, federation.node(BETA).id, settings)

    assert federation.runs(federation.task(researcher, BETA))


def test_policy_of_a_node_does_not_bind_containers(federation, researcher):
    """Policies are about users; a container of an allowed task reaches the node."""
    parent = federation.task(researcher, ALPHA)
    nodes.share_configuration(federation.world, federation.node(BETA).id, [("allowed_users", "999")])

    assert federation.task(federation.container(parent, ALPHA), BETA).parent_id == parent.id


def test_study_gives_the_collaboration(federation, researcher):
    """A task that names only a study runs in the study's collaboration, among its organizations."""
    study = federation.world.study.add(entities.Study(id=1, name="Study", collaboration_id=SHARED))
    federation.world.study_organization.add(study.id, ALPHA)

    row = federation.task(researcher, ALPHA, collaboration_id=None, study_id=study.id)

    assert (row.collaboration_id, row.study_id) == (SHARED, study.id)
    with pytest.raises(BadRequestError):
        federation.task(researcher, BETA, collaboration_id=None, study_id=study.id)


def test_study_of_another_collaboration_is_refused(federation, researcher):
    """Study and collaboration must fit together, and the study must exist."""
    federation.world.study.add(entities.Study(id=1, name="Study", collaboration_id=OTHER))

    with pytest.raises(BadRequestError):
        federation.task(researcher, ALPHA, study_id=1)
    with pytest.raises(NotFoundError):
        federation.task(researcher, ALPHA, study_id=2)


def test_store_of_another_collaboration_is_forbidden(federation, researcher):
    """The one 403 of the server: an algorithm store that does not serve the collaboration."""
    federation.world.algorithm_store.add(entities.AlgorithmStore(id=1, name="S", url="s", collaboration_id=OTHER))

    with pytest.raises(RefusedError) as caught:
        federation.task(researcher, ALPHA, store_id=1)

    assert caught.value.status == 403


@pytest.mark.parametrize(
    ("scope", "seen"),
    [
        ("GLOBAL", ["colleagues", "elsewhere", "theirs", "mine"]),
        ("COLLABORATION", ["colleagues", "theirs", "mine"]),
        ("ORGANIZATION", ["theirs"]),
    ],
)
def test_user_sees_tasks_within_the_scope(federation, grid, scope, seen):
    """Each scope shows its tasks to a user of Beta, newest first."""
    caller = federation.user(BETA, f"task VIEW {scope}")

    assert listed(federation, caller) == [grid[name] for name in seen]


def test_own_scope_shows_what_a_user_started(federation, grid, researcher):
    """With the narrowest scope a user sees exactly their own tasks, in every collaboration."""
    world = federation.world
    world.user_rule.assign(researcher.id, [id_ for key, id_ in world.rule_ids.items() if str(key) == "task VIEW OWN"])
    caller = replace(researcher, rules=world.user_rule.rights(researcher.id))

    assert listed(federation, caller) == [grid["elsewhere"], grid["mine"]]


def test_status_filter_selects_by_derived_status(federation, researcher):
    """Tasks can be listed by their status, where the real server fails."""
    done, waiting = federation.task(researcher, ALPHA), federation.task(researcher, ALPHA)
    federation.complete(federation.runs(done)[0])

    assert listed(federation, researcher, status="completed") == [done.id]
    assert listed(federation, researcher, status="pending") == [waiting.id]


def test_run_filter_selects_the_task_of_a_run(federation, researcher):
    """Tasks can be listed by a run of theirs, where the real server fails."""
    federation.task(researcher, ALPHA)
    row = federation.task(researcher, ALPHA)

    assert listed(federation, researcher, run_id=federation.runs(row)[0].id) == [row.id]


def test_kill_ends_open_runs_of_task_and_children(federation, researcher):
    """Open runs of a task and its direct subtasks are killed; finished ones and deeper subtasks go on."""
    parent = federation.task(researcher, ALPHA, BETA)
    federation.complete(federation.runs(parent)[0])
    child = federation.task(federation.container(parent, BETA), ALPHA)
    grandchild = federation.task(federation.container(child, ALPHA), BETA)

    tasks.kill(federation.world, parent)

    assert [run.status for run in federation.runs(parent)] == ["completed", "killed by user"]
    assert [run.status for run in federation.runs(child)] == ["killed by user"]
    assert [run.status for run in federation.runs(grandchild)] == ["pending"]


def test_a_kill_overwrites_in_4_0():
    """There, runs that had finished become killed as well; their results stay."""
    federation = Federation("4.0")
    row = federation.task(federation.researcher(), ALPHA, BETA)
    federation.complete(federation.runs(row)[0], result="cmVzdWx0")

    tasks.kill(federation.world, row)

    assert [(run.status, run.result) for run in federation.runs(row)] == [
        ("killed by user", "cmVzdWx0"),
        ("killed by user", None),
    ]


def test_kill_is_told_to_the_nodes(federation, researcher):
    """The nodes of the collaboration hear exactly which runs were killed."""
    row = federation.task(researcher, ALPHA, BETA)
    done, killed = federation.runs(row)
    federation.complete(done)
    federation.world.take_events()

    tasks.kill(federation.world, row)

    (event,) = federation.world.take_events()
    assert (event.name, event.room) == ("kill_containers", f"collaboration_{SHARED}")
    assert event.data["kill_list"] == [{"task_id": row.id, "run_id": killed.id, "organization_id": BETA}]


def test_deleting_an_unfinished_task_kills_it_first(federation, researcher):
    """Nodes hear that the runs of a deleted task are to stop; of a finished one they hear nothing."""
    row, finished = federation.task(researcher, ALPHA), federation.task(researcher, ALPHA)
    federation.complete(federation.runs(finished)[0])
    federation.world.take_events()

    tasks.delete(federation.world, researcher, row.id)
    tasks.delete(federation.world, researcher, finished.id)

    assert [event.name for event in federation.world.take_events()] == ["kill_containers"]
