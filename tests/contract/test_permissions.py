"""What each scope reaches, for each operation on each noun; and what callers cannot give each other."""

from __future__ import annotations

import pytest

from .network import DENIED, outcome

pytestmark = pytest.mark.validated("4.15.2")

REACHED = {"ORGANIZATION": ["own"], "COLLABORATION": ["own", "partner"], "GLOBAL": ["own", "partner", "stranger"]}
"""Whose objects a rule of each scope reaches."""

OPERATIONS = [
    ("user", "VIEW"),
    ("user", "CREATE"),
    ("user", "EDIT"),
    ("user", "DELETE"),
    ("organization", "VIEW"),
    ("organization", "EDIT"),
    ("node", "VIEW"),
    ("node", "CREATE"),
    ("node", "EDIT"),
    ("node", "DELETE"),
    ("role", "VIEW"),
    ("role", "CREATE"),
    ("role", "EDIT"),
    ("role", "DELETE"),
]


class Neighbourhood:
    """Three organizations: a caller's own, one that shares a collaboration with it, and a stranger."""

    def __init__(self, server):
        self.server = server
        self.organizations = {name: server.organization() for name in ("own", "partner", "stranger")}
        self.shared = server.collaboration(self.organizations["own"], self.organizations["partner"])
        # Each also has a collaboration of its own, which reaches nobody else.
        self.alone = {name: server.collaboration(one) for name, one in self.organizations.items()}

    def caller(self, *rules):
        """Return a user of the own organization."""
        return self.server.user(self.organizations["own"], *rules)

    def body(self, noun, name):
        """Return a body that creates an object of an organization."""
        organization_id = self.organizations[name]["id"]
        return {
            "user": self.server.user_body(organization_id=organization_id),
            "node": {"organization_id": organization_id, "collaboration_id": self.alone[name]["id"]},
            "role": {"organization_id": organization_id, "name": self.server.name("role"), "rules": []},
        }[noun]

    def object(self, noun, name):
        """Return the path of an object that belongs to an organization, or is it."""
        if noun == "organization":
            return f"/organization/{self.organizations[name]['id']}"
        return f"/{noun}/{self.server.root.post(f'/{noun}', self.body(noun, name)).json()['id']}"

    def attempt(self, caller, noun, operation, name):
        """Let a caller try an operation on what belongs to an organization; return the answer."""
        if operation == "CREATE":
            return caller.post(f"/{noun}", self.body(noun, name))
        path = self.object(noun, name)
        return {"VIEW": caller.get, "EDIT": lambda path: caller.patch(path, {}), "DELETE": caller.delete}[operation](
            path
        )


@pytest.fixture
def neighbourhood(server):
    """Three organizations, two of which share a collaboration."""
    return Neighbourhood(server)


@pytest.mark.parametrize("scope", REACHED)
@pytest.mark.parametrize(("noun", "operation"), OPERATIONS)
def test_what_a_scope_reaches(neighbourhood, noun, operation, scope):
    """A rule reaches what belongs to the own organization, to those that share a collaboration, or everything."""
    caller = neighbourhood.caller(f"{noun} {operation} {scope}")

    answers = {name: neighbourhood.attempt(caller, noun, operation, name) for name in ("own", "partner", "stranger")}

    assert [name for name, answer in answers.items() if answer.ok] == REACHED[scope]
    assert all(outcome(answer) == DENIED for answer in answers.values() if not answer.ok)


@pytest.mark.parametrize(("noun", "operation"), OPERATIONS)
def test_rules_for_other_operations_and_nouns_do_not_help(neighbourhood, noun, operation):
    """All rules but those for the operation on the noun allow nothing, not even at home."""
    others = [
        rule for rule in neighbourhood.server.rules if not rule.startswith(f"{noun} {operation} ") and "OWN" not in rule
    ]
    caller = neighbourhood.caller(*others)

    assert outcome(neighbourhood.attempt(caller, noun, operation, "own")) == DENIED


@pytest.mark.parametrize(("noun", "operation"), OPERATIONS)
def test_without_a_collaboration_the_scope_collaboration_reaches_nothing(server, noun, operation):
    """Server quirk: an organization that is in no collaboration does not even share one with itself."""
    if noun == "node":
        pytest.skip("a node needs a collaboration, which its organization is then in")
    neighbourhood = Neighbourhood(server)
    neighbourhood.organizations["own"] = server.organization()
    caller = neighbourhood.caller(f"{noun} {operation} COLLABORATION")

    assert outcome(neighbourhood.attempt(caller, noun, operation, "own")) == DENIED


