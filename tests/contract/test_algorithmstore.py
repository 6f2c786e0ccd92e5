"""Algorithm stores: listing, adding, viewing, changing, deleting; what stores are asked, and what they answer."""

from __future__ import annotations

import pytest

from .network import DENIED, DONE, FAILED, INVALID, MISSING, REFUSED, deviates, made, outcome
from .store import HOST, SERVER_URL, Store
from .work import Work, ids, link, plain

pytestmark = pytest.mark.validated("4.15.2")

ABSENT = 999_999_999
TAKE_IN, POLICY, FIND, LET_GO = "POST vantage6-server", "GET policy/public", "GET algorithm", "GET vantage6-server"


class Stores(Work):
    """A federation with an algorithm store beside it, which takes everybody in and knows nothing else."""

    def __init__(self, server, store):
        super().__init__(server)
        self.root = server.root
        self.store = store
        self.allow()

    def allow(self):
        """Let the store take servers in."""
        self.store.answers[TAKE_IN] = (201, {})

    def entry(self, **columns):
        """Return a body for POST /algorithmstore that is accepted, for all collaborations."""
        body = {"name": self.server.name("store"), "algorithm_store_url": self.store.url, "server_url": SERVER_URL}
        return body | columns

    def add(self, collaboration=None, **columns):
        """Add the store to a collaboration, or to all."""
        place = {} if collaboration is None else {"collaboration_id": collaboration["id"]}
        return made(self.root.post("/algorithmstore", self.entry(**place, **columns)))

    def listed(self, caller=None, **query):
        """Return the ids of the records of this store that a caller finds."""
        return ids((caller or self.root).get("/algorithmstore", url=self.store.url, **query))


@pytest.fixture
def store():
    """An algorithm store."""
    store = Store()
    yield store
    store.stop()


@pytest.fixture
def work(server, store):
    """Three organizations, two collaborations, and an algorithm store."""
    return Stores(server, store)


# ---- POST /algorithmstore


def test_a_store_for_one_collaboration(work):
    """The store is asked to take this server in, in the caller's name; a slash at the end of its URL goes."""
    body = work.entry(collaboration_id=work.shared["id"], algorithm_store_url=f"{work.store.url}/")
    answer = work.root.post("/algorithmstore", body)
    row = answer.json()
    (asked,) = work.store.requests

    assert answer.status_code == 201
    assert row == {
        "id": row["id"],
        "name": body["name"],
        "url": work.store.url,
        "collaborations": f"/api/collaboration?algorithm_store_id={row['id']}",
    }
    assert (asked.line, asked.body) == (TAKE_IN, {"url": SERVER_URL})
    assert (asked.server_url, asked.authorization) == (SERVER_URL, f"Bearer {work.root.token}")
    assert made(work.root.get(f"/algorithmstore/{row['id']}")) == row
    assert work.listed(collaboration_id=work.shared["id"]) == [row["id"]]


def test_a_store_for_all(work):
    """It belongs to no collaboration, and takes the place of records for single ones."""
    work.add(work.shared)
    work.add(work.other)
    row = work.add()

    assert row["collaborations"] is None
    assert work.listed() == work.listed(collaboration_id=work.shared["id"]) == [row["id"]]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": None}, INVALID),
        ({"name": 5}, INVALID),
        ({"algorithm_store_url": "store"}, INVALID),
        ({"algorithm_store_url": "https://x.y/api"}, INVALID),
        ({"server_url": "server"}, INVALID),
        ({"server_url": None}, INVALID),
        ({"collaboration_id": 0}, INVALID),
        ({"collaboration_id": None}, INVALID),
        ({"collaboration_id": ABSENT}, MISSING),
        ({"force": 3}, INVALID),
        ({"force": None}, INVALID),
        ({"unknown": 1}, INVALID),
        ({"algorithm_store_url": "http://localhost:1/api"}, REFUSED),
        ({"algorithm_store_url": "http://127.0.0.1:1/api"}, REFUSED),
        ({"algorithm_store_url": "http://127.0.0.1:1/api", "force": True}, REFUSED),
        ({"algorithm_store_url": "http://127.0.0.1:1/api", "force": "false"}, REFUSED),
        ({"algorithm_store_url": f"http://{HOST}:1/api"}, MISSING),
    ],
)
def test_bodies(work, changes, expected):
    """What does not fit is refused by its field, or by what it names; nothing is added."""
    body = work.entry(**changes)

    assert outcome(work.root.post("/algorithmstore", body)) == expected
    assert ids(work.root.get("/algorithmstore", name=str(body["name"]))) == []


