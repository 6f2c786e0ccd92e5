"""Lists: pages, links, headers, order, and the filters of organizations, collaborations, nodes and roles."""

from __future__ import annotations

import pytest

from .network import made

pytestmark = pytest.mark.validated("4.15.2")


@pytest.fixture
def three(server):
    """Three organizations whose names have a beginning of their own."""
    prefix = server.name("three")
    return prefix, [server.organization(name=f"{prefix} {letter}", country=prefix) for letter in "abc"]


def relations(answer):
    """Return the links of a page without what leads to it."""
    return {relation: url.rpartition("?")[2] for relation, url in answer.json()["links"].items()}


def test_the_middle_of_a_list(server, three):
    """Every direction has a link that repeats the query, and the headers say the same."""
    prefix, rows = three
    answer = server.root.get("/organization", per_page=1, page=2, name=f"{prefix} %", sort="id")
    query = f"name={prefix}+%25&sort=id"

    assert [row["id"] for row in answer.json()["data"]] == [rows[1]["id"]]
    assert relations(answer) == {
        "first": f"per_page=1&page=1&{query}",
        "previous": f"per_page=1&page=1&{query}",
        "self": f"per_page=1&page=2&{query}",
        "next": f"per_page=1&page=3&{query}",
        "last": f"per_page=1&page=3&{query}",
    }
    assert answer.headers["total-count"] == "3"
    assert answer.headers["access-control-expose-headers"] == "total-count, Link"
    assert f"<{answer.json()['links']['next']}>; rel=next" in answer.headers["Link"].split(",")


def test_the_first_page(server, three):
    """Nothing precedes it; the number of the page is added to the query."""
    prefix, _ = three

    assert relations(server.root.get("/organization", country=prefix, per_page=2)) == {
        "first": f"country={prefix}&per_page=2&page=1",
        "self": f"country={prefix}&per_page=2&page=1",
        "next": f"country={prefix}&per_page=2&page=2",
        "last": f"country={prefix}&per_page=2&page=2",
    }


def test_beyond_the_end(server, three):
    """There is nothing there, and a way back."""
    prefix, _ = three
    answer = server.root.get("/organization", country=prefix, page=9)

    assert answer.status_code == 200
    assert answer.json()["data"] == []
    assert relations(answer).keys() == {"first", "previous", "self", "last"}


def test_an_empty_list(server):
    """It has a first page and no last one."""
    answer = server.root.get("/organization", country="nowhere at all")

    assert relations(answer).keys() == {"first", "self"}
    assert answer.headers["total-count"] == "0"


def test_ten_on_a_page(server):
    """Unless the query says otherwise."""
    assert len(server.root.get("/rule").json()["data"]) == 10
    assert len(server.root.get("/rule", no_pagination=1).json()["data"]) == 86


def test_all_on_one_page(server):
    """Whatever is said of pages; in the order that is asked for."""
    rules = made(server.root.get("/rule", no_pagination=1, page="x", sort="-id"))["data"]

    assert [rule["id"] for rule in rules] == list(range(86, 0, -1))
    assert server.root.get("/rule", no_pagination=1, sort="nothing").status_code == 500


def test_order(server, three):
    """Columns up or down, several of them."""
    prefix, rows = three
    ids = [row["id"] for row in rows]

    def found(sort):
        return [row["id"] for row in made(server.root.get("/organization", country=prefix, sort=sort))["data"]]

    assert found("name") == found("country, name") == ids
    assert found("-name") == found("country,-id") == ids[::-1]


@pytest.mark.parametrize(
    ("noun", "column", "status"),
    [
        ("user", "type", 200),
        ("node", "type", 200),
        ("organization", "_public_key", 200),
        ("organization", "public_key", 500),
        ("role", "type", 500),
    ],
)
def test_columns_are_called_as_in_the_database(server, noun, column, status):
    """Which is not always as in answers."""
    assert server.root.get(f"/{noun}", sort=f"{column},-id").status_code == status


def names(answer):
    """Return the names on a page, in alphabetical order."""
    return sorted(row["name"] for row in made(answer)["data"])


def test_filters_of_organizations(server, three):
    """By name, by collaboration, by id."""
    prefix, (first, second, _) = three
    place = server.collaboration(first, second)
    everybody = [first["name"], second["name"]]

    assert names(server.root.get("/organization", name=f"{prefix} _", per_page=2, sort="id")) == everybody
    assert names(server.root.get("/organization", collaboration_id=place["id"])) == everybody
    assert names(server.root.get("/organization", ids=[first["id"], second["id"]])) == everybody
    assert names(server.root.get("/organization", name=prefix)) == []


def test_filters_of_collaborations(server, three):
    """By name, by member, by encryption; with their organizations in them on request."""
    _, (first, second, _) = three
    plain, secret = server.collaboration(first), server.collaboration(first, second, encrypted=True)

    assert names(server.root.get("/collaboration", organization_id=second["id"])) == [secret["name"]]
    assert names(server.root.get("/collaboration", organization_id=first["id"], encrypted=0)) == [plain["name"]]
    (shown,) = made(server.root.get("/collaboration", name=secret["name"], include="organizations"))["data"]
    assert [row["id"] for row in shown["organizations"]] == [first["id"], second["id"]]


def test_filters_of_nodes(server, three):
    """By organization, collaboration, name and status."""
    _, (first, second, _) = three
    place = server.collaboration(first, second)
    one, other = server.node(first, place), server.node(second, place)

    assert names(server.root.get("/node", organization_id=first["id"])) == [one.row["name"]]
    assert len(names(server.root.get("/node", collaboration_id=place["id"], status="offline"))) == 2
    assert names(server.root.get("/node", name=other.row["name"])) == [other.row["name"]]
    assert names(one.get("/node")) == [one.row["name"]]


def test_filters_of_roles(server, three):
    """By name, organization, rule and user; default roles on request."""
    _, (first, second, _) = three
    role, other = server.role(first, "task VIEW GLOBAL"), server.role(second, "run VIEW GLOBAL")
    user = server.user(first, roles=[role["id"]])

    def found(**query):
        return names(server.root.get("/role", per_page=1000, **query))

    assert found(name=role["name"]) == found(organization_id=first["id"]) == found(user_id=user.id) == [role["name"]]
    assert set(found(organization_id=[first["id"], second["id"]])) == {role["name"], other["name"]}
    assert len(found(organization_id=first["id"], include_root="false")) == 8
    assert role["name"] in found(rule_id=server.rules["task VIEW GLOBAL"])
    assert found(collaboration_id=server.collaboration(first)["id"]) == []


def test_organizations_of_roles_are_judged_one_by_one(server):
    """What comes first is refused, whatever comes after it."""
    viewer = server.user(None, "role VIEW ORGANIZATION")

    assert viewer.get("/role", organization_id=[1, "x"]).status_code == 401
