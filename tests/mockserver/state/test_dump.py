"""Worlds as plain data: what goes out comes in again, and mistakes are named."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from datetime import datetime, timezone

import bcrypt
import pytest

from v6mockserver._errors import DumpError, UnauthorizedError
from v6mockserver.state import cascade, login, mails
from v6mockserver.state.dump import OWNERS, PARTS, RELATIONS, _columns, dump, load
from v6mockserver.state.entities import TABLES
from v6mockserver.state.tables import Relation, Table
from v6mockserver.state.tokens import authenticate, issue_pair
from v6mockserver.state.world import FLEETING, World

from .federation import ALPHA, BETA, Federation

COST = 4


@pytest.fixture
def federation():
    """A world with something in most of its tables."""
    federation = Federation()
    federation.task(federation.researcher(), ALPHA, BETA)
    federation.world.study.add(TABLES["study"](id=1, name="Part", collaboration_id=1))
    federation.world.study_organization.add(1, BETA)
    federation.world.counters["study"] = 1
    federation.world.blobs["9a0364b9-e99b-4f6b-8d3c-1f2a3b4c5d6e"] = b"\x00result\xff"
    return federation


def hashed(secret):
    """Return the hash that a real server stores, at the lowest cost."""
    return bcrypt.hashpw(secret.encode(), bcrypt.gensalt(COST)).decode()


def test_a_dump_makes_an_equal_world(federation):
    """Also after a way through JSON, and so does a dump of that."""
    data = dump(federation.world)

    again = load(json.loads(json.dumps(data)))

    assert again == federation.world
    assert dump(again) == data


@pytest.mark.parametrize("version", ["4.0", "4.15"])
def test_a_first_start_goes_through(version):
    """A loaded world behaves as the same release."""
    world = load(dump(World.fresh(version)))

    assert world.release.version == version
    assert world.rule_ids == World.fresh(version).rule_ids


def test_all_of_a_world_is_dumped():
    """Every attribute is a table, a relation, a part of its own, or declared to be fleeting."""
    attributes = vars(World.fresh())
    kept = {name for name, value in attributes.items() if isinstance(value, (Table, Relation))}

    assert kept == {*TABLES, *RELATIONS}
    assert attributes.keys() - kept - FLEETING - PARTS.keys() == {"release", "rule_ids", "blobs"}


def test_rows_are_ascending_and_complete(federation):
    """Every table is there, by ascending id, with every column."""
    tables = dump(federation.world)["tables"]

    assert [one["id"] for one in tables["rule"]] == sorted(one["id"] for one in tables["rule"])
    assert list(tables["user"][0]) == [
        *("id", "username", "password", "firstname", "lastname", "email", "organization_id"),
        *("failed_login_attempts", "last_login_attempt", "otp_secret", "last_email_failed_login_sent"),
        *("last_email_recover_password_sent", "ip", "last_seen", "status"),
    ]
    assert tables["study_organization"] == [[1, BETA]]
    assert tables["blob"] == [{"id": "9a0364b9-e99b-4f6b-8d3c-1f2a3b4c5d6e", "content": "AHJlc3VsdP8="}]


def test_tokens_are_still_good(federation):
    """The secret is part of the dump."""
    access, _ = issue_pair(federation.world, federation.world.user[1], "user")

    world = load(dump(federation.world))

    assert authenticate(world, f"Bearer {access}", ("user",)).id == 1


def test_ids_go_on(federation):
    """Nothing that was deleted lends its id to something new."""
    cascade.delete_tasks(federation.world, [1])

    world = load(dump(federation.world))

    assert [world.next_id(sequence) for sequence in ("task", "job", "run", "user")] == [
        federation.world.next_id(sequence) for sequence in ("task", "job", "run", "user")
    ]


def test_without_a_server_ids_go_on_after_the_highest(federation):
    """Users and nodes share a sequence; secrets are new ones."""
    data = dump(federation.world)
    del data["server"]

    world = load(data)

    highest = max(one["id"] for table in ("user", "node") for one in data["tables"][table])
    assert [world.next_id(sequence) for sequence in ("node", "task", "job")] == [highest + 1, 2, 2]
    assert world.secret != federation.world.secret


def test_a_part_of_the_server_is_enough(federation):
    """With the secret alone, tokens are good and the rest starts afresh."""
    world = load(dump(federation.world) | {"server": {"secret": "known"}})

    assert world.secret == "known"
    assert world.next_id("task") == 2


def test_a_table_may_be_left_out(federation):
    """It is empty then."""
    data = dump(federation.world)
    del data["tables"]["blob"]

    assert load(data).blobs == {}


@pytest.mark.parametrize(("table", "owner"), OWNERS.items())
def test_what_a_real_server_leaves_behind_is_left_out(table, owner):
    """Rows that belonged to something deleted; with a world that has none of them, all is well."""
    world = World.fresh()
    data = dump(world)
    data["tables"][table] = [dict.fromkeys(_columns(table)) | {"id": 7, owner: None}]

    assert load(data) == world


def test_the_clock_goes_along(federation):
    """It stands where it stood."""
    federation.world.clock.freeze(datetime(2026, 1, 1, 12, 0, 0, 5, tzinfo=timezone.utc))
    federation.world.clock.advance(0.25)

    world = load(dump(federation.world))

    assert world.clock.text() == "2026-01-01T12:00:00.250005"


@pytest.mark.parametrize("password", ["Secret-42", "x" * 72, "pässwörd"])
@pytest.mark.parametrize("stored", [hashed, lambda secret: {"plain": secret}], ids=["bcrypt", "plain"])
def test_passwords(password, stored):
    """Hashes of a real server open to their password and to no other, and so do plain ones, which are not kept."""
    data = dump(World.fresh())
    data["tables"]["user"][0]["password"] = stored(password)

    world = load(data)

    assert login.user(world, "root", password).id == 1
    with pytest.raises(UnauthorizedError):
        login.user(world, "root", "other")
    assert password not in json.dumps(dump(world), ensure_ascii=False)


@pytest.mark.parametrize("stored", [hashed, lambda secret: {"plain": secret}], ids=["bcrypt", "plain"])
def test_api_keys(federation, stored):
    """A node is found by its key, whatever hash of it there is."""
    data = dump(federation.world)
    for node in data["tables"]["node"]:
        node["api_key"] = stored(f"key of {node['name']}")

    world = load(data)

    assert {login.node_with_key(world, f"key of {one.name}").id for one in world.node} == set(world.node.ids())
    with pytest.raises(UnauthorizedError):
        login.node_with_key(world, "no key")


def test_a_slow_hash_is_checked_once(monkeypatch):
    """The second login costs nothing."""
    data = dump(World.fresh())
    data["tables"]["user"][0]["password"] = hashed("Only-once-1")
    world = load(data)
    login.user(world, "root", "Only-once-1")
    monkeypatch.delattr(bcrypt, "checkpw")

    assert login.user(world, "root", "Only-once-1").id == 1


def at(*path, value):
    """Return a mistake: another value at a place in the data."""

    def spoil(data):
        place = data
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value

    return spoil


def without(*path):
    """Return a mistake: nothing at a place in the data."""

    def spoil(data):
        place = data
        for step in path[:-1]:
            place = place[step]
        del place[path[-1]]

    return spoil


def again(table, position):
    """Return a mistake: a row or pair that is there twice."""
    return lambda data: data["tables"][table].append(copy.deepcopy(data["tables"][table][position]))


MISTAKES = {
    "format": (at("format", value=2), "format: expected 1, found 2"),
    "version": (at("version", value="3.9"), "version: expected '4.0' or '4.15', found '3.9'"),
    "section": (at("users", value=[]), "the data: expected only format, version, tables, server, found 'users'"),
    "no tables": (without("tables"), "tables: expected an object, found None"),
    "table": (at("tables", "users", value=[]), "tables: expected only organization, .*, found 'users'"),
    "rows": (at("tables", "user", value={}), "table user: expected a list, found {}"),
    "no row": (at("tables", "user", 0, value=7), "table user, row 0: expected an object, found 7"),
    "column": (at("tables", "user", 0, "age", value=7), "table user, row 0: expected only id, .*, found 'age'"),
    "no column": (without("tables", "task", 0, "image"), r"table task, row 0 \(id 1\), column image: missing"),
    "type": (at("tables", "task", 0, "name", value=7), r"column name: expected a text, found 7"),
    "null": (at("tables", "task", 0, "job_id", value=None), "column job_id: expected a whole number, found None"),
    "nullable": (at("tables", "task", 0, "study_id", value=""), "expected a whole number or null, found ''"),
    "boolean": (at("tables", "run", 0, "task_id", value=True), "expected a whole number, found True"),
    "no boolean": (at("tables", "collaboration", 0, "encrypted", value=1), "expected true or false, found 1"),
    "choice": (
        at("tables", "rule", 4, "scope", value="ALL"),
        "row 4 .*column scope: expected 'OWN' or .*, found 'ALL'",
    ),
    "time": (at("tables", "run", 1, "assigned_at", value="noon"), "column assigned_at: expected a UTC time .*'noon'"),
    "offset": (at("tables", "run", 1, "started_at", value="2026-01-01T00:00:00+01:00"), "column started_at: expected"),
    "reference": (at("tables", "run", 1, "task_id", value=9), "table run, id 2, column task_id: .*a task, found 9"),
    "parent": (at("tables", "task", 0, "parent_id", value=9), "column parent_id: expected the id of a task, found 9"),
    "below itself": (
        at("tables", "task", 0, "parent_id", value=1),
        "table task, id 1, column parent_id: expected a task that is not below it, found 1",
    ),
    "name": (
        at("tables", "organization", 1, "name", value="root"),
        "table organization, id 2, column name: expected one that no other organization has, found 'root'",
    ),
    "owner": (at("tables", "task", 0, "init_org_id", value=9), "expected the id of a organization, found 9"),
    "id": (again("run", 0), "table run, row 2, column id: expected an id that no other run has, found 1"),
    "shared id": (at("tables", "node", 0, "id", value=1), "table node, id 1, column id: expected an id that no user"),
    "hash": (at("tables", "user", 0, "password", value="x"), "column password: expected a hash"),
    "plain": (at("tables", "node", 0, "api_key", value={"plain": 1}), "column api_key: expected a hash"),
    "pairs": (at("tables", "user_role", value=None), "table user_role: expected a list, found None"),
    "pair": (at("tables", "user_role", 0, value=[1]), "table user_role, row 0: expected a pair of user and role"),
    "dangling": (at("tables", "user_role", 0, value=[1, 99]), "row 0, column role_id: .* a role, found 99"),
    "blob": (at("tables", "blob", 0, "content", value="?"), "table blob, row 0, column content: expected base64"),
    "blob id": (again("blob", 0), "table blob, row 1, column id: expected an id that no other blob has"),
    "no blob": (without("tables", "blob", 0, "content"), "column content: expected a text, found None"),
    "server": (at("server", "port", value=5000), "server: expected only secret, .*, found 'port'"),
    "secret": (at("server", "secret", value=None), r"server\.secret: expected a text, found None"),
    "counters": (at("server", "counters", value=[]), r"server\.counters: expected an object"),
    "counter": (
        at("server", "counters", "run", value="2"),
        r"server\.counters\.run: expected a whole number, found '2'",
    ),
    "unknown counter": (at("server", "counters", "runs", value=9), r"counters: expected only .*, found 'runs'"),
    "behind": (at("server", "counters", "run", value=1), r"counters\.run: expected at least 2, an id in use, found 1"),
    "new counter": (at("server", "counters", "uuid", value=-1), r"counters\.uuid: expected at least 0, .* found -1"),
    "no number": (at("server", "clock", "offset", value=float("nan")), r"clock\.offset: expected seconds that lead"),
    "clock": (at("server", "clock", value={"offset": None}), r"clock\.offset: expected a number, found None"),
    "ahead": (at("server", "clock", "offset", value=1e300), r"clock\.offset: expected seconds that lead to some date"),
    "far": (at("server", "clock", "offset", value=1e12), r"clock\.offset: expected seconds that lead to some date"),
    "frozen": (at("server", "clock", "frozen_at", value="noon"), r"clock\.frozen_at: expected a UTC time"),
    "setting": (at("server", "settings", "smtp", value=0), r"settings\.smtp: expected true or false, found 0"),
    "no setting": (
        at("server", "settings", "max_failed_attempts", value=0),
        r"server\.settings: Settings\(max_failed_attempts=0\): a whole number from 1 is expected",
    ),
}


@pytest.mark.parametrize(("spoil", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named(federation, spoil, expected):
    """The error has table, row, column and what was expected."""
    data = dump(federation.world)
    spoil(data)

    with pytest.raises(DumpError, match=expected):
        load(data)


def test_what_looks_like_a_secret_is_not_shown(federation):
    """An error may end up in a log."""
    data = dump(federation.world)
    data["tables"]["user"][0]["password"] = "hunter2"

    with pytest.raises(DumpError) as caught:
        load(data)

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("data", [None, [], "{}", 7])
def test_what_is_no_object_is_no_dump(data):
    """The error says what one is."""
    with pytest.raises(DumpError, match="the data: expected an object"):
        load(data)


def test_mails_are_kept(federation):
    """What was mailed before is in the outbox of the world that is loaded."""
    world = federation.world
    user = world.user.replace(replace(world.user[1], email="root@example.org"))
    mails.send(world, user, "subject", "text", token="token")

    assert load(dump(world)).mails == world.mails != []


@pytest.mark.parametrize("kept", [{}, [1], [{"to": 1}], [{"to": "x", "subject": "", "text": "", "at": None}]])
def test_mails_that_are_none(federation, kept):
    """A mistake in a mail is named."""
    data = dump(federation.world)
    data["server"]["mails"] = kept

    with pytest.raises(DumpError, match=r"server\.mails"):
        load(data)