@pytest.mark.parametrize(("field", "expected"), [("name", INVALID), ("algorithm_store_url", INVALID)])
def test_required_fields(work, field, expected):
    """Name and URL are needed."""
    body = work.entry()
    del body[field]

    assert outcome(work.root.post("/algorithmstore", body)) == expected


def test_somebody_must_say_where_the_server_is(work):
    """The request does, or the server's own configuration."""
    body = work.entry()
    del body["server_url"]

    assert outcome(work.root.post("/algorithmstore", body)) == REFUSED
    assert work.store.requests == []


def test_a_name_may_be_anything(work):
    """Names of stores are hardly checked."""
    assert work.add(work.shared, name="")["name"] == ""
    assert work.add(work.other, name="1" * 500)["name"] == "1" * 500


def test_a_store_that_is_there(work):
    """Whether for the same collaboration or for all, it is not asked again."""
    work.add(work.shared)
    place = {"collaboration_id": work.shared["id"]}

    assert outcome(work.root.post("/algorithmstore", work.entry(**place))) == REFUSED
    work.add()
    assert outcome(work.root.post("/algorithmstore", work.entry(**place))) == REFUSED
    assert outcome(work.root.post("/algorithmstore", work.entry())) == REFUSED
    assert len(work.store.requests) == 2


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({TAKE_IN: (208, {"msg": "known"})}, 201),
        ({TAKE_IN: (500, {"msg": "broken"})}, FAILED),
        ({TAKE_IN: (500, b"broken")}, FAILED),
        ({TAKE_IN: (401, {"msg": "who?"})}, DENIED),
        ({TAKE_IN: (403, {"msg": "no"})}, (403, ["msg"])),
        ({TAKE_IN: (403, {"msg": "no"}), POLICY: (200, {"algorithm_view": "public"})}, 201),
        ({TAKE_IN: (403, {"msg": "no"}), POLICY: (200, {"algorithm_view": "private"})}, (403, ["msg"])),
        ({TAKE_IN: (403, {"msg": "no"}), POLICY: (401, {"msg": "who?"})}, (403, ["msg"])),
        ({TAKE_IN: (200, {})}, deviates(mock=201, real=FAILED)),
    ],
)
def test_what_stores_answer(work, answers, expected):
    """Their errors are passed on; one that takes nobody in will do if its algorithms are public."""
    work.store.answers = answers
    answer = work.root.post("/algorithmstore", work.entry(collaboration_id=work.shared["id"]))

    assert (answer.status_code if answer.ok else outcome(answer)) == work.server.expected(expected)
    assert len(work.listed()) == answer.ok


def test_force_is_passed_on(work):
    """The store is told as well."""
    work.add(work.shared, force=True)

    assert work.store.requests[0].body == {"url": SERVER_URL, "force": True}


@pytest.mark.parametrize(
    ("rule", "own", "foreign", "everywhere"),
    [
        ("collaboration EDIT GLOBAL", 201, 201, 201),
        ("collaboration EDIT COLLABORATION", 201, 401, 401),
        ("collaboration VIEW GLOBAL", 401, 401, 401),
    ],
)
def test_who_adds_stores(work, rule, own, foreign, everywhere):
    """Stores go by the rules on collaborations; one for all takes the global one."""
    caller, foreigner = work.user(work.alpha, rule), work.user(work.gamma, rule)
    place = {"collaboration_id": work.shared["id"]}

    assert foreigner.post("/algorithmstore", work.entry(**place)).status_code == foreign
    assert caller.post("/algorithmstore", work.entry(**place)).status_code == (400 if foreign == 201 else own)
    assert caller.post("/algorithmstore", work.entry()).status_code == everywhere


