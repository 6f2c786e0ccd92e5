"""Servers of different releases: what each has, lacks, and does in its own way."""

from __future__ import annotations

import json

import pytest

from v6mockserver import MockServer
from v6mockserver._app import application
from v6mockserver.state.releases import RELEASES
from v6mockserver.state.world import World

SINCE_4_15 = [
    ("DELETE", "/organization/<int:id_>"),
    ("GET", "/blobstream/<string:uuid>"),
    ("GET", "/blobstream/status"),
    ("POST", "/blobstream"),
    ("POST", "/column"),
    ("GET", "/study"),
    ("POST", "/study/<int:id_>/organization"),
    ("GET", "/task/<int:id_>/status"),
    ("POST", "/token/node/validate"),
    ("POST", "/token/user/validate"),
]


def routes(version):
    """Return the routes of a version, as pairs of method and path."""
    return {
        (method, rule.rule.removeprefix("/api"))
        for rule in application(version).url_map.iter_rules()
        for method in rule.methods
    }


@pytest.fixture(params=RELEASES)
def server(request):
    """A server of each version."""
    return MockServer(version=request.param)


def test_a_server_tells_its_release(server):
    """The exact number of the release that was observed."""
    answer = server.session().get(f"{server.url}/api/version").json()

    assert answer == {"version": {"4.0": "4.0.3", "4.15": "4.15.2"}[server.version]}


@pytest.mark.parametrize("route", SINCE_4_15, ids=" ".join)
def test_a_route_exists_since_its_version(route):
    """What came later is not there before."""
    assert (route in routes("4.0"), route in routes("4.15")) == (False, True)


def test_later_releases_lose_no_route():
    """4.15 has all that 4.0 has."""
    assert routes("4.0") < routes("4.15")


def test_a_method_that_came_later_is_not_allowed():
    """Its path is there, so it is a 405 that names the other methods."""
    server = MockServer(version="4.0")
    answer = server.session().delete(f"{server.url}/api/organization/1")

    assert (answer.status_code, "DELETE" in answer.headers["Allow"]) == (405, False)


@pytest.mark.parametrize(("version", "rules", "admin"), [("4.0", 74, 37), ("4.15", 86, 41)])
def test_rules_and_roles_are_those_of_the_release(version, rules, admin):
    """Counted as on the real servers."""
    world = World.fresh(version)
    role = world.role.first("name", "Collaboration Admin")

    assert (len(world.rule), len(world.role_rule.rights(role.id))) == (rules, admin)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("user/1", {"last_email_failed_login_sent", "last_email_recover_password_sent"}),
        ("role/1", {"is_default_role"}),
        ("organization/1", {"studies"}),
    ],
)
def test_objects_have_the_keys_of_the_release(path, keys):
    """What 4.15 says more, 4.0 does not."""
    old, new = (_root(version, path) for version in RELEASES)

    assert set(new) - set(old) == keys


def test_links_announce_the_methods_of_the_release():
    """Organizations cannot be deleted in 4.0."""
    old, new = (_root(version, "user/1")["organization"]["methods"] for version in RELEASES)

    assert (old, new) == (["GET", "PATCH"], ["GET", "PATCH", "DELETE"])


def test_the_demo_runs_on_every_release(server):
    """Nodes and algorithms get along without what 4.0 lacks."""
    demo = MockServer.demo(version=server.version)
    client = demo.client("researcher")
    client.setup_encryption(demo.private_keys["Cleveland"])
    hospitals = [one["id"] for one in client.organization.list(collaboration=1)["data"]]
    input_ = {"method": "central_average", "kwargs": {"column": "age"}}
    task = client.task.create(1, hospitals[:1], "average", "v6-average", "", input_, databases="default")
    (result,) = client.wait_for_results(task["id"])["data"]

    assert json.loads(result["result"])["mean"] == pytest.approx(53.5109, abs=1e-4)


def test_in_4_0_a_node_moves_between_the_collaborations_of_its_organization():
    """Not copied: where it does not take part, the real server changes nothing either, and says 200."""
    nora = {"username": "nora", "password": "p", "roles": [], "rules": ["node EDIT ORGANIZATION"]}
    server = MockServer({"organizations": [{"name": "North", "users": [nora]}]}, version="4.0")
    root, session = server.client("root"), server.session()
    north = root.organization.list(name="North")["data"][0]["id"]
    first, second, foreign = (
        root.collaboration.create(name, [member])["id"]
        for name, member in (("first", north), ("second", north), ("foreign", 1))
    )
    node = root.node.create(first, north)["id"]
    session.headers["Authorization"] = f"Bearer {server.client('nora').token}"

    def move(collaboration):
        return session.patch(f"{server.url}/api/node/{node}", json={"collaboration_id": collaboration}).status_code

    assert (move(foreign), move(second)) == (401, 200)
    assert root.node.get(node)["collaboration"]["id"] == second


def _root(version, path):
    server = MockServer(version=version)
    credentials = {"username": "root", "password": "root"}
    session = server.session()
    token = session.post(f"{server.url}/api/token/user", json=credentials).json()["access_token"]
    return session.get(f"{server.url}/api/{path}", headers={"Authorization": f"Bearer {token}"}).json()


@pytest.mark.parametrize(
    "query",
    [
        "user?sort=last_email_failed_login_sent",
        "role?sort=is_default_role",
        "task?sort=study_id",
        "task?sort=algorithm_store_id",
        "run?sort=cleanup_at",
        "result?sort=blob_storage_used",
    ],
)
def test_lists_are_sorted_by_columns_of_the_release(query):
    """What the database of 4.0 does not have yet makes it fail, as on a real 4.0.3."""
    statuses = []
    for version in RELEASES:
        server = MockServer(version=version)
        session, token = server.session(), server.client().token
        answer = session.get(f"{server.url}/api/{query}", headers={"Authorization": f"Bearer {token}"})
        statuses.append(answer.status_code)

    assert statuses == [500, 200]


def test_the_page_is_judged_before_the_order():
    """Which 4.0 tells by the status: of text that is no number it says so."""
    server = MockServer(version="4.0")
    session, token = server.session(), server.client().token
    query = {"sort": "nothing", "page": "x"}
    answer = session.get(f"{server.url}/api/run", params=query, headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 400
