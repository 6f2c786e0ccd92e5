"""Seeds: what they plant, and what they say about mistakes."""

from __future__ import annotations

import copy
import json
from base64 import b64encode
from datetime import date

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from v6client._crypto import RSACryptor
from v6mockserver import MockServer, SeedError, Settings, _keys
from v6mockserver._seed import read
from v6mockserver.state.world import World

SEED = {
    "organizations": [
        {
            "name": "North",
            "domain": "north.org",
            "roles": [{"name": "Watcher", "rules": ["task VIEW COLLABORATION"]}],
            "users": [
                {
                    "username": "nora",
                    "password": "password",
                    "firstname": "Nora",
                    "lastname": "N",
                    "roles": ["Watcher"],
                },
                {"username": "admin", "password": "password"},
            ],
        },
        {"name": "South"},
    ],
    "collaborations": [
        {
            "name": "Poles",
            "participants": [
                {"name": "North", "api_key": "123e4567-e89b-12d3-a456-426614174000"},
                {"name": "South", "node": "southern"},
            ],
            "studies": [{"name": "Cold", "organizations": ["South"]}],
            "stores": [{"name": "Ours", "url": "https://store.example"}],
            "tasks": [{"image": "average", "user": "nora", "study": "Cold", "store": "Ours", "runs": []}],
        }
    ],
}

MISTAKES = [
    ({"organisations": []}, ["organisations"], "Unknown key; there are server, organizations"),
    ({"server": {"smtp": "maybe"}}, ["server.smtp"], "valid boolean"),
    ({"server": {"mail": True}}, ["server.mail"], "there are two_factor_auth, smtp"),
    ({"stores": [{"name": "All"}]}, ["stores[0].url"], "Missing data"),
    ({"stores": [{"name": "All", "ulr": "http://a"}]}, ["stores[0].ulr"], "Unknown key; there are name, url"),
    ({"stores": ["http://a"]}, ["stores[0]"], "Not a mapping of name, url"),
    (["organizations", 0, "name"], ["organizations[0].name"], "Missing data"),
    (["organizations", 0, "users", 0, "password"], ["organizations[0].users[0].password"], "Missing data"),
    ((["organizations", 1, "name"], "North"), ["organizations[1].name"], "is there already"),
    ((["organizations", 1, "name"], "root"), ["organizations[1].name"], "is there already"),
    ((["organizations", 0, "users", 1, "username"], "nora"), ["users[1].username"], "is there already"),
    ((["organizations", 0, "users", 0, "roles"], ["Boss"]), ["users[0].roles"], "no role 'Boss'; there are .*Watcher"),
    ((["organizations", 0, "roles", 0, "rules"], ["task RUN"]), ["roles[0].rules"], "no rule 'task RUN'"),
    ((["collaborations", 0, "participants", 1, "name"], "West"), ["participants[1].name"], "no organization 'West'"),
    ((["collaborations", 0, "participants", 1, "name"], "North"), ["participants[1].name"], "is there already"),
    ((["collaborations", 0, "participants", 0, "api_key"], "key"), ["participants[0].api_key"], "valid UUID"),
    ((["organizations", 0, "private_key"], "nowhere.pem"), ["organizations[0].private_key"], "no file .*nowhere.pem"),
    (
        (["collaborations", 0, "participants", 0, "databases"], {"a b": "x.csv"}),
        ["participants[0].databases.a b"],
        "'a b' is not an identifier",
    ),
    (
        (["collaborations", 0, "participants", 0, "databases"], {"default": "x.pdf"}),
        ["participants[0].databases.default"],
        "of no known type",
    ),
    (
        (["collaborations", 0, "participants", 0, "databases"], {"default": "gone.csv"}),
        ["participants[0].databases.default"],
        "has no file .*gone.csv",
    ),
    (
        (["collaborations", 0, "participants", 0, "databases"], {"default": {"path": "x.csv"}}),
        ["participants[0].databases.default"],
        "mapping of uri, type, env",
    ),
    ((["organizations", 0, "users", 0, "rules"], ["task RUN"]), ["users[0].rules[0]"], "no rule 'task RUN'"),
    ((["organizations", 0, "users", 0, "email"], "root@domain.ext"), ["users[0].email"], "is there already"),
    ((["collaborations", 0, "studies", 0, "organizations"], ["West"]), ["studies[0].organizations[0]"], "'West'"),
    ((["collaborations", 0, "participants"], []), ["studies[0].organizations[0]"], "there are none"),
    ((["collaborations", 0, "tasks", 0, "image"], None), ["tasks[0]"], "image: Missing data"),
    ((["collaborations", 0, "tasks", 0, "user"], "root"), ["tasks[0].user"], "no user of a participant 'root'"),
    ((["collaborations", 0, "tasks", 0, "study"], "Hot"), ["tasks[0].study"], "no study 'Hot'; there are Cold"),
    ((["collaborations", 0, "tasks", 0, "store"], "Theirs"), ["tasks[0].store"], "no store 'Theirs'; there are Ours"),
    ((["collaborations", 0, "tasks", 0, "organizations"], ["North"]), ["tasks[0].organizations[0]"], "are South"),
    (
        (["collaborations", 0, "tasks", 0, "runs"], [{"organization": "South", "status": "done"}]),
        ["tasks[0].runs[0].status"],
        "Must be one of: pending",
    ),
    (
        (["collaborations", 0, "tasks", 0, "runs"], [{"organization": "South"}] * 2),
        ["tasks[0].runs[1].organization"],
        "is there already",
    ),
    (
        (["collaborations", 0, "tasks", 0, "input"], {"since": [date(2020, 1, 1)]}),
        ["tasks[0].input"],
        "type date is not",
    ),
    (
        (["collaborations", 0, "tasks", 0, "runs"], [{"organization": "South", "result": date(2020, 1, 1)}]),
        ["tasks[0].runs[0].result"],
        "JSON has no such value",
    ),
    (
        (
            ["collaborations", 0, "tasks", 0, "databases"],
            [{"label": "default", "parameters": {"day": date(2020, 1, 1)}}],
        ),
        ["tasks[0].databases[0].parameters"],
        "JSON has no such value",
    ),
    ((["organizations", 1, "public_key"], "PUBLIC"), ["organizations[1].public_key"], "not the base64"),
    (
        (["collaborations", 0, "tasks", 0, "subtasks"], [{"study": "Hot"}]),
        ["tasks[0].subtasks[0].study"],
        "no study 'Hot'",
    ),
    ((["collaborations", 0, "encrypted"], "maybe"), ["collaborations[0].encrypted"], "valid boolean"),
]


