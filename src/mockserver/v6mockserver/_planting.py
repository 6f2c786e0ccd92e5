"""
Planting: from a seed to the rows of a world.

Names become ids here. The seed has been read by `_seed.read`, so every name in it is the name of something.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from v6mockserver import _keys
from v6mockserver._seed import ROOT, SUPER, node_name
from v6mockserver.nodes.databases import described
from v6mockserver.state import cascade, entities, run_states
from v6mockserver.state import node as nodes
from v6mockserver.state.passwords import hash_password
from v6mockserver.state.permissions import RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from v6mockserver._seed import Seed
    from v6mockserver.nodes.databases import Database
    from v6mockserver.state.world import World

    Encrypt = Callable[[bytes, str], str]

PROFILE = ("username", "password", "firstname", "lastname", "email")
ADDRESS = ("name", "domain", "address1", "address2", "zipcode", "country")

STARTED = set(run_states.STATUSES) - {run_states.PENDING, run_states.INITIALIZING}
"""The statuses of a run that has a start time."""


class Station(NamedTuple):
    """
    A node that is to be simulated.
    """

    api_key: str
    databases: Mapping[str, Database]
    private_key: Path | None
    online: bool


@dataclass
class Planted:
    """
    What a seed leaves beside the rows of the world: secrets in clear, and what nodes need.
    """

    passwords: dict[str, str] = field(default_factory=dict)
    private_keys: dict[str, Path] = field(default_factory=dict)
    stations: list[Station] = field(default_factory=list)


def plant(world: World, seed: Seed) -> Planted:
    """
    Add what a seed describes to a world, its tasks apart.

    Parameters
    ----------
    world : World
        The world that the seed was read for.
    seed : Seed
        The seed.

    Returns
    -------
    Planted
        Passwords and private keys by name, and the nodes to simulate.
    """
    planted = Planted()
    world.settings = replace(world.settings, **seed.data["server"])
    if seed.has_root:
        _forget_root(world)
    for organization in seed.data["organizations"]:
        _plant_organization(world, organization, planted, seed.folder)
    _plant_stores(world, seed.data["stores"], None)
    for collaboration in seed.data["collaborations"]:
        _plant_collaboration(world, collaboration, planted, seed.folder)
    return planted


def _forget_root(world: World) -> None:
    for root in [row for row in world.user if row.username == ROOT]:
        cascade.delete_organization(world, root.organization_id)


def _plant_organization(world: World, seed: Mapping[str, Any], planted: Planted, folder: Path) -> None:
    columns = {column: seed[column] for column in ADDRESS}
    row = world.organization.add(
        entities.Organization(id=world.next_id("organization"), public_key=seed["public_key"] or "", **columns)
    )
    if seed["private_key"] is not None:
        planted.private_keys[row.name] = folder / seed["private_key"]
    wanted = {name for user in seed["users"] for name in user["roles"]}
    roles = list(seed["roles"])
    if SUPER in wanted and SUPER not in {role["name"] for role in roles}:
        roles.append({"name": SUPER, "description": "All rules", "rules": [str(key) for key in world.rule_ids]})
    ids = {one.name: one.id for one in world.role if one.is_default_role}
    for role in roles:
        ids[role["name"]] = _plant_role(world, role, row.id)
    for user in seed["users"]:
        _plant_user(world, user, row.id, ids)
        planted.passwords[user["username"]] = user["password"]


def _plant_role(world: World, seed: Mapping[str, Any], organization_id: int) -> int:
    row = world.role.add(
        entities.Role(
            id=world.next_id("role"),
            name=seed["name"],
            description=seed["description"],
            organization_id=organization_id,
        )
    )
    world.role_rule.assign(row.id, _rule_ids(world, seed["rules"]))
    return row.id


def _rule_ids(world: World, rules: Iterable[str]) -> list[int]:
    return [world.rule_ids[RuleKey(*rule.split())] for rule in rules]


def _plant_user(world: World, seed: Mapping[str, Any], organization_id: int, roles: Mapping[str, int]) -> None:
    role_ids, rule_ids = [roles[name] for name in seed["roles"]], _rule_ids(world, seed["rules"])
    names = {column: seed[column] for column in PROFILE}
    plant_user(world, organization_id, role_ids=role_ids, rule_ids=rule_ids, **names)


def plant_user(
    world: World,
    organization_id: int,
    *,
    username: str,
    password: str,
    role_ids: Iterable[int],
    rule_ids: Iterable[int],
    firstname: str | None = None,
    lastname: str | None = None,
    email: str | None = None,
) -> None:
    """
    Add a user to a world.

    Parameters
    ----------
    world : World
        The world.
    organization_id : int
        Where the user belongs.
    username, password : str
        What the user logs in with.
    role_ids, rule_ids : iterable of int
        What the user may do.
    firstname, lastname, email : str, optional
        Who the user is.
    """
    row = world.user.add(
        entities.User(
            id=world.next_id("user"),
            username=username,
            password=hash_password(password, salt=world.next_uuid()),
            firstname=firstname,
            lastname=lastname,
            email=email,
            organization_id=organization_id,
        )
    )
    world.user_role.assign(row.id, role_ids)
    world.user_rule.assign(row.id, rule_ids)


def _plant_stores(world: World, seeds: Iterable[Mapping[str, Any]], collaboration_id: int | None) -> None:
    for seed in seeds:
        id_ = world.next_id("algorithm_store")
        world.algorithm_store.add(entities.AlgorithmStore(id=id_, collaboration_id=collaboration_id, **seed))


def _plant_collaboration(world: World, seed: Mapping[str, Any], planted: Planted, folder: Path) -> None:
    row = world.collaboration.add(
        entities.Collaboration(id=world.next_id("collaboration"), name=seed["name"], encrypted=seed["encrypted"])
    )
    for participant in seed["participants"]:
        organization = _organization(world, participant["name"])
        world.collaboration_organization.add(row.id, organization.id)
        node, api_key = nodes.register(
            world,
            name=node_name(participant, seed),
            organization_id=organization.id,
            collaboration_id=row.id,
            api_key=str(participant["api_key"]) if participant["api_key"] else None,
        )
        key = _private_key(world, organization, planted) if seed["encrypted"] else None
        # The example files of the real server give several nodes one key; it is good for the first of them.
        is_known = len(world.node.where("api_key", node.api_key)) > 1
        # Where somebody else has the private key, somebody else has the node.
        is_here = key is not None or not seed["encrypted"]
        if is_here and not is_known:
            databases = {label: described(label, entry, folder) for label, entry in participant["databases"].items()}
            planted.stations.append(Station(api_key, databases, key, participant["online"]))
    _plant_stores(world, seed["stores"], row.id)
    for study in seed["studies"]:
        id_ = world.next_id("study")
        world.study.add(entities.Study(id=id_, name=study["name"], collaboration_id=row.id))
        world.study_organization.assign(id_, [_organization(world, name).id for name in study["organizations"]])


def _organization(world: World, name: str) -> entities.Organization:
    return world.organization[world.organization.where("name", name)[0]]


def _private_key(world: World, organization: entities.Organization, planted: Planted) -> Path | None:
    """
    Return the key file of an organization: its own, else a ready-made one; None if only its public half is known.
    """
    if organization.name not in planted.private_keys and not organization.public_key:
        planted.private_keys[organization.name] = _keys.path(len(planted.private_keys))
    file = planted.private_keys.get(organization.name)
    if file is not None and not organization.public_key:
        world.organization.replace(replace(organization, public_key=_keys.public_text(_keys.load(file))))
    return file


def plant_tasks(world: World, seed: Seed, encrypt: Encrypt) -> None:
    """
    Add the tasks that a seed describes to a world that has all the rest of it.

    Nobody is told: what is pending waits for nodes that come online later.

    Parameters
    ----------
    world : World
        The world.
    seed : Seed
        The seed.
    encrypt : callable
        Makes the text that is stored of bytes and a public key; of bytes and an empty text where nothing is encrypted.
    """
    for collaboration in seed.data["collaborations"]:
        gardener = _Gardener(world, collaboration, encrypt)
        for task in collaboration["tasks"]:
            gardener.plant(task, None)


class _Gardener:
    """
    Plants the tasks of one collaboration.
    """

    def __init__(self, world: World, seed: Mapping[str, Any], encrypt: Encrypt) -> None:
        self._world = world
        self._collaboration = world.collaboration[world.collaboration.where("name", seed["name"])[0]]
        self._members = [participant["name"] for participant in seed["participants"]]
        self._studies = {study["name"]: study["organizations"] for study in seed["studies"]}
        self._encrypt = encrypt

    def plant(self, seed: Mapping[str, Any], parent: entities.Task | None) -> None:
        """
        Add a task with its databases, runs and subtasks.
        """
        world = self._world
        row = world.task.add(
            entities.Task(
                id=world.next_id("task"),
                name=seed["name"],
                description=seed["description"],
                image=parent.image if parent and seed["image"] is None else seed["image"],
                collaboration_id=self._collaboration.id,
                study_id=self._study_id(seed, parent),
                job_id=parent.job_id if parent else world.next_id("job"),
                parent_id=parent.id if parent else None,
                created_at=world.clock.text(),
                algorithm_store_id=self._store_id(seed, parent),
                **self._owner(seed, parent),
            )
        )
        for database in seed["databases"]:
            id_, parameters = world.next_id("task_database"), json.dumps(database["parameters"], separators=(",", ":"))
            world.task_database.add(
                entities.TaskDatabase(id=id_, task_id=row.id, database=database["label"], parameters=parameters)
            )
        self._plant_runs(seed, row)
        for subtask in seed["subtasks"]:
            self.plant(subtask, row)

    def _owner(self, seed: Mapping[str, Any], parent: entities.Task | None) -> dict[str, int]:
        if seed["user"] is not None:
            user = self._world.user[self._world.user.where("username", seed["user"])[0]]
            return {"init_org_id": user.organization_id, "init_user_id": user.id}
        if parent is not None:
            return {"init_org_id": parent.init_org_id, "init_user_id": parent.init_user_id}
        # As the real server's import has it: the first participant's task, and the first user's, whoever that is.
        first = _organization(self._world, self._members[0])
        return {"init_org_id": first.id, "init_user_id": self._world.user.ids()[0]}

    def _study_id(self, seed: Mapping[str, Any], parent: entities.Task | None) -> int | None:
        if seed["study"] is not None:
            return self._world.study.where("name", seed["study"])[0]
        return parent.study_id if parent else None

    def _store_id(self, seed: Mapping[str, Any], parent: entities.Task | None) -> int | None:
        if seed["store"] is None:
            return parent.algorithm_store_id if parent else None
        candidates = [row for row in self._world.algorithm_store if row.name == seed["store"]]
        return next(row.id for row in candidates if row.collaboration_id in (self._collaboration.id, None))

    def _plant_runs(self, seed: Mapping[str, Any], task: entities.Task) -> None:
        given = {run["organization"]: run for run in seed["runs"]}
        study = self._world.study.get(task.study_id)
        members = self._members if study is None else self._studies[study.name]
        named = seed["organizations"] if seed["organizations"] is not None else ([] if given else members)
        pending = {"status": run_states.PENDING, "result": None, "log": None}
        for name in dict.fromkeys([*given, *named]):
            self._plant_run(seed, given.get(name, pending), _organization(self._world, name), task)

    def _plant_run(
        self,
        seed: Mapping[str, Any],
        run: Mapping[str, Any],
        organization: entities.Organization,
        task: entities.Task,
    ) -> None:
        owner = self._world.organization[task.init_org_id]
        now = task.created_at
        self._world.run.add(
            entities.Run(
                id=self._world.next_id("run"),
                input=self._text(seed["input"], organization),
                task_id=task.id,
                organization_id=organization.id,
                result=None if run["result"] is None else self._text(run["result"], owner),
                assigned_at=now,
                started_at=now if run["status"] in STARTED else None,
                finished_at=now if run_states.has_finished(run["status"]) else None,
                status=run["status"],
                log=run["log"],
            )
        )

    def _text(self, content: Any, reader: entities.Organization) -> str:
        """
        Return what is stored of an input or a result, as far as it goes readable by one organization alone.
        """
        return self._encrypt(json.dumps(content).encode(), reader.public_key if self._collaboration.encrypted else "")
