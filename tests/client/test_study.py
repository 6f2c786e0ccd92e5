"""Studies, and where other calls take one."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, UsageError


@pytest.fixture
def study(root):
    """A study of two of the twelve hospitals."""
    return root.study.create("Few", [2, 3], 1)


def test_studies(root, study):
    """They are created, changed in part, found and deleted."""
    changed = root.study.update(study["id"], name="Two")

    assert [row["id"] for row in changed["organizations"]] == [2, 3]
    assert [row["name"] for row in root.study.list(name="T%", organization=3, collaboration=1)["data"]] == ["Two"]
    assert [row["id"] for row in root.study.iter(collaboration=2)] == []
    assert root.study.get(study["id"])["collaboration"]["id"] == 1
    root.study.delete(study["id"])
    with pytest.raises(NotFoundError):
        root.study.get(study["id"])


def test_members_come_and_go(root, study):
    """Both calls answer with all members."""
    more = root.study.add_organization(4, study["id"])
    fewer = root.study.remove_organization(organization=2, study=study["id"])

    assert [row["id"] for row in more] == [2, 3, 4]
    assert [row["id"] for row in fewer] == [3, 4]
    (row,) = root.study.iter(include_organizations=True)
    assert row["organizations"] == fewer


def test_members_are_replaced(root, study):
    """An update takes all of them."""
    changed = root.study.update(study["id"], organizations=[5])

    assert [row["id"] for row in changed["organizations"]] == [5]


def test_the_default_collaboration(root):
    """A study needs one, and can be created in the default one."""
    with pytest.raises(UsageError, match="setup_collaboration"):
        root.study.create("Few", [2])

    root.setup_collaboration(2)

    assert root.study.create("Few", [2])["collaboration"]["id"] == 2


def test_a_study_with_tasks_stays_unless_told_otherwise(nora, root, study):
    """As documented, its tasks are deleted when asked for, and not before."""
    nora.task.create(organizations=[3], name="n", image="count", description="", input_={}, study=study["id"])

    with pytest.raises(InvalidInputError):
        root.study.delete(study["id"])
    root.study.delete(study["id"], delete_dependents=True)

    assert root.task.list()["data"] == []


def test_other_nouns_are_found_by_study(nora, root, study):
    """Their lists keep to its organizations, its nodes and its tasks."""
    for place in ({"study": study["id"]}, {"collaboration": 1}):
        nora.task.create(organizations=[3], name="n", image="count", description="", input_={}, **place)

    assert [row["id"] for row in root.organization.list(study=study["id"])["data"]] == [2, 3]
    assert [row["organization"]["id"] for row in root.node.iter(study=study["id"])] == [2, 3]
    assert [row["study"]["id"] for row in root.task.iter(study=study["id"])] == [study["id"]]


def test_the_collaboration_of_a_study_is_asked_once(server, nora, study):
    """It never changes."""
    for _ in range(2):
        nora.task.create(organizations=[3], name="n", image="count", description="", input_={}, study=study["id"])

    assert len(server.journal.where(method="GET", path=f"/study/{study['id']}")) == 1


def test_a_task_for_a_study_that_one_may_not_view(nora, root):
    """The collaboration has to be told then, or be the default one; the server checks whether it fits."""
    study = root.study.create("Others", [3, 4], 1)["id"]
    call = {"organizations": [3], "name": "n", "image": "count", "description": "", "input_": {}, "study": study}
    with pytest.raises(UsageError, match="give collaboration="):
        nora.task.create(**call)

    tasks = [nora.task.create(**call, collaboration=1)]
    nora.setup_collaboration(1)
    tasks.append(nora.task.create(**call))

    assert [task["study"]["id"] for task in tasks] == [study, study]


def test_a_study_tells_the_collaboration(root, study):
    """The default collaboration does not get in its way."""
    root.setup_collaboration(2)

    assert [row["id"] for row in root.organization.iter(study=study["id"])] == [2, 3]


@pytest.mark.parametrize("call", ["get", "delete"])
def test_a_study_is_named(root, call):
    """There is no study of one's own to fall back on."""
    with pytest.raises(UsageError, match="whole number"):
        getattr(root.study, call)(None)