def spoiled(mistake):
    """Return the seed with a mistake: another key, a key that is missing, or a value that is wrong."""
    seed = copy.deepcopy(SEED)
    if isinstance(mistake, dict):
        return {**seed, **mistake}
    path, value = mistake if isinstance(mistake, tuple) else (mistake, None)
    place = seed
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return seed


@pytest.mark.parametrize(("mistake", "places", "expected"), MISTAKES, ids=[str(case[1]) for case in MISTAKES])
def test_a_mistake_is_named_and_nothing_planted(tmp_path, mistake, places, expected):
    """The error has file, line, key and what was expected; the world stays as it was."""
    file = tmp_path / "seed.yaml"
    file.write_text(yaml.safe_dump(spoiled(mistake), sort_keys=False))
    world = World.fresh()

    with pytest.raises(SeedError, match=expected) as caught:
        read(file, world)

    assert str(caught.value).startswith(f"{file}, line ")
    assert places[0] in str(caught.value)
    assert [row.name for row in world.organization] == ["root"]
    assert len(world.collaboration) == 0


def pem(key, passphrase=None):
    """Return the text of a private key."""
    protection = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection)


@pytest.mark.parametrize(
    "content",
    [b"junk", pem(ec.generate_private_key(ec.SECP256R1())), pem(_keys.load(_keys.path(0)), b"passphrase")],
    ids=["junk", "elliptic", "protected"],
)
def test_a_private_key_is_one(tmp_path, content):
    """One that nothing can be decrypted with is a mistake in the seed."""
    (tmp_path / "key.pem").write_bytes(content)
    seed = spoiled((["organizations", 0, "private_key"], str(tmp_path / "key.pem")))

    with pytest.raises(SeedError, match=r"organizations\[0\]\.private_key: .*key\.pem is not an RSA private key"):
        MockServer(seed)


def test_a_task_needs_somebody_to_run_it():
    """In a collaboration without participants there is nobody."""
    with pytest.raises(SeedError, match=r"collaborations\[0\]\.tasks: a task needs participants"):
        MockServer({"collaborations": [{"name": "Nobody", "tasks": ["hello-world"]}]})


