"""Users, organizations, collaborations, nodes, roles and rules as an administrator meets them."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest

from v6client import UserClient
from v6client.exceptions import (
    InvalidInputError,
    KeyMismatchError,
    NoPrivateKeyError,
    NotAuthenticatedError,
    NotFoundError,
    PermissionDeniedError,
    ServerFailedError,
    UsageError,
)
from v6client.utils import LogLevel
from v6mockserver import MockServer, Settings


def test_organizations(anywhere):
    """They are created, changed in part, found and walked."""
    made = anywhere.organization.create("New", "Street 1", "City", "1234", "NL", "new.org")

    changed = anywhere.organization.update(made["id"], country="BE")

    assert (changed["country"], changed["address1"]) == ("BE", "Street 1")
    assert anywhere.organization.get(made["id"]) == changed
    assert anywhere.organization.get()["name"] == "root"
    assert [row["name"] for row in anywhere.organization.list(name="Ne%", country="BE")["data"]] == ["New"]
    assert len(list(anywhere.organization.iter())) == 14


def test_collaborations(root, nora):
    """One's own are listed by default, all that one may see on request."""
    made = root.collaboration.create("More", [2, 3])

    assert made["encrypted"] is False
    assert root.collaboration.list()["data"] == []
    assert [row["name"] for row in root.collaboration.list("global", name="M%")["data"]] == ["More"]
    assert [row["name"] for row in nora.collaboration.list(encrypted=True)["data"]] == ["All"]
    assert [row["name"] for row in root.collaboration.iter(scope="global", organization=2)] == ["All", "Plain", "More"]
    assert root.collaboration.get(made["id"])["name"] == "More"


def test_an_unknown_scope_is_refused(root):
    """The message says which there are."""
    with pytest.raises(UsageError, match="organization"):
        root.collaboration.list("everything")


def test_collaborations_of_others(nora):
    """To look beyond one's own organization takes another scope, and the error says which."""
    own = nora.whoami.organization_id

    assert len(nora.collaboration.list(organization=own)["data"]) == 2
    assert len(nora.collaboration.list(organization=str(own))["data"]) == 2
    with pytest.raises(UsageError, match="scope='global'"):
        nora.collaboration.list(organization=3)
    with pytest.raises(UsageError, match=r"a whole number, not \[2, 3\]"):
        nora.collaboration.list(organization=[2, 3])


def test_nodes(anywhere):
    """They are registered with or without a name, found, renamed and deleted."""
    collaboration = anywhere.collaboration.create("More", [2, 3])["id"]
    made = anywhere.node.create(collaboration, organization=2)
    named = anywhere.node.create(collaboration, organization=3, name="mine")

    assert made["api_key"]
    assert made["name"] == "Hospital 1 - More Node"
    assert [row["id"] for row in anywhere.node.list(name="mine", collaboration=collaboration)["data"]] == [named["id"]]
    assert anywhere.node.update(made["id"], name="other")["name"] == "other"
    anywhere.node.delete(made["id"])
    with pytest.raises(NotFoundError):
        anywhere.node.get(made["id"])


def test_nodes_by_their_status(root):
    """A node that has never connected is offline, which 4.0 does not know yet."""
    root.node.create(root.collaboration.create("More", [2, 3])["id"], organization=2)

    assert len(root.node.list(is_online=False, organization=2)["data"]) == 1
    assert len(list(root.node.iter(is_online=True))) == 14


def test_a_node_stays_where_it_is(root):
    """Servers of 4.15 refuse to move it, and the client passes that on."""
    with pytest.raises(InvalidInputError):
        root.node.update(root.node.list()["data"][0]["id"], organization=3)


def test_users(root, server):
    """They are created in the own organization unless told otherwise, changed in part, and found."""
    (viewer,) = root.role.list(name="Viewer")["data"]
    made = root.user.create("vera", "Vera", "V", "Secret-42", "vera@x.org", roles=[viewer["id"]])

    changed = root.user.update(made["id"], firstname="Verena")

    assert made["organization"]["id"] == 1
    assert (changed["firstname"], changed["lastname"]) == ("Verena", "V")
    assert [row["username"] for row in root.user.list(role=viewer["id"])["data"]] == ["vera"]
    assert [row["username"] for row in root.user.iter(organization=2)] == ["nora"]
    assert server.client("vera", "Secret-42").user.get()["username"] == "vera"
    assert root.user.get(made["id"])["email"] == "vera@x.org"