@pytest.mark.parametrize("scope", REACHED)
@pytest.mark.parametrize("noun", ["user", "organization", "role"])
def test_what_a_list_shows(neighbourhood, noun, scope):
    """The widest scope of the rule says whose objects are listed."""
    objects = {name: neighbourhood.object(noun, name) for name in ("own", "partner", "stranger")}
    listed = neighbourhood.caller(f"{noun} VIEW {scope}").get(f"/{noun}", per_page=10_000).json()["data"]
    ids = {one["id"] for one in listed}

    assert [name for name, path in objects.items() if int(path.rpartition("/")[2]) in ids] == REACHED[scope]


NODES_LISTED = {"ORGANIZATION": ["own"], "COLLABORATION": ["own", "shared"], "GLOBAL": ["own", "shared", "partner"]}


@pytest.mark.parametrize("scope", REACHED)
def test_which_nodes_a_list_shows(neighbourhood, scope):
    """Server quirk: COLLABORATION lists nodes that serve one's collaborations, but views those of partners."""
    nodes = {
        "own": neighbourhood.object("node", "own"),
        "shared": f"/node/{neighbourhood.server.node(neighbourhood.organizations['partner'], neighbourhood.shared).id}",
        "partner": neighbourhood.object("node", "partner"),
    }
    caller = neighbourhood.caller(f"node VIEW {scope}")
    ids = {node["id"] for node in caller.get("/node", per_page=10_000).json()["data"]}

    assert [name for name, path in nodes.items() if int(path.rpartition("/")[2]) in ids] == NODES_LISTED[scope]


@pytest.mark.parametrize("noun", ["user", "organization", "node", "collaboration"])
def test_lists_need_a_rule(server, noun):
    """Who may view none of a noun cannot list it."""
    assert outcome(server.user().get(f"/{noun}")) == DENIED


def test_the_widest_scope_counts_in_lists(neighbourhood):
    """Narrower rules beside a wide one take nothing away."""
    caller = neighbourhood.caller("organization VIEW ORGANIZATION", "organization VIEW GLOBAL")
    listed = caller.get("/organization", name="root").json()["data"]

    assert [organization["id"] for organization in listed] == [1]


GIFTS = [
    (["user VIEW COLLABORATION"], "user VIEW COLLABORATION", True),
    (["user VIEW GLOBAL"], "user VIEW ORGANIZATION", True),
    (["user VIEW ORGANIZATION"], "user VIEW COLLABORATION", False),
    (["user DELETE ORGANIZATION"], "user DELETE OWN", True),
    (["user DELETE OWN"], "user DELETE ORGANIZATION", False),
    (["user DELETE GLOBAL"], "user VIEW ORGANIZATION", False),
    (["role VIEW GLOBAL"], "user VIEW ORGANIZATION", False),
    ([], "collaboration VIEW ORGANIZATION", False),
    # Between ORGANIZATION and COLLABORATION the ladder counts, although neither reaches all that the other does.
    (["organization VIEW COLLABORATION"], "organization VIEW ORGANIZATION", True),
]
"""What a caller holds, what they give away, and whether they may: the same rule, or a wider one."""


@pytest.fixture(
    params=["rule to a new user", "role to a new user", "rule to a user", "rule in a new role", "rule to a role"]
)
def give(request, server):
    """A way to hand out a rule: takes what the caller holds and what they give, returns the answer."""
    organization = server.organization()
    ways = {"user CREATE ORGANIZATION", "user EDIT ORGANIZATION", "role CREATE ORGANIZATION", "role EDIT ORGANIZATION"}

    def attempt(held, given):
        caller = server.user(organization, *ways, *held)
        rule = server.rules[given]
        match request.param:
            case "rule to a new user":
                return caller.post("/user", server.user_body(rules=[rule]))
            case "role to a new user":
                return caller.post("/user", server.user_body(roles=[server.role(organization, given)["id"]]))
            case "rule to a user":
                return caller.patch(f"/user/{server.user(organization).id}", {"rules": [rule]})
            case "rule in a new role":
                return caller.post("/role", {"name": server.name(), "rules": [rule]})
            case _:
                return caller.post(f"/role/{server.role(organization)['id']}/rule/{rule}")

    return attempt