# ---- GET /algorithmstore


def test_filters(work):
    """Each of them selects, by ascending id; a collaboration has those for all as well."""
    first, second = work.add(work.shared), work.add(work.other)

    assert work.listed() == work.listed(sort="id") == [first["id"], second["id"]]
    assert work.listed(sort="-id", per_page=1) == work.listed(name=second["name"]) == [second["id"]]
    assert work.listed(collaboration_id=work.shared["id"]) == [first["id"]]
    assert work.listed(name="x") == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (f"collaboration_id={ABSENT}", MISSING),
        ("collaboration_id=x", MISSING),
        ("collaboration_id=", MISSING),
        ("page=0", FAILED),
        ("sort=nothing", FAILED),
    ],
)
def test_refused_filters(work, query, expected):
    """What a list is filtered by must exist."""
    assert outcome(work.root.get(f"/algorithmstore?{query}")) == expected


@pytest.mark.parametrize(
    ("rule", "seen"),
    [
        ("collaboration VIEW GLOBAL", ["shared", "other"]),
        ("collaboration VIEW ORGANIZATION", ["shared"]),
        ("collaboration EDIT GLOBAL", []),
    ],
)
def test_who_views_stores(work, rule, seen):
    """Those of the collaborations of one's own organization, with the narrow rule."""
    places = {"shared": work.shared, "other": work.other}
    rows = {name: work.add(place)["id"] for name, place in places.items()}
    caller = work.user(work.beta, rule)
    listing = caller.get("/algorithmstore", url=work.store.url)

    def found(answer):
        return [name for name, id_ in rows.items() if id_ in ids(answer)] if answer.ok else []

    assert found(listing) == seen
    assert listing.ok or outcome(listing) == DENIED
    for name, place in places.items():
        one = caller.get(f"/algorithmstore/{rows[name]}")
        some = caller.get("/algorithmstore", collaboration_id=place["id"])
        assert (one.ok, name in found(some)) == (name in seen, name in seen)
        assert one.ok or outcome(one) == outcome(some) == DENIED


def test_a_store_for_all_is_seen_by_all(work):
    """Whoever may view a collaboration, wherever; nodes view one, but do not list them."""
    row = work.add()
    caller, node = work.user(None, "collaboration VIEW ORGANIZATION"), work.node(work.alpha)

    assert work.listed(caller) == [row["id"]]
    assert made(caller.get(f"/algorithmstore/{row['id']}")) == made(node.get(f"/algorithmstore/{row['id']}")) == row
    assert outcome(node.get("/algorithmstore")) == FAILED
    assert outcome(work.container(work.task(work.alpha), work.alpha).get("/algorithmstore/1")) == FAILED


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_what_does_not_exist(server, method):
    """It is not found, before rights or the body are looked at."""
    assert outcome(server.user().request(method, f"/algorithmstore/{ABSENT}", json={"x": 1})) == MISSING


# ---- PATCH /algorithmstore/<id>


def test_changing(work):
    """Name and collaboration change; the rest is read and stays."""
    row = work.add(work.shared)
    path, others = f"/algorithmstore/{row['id']}", {"algorithm_store_url": "https://a.example.org", "force": True}
    changed = made(work.root.patch(path, {"name": "n", "collaboration_id": work.other["id"], **others}))

    assert changed == row | {"name": "n"}
    assert work.listed(collaboration_id=work.shared["id"]) == []
    assert work.listed(collaboration_id=work.other["id"]) == [row["id"]]
    assert made(work.root.patch(path, {})) == changed