def test_roles(anywhere):
    """They are made of rules, changed in part, and deleted."""
    rules = [rule["id"] for rule in anywhere.rule.list(name="task", operation="VIEW")["data"]]
    made = anywhere.role.create("Watcher", "watches", rules)

    changed = anywhere.role.update(made["id"], description="looks")

    assert (changed["name"], changed["description"]) == ("Watcher", "looks")
    assert [rule["id"] for rule in anywhere.rule.iter(role=made["id"])] == rules
    assert [row["id"] for row in anywhere.role.list(rule=rules[0], name="Watch%")["data"]] == [made["id"]]
    assert [row["name"] for row in anywhere.role.iter(user=1)] == ["Root"]
    assert anywhere.role.get(made["id"]) == changed
    anywhere.role.delete(made["id"])
    with pytest.raises(NotFoundError):
        anywhere.role.get(made["id"])


def test_rules(root):
    """There are 86, on as many pages as it takes."""
    assert len(list(root.rule.iter())) == 86
    assert root.rule.get(1)["name"] == "node"
    assert len(root.rule.list(per_page=5, page=2)["data"]) == 5


def test_a_missing_rule_has_a_name(nora):
    """The exception says which rules would do."""
    with pytest.raises(PermissionDeniedError, match="organization CREATE GLOBAL") as caught:
        nora.organization.create("New", "", "", "", "", "")

    assert caught.value.missing_rules == ("organization CREATE GLOBAL",)


def test_server(root):
    """Version and health need no login."""
    assert root.util.get_server_version() == {"version": "4.15.2"}
    assert root.util.get_server_health() == {"database": True}


def test_who_is_logged_in(server, nora):
    """The client knows whose it is, and forgets it and its key when it is closed."""
    assert nora.whoami == ("user", nora.whoami.id_, "Nora", "Hospital 1", 2)
    assert nora.name == "Nora"

    with nora:
        assert nora.token
        assert nora.cryptor.encrypts

    assert (nora.token, nora.whoami, nora.name) == (None, None, None)
    assert not nora.cryptor.encrypts


def test_a_login_that_stops_half_way(server, nora):
    """Nobody is taken for who was logged in before, whose organization the next key would be set up for."""
    server.faults.on(path="/user/1").answer(500, body={"msg": "broken"})

    with pytest.raises(ServerFailedError):
        nora.authenticate("root", "root")

    assert (nora.whoami, nora.cryptor.encrypts) == (None, False)


def test_who_may_see_nothing_can_log_in(server, root):
    """Without any rule, the name of the organization stays unknown."""
    root.user.create("zoe", "Zoe", "Z", "Secret-42", "zoe@x.org")

    assert server.client("zoe", "Secret-42").whoami.organization_name is None


@pytest.mark.parametrize("call", ["setup_encryption", "collaboration"])
def test_a_login_comes_first(server, call):
    """The error says what to call."""
    client = UserClient(server.url, session=server.session())

    with pytest.raises(NotAuthenticatedError, match="authenticate"):
        client.collaboration.list() if call == "collaboration" else client.setup_encryption("key.pem")


def test_a_key_that_is_not_the_organizations(server, nora):
    """The error tells both ways out, and nothing is overwritten unless asked for."""
    with pytest.raises(KeyMismatchError, match="overwrite=True"):
        server.client("nora").setup_encryption(server.private_keys["Hospital 2"])


def test_a_key_is_replaced_when_asked_for(server, root):
    """The organization's users can replace a lost key."""
    (role,) = root.role.list(name="Organization Admin")["data"]
    root.user.create("olga", "Olga", "O", "Secret-42", "olga@x.org", organization=2, roles=[role["id"]])
    client = server.client("olga", "Secret-42")

    client.setup_encryption(server.private_keys["Hospital 2"], overwrite=True)

    assert client.organization.get()["public_key"] == client.cryptor.public_key


def test_a_key_file_that_is_missing(nora):
    """The error has the path."""
    with pytest.raises(NoPrivateKeyError, match=r"nowhere\.pem"):
        nora.setup_encryption("nowhere.pem")


def test_encryption_is_switched_off(nora):
    """None is for collaborations that are not encrypted."""
    nora.setup_encryption(None)

    with pytest.raises(NoPrivateKeyError):
        nora.task.create(1, [2], "n", "count", "", {})


@pytest.mark.parametrize("id_", ["x", 1.5, -1, None, True, "\u0662", {"id": 2}, [2], 10**30, "9" * 5000])
def test_an_id_is_a_whole_number(nora, id_):
    """The server would answer as if there were no such route."""
    with pytest.raises(UsageError, match="whole number"):
        nora.task.get(id_)


