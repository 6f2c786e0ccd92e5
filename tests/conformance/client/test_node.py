"""Nodes."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError, ServerFailedError

from .network import (
    ALPHA,
    ALPHA_OPEN,
    ALPHA_SEALED,
    BETA,
    BETA_OPEN,
    FAR,
    GAMMA,
    GAMMA_FAR,
    OPEN,
    UNKNOWN,
)
from .work import Node


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return [row["id"] for row in (page["data"] if isinstance(page, dict) else page)]


def test_list(root, nora):
    """Filters and pages are the server's."""
    assert ids(nora.node.list(collaboration=OPEN)) == [ALPHA_OPEN, BETA_OPEN]
    assert ids(root.node.list(organization=ALPHA)) == [ALPHA_OPEN, ALPHA_SEALED]
    assert ids(root.node.list(name="node 4%", collaboration=FAR)) == [GAMMA_FAR]
    assert ids(root.node.list(is_online=True)) == [ALPHA_OPEN]
    assert ALPHA_OPEN not in ids(root.node.list(is_online=False))
    assert ids(root.node.list(page=2, per_page=4)) == [GAMMA_FAR]
    assert ids(root.node.list(last_seen_from="2100-01-01")) == []
    assert ids(root.node.list(last_seen_till="2000-01-01", ip="10.0.0.1")) == []


def test_table(root):
    """It has the rows of the list."""
    table = root.node.table(organization=ALPHA)

    assert table.rows == root.node.list(organization=ALPHA)["data"] != []


def test_iter(root):
    """It walks them all, with the filters of `list`."""
    for number in range(12):
        collaboration = root.collaboration.create(f"Small {number}", [GAMMA])["id"]
        root.node.create(collaboration, GAMMA, f"small {number}")

    assert len([*root.node.iter()]) == 17
    assert len([*root.node.iter(name="small 1%", organization=GAMMA)]) == 3
    assert ids(root.node.iter(collaboration=OPEN)) == [ALPHA_OPEN, BETA_OPEN]


def test_get(root, nora):
    """One by its id, if one may see it."""
    assert root.node.get(GAMMA_FAR)["name"] == "node 4 of 3"
    with pytest.raises(NotFoundError):
        root.node.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        nora.node.get(GAMMA_FAR)


def test_create(on, root):
    """It logs in with the key that its maker is told once."""
    root.collaboration.create("New", [ALPHA, GAMMA])

    made = root.node.create(4, GAMMA, name="mine")

    assert (made["name"], made["organization"]["id"]) == ("mine", GAMMA)
    assert "api_key" not in root.node.get(made["id"])
    assert Node(on, made["id"], made["api_key"]).open_runs() == []


def test_create_with_neither_organization_nor_name(on, root):
    """It is one's own organization's, and the server makes a name up."""
    root.collaboration.create("New", [ALPHA, GAMMA])

    made = on.client("ada").node.create(4)

    assert made["organization"]["id"] == ALPHA
    assert made["name"]


def test_create_of_a_second_one(root):
    """An organization has one node in a collaboration."""
    with pytest.raises(InvalidInputError):
        root.node.create(OPEN, ALPHA, "another")


def test_update(root):
    """What is not given stays."""
    before = root.node.get(BETA_OPEN)

    changed = root.node.update(BETA_OPEN, name="renamed")

    assert changed == before | {"name": "renamed"}
    assert root.node.get(BETA_OPEN) == changed


def test_delete(root, node):
    """It is gone, and its place is free."""
    root.node.delete(BETA_OPEN)

    with pytest.raises(NotFoundError):
        root.node.get(BETA_OPEN)
    assert root.node.create(OPEN, BETA, "next")["id"] > GAMMA_FAR


def test_kill_tasks(on):
    """A node that is there is told to stop everything; real servers fail when they are asked to."""
    carla = on.client("carla")

    with on.deviating("kill-on-a-node"):
        if on.is_real:
            with pytest.raises(ServerFailedError):
                carla.node.kill_tasks(ALPHA_OPEN)
        else:
            assert set(carla.node.kill_tasks(ALPHA_OPEN)) == {"msg"}
    with pytest.raises(InvalidInputError, match="400"):
        carla.node.kill_tasks(BETA_OPEN)
    with pytest.raises(NotFoundError):
        carla.node.kill_tasks(UNKNOWN)
