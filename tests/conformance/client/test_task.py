"""Tasks."""

from __future__ import annotations

import json

import pytest

from v6client.exceptions import EncryptionError, NoPrivateKeyError, NotFoundError, PermissionDeniedError, UsageError

from .network import (
    ALPHA,
    ALPHA_OPEN,
    ALPHA_SEALED,
    BETA,
    BETA_OPEN,
    BETA_SEALED,
    GAMMA,
    IMAGE,
    INPUT,
    KEYS,
    NORA,
    OPEN,
    SEALED,
    UNKNOWN,
)
from .work import opened, wire


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return [row["id"] for row in (page["data"] if isinstance(page, dict) else page)]


@pytest.fixture
def create(nora):
    """Creates a task in the open collaboration, and returns its id."""

    def create(name="average", organizations=(ALPHA, BETA), image=IMAGE, **more):
        return nora.task.create(OPEN, organizations, name, image, "of ages", INPUT, **more)["id"]

    return create


def test_create(nora, node):
    """Each node gets a run with the input."""
    made = nora.task.create(OPEN, [ALPHA, BETA], "average", IMAGE, "of ages", INPUT, "default")

    assert (made["name"], made["image"], made["description"]) == ("average", IMAGE, "of ages")
    assert made["databases"] == [{"label": "default", "parameters": "{}"}]
    assert (made["init_user"]["id"], made["init_org"]["id"], made["collaboration"]["id"]) == (NORA, ALPHA, OPEN)
    for id_ in (ALPHA_OPEN, BETA_OPEN):
        (run,) = node(id_).open_runs()
        assert run["input"] == wire(INPUT)


def test_create_encrypted(nora, node):
    """Each organization can read the input that it was sent, and nobody else can."""
    nora.setup_encryption(KEYS[ALPHA])

    task = nora.task.create(SEALED, [ALPHA, BETA], "average", IMAGE, "", INPUT)

    inputs = {run["organization"]["id"]: run["input"] for run in nora.run.from_task(task["id"])["data"]}
    assert json.loads(inputs[ALPHA]) == INPUT
    (run,) = node(BETA_SEALED).open_runs()
    assert opened(run["input"], BETA) == INPUT
    (run,) = node(ALPHA_SEALED).open_runs()
    assert opened(run["input"], ALPHA) == INPUT


def test_create_without_a_key(nora):
    """Whoever could not read the results creates no task."""
    with pytest.raises(NoPrivateKeyError, match="setup_encryption"):
        nora.task.create(SEALED, [BETA], "average", IMAGE, "", INPUT)

    assert ids(nora.task.list()) == []


def test_create_for_an_organization_without_a_key(root, nora):
    """Nothing can be encrypted for it, and the error says whom it is about."""
    root.collaboration.create("New", [ALPHA, GAMMA], encrypted=True)
    nora.setup_encryption(KEYS[ALPHA])

    with pytest.raises(EncryptionError, match="Gamma"):
        nora.task.create(4, [GAMMA], "average", IMAGE, "", INPUT)


def test_create_elsewhere(nora, create):
    """Neither for strangers nor in their collaboration."""
    nora.setup_encryption(None)
    with pytest.raises(PermissionDeniedError):
        nora.task.create(3, [GAMMA], "average", IMAGE, "", INPUT)
    with pytest.raises(UsageError, match="empty"):
        create(organizations=[])


def test_list(root, nora, node, create):
    """Newest first; filters and pages are the server's."""
    first, second = create("first", image="example.org/other:2", databases="default"), create("second", [BETA])
    node(BETA_OPEN).complete(nora.run.list(task=second)["data"][0]["id"], wire(1))

    assert ids(nora.task.list()) == [second, first]
    assert ids(nora.task.list(ALPHA, NORA, OPEN, page=2, per_page=1)) == [first]
    assert ids(nora.task.list(image="%/other:2", name="f%", description="of%", database="default")) == [first]
    assert ids(nora.task.list(job=2)) == [second]
    assert ids(nora.task.list(parent=first)) == ids(nora.task.list(user_created=False)) == []
    assert ids(nora.task.list(user_created=True)) == [second, first]
    (completed, _) = nora.task.list(include_results=True)["data"]
    assert [result["result"] for result in completed["results"]] == [wire(1)]


def test_table(nora, create):
    """It has the rows of the list."""
    create("first")

    assert nora.task.table(name="first").rows == nora.task.list(name="first")["data"] != []


def test_iter(nora, create):
    """It walks them all, with the filters of `list`."""
    made = [create(f"task {number}", [BETA]) for number in range(12)]

    assert ids(nora.task.iter()) == made[::-1]
    assert len([*nora.task.iter(name="task 1%", collaboration=OPEN, user_created=True)]) == 3


def test_get(on, nora, node, create):
    """One by its id, with its results on request."""
    task = create(organizations=[ALPHA])
    node(ALPHA_OPEN).complete(nora.run.list(task=task)["data"][0]["id"], wire({"mean": 53.5}))

    assert nora.task.get(task)["status"] == "completed"
    assert [result["result"] for result in nora.task.get(task, include_results=True)["results"]] == [
        wire({"mean": 53.5})
    ]
    with pytest.raises(NotFoundError):
        nora.task.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        on.client("gus").task.get(task)


def test_delete(on, nora, create):
    """It is gone with its runs."""
    task = create()
    with pytest.raises(PermissionDeniedError):
        on.client("gus").task.delete(task)

    nora.task.delete(task)

    with pytest.raises(NotFoundError):
        nora.task.get(task)
    assert nora.run.list()["data"] == []


def test_kill(on, nora, create):
    """Its runs are over; who may create a task need not be allowed to kill it."""
    task = create()
    with pytest.raises(PermissionDeniedError):
        nora.task.kill(task)

    assert set(on.client("carla").task.kill(task)) == {"msg"}
    assert {run["status"] for run in nora.run.from_task(task)["data"]} == {"killed by user"}