def test_a_row_is_not_its_id(nora):
    """Who gives the whole row is told where its id is."""
    with pytest.raises(UsageError, match=r"\['id'\], which is 2"):
        nora.organization.get({"id": 2, "name": "Hospital 1"})


@pytest.mark.parametrize("id_", [np.int64(2), "2", "02"])
def test_an_id_may_be_a_text_or_a_number_of_numpys(root, id_):
    """As they come out of data frames and files; also in bodies, where JSON knows no such numbers."""
    root.setup_collaboration(id_)

    study = root.study.create("Small", [id_])
    root.study.add_organization(np.int64(3), "1")

    assert root.collaboration_id == 2
    assert (study["collaboration"]["id"], [row["id"] for row in root.organization.iter(study=1)]) == (2, [2, 3])


@pytest.mark.parametrize("ids", [(2, 3), {2, 3}, np.array([2, 3]), iter([2, 3]), ["2", "3"]])
def test_ids_may_be_in_anything(root, ids):
    """In what JSON has no word for as well."""
    made = root.collaboration.create("More", ids)

    assert [row["id"] for row in root.organization.iter(collaboration=made["id"])] == [2, 3]


@pytest.mark.parametrize("ids", ["23", b"23", 23, {"data": []}])
def test_ids_are_a_list(root, ids):
    """A text is not the list of its letters, nor a page of rows that of its keys."""
    with pytest.raises(UsageError, match="organizations is a list of ids"):
        root.collaboration.create("More", ids)
    with pytest.raises(UsageError, match="roles is a list of ids"):
        root.user.create("new", "N", "N", "Secret-42", "n@new.org", roles=ids)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({"name": ["North", "South"]}, "name is one value to filter by"),
        ({"organization": [2, 3]}, r"the id of an organization is a whole number, not \[2, 3\]"),
        ({"organization": {"id": 2}}, r"give its \['id'\], which is 2"),
        ({"organization": "Hospital 1"}, "the id of an organization is a whole number, not 'Hospital 1'"),
        ({"collaboration": 2.5}, "the id of a collaboration is a whole number, not 2.5"),
        ({"is_online": "online"}, "is_online is True or False, not 'online'"),
        ({"page": 0}, "page is a whole number from 1, not 0"),
        ({"per_page": "many"}, "per_page is a whole number from 1, not 'many'"),
    ],
)
def test_a_filter_that_makes_no_sense(root, filters, said):
    """Nothing is asked, where the server would answer something else without a word, or fail."""
    with pytest.raises(UsageError, match=said):
        root.node.list(**filters)


@pytest.mark.parametrize(
    ("path", "call", "said"),
    [
        ("/task", lambda root: root.task.list(status="completed"), "fail on status=: leave it out"),
        ("/task", lambda root: [*root.task.iter(run=1, store=1)], "fail on run= and store=: leave it out"),
        ("/run", lambda root: root.run.list(port=80), "fail on port=: leave it out"),
        ("/task", lambda root: root.task.list(name="x"), "The server's log tells more"),
    ],
)
def test_a_filter_that_real_servers_do_not_survive(root, server, path, call, said):
    """The error tells what else to do, where there is something else."""
    server.faults.on(path=path).answer(500, body={"msg": "An unexpected error occurred on the server!"})

    with pytest.raises(ServerFailedError, match=said):
        call(root)


def test_a_switch_is_on_or_off(root):
    """Words are no switches, nor is a value that is missing in a data frame."""
    with pytest.raises(UsageError, match="encrypted is True or False, not 'yes'"):
        root.collaboration.list(encrypted="yes")
    with pytest.raises(UsageError, match="user_created is True or False, not 'no'"):
        root.task.list(user_created="no")
    with pytest.raises(UsageError, match="is_online is True or False, not <NA>"):
        root.node.list(is_online=pd.NA)
    with pytest.raises(UsageError, match="is_online is True or False, not array"):
        root.node.list(is_online=np.array([True, False]))


@pytest.mark.parametrize(
    "call",
    [
        lambda root: root.run.list(include_task="no"),
        lambda root: root.task.list(include_results="no"),
        lambda root: root.study.list(include_organizations="no"),
        lambda root: root.store.update(1, all_collaborations="no"),
    ],
)
def test_a_word_for_no_is_not_taken_for_yes(root, call):
    """Nor for something that no server can do."""
    with pytest.raises(UsageError, match="is True or False, not 'no'"):
        call(root)


def test_a_switch_may_be_one_of_numpys(root):
    """As they come out of data frames; in bodies, JSON knows no such booleans."""
    made = root.collaboration.create("More", [2, 3], encrypted=np.bool_(True))

    assert made["encrypted"] is True
    assert root.collaboration.update(made["id"], encrypted=np.bool_(False))["encrypted"] is False
    assert len(root.node.list(is_online=np.bool_(True))["data"]) == 14