@pytest.mark.parametrize(
    ("changes", "expected", "of_member"),
    [
        ({"collaboration_id": None}, INVALID, INVALID),
        ({"algorithm_store_url": "x"}, INVALID, INVALID),
        ({"unknown": 1}, INVALID, INVALID),
        ({"collaboration_id": ABSENT}, deviates(mock=MISSING, real=(200, None)), DENIED),
    ],
)
def test_refused_changes(work, changes, expected, of_member):
    """Both collaborations must be one's own; a store cannot be widened to all."""
    row = work.add(work.shared)
    path = f"/algorithmstore/{row['id']}"
    member, stranger = (work.user(one, "collaboration EDIT COLLABORATION") for one in (work.beta, work.gamma))

    assert outcome(member.patch(path, changes)) == of_member
    assert outcome(stranger.patch(path, {})) == DENIED
    assert outcome(member.patch(path, {"collaboration_id": work.other["id"]})) == DENIED
    answer = work.root.patch(path, changes)
    assert ((200, None) if answer.ok else outcome(answer)) == work.server.expected(expected)


# ---- DELETE /algorithmstore/<id>


def test_deleting(work):
    """The store forgets this server, and all records of it go."""
    rows = [work.add(work.shared), work.add(work.other)]
    work.store.answers = {LET_GO: (200, [{"id": 4}, {"id": 5}])}
    work.store.answers |= {f"DELETE vantage6-server/{id_}": (200, {}) for id_ in (4, 5)}
    work.store.requests.clear()

    assert outcome(work.root.delete(f"/algorithmstore/{rows[1]['id']}", server_url=SERVER_URL)) == DONE
    assert [one.line for one in work.store.requests] == [
        LET_GO,
        "DELETE vantage6-server/4",
        "DELETE vantage6-server/5",
    ]
    assert {(one.server_url, one.authorization) for one in work.store.requests} == {
        (SERVER_URL, f"Bearer {work.root.token}")
    }
    assert work.listed() == []


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({LET_GO: (403, {"msg": "no"})}, DONE),
        ({LET_GO: (200, [])}, DONE),
        ({LET_GO: (500, {"msg": "broken"})}, FAILED),
        ({LET_GO: (200, [{"id": 4}])}, MISSING),
    ],
)
def test_what_stores_answer_when_they_are_let_go(work, answers, expected):
    """One that never took this server in is fine; other errors are passed on, and the record stays."""
    row = work.add(work.shared)
    work.store.answers = answers

    assert outcome(work.root.delete(f"/algorithmstore/{row['id']}", server_url=SERVER_URL)) == expected
    assert work.listed() == ([] if expected == DONE else [row["id"]])


def test_who_deletes_stores(work):
    """A rule that reaches its collaboration, and the global one if others use it too; the store is asked last."""
    row = work.add(work.shared)
    path, rule = f"/algorithmstore/{row['id']}", "collaboration EDIT COLLABORATION"
    member, stranger = work.user(work.beta, rule), work.user(work.gamma, rule)
    work.store.requests.clear()

    assert outcome(stranger.delete(path)) == DENIED
    assert outcome(member.delete(path)) == REFUSED
    work.add(work.other)
    assert outcome(member.delete(path)) == DENIED
    assert outcome(work.root.delete(path)) == REFUSED
    assert [one.line for one in work.store.requests] == [TAKE_IN]


def test_a_store_that_is_gone(work):
    """Then there is nobody to ask."""
    row = work.add(work.shared)
    work.store.stop()

    assert outcome(work.root.delete(f"/algorithmstore/{row['id']}", server_url=SERVER_URL)) == MISSING


def test_a_collaboration_that_goes(work):
    """Server quirk: its stores serve all the others from then on."""
    row = work.add(work.server.collaboration())
    place = ids(work.root.get("/collaboration", sort="-id", per_page=1))[0]

    assert outcome(work.root.delete(f"/collaboration/{place}")) == DONE
    assert made(work.root.get(f"/algorithmstore/{row['id']}")) == row | {"collaborations": None}


# ---- tasks from a store

DIGEST = "sha256:0123"


@pytest.fixture
def kept(work):
    """The store, for the shared collaboration, with one algorithm in it."""
    row = work.add(work.shared)
    work.store.answers[FIND] = (200, {"data": [{"image": "registry.example.org/found:1", "digest": DIGEST}]})
    work.store.requests.clear()
    return row


