"""Studies: listing, creating, viewing, changing, deleting, and their members one by one."""

from __future__ import annotations

import pytest

from .network import DENIED, DONE, FAILED, INPUT, INVALID, MISSING, REFUSED, deviates, made, outcome
from .work import Work, ids, link, plain

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999


class Studies(Work):
    """A federation in which Alpha, Beta and Gamma share a collaboration, and studies are made by root."""

    @property
    def root(self):
        """The user root."""
        return self.server.root

    def __init__(self, server):
        super().__init__(server)
        self.place = server.collaboration(self.alpha, self.beta, self.gamma)

    def sketch(self, *members, **columns):
        """Return a body for POST /study that is accepted."""
        body = {
            "name": self.server.name("study"),
            "collaboration_id": self.place["id"],
            "organization_ids": [one["id"] for one in members or (self.alpha, self.beta)],
        }
        return body | columns

    def study(self, *members, **columns):
        """Create a study, by default of Alpha and Beta."""
        return made(self.root.post("/study", self.sketch(*members, **columns)))


@pytest.fixture
def work(server):
    """Three organizations in one collaboration."""
    return Studies(server)


def members(answer):
    """Return the ids of the organizations in a bare list."""
    return sorted(one["id"] for one in made(answer))


# ---- POST /study


def test_a_new_study(work):
    """It comes with its organizations; when it is viewed they are a link, unless asked for."""
    body = work.sketch()
    answer = work.root.post("/study", body)
    study = answer.json()
    id_ = study["id"]
    linked = {
        "id": id_,
        "name": body["name"],
        "collaboration": link("collaboration", work.place["id"]),
        "organizations": f"/api/organization?study_id={id_}",
        "tasks": f"/api/task?study_id={id_}",
    }

    assert answer.status_code == 201
    assert [one["id"] for one in study["organizations"]] == body["organization_ids"]
    assert plain(study["organizations"][0]) == plain(made(work.root.get(f"/organization/{work.alpha['id']}")))
    assert plain(made(work.root.get(f"/study/{id_}"))) == linked
    assert plain(made(work.root.get(f"/study/{id_}", include="organizations"))) == plain(study)
    assert plain(study) | {"organizations": linked["organizations"]} == linked


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ""}, INVALID),
        ({"name": "123"}, INVALID),
        ({"name": "x" * 129}, INVALID),
        ({"name": None}, INVALID),
        ({"collaboration_id": 0}, INVALID),
        ({"collaboration_id": None}, INVALID),
        ({"collaboration_id": True}, INVALID),
        ({"collaboration_id": ABSENT}, deviates(mock=MISSING, real=FAILED)),
        ({"organization_ids": []}, INVALID),
        ({"organization_ids": [0]}, INVALID),
        ({"organization_ids": ["x"]}, INVALID),
        ({"organization_ids": 5}, INVALID),
        ({"organization_ids": None}, INVALID),
        ({"organization_ids": [ABSENT, ABSENT]}, INVALID),
        ({"organization_ids": [ABSENT]}, REFUSED),
        ({"unknown": 1}, INVALID),
        ({"id": 1}, INVALID),
    ],
)
def test_bodies(work, changes, expected):
    """What does not fit is refused by its field or by what it names, and nothing is created."""
    body = work.sketch(**changes)
    answer = work.root.post("/study", body)

    assert outcome(answer) == work.server.expected(expected)
    assert ids(work.root.get("/study", collaboration_id=work.place["id"])) == []


@pytest.mark.parametrize("field", ["name", "collaboration_id", "organization_ids"])
def test_a_required_field_is_named(work, field):
    """A field that is missing is refused under its own name."""
    body = work.sketch()
    del body[field]
    answer = work.root.post("/study", body)

    assert outcome(answer) == INVALID
    assert list(answer.json()["errors"]) == [field]


@pytest.mark.parametrize(("value", "form"), [([0], list), ([1, 1], list), ([], list), (["x"], dict)])
def test_where_a_list_is_wrong(work, value, form):
    """Only an element that is no number is told by its place."""
    errors = work.root.post("/study", work.sketch(organization_ids=value)).json()["errors"]

    assert isinstance(errors["organization_ids"], form)


