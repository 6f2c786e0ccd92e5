"""Seeds: what they plant, and what they say about mistakes."""

from __future__ import annotations

import copy

import pytest
import yaml

from v6mockserver import MockServer, SeedError
from v6mockserver._seed import plant
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
        }
    ],
}

MISTAKES = [
    ({"organisations": []}, ["organisations"], "Unknown field"),
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
        ["participants[0].databases"],
        "'a b' is not an identifier",
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
        plant(world, file)

    assert str(caught.value).startswith(f"{file}, line ")
    assert places[0] in str(caught.value)
    assert [row.name for row in world.organization] == ["root"]
    assert len(world.collaboration) == 0


def test_the_line_is_that_of_the_mistake(tmp_path):
    """It leads to the value itself."""
    file = tmp_path / "seed.yaml"
    file.write_text("organizations:\n  - name: North\n\n  - name: North\n")

    with pytest.raises(SeedError, match=r"line 4: organizations\[1\]\.name"):
        MockServer(file)


@pytest.mark.parametrize("text", ["a: [", "- 1\n", ""])
def test_a_file_that_is_no_seed(tmp_path, text):
    """Broken YAML, a list and an empty file are mistakes as well."""
    file = tmp_path / "seed.yaml"
    file.write_text(text)

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
    from v6mockserver import _keys

    seed = copy.deepcopy(SEED)
    seed["organizations"][0]["private_key"] = str(_keys.path(15))

    server = MockServer(seed)

    assert server.private_keys["North"] == _keys.path(15)
    assert server.client("admin").organization.get()["public_key"] == _keys.public_text(_keys.load(_keys.path(15)))
