"""MockServer: the one object that users see."""

from __future__ import annotations

import gc
import json
import re
import weakref
from functools import partial

import pytest
import requests

from v6client import UserClient
from v6client.exceptions import V6ClientError
from v6mockserver import MockServer, MockUsageError, Settings


def test_it_answers_in_process():
    """A server that listens nowhere is reached through its own sessions."""
    server = MockServer()

    assert server.session().get(f"{server.url}/api/version").json() == {"version": "4.15.2"}


def test_no_other_session_reaches_it():
    """The address in process is one that never resolves."""
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{MockServer().url}/api/version", timeout=5)


def test_it_listens_inside_a_with_block():
    """Inside, anybody on this machine reaches it; afterwards nobody does."""
    with MockServer() as server:
        url = server.url
        assert requests.get(f"{url}/api/version", timeout=5).ok

    with pytest.raises(requests.ConnectionError):
        requests.get(f"{url}/api/version", timeout=5)


def test_a_live_server_is_still_reached_in_process():
    """Its sessions know the loopback address, too."""
    with MockServer() as server:
        session = server.session()
        url = server.url

    assert session.get(f"{url}/api/version").ok


def test_state_survives_stop():
    """What was created while it was live is there afterwards."""
    server = MockServer()
    with server:
        client = UserClient(server.url)
        client.authenticate("root", "root")
        client.organization.create("North", "", "", "", "", "")
        client.close()

    assert [one["name"] for one in server.client().organization.list()["data"]] == ["root", "North"]


def test_starting_twice_is_refused():
    """One server has one address."""
    with MockServer() as server, pytest.raises(MockUsageError, match=r"stop\(\) it first"):
        server.start()


def test_a_block_may_begin_with_start():
    """That is where a port, an address or the control is asked for; the block still ends it."""
    with MockServer().start(control=True) as server:
        assert requests.get(f"{server.url}/v6mock/dump", timeout=5).ok

    assert server.url == "http://v6mockserver.invalid"


@pytest.mark.parametrize(("operation", "resource"), [("view", "tsk"), ("veiw", "task"), ("receive", "task")])
def test_explaining_what_no_rule_is_about_is_a_mistake(operation, resource):
    """The message says what there is."""
    with pytest.raises(MockUsageError, match="there are rules about CREATE collaboration"):
        MockServer().explain("root", operation, resource)


@pytest.mark.parametrize("version", ["4", "5.0", "4.15.2", 4.15])
def test_an_unknown_version_is_refused(version):
    """The message says which there are."""
    with pytest.raises(MockUsageError, match=r"there is one of '4\.0', '4\.15'"):
        MockServer(version=version)


@pytest.mark.parametrize("make", [MockServer, partial(MockServer.load, MockServer().dump())], ids=["new", "loaded"])
def test_a_mapping_is_no_settings(make):
    """It is told at once, and not in the middle of the first login."""
    with pytest.raises(MockUsageError, match=r"settings are such as Settings\(smtp=False\), not {'smtp': False}"):
        make(settings={"smtp": False})


def test_a_dump_is_no_snapshot():
    """The message says what is one."""
    server = MockServer()

    with pytest.raises(MockUsageError, match=r"what snapshot\(\) returned, not a dict"):
        server.restore(server.dump())


def test_client_of_an_unknown_user_is_refused():
    """Without a password only users of the seed can be logged in."""
    with pytest.raises(MockUsageError, match="password of 'nobody' is not in the seed"):
        MockServer().client("nobody")


def test_client_takes_a_password():
    """A user who was created later logs in with the password they got."""
    server = MockServer()
    server.client().user.create("nora", "Nora", "North", "Secret-42", "nora@north.org")

    assert server.client("nora", "Secret-42").whoami.name == "Nora"


def test_an_empty_password_is_one():
    """It is sent as it is, and wrong."""
    with pytest.raises(V6ClientError):
        MockServer().client("root", password="")


def test_explain_names_the_rule_that_allows():
    """Root may do everything, by the global rule."""
    decision = MockServer().explain("root", "create", "organization")

    assert decision
    assert str(decision) == "allowed by the rule organization CREATE GLOBAL"


def test_explain_names_the_rules_that_would_allow():
    """Who lacks a rule is told which ones would do."""
    server = MockServer.demo()

    decision = server.explain("researcher", "edit", "organization", organization=2)

    assert not decision
    assert "organization EDIT ORGANIZATION" in str(decision)


EXPLAINED = {
    "a name": ({"collaboration": "All"}, ("nora", "create", "task"), "task CREATE COLLABORATION"),
    "an organization by name": ({"organization": "South"}, ("nora", "view", "organization"), "COLLABORATION"),
    "of a member": ({"collaboration": 1}, ("nora", "view", "collaboration"), "collaboration VIEW ORGANIZATION"),
    "one's own": ({"organization": 1, "own": True}, ("nora", "edit", "user"), "user EDIT OWN"),
}


