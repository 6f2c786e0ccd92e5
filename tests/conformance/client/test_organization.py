"""Organizations."""

from __future__ import annotations

import pytest

from v6client.exceptions import InvalidInputError, NotFoundError, PermissionDeniedError

from .network import ALPHA, BETA, GAMMA, OPEN, UNKNOWN

ADDRESS = ("1 Main Street", "", "1000", "NL", "delta.org")


def names(page):
    """Return the names on a page, or of what was walked."""
    return [row["name"] for row in (page["data"] if isinstance(page, dict) else page)]


def test_list(root):
    """Filters and pages are the server's."""
    assert names(root.organization.list()) == ["root", "Alpha", "Beta", "Gamma"]
    assert names(root.organization.list(name="%a", country="NL", page=2, per_page=2)) == ["Gamma"]
    assert names(root.organization.list(collaboration=OPEN)) == ["Alpha", "Beta"]


def test_table(root):
    """It has the rows of the list."""
    table = root.organization.table(country="NL")

    assert table.rows == root.organization.list(country="NL")["data"] != []


def test_iter(root):
    """It walks them all, though a page has ten."""
    for number in range(12):
        root.organization.create(f"Small {number}", *ADDRESS)

    assert len([*root.organization.iter()]) == 16
    assert names(root.organization.iter(name="Small 1%", country="NL")) == ["Small 1", "Small 10", "Small 11"]
    assert names(root.organization.iter(collaboration=OPEN)) == ["Alpha", "Beta"]


def test_get(root, nora):
    """One by its id; one's own without."""
    assert root.organization.get(BETA)["domain"] == "beta.org"
    assert nora.organization.get()["id"] == ALPHA
    with pytest.raises(NotFoundError):
        root.organization.get(UNKNOWN)


def test_create(root, nora):
    """It has what was given, and needs a rule."""
    made = root.organization.create("Delta", *ADDRESS)

    assert (made["name"], made["zipcode"], made["country"], made["public_key"]) == ("Delta", "1000", "NL", "")
    assert root.organization.get(made["id"]) == made
    with pytest.raises(PermissionDeniedError):
        nora.organization.create("Epsilon", *ADDRESS)


def test_update(root):
    """What is not given stays."""
    before = root.organization.get(BETA)

    changed = root.organization.update(BETA, country="BE", domain="beta.be")

    assert changed == before | {"country": "BE", "domain": "beta.be"}
    assert root.organization.get(BETA) == changed


def test_update_of_ones_own(on):
    """Without an id it is one's own."""
    ada = on.client("ada")

    assert ada.organization.update(address1="2 Main Street")["id"] == ALPHA
    assert ada.organization.get()["address1"] == "2 Main Street"


@pytest.mark.only_on("4.15")
def test_delete(root):
    """One that has a node stays, unless that is to go with it."""
    with pytest.raises(InvalidInputError):
        root.organization.delete(GAMMA)

    root.organization.delete(GAMMA, delete_dependents=True)

    assert names(root.organization.list()) == ["root", "Alpha", "Beta"]
    assert names(root.node.list(organization=GAMMA)) == []