def test_ids_as_text(work):
    """Server quirk: the collaboration may be named by text, organizations may not."""
    body = work.sketch(collaboration_id=str(work.place["id"]))

    assert made(work.root.post("/study", body))["collaboration"]["id"] == work.place["id"]
    assert outcome(work.root.post("/study", work.sketch(organization_ids=[str(work.alpha["id"])]))) == REFUSED


def test_names_are_unique_everywhere(work):
    """A name that is taken comes before a missing rule."""
    study, nobody = work.study(), work.user(work.alpha)

    assert outcome(work.root.post("/study", work.sketch(name=study["name"]))) == REFUSED
    assert outcome(nobody.post("/study", work.sketch(name=study["name"]))) == REFUSED
    assert outcome(nobody.post("/study", work.sketch())) == DENIED
    assert outcome(nobody.post("/study", work.sketch(organization_ids=[ABSENT]))) == DENIED


@pytest.mark.parametrize(
    ("rule", "expected"), [("study CREATE GLOBAL", 201), ("study CREATE COLLABORATION", 401), (None, 401)]
)
def test_creating_elsewhere(work, rule, expected):
    """A rule for one's collaborations does not reach one of strangers."""
    stranger = work.server.user(None, *filter(None, [rule]))

    assert stranger.post("/study", work.sketch()).status_code == expected


# ---- what each scope reaches

WAYS = ["GET", "PATCH", "DELETE"]
OPERATIONS = {"GET": "VIEW", "PATCH": "EDIT", "DELETE": "DELETE"}
REACHED = {
    None: [],
    "ORGANIZATION": ["member"],
    "COLLABORATION": ["member", "partner"],
    "GLOBAL": ["member", "partner", "stranger"],
}
"""Who reaches a study: a member, another organization of its collaboration, one of neither."""


@pytest.mark.parametrize("method", WAYS)
@pytest.mark.parametrize("scope", REACHED)
def test_scopes(work, method, scope):
    """ORGANIZATION reaches the studies of one's organization, COLLABORATION those of its collaborations."""
    homes = {"member": work.alpha, "partner": work.gamma, "stranger": work.server.organization()}
    rules = [f"study {OPERATIONS[method]} {scope}"] if scope else []
    seen = []
    for name, home in homes.items():
        path = f"/study/{work.study()['id']}"
        answer = work.user(home, *rules).request(method, path, json={} if method == "PATCH" else None)
        seen += [name] if answer.status_code == 200 else []
        assert answer.status_code == 200 or outcome(answer) == DENIED

    assert seen == REACHED[scope]


def test_nodes_and_containers_view_studies(work):
    """Members' nodes do, and their containers; only users and nodes list them."""
    work.place = work.shared
    study, other = work.study(work.alpha), work.study(work.beta)
    node, container = work.node(work.alpha), work.container(work.task(work.alpha), work.alpha)

    assert ids(node.get("/study")) == [study["id"]]
    for caller in (node, container):
        assert made(caller.get(f"/study/{study['id']}"))["id"] == study["id"]
        assert outcome(caller.get(f"/study/{other['id']}")) == DENIED
        assert outcome(caller.delete(f"/study/{study['id']}")) == FAILED
    assert outcome(container.get("/study")) == FAILED


# ---- GET /study


def test_filters(work):
    """Each of them selects, by ascending id."""
    first, second = work.study(), work.study(work.gamma)
    place = work.place["id"]

    def found(**query):
        return ids(work.root.get("/study", **{"collaboration_id": place} | query))

    assert found() == [first["id"], second["id"]]
    assert found(sort="-name", per_page=1) == [max(first, second, key=lambda one: one["name"])["id"]]
    assert found(name=second["name"].upper()) == found(organization_id=work.gamma["id"]) == [second["id"]]
    assert found(name="x") == found(organization_id=ABSENT) == found(organization_id="x") == []
    assert found(collaboration_id=ABSENT) == found(collaboration_id="x") == []
    listed = made(work.root.get("/study", collaboration_id=place, include="organizations"))["data"]
    assert [one["id"] for one in listed[1]["organizations"]] == [work.gamma["id"]]


