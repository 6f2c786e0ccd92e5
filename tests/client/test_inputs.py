"""What the organizations of a task get: how it is known whether to encrypt, and for whom."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from v6client import exceptions
from v6mockserver import MockServer

NAMES = ("North", "South", "East")
INPUT = {"method": "f", "args": ["secret"]}


@pytest.fixture
def seed():
    """Three organizations in an encrypted and in a plain collaboration, with a researcher and one who may create."""
    create = ["task CREATE GLOBAL", "task VIEW GLOBAL"]
    roles = [
        {"name": "Creator", "rules": create},
        {"name": "Visitor", "rules": [*create, "organization VIEW ORGANIZATION"]},
    ]
    people = [
        {"username": name, "password": "Secret-42", "roles": [role]}
        for name, role in (("nora", "Researcher"), ("rob", "Creator"), ("una", "Visitor"))
    ]
    members = [{"name": name} for name in NAMES]
    return {
        "organizations": [{"name": NAMES[0], "users": people, "roles": roles}, *({"name": name} for name in NAMES[1:])],
        "collaborations": [
            {"name": "Closed", "encrypted": True, "participants": members},
            {"name": "Open", "encrypted": False, "participants": members},
        ],
    }


@pytest.fixture(params=["4.15", "4.0"])
def server(seed, request):
    """A mock with that world."""
    return MockServer(seed, version=request.param)


def logged_in(server, name):
    """Return a client with the key of its organization."""
    client = server.client(name)
    client.setup_encryption(server.private_keys[NAMES[0]])
    server.journal.clear()
    return client


def create(client, collaboration=1, organizations=(2, 3, 4)):
    """Create a task."""
    return client.task.create(collaboration, [*organizations], "name", "image", "", INPUT)


def asked(server):
    """Return what a client asked, and forget it; the nodes' requests come after that."""
    calls = []
    for one in server.journal:
        calls.append(f"{one.method} {one.path.removeprefix('/api')}")
        if calls[-1] == "POST /task":
            break
    server.journal.clear()
    return calls


def sent(server):
    """Return the inputs that the server was sent."""
    return [one["input"] for one in server.journal.where(method="POST", path="/task").last.body["organizations"]]


@pytest.mark.parametrize("collaboration", [1, 2])
def test_few_requests_are_enough(server, collaboration):
    """Whether it is encrypted is asked each time, with all keys; a server that can have a blob store is asked once."""
    client = logged_in(server, "nora")
    new = server.version == "4.15"
    keys = [] if new or collaboration == 2 else ["GET /organization"]
    question = ["GET /blobstream/status"] if new else []
    first = f"GET /collaboration/{collaboration}"

    create(client, collaboration)
    assert asked(server) == [first, *keys, *question, "POST /task"]

    create(client, collaboration)
    assert asked(server) == [first, *keys, "POST /task"]


def test_each_organization_gets_its_own(server):
    """In an encrypted collaboration no two inputs are the same, and each opens with its owner's key."""
    create(logged_in(server, "nora"))

    inputs = sent(server)

    assert len(set(inputs)) == 3
    assert all(text.count("$") == 2 for text in inputs)


@pytest.mark.parametrize(
    ("public_key", "said"),
    [
        ("", "South .organization 3. has no public key on the server.* setup_encryption"),
        ("anVuaw==", "public key of South .organization 3. cannot be used.* overwrite=True"),
    ],
)
def test_nothing_is_sent_where_one_organization_has_no_key(server, public_key, said):
    """The error names it, and says how it gets one."""
    rows = server._world.organization
    rows.replace(replace(rows[3], public_key=public_key))
    client = logged_in(server, "nora")

    with pytest.raises(exceptions.EncryptionError, match=said):
        create(client)

    assert not server.journal.where(method="POST", path="/task")


def test_a_collaboration_that_becomes_encrypted_gets_no_plain_input(server):
    """What was true for the last task is not taken for granted."""
    client = server.client("nora")
    create(client, 2)
    server.client("root").connection.request("PATCH", "collaboration/2", json={"encrypted": True})
    server.journal.clear()

    with pytest.raises(exceptions.NoPrivateKeyError):
        create(client, 2)

    assert not server.journal.where(method="POST", path="/task")


def test_a_collaboration_that_becomes_plain_gets_plain_inputs(server):
    """Its nodes could not read anything else."""
    client = logged_in(server, "nora")
    create(client)
    server.client("root").connection.request("PATCH", "collaboration/1", json={"encrypted": False})
    server.journal.clear()

    create(client)

    assert not any("$" in text for text in sent(server))


@pytest.mark.parametrize("name", ["rob", "una"])
@pytest.mark.parametrize("collaboration", [1, 2])
def test_who_may_not_look_has_to_say_it(server, name, collaboration):
    """Without the rule to see the collaboration nothing is sent, before the user has said whether it is encrypted."""
    client = server.client(name)

    with pytest.raises(exceptions.NoPrivateKeyError, match=r"may not see.* setup_encryption\(\)"):
        create(client, collaboration)

    assert not server.journal.where(method="POST", path="/task")


def test_who_may_not_look_can_say_that_it_is_plain(server):
    """By setting up no encryption."""
    client = server.client("rob")
    client.setup_encryption(None)

    create(client, 2)

    assert len({*sent(server)}) == 1


def test_who_may_not_list_organizations_asks_for_each(server):
    """A list may be refused, or leave out some; what may not be viewed either is an error with the server's words."""
    client = logged_in(server, "una")

    create(client, organizations=[2])

    assert len(sent(server)) == 1
    with pytest.raises(exceptions.PermissionDeniedError, match="GET organization/3 was refused"):
        create(client, organizations=[2, 3])


@pytest.mark.parametrize("organizations", [["2"], [2.5], [None], ['2, "x": 1']])
def test_ids_are_numbers(server, organizations):
    """Anything else is refused here, or it would be refused there for another reason."""
    client = logged_in(server, "nora")

    if organizations == ["2"]:
        assert create(client, 2, organizations)["id"] == 1
    else:
        with pytest.raises(exceptions.UsageError, match="whole number"):
            create(client, 2, organizations)


def test_a_task_is_what_it_was_told(server):
    """All of its fields arrive, beside the inputs."""
    client = logged_in(server, "nora")

    client.task.create(2, [2], 'a "name"', "image", "naïve ≥", INPUT, [{"label": "one", "query": "SELECT 1"}])

    body = server.journal.where(method="POST", path="/task").last.body
    assert body.pop("organizations")[0]["id"] == 2
    assert body == {
        "name": 'a "name"',
        "image": "image",
        "description": "naïve ≥",
        "collaboration_id": 2,
        "databases": [{"label": "one", "query": "SELECT 1"}],
    }
    assert json.loads(client.run.list()["data"][0]["input"]) == INPUT


def test_each_organization_is_named_once(server):
    """One that is there twice, as in a column of a data frame, is an error that says which."""
    client = logged_in(server, "nora")

    with pytest.raises(exceptions.UsageError, match=r"organizations has one of them twice: \[2, 3, 2\]"):
        create(client, 2, [2, 3, 2])

    assert not server.journal.where(method="POST", path="/task")
