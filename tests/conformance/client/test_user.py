"""Users."""

from __future__ import annotations

import pytest

from v6client.exceptions import AuthenticationError, InvalidInputError, NotFoundError, PermissionDeniedError

from .network import ADA, ALPHA, CARLA, GAMMA, GUS, IMAGE, INPUT, NORA, OPEN, ROOT, UNKNOWN
from .targets import PASSWORD

RESEARCHER = "Researcher"


def ids(page):
    """Return the ids on a page, or of what was walked."""
    return [row["id"] for row in (page["data"] if isinstance(page, dict) else page)]


def role_id(client, name):
    """Return the id of a default role."""
    return client.role.list(name=name)["data"][0]["id"]


def test_list(root):
    """Filters and pages are the server's."""
    assert ids(root.user.list()) == [ROOT, NORA, ADA, CARLA, GUS]
    assert ids(root.user.list(username="n%", firstname="Nora", lastname="T%", email="%@example.org")) == [NORA]
    assert ids(root.user.list(organization=ALPHA, page=2, per_page=1)) == [ADA]
    assert ids(root.user.list(role=role_id(root, RESEARCHER))) == [NORA, GUS]
    assert ids(root.user.list(last_seen_from="2100-01-01")) == ids(root.user.list(last_seen_till="2000-01-01")) == []


def test_table(root):
    """It has the rows of the list."""
    table = root.user.table(organization=ALPHA)

    assert table.rows == root.user.list(organization=ALPHA)["data"] != []


def test_iter(root):
    """It walks them all, with the filters of `list`."""
    for number in range(12):
        root.user.create(f"small{number}", "S", "T", PASSWORD, f"small{number}@example.org", GAMMA)

    assert len([*root.user.iter()]) == 17
    assert len([*root.user.iter(username="small1%", organization=GAMMA)]) == 3


def test_get(root, nora):
    """One by its id; oneself without."""
    assert root.user.get(GUS)["username"] == "gus"
    assert nora.user.get()["id"] == NORA
    with pytest.raises(NotFoundError):
        root.user.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        nora.user.get(GUS)


def test_create(on, root):
    """Whoever was created logs in, and is what was given."""
    rule = root.rule.list(name="task", operation="VIEW", scope="GLOBAL")["data"][0]["id"]
    role = role_id(root, RESEARCHER)

    made = root.user.create("vera", "Vera", "V", PASSWORD, "vera@example.org", GAMMA, [role], [rule])

    assert (made["organization"]["id"], made["firstname"], made["email"]) == (GAMMA, "Vera", "vera@example.org")
    assert ids(root.user.list(role=role)) == [NORA, GUS, made["id"]]
    assert on.client("vera", PASSWORD).whoami.id_ == made["id"]


def test_create_in_ones_own_organization(root):
    """That is where a user belongs if nothing else is said."""
    assert root.user.create("vera", "Vera", "V", PASSWORD, "vera@example.org")["organization"]["id"] == 1


def test_create_with_a_weak_password(root):
    """The server refuses it."""
    with pytest.raises(InvalidInputError):
        root.user.create("vera", "Vera", "V", "weak", "vera@example.org", GAMMA)


def test_update(root):
    """What is not given stays."""
    before = root.user.get(NORA)

    changed = root.user.update(NORA, firstname="Eleonora", email="nora@alpha.org")

    assert changed == before | {"firstname": "Eleonora", "email": "nora@alpha.org"}
    assert root.user.get(NORA) == changed


def test_update_of_oneself(nora):
    """Without an id it is oneself."""
    assert nora.user.update(lastname="Tester-Smith")["id"] == NORA


def test_update_of_roles_and_rules(root):
    """They replace what there was."""
    viewer = role_id(root, "Viewer")

    root.user.update(GUS, roles=[viewer], rules=[1, 2])

    assert ids(root.user.list(role=viewer)) == [GUS]
    assert ids(root.user.list(role=role_id(root, RESEARCHER))) == [NORA]


def test_delete(on, root, nora):
    """Who created a task stays, unless that is to go with them."""
    nora.task.create(OPEN, [ALPHA], "average", IMAGE, "", INPUT)

    root.user.delete(ADA)
    with pytest.raises(InvalidInputError):
        root.user.delete(NORA)
    root.user.delete(NORA, delete_dependents=True)

    assert ids(root.user.list()) == [ROOT, CARLA, GUS]
    assert ids(root.task.list()) == []
    with pytest.raises(AuthenticationError):
        on.client("ada", PASSWORD)