@pytest.mark.parametrize(("where", "asked", "rule"), EXPLAINED.values(), ids=EXPLAINED)
def test_explain_knows_what_reaches_an_object(where, asked, rule):
    """Organizations and collaborations by id or name, and what is one's own."""
    person = {"username": "nora", "password": "p", "roles": ["Researcher"]}
    seed = {
        "organizations": [{"name": "North", "users": [person]}, {"name": "South"}],
        "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": "North"}, {"name": "South"}]}],
    }

    assert str(MockServer(seed).explain(*asked, **where).rule).endswith(rule)


@pytest.mark.parametrize("where", [{"organization": 7}, {"organization": "rot"}, {"collaboration": "root"}])
def test_explain_knows_what_there_is(where):
    """An id or a name of nothing is a mistake, and the message says what there is."""
    with pytest.raises(MockUsageError, match=r"there is no (organization 7|.* 'ro.*'); there are ('root' \(1\)|none)"):
        MockServer().explain("root", "view", "task", **where)


def test_explain_tells_who_began_a_task():
    """A task belongs to its collaboration and to the organization that created it; in 4.0, to the latter alone."""
    person = {"username": "nora", "password": "p", "roles": [], "rules": ["task VIEW ORGANIZATION"]}
    seed = {
        "organizations": [{"name": "North", "users": [person]}, {"name": "South"}],
        "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": "North"}, {"name": "South"}]}],
    }
    for version in ("4.0", "4.15"):
        server = MockServer(seed, version=version)

        assert server.explain("nora", "view", "task", organization="North", collaboration="All")
        assert not server.explain("nora", "view", "task", organization="South", collaboration="All")


def test_explain_knows_its_users():
    """An unknown user is an error that names the known ones."""
    with pytest.raises(MockUsageError, match="there are root"):
        MockServer().explain("nobody", "view", "task")


def test_clock_moves_tokens_to_their_end():
    """Seven hours later the access token is refused, and the client renews it without being told."""
    server = MockServer()
    client = server.client()
    before = client.token

    server.clock.advance(7 * 3600)

    assert client.user.get()["username"] == "root"
    assert client.token != before


def test_a_dump_is_a_server_again():
    """It knows the same, and takes the tokens and the api keys of the first one."""
    first = MockServer.demo()
    token = first.client("researcher").token

    second = MockServer.load(json.loads(json.dumps(first.dump())))

    assert second.dump() == first.dump()
    answer = second.session().get(
        f"{second.url}/api/user?username=researcher", headers={"Authorization": f"Bearer {token}"}
    )
    assert [one["username"] for one in answer.json()["data"]] == ["researcher"]


def test_a_loaded_server_knows_plain_passwords():
    """A user whose password is plain in the data, or given beside them, can be logged in."""
    data = MockServer.demo().dump()
    data["tables"]["user"][1]["password"] = {"plain": "Another-1"}

    server = MockServer.load(data, passwords={"root": "root"})

    assert [server.client(name).whoami.name for name in ("researcher", "root")] == ["Ada", None]


def test_a_loaded_server_without_default_roles():
    """Its nodes hold no rules, and are told so."""
    data = MockServer.demo().dump()
    data["tables"] |= {"role": [], "role_rule": [], "user_role": []}
    data["tables"]["node"][0]["api_key"] = {"plain": "4b0d7ab1-8e0c-4d0d-b7a9-1d9ef2c1a1a6"}
    server = MockServer.load(data)
    session, api = server.session(), f"{server.url}/api"
    token = session.post(f"{api}/token/node", json={"api_key": "4b0d7ab1-8e0c-4d0d-b7a9-1d9ef2c1a1a6"}).json()

    answer = session.get(f"{api}/run", headers={"Authorization": f"Bearer {token['access_token']}"})

    assert answer.status_code == 401


def test_settings_go_along_or_are_replaced():
    """Data from a real database have none."""
    data = MockServer(settings=Settings(smtp=False)).dump()

    assert MockServer.load(data).dump()["server"]["settings"]["smtp"] is False
    assert MockServer.load(data, settings=Settings()).dump()["server"]["settings"]["smtp"] is True


@pytest.mark.parametrize(
    "wrong",
    [
        {"token_expires_hours": "5"},
        {"token_expires_hours": float("inf")},
        {"max_failed_attempts": 0},
        {"smtp": None},
        {"server_url": 5},
        {"two_factor_auth": 1},
    ],
    ids=str,
)
def test_settings_that_no_server_could_have_are_refused(wrong):
    """The message names setting, value and what is expected."""
    (name, value) = next(iter(wrong.items()))

    with pytest.raises(MockUsageError, match=re.escape(f"{name}={value!r}")):
        Settings(**wrong)


def test_a_client_logs_in_with_the_second_factor():
    """Also the first time, and again."""
    server = MockServer(settings=Settings(two_factor_auth=True))

    assert [server.client("root").user.get()["username"] for _ in range(2)] == ["root", "root"]


def test_a_request_is_forgotten_as_soon_as_its_answer_is():
    """Nothing that was sent waits for the garbage collector, which would run the more often."""
    server = MockServer()
    gc.disable()
    try:
        answer = server.session().get(f"{server.url}/api/version")
        sent = weakref.ref(answer.request)
        del answer

        assert sent() is None
    finally:
        gc.enable()