def test_the_line_is_that_of_the_mistake(tmp_path):
    """It leads to the value itself."""
    file = tmp_path / "seed.yaml"
    file.write_text("organizations:\n  - name: North\n\n  - name: North\n")

    with pytest.raises(SeedError, match=r"line 4: organizations\[1\]\.name"):
        MockServer(file)


@pytest.mark.parametrize("content", [b"a: [", b"- 1\n", b"", b"\xff\xd8"])
def test_a_file_that_is_no_seed(tmp_path, content):
    """Broken YAML, a list, an empty file and a picture are mistakes as well."""
    file = tmp_path / "seed.yaml"
    file.write_bytes(content)

    with pytest.raises(SeedError, match=r"seed\.yaml"):
        MockServer(file)


def test_a_seed_of_another_kind():
    """A list is neither a mapping nor a path."""
    with pytest.raises(SeedError, match="a mapping or the path"):
        MockServer([])


def test_a_file_that_is_missing(tmp_path):
    """The error names it."""
    with pytest.raises(SeedError, match=r"nowhere\.yaml cannot be read"):
        MockServer(tmp_path / "nowhere.yaml")


def test_everything_is_planted():
    """Organizations, users, roles, collaborations and nodes are there, and the nodes are online."""
    server = MockServer(SEED)
    root = server.client()

    assert [row["name"] for row in root.organization.iter()] == ["root", "North", "South"]
    assert list(server.nodes) == ["North - Poles Node", "southern"]
    assert {row["status"] for row in root.node.iter()} == {"online"}
    assert root.collaboration.get(1)["encrypted"] is True


def test_users_get_their_roles():
    """Who is given none gets all rules, as from the real server's import."""
    server = MockServer(SEED)

    assert [role["name"] for role in server.client().role.iter(user=2)] == ["Watcher"]
    assert server.explain("nora", "view", "task", collaboration=1)
    assert not server.explain("nora", "create", "task", collaboration=1)
    assert server.explain("admin", "create", "organization")


def test_a_given_api_key_is_the_nodes():
    """A real node could log in with it."""
    server = MockServer(SEED)
    body = {"api_key": "123e4567-e89b-12d3-a456-426614174000"}

    answer = server.session().post(f"{server.url}/api/token/node", json=body)

    assert answer.json()["node_url"].startswith("/api/node/")


def test_paths_are_relative_to_the_seed(tmp_path):
    """A seed can be moved together with its data."""
    (tmp_path / "data.csv").write_text("x\n1\n2\n")
    seed = {
        "organizations": [{"name": "North", "users": [{"username": "nora", "password": "p"}]}],
        "collaborations": [
            {
                "name": "One",
                "encrypted": False,
                "participants": [{"name": "North", "databases": {"default": "data.csv"}}],
            }
        ],
    }
    (tmp_path / "seed.yaml").write_text(yaml.safe_dump(seed))
    server = MockServer(tmp_path / "seed.yaml")
    server.algorithms.register("count", {"count": lambda df: len(df)})
    client = server.client("nora")

    task = client.task.create(1, [2], "n", "count", "", {"method": "count"}, "default")

    assert client.wait_for_results(task["id"])["data"][0]["result"] == "2"


def test_an_organization_may_bring_its_own_key(tmp_path):
    """Then the ready-made keys are not used for it."""
    seed = copy.deepcopy(SEED)
    seed["organizations"][0]["private_key"] = str(_keys.path(15))

    server = MockServer(seed)

    assert server.private_keys["North"] == _keys.path(15)
    assert server.client("admin").organization.get()["public_key"] == _keys.public_text(_keys.load(_keys.path(15)))


def public_text(key):
    """Return the public half of a key as seeds have it."""
    return b64encode(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)).decode()


def test_an_organization_may_bring_its_public_key_alone():
    """Who has the private one reads what is planted for it."""
    own = _keys.load(_keys.path(15))
    seed = copy.deepcopy(SEED)
    seed["organizations"][1]["public_key"] = public_text(own)
    seed["collaborations"][0]["tasks"] = [{"image": "average", "organizations": ["South"], "input": {"method": "m"}}]

    (run,) = MockServer(seed).dump()["tables"]["run"]

    assert json.loads(RSACryptor(own).decrypt(run["input"]))["method"] == "m"


def test_a_key_that_vantage6_has_no_use_for(tmp_path):
    """Nothing can be encrypted for it, which the seed tells before anything is planted."""
    file = tmp_path / "seed.yaml"
    key = public_text(ec.generate_private_key(ec.SECP256R1()))
    file.write_text(yaml.safe_dump(spoiled((["organizations", 1, "public_key"], key)), sort_keys=False))

    with pytest.raises(SeedError, match=r"organizations\[1\]\.public_key: this is not the base64 of an RSA public key"):
        MockServer(file)


