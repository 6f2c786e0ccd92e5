"""Roles."""

from __future__ import annotations

import pytest

from v6client.exceptions import NotFoundError, PermissionDeniedError

from .network import ALPHA, GAMMA, NORA, UNKNOWN

DEFAULT_ROLES = {"Root", "container", "node", "Viewer", "Researcher", "Organization Admin", "Collaboration Admin"}


def names(page):
    """Return the names on a page, or of what was walked."""
    return [row["name"] for row in (page["data"] if isinstance(page, dict) else page)]


def test_list(root):
    """Filters and pages are the server's."""
    made = root.role.create("Watcher", "looks around", [1, 2], ALPHA)["id"]

    assert {*names(root.role.list())} == DEFAULT_ROLES | {"Watcher"}
    assert names(root.role.list(name="Wat%", description="%around", rule=2)) == ["Watcher"]
    assert names(root.role.list(organization=ALPHA)) == ["Watcher"]
    assert {*names(root.role.list(organization=ALPHA, include_root=True))} == DEFAULT_ROLES | {"Watcher"}
    assert names(root.role.list(organization=ALPHA, include_root=False)) == ["Watcher"]
    assert names(root.role.list(user=NORA)) == ["Researcher"]
    assert [row["id"] for row in root.role.list(page=2, per_page=7)["data"]] == [made]


def test_table(root):
    """It has the rows of the list."""
    table = root.role.table(name="R%")

    assert table.rows == root.role.list(name="R%")["data"] != []


def test_iter(root):
    """It walks them all, with the filters of `list`."""
    for number in range(12):
        root.role.create(f"Small {number}", "", [1], GAMMA)

    assert len([*root.role.iter()]) == 19
    assert names(root.role.iter(name="Small 1%", organization=GAMMA)) == ["Small 1", "Small 10", "Small 11"]


def test_get(root):
    """One by its id."""
    assert root.role.get(1)["name"] == "Root"
    with pytest.raises(NotFoundError):
        root.role.get(UNKNOWN)


def test_create(root, nora):
    """It holds its rules, and needs one."""
    made = root.role.create("Watcher", "looks around", [1, 2], GAMMA)

    assert (made["name"], made["description"], made["organization"]["id"]) == ("Watcher", "looks around", GAMMA)
    assert [rule["id"] for rule in root.rule.list(role=made["id"])["data"]] == [1, 2]
    with pytest.raises(PermissionDeniedError):
        nora.role.create("Mine", "", [1])


def test_create_in_ones_own_organization(root):
    """That is whose role it is if nothing else is said."""
    assert root.role.create("Watcher", "", [1])["organization"]["id"] == 1


def test_update(root):
    """What is not given stays."""
    made = root.role.create("Watcher", "looks around", [1, 2], GAMMA)

    renamed = root.role.update(made["id"], name="Spectator")
    root.role.update(made["id"], rules=[3])

    assert (renamed["name"], renamed["description"]) == ("Spectator", "looks around")
    assert [rule["id"] for rule in root.rule.list(role=made["id"])["data"]] == [3]


def test_delete(root):
    """It is gone; default roles stay."""
    made = root.role.create("Watcher", "", [1], GAMMA)["id"]

    root.role.delete(made)

    with pytest.raises(NotFoundError):
        root.role.get(made)