def test_a_switch_goes_as_a_number(root, server):
    """In a query; real servers on SQLite know no words for it."""
    root.collaboration.list(encrypted=True)
    root.collaboration.list(encrypted=False)

    assert [one.query["encrypted"] for one in server.journal.where(path="/collaboration")] == [["1"], ["0"]]


def test_a_word_for_no_destroys_nothing(root, server):
    """As a switch it would count as on."""
    with pytest.raises(UsageError, match="delete_dependents is True or False, not 'no'"):
        root.collaboration.delete(1, delete_dependents="no")
    with pytest.raises(UsageError, match="all_collaborations is True or False, not 'False'"):
        root.store.create("https://store.example/api", "Store", all_collaborations="False")
    with pytest.raises(UsageError, match="include_root is True or False, not 'False'"):
        root.role.list(include_root="False")
    with pytest.raises(UsageError, match="encrypted is True or False, not 'no'"):
        root.collaboration.update(1, encrypted="no")
    with pytest.raises(UsageError, match="clear_ip is True or False, not 'no'"):
        root.node.update(1, clear_ip="no")
    root.setup_encryption(server.private_keys["Hospital 1"])
    with pytest.raises(UsageError, match="overwrite is True or False, not 'no'"):
        root.setup_encryption(server.private_keys["Hospital 2"], overwrite="no")


@pytest.mark.parametrize("times", ["2026-01-01", ("2026-01-01",), 2026])
def test_times_are_pairs(root, times):
    """From when, and till when."""
    with pytest.raises(UsageError, match="started is a pair of times"):
        root.run.list(started=times)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"errors": "ignore"}, "errors is"),
        ({"errors": ["raise"]}, "errors is"),
        ({"log_level": "loud"}, "log_level is one of"),
        ({"host": "x"}, "http://"),
        ({"host": None}, "http://"),
        ({"host": "root:Secret-42@x"}, "http://"),
        ({"path": None}, "path is where the API lives, such as '/api', not None"),
    ],
)
def test_a_client_that_cannot_work(options, said):
    """Bad arguments are refused at once, with what would be good; a password in them is not shown."""
    with pytest.raises(UsageError, match=said) as caught:
        UserClient(**{"host": "http://x", **options})

    assert "Secret" not in str(caught.value)


def test_the_address(server):
    """With a port and without one."""
    assert UserClient("https://x.org", 443).base_path == "https://x.org:443/api"
    assert UserClient("https://x.org/", None, "v6/").base_path == "https://x.org/v6"


def test_logging_is_our_own_affair(server):
    """The root logger has the same handlers and level before and after."""
    root_logger = logging.getLogger()
    before = (list(root_logger.handlers), root_logger.level)

    UserClient(server.url, session=server.session(), log_level=LogLevel.ERROR).authenticate("root", "root")

    assert (list(root_logger.handlers), root_logger.level) == before
    assert logging.getLogger("v6client").level == logging.ERROR


def test_collaborations_change(anywhere):
    """In part, in their members, and in the default collaboration where none is given."""
    made = anywhere.collaboration.create("More", [2, 3])["id"]

    assert anywhere.collaboration.update(made, name="Fewer")["encrypted"] is False
    assert [row["id"] for row in anywhere.collaboration.add_organization(4, made)] == [2, 3, 4]
    anywhere.setup_collaboration(made)
    assert [row["id"] for row in anywhere.collaboration.remove_organization(organization=2)] == [3, 4]
    assert anywhere.collaboration.update(encrypted=True)["name"] == "Fewer"
    anywhere.collaboration.update(organizations=[5])
    assert [row["id"] for row in anywhere.organization.iter(collaboration=made)] == [5]
    anywhere.collaboration.delete()
    with pytest.raises(NotFoundError):
        anywhere.collaboration.get(made)


def test_what_depends_on_a_collaboration_stays_unless_told_otherwise(anywhere):
    """Deleting without the flag is refused where there is something to lose."""
    with pytest.raises(InvalidInputError):
        anywhere.collaboration.delete(2)
    anywhere.collaboration.delete(2, delete_dependents=True)

    assert [row["name"] for row in anywhere.collaboration.iter(scope="global")] == ["All"]


def test_what_depends_on_an_organization_stays_unless_told_otherwise(root):
    """Deleting without the flag is refused where there is something to lose."""
    with pytest.raises(InvalidInputError):
        root.organization.delete(13)
    root.organization.delete(13, delete_dependents=True)

    assert len(root.organization.list(collaboration=1, per_page=20)["data"]) == 11