def test_studies_and_stores_are_planted():
    """A store is a collaboration's, or everybody's."""
    server = MockServer({**SEED, "stores": [{"name": "All", "url": "https://all.example"}]})

    tables = server.dump()["tables"]

    assert [(row["name"], row["collaboration_id"]) for row in tables["study"]] == [("Cold", 1)]
    assert tables["study_organization"] == [[1, 3]]
    assert [(row["name"], row["collaboration_id"]) for row in tables["algorithm_store"]] == [("All", None), ("Ours", 1)]


@pytest.mark.parametrize("key", ["studies", "stores"])
def test_server_4_0_has_neither(key):
    """A world of 4.0 cannot have what that server has no table for."""
    collaboration = {"name": "Poles", key: SEED["collaborations"][0][key], "participants": [{"name": "South"}]}

    with pytest.raises(SeedError, match=rf"collaborations\[0\]\.{key}: server 4\.0 has no {key}"):
        MockServer({"organizations": SEED["organizations"], "collaborations": [collaboration]}, version="4.0")


def test_rules_of_a_user():
    """They come on top of those of the roles."""
    seed = copy.deepcopy(SEED)
    seed["organizations"][0]["users"][0]["rules"] = ["task CREATE COLLABORATION"]

    server = MockServer(seed)

    assert server.explain("nora", "create", "task", collaboration=1)


def test_settings_of_the_server():
    """Those that the seed leaves out are as they were."""
    server = MockServer({"server": {"smtp": False, "server_name": 42}}, settings=Settings(max_failed_attempts=3))

    settings = server.dump()["server"]["settings"]

    assert (settings["smtp"], settings["server_name"], settings["max_failed_attempts"]) == (False, "42", 3)


def plant_task(task, **columns):
    """Return the client of a user and the tables of a server with one task."""
    seed = copy.deepcopy(SEED)
    seed["collaborations"][0] |= {"tasks": [task], **columns}
    seed["organizations"][0]["users"][0]["roles"] = ["Researcher"]
    server = MockServer(seed)
    return server, server.dump()["tables"]


def test_an_image_is_an_example_task():
    """As in the real server's import: for all participants, of the first one, pending."""
    _, tables = plant_task("hello-world")

    (task,) = tables["task"]
    assert (task["name"], task["image"], task["init_org_id"], task["init_user_id"]) == (
        "Example task",
        "hello-world",
        2,
        1,
    )
    assert [(run["organization_id"], run["status"]) for run in tables["run"]] == [(2, "pending"), (3, "pending")]


@pytest.mark.parametrize("encrypted", [False, True])
def test_runs_are_as_far_as_the_seed_says(encrypted):
    """Results can be read by whom they are for."""
    runs = [
        {"organization": "North", "status": "completed", "result": {"mean": 5}, "log": "done"},
        {"organization": "South", "status": "active"},
    ]
    server, tables = plant_task({"image": "average", "user": "nora", "runs": runs}, encrypted=encrypted)
    client = server.client("nora")
    client.setup_encryption(server.private_keys["North"] if encrypted else None)

    second, first = client.result.from_task(1)["data"]

    assert json.loads(first["result"]) == {"mean": 5}
    assert second["result"] in {None, ""}
    assert [run["finished_at"] is None for run in tables["run"]] == [False, True]
    assert [run["started_at"] is None for run in tables["run"]] == [False, False]
    assert tables["run"][0]["log"] == "done"


def test_a_task_in_a_study_is_for_its_members():
    """Unless it names the organizations itself."""
    _, tables = plant_task({"image": "average", "study": "Cold", "store": "Ours", "databases": ["a", {"label": "b"}]})

    assert [run["organization_id"] for run in tables["run"]] == [3]
    assert (tables["task"][0]["study_id"], tables["task"][0]["algorithm_store_id"]) == (1, 1)
    assert [row["database"] for row in tables["task_database"]] == ["a", "b"]