@pytest.mark.parametrize(
    ("scope", "sees", "own", "other", "absent"),
    [
        ("GLOBAL", ["first", "second"], ["first"], ["second"], []),
        ("COLLABORATION", ["first", "second"], ["first"], ["second"], DENIED),
        ("ORGANIZATION", ["first"], ["first"], DENIED, DENIED),
        (None, DENIED, DENIED, DENIED, DENIED),
    ],
)
def test_filters_by_scope(work, scope, sees, own, other, absent):
    """A collaboration must be one's own, unless the rule is global; another organization needs more than one's own."""
    studies = {work.study(work.alpha)["id"]: "first", work.study(work.beta)["id"]: "second"}
    caller = work.user(work.alpha, *([f"study VIEW {scope}"] if scope else []))

    def found(**query):
        answer = caller.get("/study", per_page=10_000, **query)
        return [studies[id_] for id_ in ids(answer) if id_ in studies] if answer.ok else outcome(answer)

    assert found() == found(collaboration_id=work.place["id"]) == sees
    assert found(organization_id=work.alpha["id"]) == own
    assert found(organization_id=work.beta["id"]) == other
    assert found(collaboration_id=ABSENT) == absent


@pytest.mark.parametrize("query", ["page=x", "per_page=0", "sort=nothing"])
def test_refused_pages(work, query):
    """Server quirk: a page or an order that makes no sense is a 500."""
    assert outcome(work.root.get(f"/study?{query}")) == FAILED


def test_a_collaboration_that_is_no_number(work):
    """It is the id of none for those who see everything; for others who see some the real server fails."""
    caller, nobody = work.user(work.alpha, "study VIEW COLLABORATION"), work.user(work.alpha)
    expected = work.server.expected(deviates(mock=REFUSED, real=FAILED))

    assert outcome(caller.get("/study", collaboration_id="x")) == expected
    assert outcome(nobody.get("/study", collaboration_id="x")) == DENIED


# ---- PATCH and DELETE /study/<id>


def test_changing(work):
    """Name and members change; the collaboration is read and stays."""
    study = work.study()
    change = {"name": work.server.name("new"), "collaboration_id": ABSENT, "organization_ids": [work.gamma["id"]]}
    changed = made(work.root.patch(f"/study/{study['id']}", change))

    assert (changed["name"], changed["collaboration"]["id"]) == (change["name"], work.place["id"])
    assert [one["id"] for one in changed["organizations"]] == [work.gamma["id"]]
    assert plain(made(work.root.patch(f"/study/{study['id']}", {}))) == plain(changed)
    assert made(work.root.patch(f"/study/{study['id']}", {"name": change["name"]}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": ""}, INVALID),
        ({"organization_ids": []}, INVALID),
        ({"organization_ids": [ABSENT]}, REFUSED),
        ({"collaboration_id": 0}, INVALID),
        ({"unknown": 1}, INVALID),
        ([], INVALID),
    ],
)
def test_refused_changes(work, changes, expected):
    """What does not fit is refused, and the members stay; a missing rule comes before."""
    study, nobody = work.study(), work.user(work.gamma)
    path = f"/study/{study['id']}"

    assert outcome(nobody.patch(path, changes)) == DENIED
    assert outcome(work.root.patch(path, changes)) == expected
    assert plain(made(work.root.get(path, include="organizations"))) == plain(study)


def test_a_name_that_is_taken(work):
    """Two studies never have the same name."""
    first, second = work.study(), work.study()

    assert outcome(work.root.patch(f"/study/{first['id']}", {"name": second["name"]})) == REFUSED


