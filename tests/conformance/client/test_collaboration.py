"""Collaborations."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError, UsageError

from .network import ALPHA, BETA, FAR, GAMMA, OPEN, SEALED, UNKNOWN


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return sorted(row["id"] for row in (page["data"] if isinstance(page, dict) else page))


def test_list(root, nora):
    """One's own by default, all that one may see on request, with the server's filters and pages."""
    assert ids(nora.collaboration.list()) == [OPEN, SEALED]
    assert ids(nora.collaboration.list(encrypted=True)) == [SEALED]
    assert ids(root.collaboration.list()) == []
    assert ids(root.collaboration.list("global")) == [OPEN, SEALED, FAR]
    assert ids(root.collaboration.list("global", organization=BETA, page=2, per_page=1)) == [SEALED]
    assert ids(root.collaboration.list("global", name="F%")) == [FAR]


def test_list_of_an_unknown_scope(root):
    """It is refused before anything is asked."""
    with pytest.raises(UsageError, match="'organization' or 'global'"):
        root.collaboration.list("everything")


def test_table(root):
    """It has the rows of the list."""
    table = root.collaboration.table("global")

    assert table.rows == root.collaboration.list("global")["data"] != []


def test_iter(root, nora):
    """It walks them all, with the filters of `list`."""
    for number in range(12):
        root.collaboration.create(f"Small {number}", [GAMMA])

    assert len([*root.collaboration.iter(scope="global")]) == 15
    assert len([*root.collaboration.iter(scope="global", organization=GAMMA, name="S%", encrypted=False)]) == 12
    assert ids(nora.collaboration.iter()) == [OPEN, SEALED]


def test_get(root, nora):
    """One by its id, if one may see it."""
    assert root.collaboration.get(SEALED)["encrypted"] is True
    assert nora.collaboration.get(OPEN)["name"] == "Open"
    with pytest.raises(NotFoundError):
        root.collaboration.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        nora.collaboration.get(FAR)


def test_create(root):
    """It has its members, and is not encrypted unless told so."""
    made = root.collaboration.create("New", [ALPHA, GAMMA])
    sealed = root.collaboration.create("New and sealed", [GAMMA], encrypted=True)

    assert (made["name"], made["encrypted"], sealed["encrypted"]) == ("New", False, True)
    assert ids(root.organization.list(collaboration=made["id"])) == [ALPHA, GAMMA]


def test_create_of_a_second_one_with_the_name(root):
    """Names are taken once."""
    with pytest.raises(InvalidInputError):
        root.collaboration.create("Open", [ALPHA])


def test_update(root):
    """What is not given stays."""
    before = root.collaboration.get(FAR)

    changed = root.collaboration.update(FAR, name="Further", encrypted=True)
    root.collaboration.update(FAR, organizations=[BETA, GAMMA])

    assert changed == before | {"name": "Further", "encrypted": True}
    assert ids(root.organization.list(collaboration=FAR)) == [BETA, GAMMA]


def test_delete(root):
    """One that has nodes stays, unless they are to go with it."""
    empty = root.collaboration.create("Empty", [GAMMA])["id"]

    root.collaboration.delete(empty)
    with pytest.raises(InvalidInputError):
        root.collaboration.delete(FAR)
    root.collaboration.delete(FAR, delete_dependents=True)

    assert ids(root.collaboration.list("global")) == [OPEN, SEALED]
    assert root.node.list(organization=GAMMA)["data"] == []


def test_add_organization(root):
    """It is a member from then on."""
    assert ids(root.collaboration.add_organization(GAMMA, OPEN)) == [ALPHA, BETA, GAMMA]
    assert ids(root.organization.list(collaboration=OPEN)) == [ALPHA, BETA, GAMMA]


def test_remove_organization(root):
    """It is no member any more, but its node stays."""
    assert ids(root.collaboration.remove_organization(BETA, collaboration=OPEN)) == [ALPHA]
    assert ids(root.organization.list(collaboration=OPEN)) == [ALPHA]
    assert len(root.node.list(collaboration=OPEN)["data"]) == 2


def test_the_default_collaboration(root):
    """It is the one that is changed if no other is given."""
    root.setup_collaboration(FAR)

    assert root.collaboration.update(name="Further")["id"] == FAR
    assert ids(root.collaboration.add_organization(ALPHA)) == [ALPHA, GAMMA]
    assert ids(root.collaboration.remove_organization(GAMMA)) == [ALPHA]
    assert set(root.collaboration.delete(delete_dependents=True)) == {"msg"}