def test_subtasks_stay_in_the_study():
    """So they are for its members as well, and for nobody else."""
    subtasks = [{}, {"runs": [{"organization": "South"}]}]
    _, tables = plant_task({"image": "average", "study": "Cold", "subtasks": subtasks})

    assert {row["study_id"] for row in tables["task"]} == {1}
    assert [(run["task_id"], run["organization_id"]) for run in tables["run"]] == [(1, 3), (2, 3), (3, 3)]
    with pytest.raises(SeedError, match=r"subtasks\[0\]\.organizations\[0\]: there is no participant 'North'"):
        plant_task({"image": "average", "study": "Cold", "subtasks": [{"organizations": ["North"]}]})


def test_subtasks_are_of_their_parents_kind():
    """They have its job, its image and its owner, unless they say otherwise."""
    subtasks = [{"organizations": ["South"]}, {"image": "other", "subtasks": [{}]}]
    _, tables = plant_task({"image": "average", "user": "nora", "organizations": ["North"], "subtasks": subtasks})

    columns = ("image", "parent_id", "job_id", "init_user_id")
    assert [tuple(row[column] for column in columns) for row in tables["task"]] == [
        ("average", None, 1, 2),
        ("average", 1, 1, 2),
        ("other", 1, 1, 2),
        ("other", 3, 1, 2),
    ]


def test_what_is_pending_waits_for_nodes_that_come_later():
    """Nodes that are there from the start are not told of it."""
    server, _ = plant_task({"image": "count", "organizations": ["North"], "input": {"method": "one"}})
    server.algorithms.register("count", {"one": lambda: 1})
    node = server.nodes["North - Poles Node"]
    assert server.client().task.get(1)["status"] == "pending"

    node.go_offline()
    node.go_online()

    assert server.client().task.get(1)["status"] == "completed"


def test_a_node_may_be_offline():
    """It is there, and connects when it is told to."""
    seed = copy.deepcopy(SEED)
    seed["collaborations"][0]["participants"][1]["online"] = False

    server = MockServer(seed)

    assert not server.nodes["southern"].is_online
    assert [row["status"] for row in server.dump()["tables"]["node"]] == ["online", "offline"]


IMPORTED = """
organizations:
  - name:       First
    domain:     first.example
    address1:   Street 1
    address2:
    zipcode:    54331
    country:    Nowhere
    users:
      - {username: root, firstname: root, lastname: root, password: toor, email: root@first.example}
    public_key: UFVCTElD
  - {name: Second, domain: second.example, address1: "", address2: , zipcode: 1234AB, country: X, public_key: }
collaborations:
  - name: Both
    participants:
      - {name: First, api_key: 123e4567-e89b-12d3-a456-426614174000}
      - {name: Second, api_key: 123e4567-e89b-12d3-a456-426614174000}
    tasks: ["hello-world", "hello-world"]
    encrypted: false
"""


@pytest.fixture
def imported(tmp_path):
    """A file as the real server comes with: numbers and nulls, one api key for several nodes, a user root."""
    file = tmp_path / "fixtures.yaml"
    file.write_text(IMPORTED)
    return file


def test_files_of_the_real_import_are_seeds(imported):
    """Of nodes with the same key the first is the one that can log in."""
    server = MockServer(imported)

    assert list(server.nodes) == ["First - Both Node"]
    assert [row["zipcode"] for row in server.dump()["tables"]["organization"]] == ["54331", "1234AB"]
    assert len(server.dump()["tables"]["run"]) == 4


def test_a_user_root_of_its_own_takes_the_place_of_the_first(imported):
    """With the organization of a first start; ids are not used again."""
    server = MockServer(imported)

    assert [(row["id"], row["name"]) for row in server.client().organization.iter()] == [(2, "First"), (3, "Second")]
    assert server.passwords == {"root": "toor"}


def test_a_node_whose_key_somebody_else_has_is_not_simulated(imported):
    """Nothing sent to it could be read here."""
    text = imported.read_text().replace("encrypted: false", "encrypted: true")
    text = text.replace('tasks: ["hello-world", "hello-world"]', "")
    imported.write_text(text.replace("Second, api_key: 1", "Second, node: x, api_key: 2"))

    server = MockServer(imported)

    assert list(server.nodes) == ["x"]


@pytest.mark.parametrize("setting", ["max_failed_attempts: 0", "token_expires_hours: -1", "inactivation_minutes: .inf"])
def test_a_setting_that_no_server_could_have_is_told_with_its_line(tmp_path, setting):
    """As any other mistake in a seed."""
    file = tmp_path / "world.yaml"
    file.write_text(f"server:\n  {setting}\n")

    with pytest.raises(SeedError, match=rf"line 2: server\.{setting.split(':')[0]}"):
        MockServer(file)