def test_deleting(work):
    """A study with tasks goes only together with them."""
    work.place = work.shared
    study = work.study()
    task = made(work.researcher.post("/task", work.body(collaboration_id=work.shared["id"], study_id=study["id"])))
    path = f"/study/{study['id']}"

    assert task["study"]["id"] == study["id"]
    assert outcome(work.root.delete(path)) == REFUSED
    assert outcome(work.root.delete(path, delete_dependents="")) == REFUSED
    assert outcome(work.root.delete(path, delete_dependents="false")) == DONE
    assert outcome(work.root.get(path)) == outcome(work.root.get(f"/task/{task['id']}")) == MISSING


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/organization"), ("DELETE", "/organization")],
)
def test_what_does_not_exist(server, method, path):
    """It is not found, before rights or the body are looked at."""
    caller = server.user()

    assert outcome(caller.request(method, f"/study/{ABSENT}{path}", json={"nothing": 1})) == MISSING


# ---- /study/<id>/organization


def test_members_one_by_one(work):
    """Each answer is the bare list of members; adding one twice changes nothing."""
    study = work.study(work.alpha)
    path, beta = f"/study/{study['id']}/organization", {"id": work.beta["id"]}
    both = sorted([work.alpha["id"], work.beta["id"]])

    assert members(work.root.post(path, beta)) == both
    assert set(members(work.root.post(path, beta))) == set(both)
    assert members(work.root.delete(path, {"id": work.alpha["id"]})) == [work.beta["id"]]
    assert ids(work.root.get("/organization", study_id=study["id"])) == [work.beta["id"]]


@pytest.mark.parametrize(
    ("method", "body", "expected", "without_rules"),
    [
        ("POST", {}, INVALID, DENIED),
        ("POST", {"id": 0}, INVALID, DENIED),
        ("POST", {"id": ABSENT}, MISSING, DENIED),
        ("POST", {"id": 1}, REFUSED, DENIED),
        ("DELETE", {}, INVALID, INVALID),
        ("DELETE", {"id": "x"}, INVALID, INVALID),
        ("DELETE", {"id": ABSENT}, MISSING, MISSING),
        ("DELETE", {"id": 1}, deviates(mock=REFUSED, real=FAILED), DENIED),
    ],
)
def test_refused_members(work, method, body, expected, without_rules):
    """Adding asks for rights before the body, removing after it; organization 1 is a stranger."""
    path = f"/study/{work.study()['id']}/organization"

    assert outcome(work.root.request(method, path, json=body)) == work.server.expected(expected)
    assert outcome(work.user(work.alpha).request(method, path, json=body)) == without_rules


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(("scope", "expected"), [("GLOBAL", 200), ("COLLABORATION", 200), ("ORGANIZATION", 401)])
def test_who_changes_members(work, method, scope, expected):
    """Members with the narrowest rule may replace the set of members, but not add or remove one."""
    study = work.study()
    caller = work.user(work.alpha, f"study EDIT {scope}")
    answer = caller.request(method, f"/study/{study['id']}/organization", json={"id": work.beta["id"]})
    replaced = caller.patch(f"/study/{study['id']}", {"organization_ids": [work.beta["id"]]})

    assert (answer.status_code, replaced.status_code) == (expected, 200)


# ---- tasks in studies


def test_tasks_of_a_study(work):
    """Their organizations are its members; whoever starts them need only be in the collaboration."""
    work.place = work.shared
    study = work.study(work.beta)
    body = work.body(work.beta, study_id=study["id"])
    del body["collaboration_id"]
    task = made(work.researcher.post("/task", body))
    targets = [{"id": work.alpha["id"], "input": INPUT}]

    assert plain(task["study"]) == link("study", study["id"])
    assert task["collaboration"]["id"] == work.shared["id"]
    assert ids(work.researcher.get("/task", study_id=study["id"])) == [task["id"]]
    assert outcome(work.researcher.post("/task", body | {"organizations": targets})) == REFUSED
    assert outcome(work.researcher.post("/task", body | {"collaboration_id": work.other["id"]})) == REFUSED
    assert work.subtask(task, work.alpha, by=work.beta)["study"] is None