@pytest.mark.parametrize(("held", "given", "allowed"), GIFTS)
def test_nobody_gives_what_they_do_not_hold(give, held, given, allowed):
    """A rule can be given by who holds it, or a wider one for the same operation; whichever way it is given."""
    answer = give(held, given)

    assert answer.ok if allowed else outcome(answer) == DENIED


def test_an_organization_admin_cannot_make_researchers(server):
    """Server quirk: the default role does not hold the rules of Researcher, and so cannot give it."""
    admin = server.user(roles=["Organization Admin"])

    assert outcome(admin.post("/user", server.user_body(roles=[server.roles["Researcher"]]))) == DENIED
    assert admin.post("/user", server.user_body(roles=[server.roles["Viewer"]])).status_code == 201


# ---- nodes and containers


@pytest.fixture
def stations(server):
    """A node and a container of an organization that collaborates with another; and both organizations."""
    own, other = server.organization(), server.organization()
    collaboration = server.collaboration(own, other)
    node = server.node(own, collaboration)
    task = server.task(server.user(own, roles=["Researcher"]), collaboration, own)
    return {"node": node, "container": server.container(node, task)}, own, other, collaboration


@pytest.mark.parametrize("kind", ["node", "container"])
def test_what_nodes_and_containers_may_view(server, stations, kind):
    """Their own organization, those that collaborate with it, and their collaboration."""
    callers, own, other, collaboration = stations
    caller = callers[kind]
    stranger, foreign = server.organization(), server.collaboration()

    assert caller.get(f"/organization/{own['id']}").json()["name"] == own["name"]
    assert caller.get(f"/organization/{other['id']}").json()["name"] == other["name"]
    assert outcome(caller.get(f"/organization/{stranger['id']}")) == DENIED
    assert {one["id"] for one in caller.get("/organization").json()["data"]} == {own["id"], other["id"]}
    assert caller.get(f"/collaboration/{collaboration['id']}").json()["name"] == collaboration["name"]
    assert outcome(caller.get(f"/collaboration/{foreign['id']}")) == DENIED


def test_a_container_filters_by_its_own_collaboration_only(server, stations):
    """A container sees organizations of all its organization's collaborations, but filters by the one in its token."""
    callers, own, _, collaboration = stations
    second = server.collaboration(own, server.organization())

    assert len(callers["container"].get("/organization").json()["data"]) == 3
    assert len(callers["container"].get("/organization", collaboration_id=collaboration["id"]).json()["data"]) == 2
    assert outcome(callers["container"].get("/organization", collaboration_id=second["id"])) == DENIED
    assert len(callers["node"].get("/organization", collaboration_id=second["id"]).json()["data"]) == 2


def test_a_node_may_change_its_organization_and_its_nodes(server, stations):
    """A node has rules to edit its own organization, also its public key, and every node of it."""
    callers, own, other, _ = stations
    node, sibling = callers["node"], server.node(own, server.collaboration(own))
    foreign = server.node(other, server.collaboration(other))

    assert node.patch(f"/organization/{own['id']}", {"public_key": "a2V5"}).json()["public_key"] == "a2V5"
    assert outcome(node.patch(f"/organization/{other['id']}", {})) == DENIED
    assert node.patch(f"/node/{sibling.id}", {"ip": "10.0.0.1"}).json()["ip"] == "10.0.0.1"
    assert outcome(node.patch(f"/node/{foreign.id}", {})) == DENIED


def test_a_node_lists_the_nodes_of_its_organization(server, stations):
    """A node may not filter nodes by collaboration, not even by its own."""
    callers, own, other, collaboration = stations
    sibling = server.node(own, server.collaboration(own))
    server.node(other, collaboration)
    node = callers["node"]

    assert {one["id"] for one in node.get("/node").json()["data"]} == {node.id, sibling.id}
    assert outcome(node.get("/node", collaboration_id=collaboration["id"])) == DENIED
    assert {one["id"] for one in node.get("/collaboration", name=collaboration["name"]).json()["data"]} == {
        collaboration["id"]
    }
