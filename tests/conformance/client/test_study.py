"""Studies."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError

from .network import ALPHA, BETA, FAR, GAMMA, IMAGE, INPUT, OPEN, UNKNOWN

pytestmark = pytest.mark.only_on("4.15")


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return sorted(row["id"] for row in (page["data"] if isinstance(page, dict) else page))


@pytest.fixture
def study(root):
    """A study of the open collaboration, in which only Alpha takes part."""
    return root.study.create("Pilot", [ALPHA], OPEN)["id"]


def test_list(root, nora, study):
    """Filters and pages are the server's."""
    other = root.study.create("Main", [GAMMA], FAR)["id"]

    assert ids(root.study.list()) == [study, other]
    assert ids(nora.study.list()) == [study]
    assert ids(root.study.list(name="M%", organization=GAMMA, collaboration=FAR)) == [other]
    assert ids(root.study.list(page=2, per_page=1)) == [other]
    (pilot, _) = root.study.list(include_organizations=True)["data"]
    assert ids(pilot["organizations"]) == [ALPHA]


def test_table(root, study):
    """It has the rows of the list."""
    table = root.study.table(collaboration=OPEN)

    assert table.rows == root.study.list(collaboration=OPEN)["data"] != []


def test_iter(root):
    """It walks them all, with the filters of `list`."""
    made = [root.study.create(f"Small {number}", [ALPHA], OPEN)["id"] for number in range(12)]

    assert ids(root.study.iter()) == made
    assert len([*root.study.iter(name="Small 1%", organization=ALPHA, collaboration=OPEN)]) == 3


def test_get(on, root, study):
    """One by its id, if one may see it."""
    assert root.study.get(study)["name"] == "Pilot"
    with pytest.raises(NotFoundError):
        root.study.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        on.client("gus").study.get(study)


def test_create(root):
    """Its members are members of the collaboration."""
    made = root.study.create("Pilot", [ALPHA, BETA], OPEN)

    assert (made["name"], made["collaboration"]["id"]) == ("Pilot", OPEN)
    assert ids(root.organization.list(study=made["id"])) == [ALPHA, BETA]
    with pytest.raises(InvalidInputError):
        root.study.create("Foreign", [GAMMA], OPEN)


def test_update(root, study):
    """What is not given stays."""
    renamed = root.study.update(study, name="Main")
    root.study.update(study, organizations=[BETA])

    assert renamed["name"] == "Main"
    assert ids(renamed["organizations"]) == [ALPHA]
    assert ids(root.organization.list(study=study)) == [BETA]


def test_delete(root, nora, study):
    """One that has tasks stays, unless they are to go with it."""
    empty = root.study.create("Empty", [ALPHA], OPEN)["id"]
    nora.task.create(OPEN, [ALPHA], "average", IMAGE, "", INPUT, study=study)

    root.study.delete(empty)
    with pytest.raises(InvalidInputError):
        root.study.delete(study)
    root.study.delete(study, delete_dependents=True)

    assert ids(root.study.list()) == []


def test_add_organization(root, study):
    """It is a member from then on."""
    assert ids(root.study.add_organization(BETA, study)) == [ALPHA, BETA]
    assert ids(root.node.list(study=study)) == ids(root.node.list(collaboration=OPEN))


def test_remove_organization(root, study):
    """It is no member any more."""
    assert ids(root.study.remove_organization(ALPHA, study)) == []
    assert ids(root.organization.list(study=study)) == []


def test_a_task_in_a_study(nora, study):
    """Its organizations are those of the study, and it is found by it."""
    task = nora.task.create(None, [ALPHA], "average", IMAGE, "", INPUT, study=study)["id"]

    assert ids(nora.task.list(study=study)) == [task]
    assert nora.task.get(task)["study"]["id"] == study
    with pytest.raises(InvalidInputError):
        nora.task.create(None, [BETA], "average", IMAGE, "", INPUT, study=study)