def test_users_are_deleted(anywhere):
    """Their tasks stay, and they with them, unless told otherwise."""
    made = anywhere.user.create("vera", "Vera", "V", "Secret-42", "vera@x.org")

    anywhere.user.delete(made["id"])

    with pytest.raises(NotFoundError):
        anywhere.user.get(made["id"])


def test_who_has_tasks_is_kept_with_them(root, nora):
    """Unless both are to go."""
    nora.task.create(1, [2], "n", "count", "", {})

    with pytest.raises(InvalidInputError):
        root.user.delete(nora.whoami.id_)
    root.user.delete(nora.whoami.id_, delete_dependents=True)

    assert root.task.list()["data"] == []


def test_a_role_that_somebody_has_is_kept(anywhere):
    """Unless they are to lose it."""
    role = anywhere.role.create("Watcher", "watches", [1])["id"]
    anywhere.user.create("vera", "Vera", "V", "Secret-42", "vera@x.org", roles=[role])

    with pytest.raises(InvalidInputError):
        anywhere.role.delete(role)
    anywhere.role.delete(role, delete_dependents=True)

    assert anywhere.role.list(name="Watcher")["data"] == []


def test_the_default_collaboration(anywhere):
    """Lists and new nodes keep to it, unless another one is given."""
    for node in anywhere.node.list(organization=2, collaboration=2)["data"]:
        anywhere.node.delete(node["id"])
    anywhere.setup_collaboration(2)

    assert [row["id"] for row in anywhere.organization.list()["data"]] == [2, 3]
    assert [row["collaboration"]["id"] for row in anywhere.node.iter()] == [2]
    assert len(anywhere.node.list(collaboration=1)["data"]) == 12
    assert anywhere.node.create(organization=2)["collaboration"]["id"] == 2
    assert [*anywhere.task.iter()] == []


def test_a_default_collaboration_that_does_not_exist(root):
    """The choice stays what it was."""
    root.setup_collaboration(1)

    with pytest.raises(NotFoundError):
        root.setup_collaboration(99)

    assert root.collaboration_id == 1


def test_the_address_of_a_node_is_forgotten(anywhere):
    """On request, and no other field changes."""
    node = anywhere.node.list()["data"][0]
    anywhere.connection.request("PATCH", f"node/{node['id']}", json={"ip": "10.0.0.1"})

    assert anywhere.node.update(node["id"], clear_ip=True) == {**node, "ip": None}


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (MockServer(), False),
        (MockServer(version="4.0"), False),
        (MockServer(settings=Settings(large_result_store=True)), True),
    ],
    ids=["4.15", "4.0", "4.15 with one"],
)
def test_a_blob_store(server, expected):
    """A server has one or not, and old servers never."""
    assert server.client("root").check_if_blob_store_enabled() is expected


def test_a_call_without_a_method_of_its_own(root):
    """It goes out with the client's login, and its answer comes back as it is."""
    role = root.role.create("Watcher", "watches", [1])["id"]

    rules = root.request(f"/role/{role}/rule/2", method="post")

    assert [rule["id"] for rule in rules] == [1, 2]
    assert root.request("role", params={"name": "Watcher", "sort": None})["data"] == [root.role.get(role)]


def test_a_call_that_is_none(root):
    """Path and method are texts."""
    with pytest.raises(UsageError, match="endpoint is a path below the API's, such as 'task/3', not 5"):
        root.request(5)
    with pytest.raises(UsageError, match="method is one of HTTP's, such as 'get', not None"):
        root.request("task", method=None)


@pytest.mark.parametrize(
    ("call", "rule"),
    [
        (lambda client: client.study.create("S", [2], 1), "study CREATE COLLABORATION"),
        (lambda client: client.study.delete(1), "study DELETE ORGANIZATION"),
        (lambda client: client.study.add_organization(4, 1), "study EDIT COLLABORATION"),
        (lambda client: client.store.create("http://store.example.org", "n", 1), "collaboration EDIT COLLABORATION"),
        (lambda client: client.collaboration.add_organization(13, 1), "collaboration EDIT COLLABORATION"),
        (lambda client: client.organization.delete(3), "organization DELETE GLOBAL"),
    ],
)
def test_the_rule_that_later_calls_need(root, nora, call, rule):
    """The exception names it for them too."""
    root.study.create("Few", [2, 3], 1)

    with pytest.raises(PermissionDeniedError) as caught:
        call(nora)

    assert caught.value.missing_rules[0] == rule