def order(work, row, **columns):
    """Return a body for POST /task that names a store."""
    return work.body(**{"store_id": row["id"], "server_url": SERVER_URL} | columns)


def test_a_task_from_a_store(work, kept):
    """The store is asked for the image in the user's name, and its answer is what the task gets."""
    task = made(work.researcher.post("/task", order(work, kept)))
    (asked,) = work.store.requests

    assert task["image"] == f"registry.example.org/found:1@{DIGEST}"
    assert plain(task["algorithm_store"]) == link("algorithmstore", kept["id"])
    assert (asked.line, asked.query) == (FIND, "image=example.org%2Falgorithm")
    assert (asked.server_url, asked.authorization) == (SERVER_URL, f"Bearer {work.researcher.token}")


def test_a_store_without_a_digest(work, kept):
    """Server quirk: its image is taken, and the store forgotten."""
    work.store.answers[FIND] = (200, {"data": [{"image": "found", "digest": None}]})
    task = made(work.researcher.post("/task", order(work, kept)))

    assert (task["image"], task["algorithm_store"]) == ("found", None)


def test_a_store_for_all_serves_every_collaboration(work, kept):
    """Its tasks may run anywhere; after it is deleted they go on without it."""
    row = work.add()
    task = made(work.researcher.post("/task", order(work, row)))
    work.store.answers[LET_GO] = (200, [])

    assert task["algorithm_store"]["id"] == row["id"]
    assert outcome(work.root.delete(f"/algorithmstore/{row['id']}", server_url=SERVER_URL)) == DONE
    assert made(work.researcher.get(f"/task/{task['id']}"))["algorithm_store"] is None


@pytest.mark.parametrize(
    "answer",
    [
        (200, {"data": []}),
        (200, {"data": [{"image": "found"}]}),
        (200, {}),
        (200, []),
        (200, b"found"),
        (201, {"data": [{"image": "found", "digest": DIGEST}]}),
        (404, {"msg": "nothing here"}),
        (401, {"msg": "who?"}),
        (500, b""),
    ],
)
def test_stores_that_do_not_know(work, kept, answer):
    """Whatever goes wrong there is a bad request here, and no task is created."""
    work.store.answers[FIND] = answer

    assert outcome(work.researcher.post("/task", order(work, kept))) == REFUSED
    assert ids(work.researcher.get("/task", collaboration_id=work.shared["id"])) == []


def test_stores_that_are_not_asked(work, kept):
    """None that does not exist, nor one of another collaboration, nor one for a task that would be refused anyhow."""
    foreign, viewer = work.add(work.other), work.user(work.alpha, roles=["Viewer"])
    binary = [{"id": work.alpha["id"], "input": "gIGC"}]
    work.store.requests.clear()

    def refusal(caller=work.researcher, **columns):
        return outcome(caller.post("/task", order(work, kept, **columns)))

    assert refusal(store_id=ABSENT) == refusal(organizations=[{"id": ABSENT, "input": "e30="}]) == REFUSED
    assert refusal(store_id=foreign["id"]) == (403, ["msg"])
    assert refusal(viewer) == refusal(work.root) == DENIED
    assert refusal(store_id=0) == refusal(server_url="x") == INVALID
    assert outcome(work.researcher.post("/task", work.body(store_id=kept["id"]))) == REFUSED
    assert work.store.requests == []
    assert refusal(organizations=binary) == REFUSED
    assert [one.line for one in work.store.requests] == [FIND]


def test_a_store_that_is_silent(work, kept):
    """A bad request as well."""
    work.store.stop()

    assert outcome(work.researcher.post("/task", order(work, kept))) == REFUSED


def test_subtasks_have_the_store_of_their_parent(work, kept):
    """And its image, whatever they say of stores themselves."""
    parent = made(work.researcher.post("/task", order(work, kept)))
    work.store.requests.clear()
    child = work.subtask(parent, work.beta, image=parent["image"], store_id=ABSENT, server_url=SERVER_URL)

    assert (child["image"], child["algorithm_store"]) == (parent["image"], parent["algorithm_store"])
    assert work.store.requests == []
