"""Runs."""

from __future__ import annotations

import json

import pytest

from v6client.exceptions import NotFoundError, PermissionDeniedError

from .network import ALPHA, ALPHA_OPEN, BETA, BETA_OPEN, IMAGE, INPUT, KEYS, OPEN, SEALED, UNKNOWN
from .work import wire


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return [row["id"] for row in (page["data"] if isinstance(page, dict) else page)]


@pytest.fixture
def task(nora):
    """A task for Alpha and Beta, with runs 1 and 2."""
    return nora.task.create(OPEN, [ALPHA, BETA], "average", IMAGE, "", INPUT)["id"]


def test_list(nora, node, task):
    """Newest first, with readable inputs; filters and pages are the server's."""
    node(ALPHA_OPEN).complete(1, wire(1))

    assert ids(nora.run.list()) == [2, 1]
    assert [json.loads(run["input"]) for run in nora.run.list(per_page=1)["data"]] == [INPUT]
    assert ids(nora.run.list(task, ALPHA)) == ids(nora.run.list(node=ALPHA_OPEN)) == [1]
    assert ids(nora.run.list(state="open")) == [2]
    assert ids(nora.run.list(page=2, per_page=1)) == [1]
    assert ids(nora.run.list(started=("2026-01-01", "2026-01-02"), finished=("2026-01-01", "2026-01-02"))) == [1]
    assert ids(nora.run.list(assigned=("2000-01-01", "2000-01-02"))) == []
    assert nora.run.list(task, include_task=True, per_page=1)["data"][0]["task"]["name"] == "average"


def test_table(nora, task):
    """It has the rows of the list."""
    assert nora.run.table(task=task).rows == nora.run.list(task=task)["data"] != []


def test_iter(nora, task):
    """It walks them all, with the filters of `list`."""
    for _ in range(5):
        nora.task.create(OPEN, [ALPHA, BETA], "average", IMAGE, "", INPUT)

    assert ids(nora.run.iter()) == [*range(12, 0, -1)]
    assert ids(nora.run.iter(task=task, organization=BETA, state="open", node=BETA_OPEN)) == [2]


def test_get(on, nora, task):
    """One by its id, with a readable input, and with its task on request."""
    assert json.loads(nora.run.get(1)["input"]) == INPUT
    assert nora.run.get(2, include_task=True)["task"]["id"] == task
    with pytest.raises(NotFoundError):
        nora.run.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        on.client("gus").run.get(1)


def test_from_task(root, nora, task):
    """All of a task, however many there are."""
    crowd = [root.organization.create(f"Small {number}", "", "", "", "", "")["id"] for number in range(11)]
    collaboration = root.collaboration.create("Crowd", [ALPHA, *crowd])["id"]
    for organization in crowd:
        root.node.create(collaboration, organization, f"small {organization}")
    many = nora.task.create(collaboration, crowd, "average", IMAGE, "", INPUT)["id"]

    assert [run["organization"]["id"] for run in nora.run.from_task(many)["data"]] == crowd[::-1]
    assert [run["task"]["id"] for run in nora.run.from_task(task, include_task=True)["data"]] == [task, task]


def test_inputs_of_others_stay_closed(nora):
    """What was encrypted for another organization is left as it is."""
    nora.setup_encryption(KEYS[ALPHA])
    task = nora.task.create(SEALED, [ALPHA, BETA], "average", IMAGE, "", INPUT)["id"]

    beta, alpha = nora.run.from_task(task)["data"]

    assert json.loads(alpha["input"]) == INPUT
    assert beta["input"].count("$") == 2
