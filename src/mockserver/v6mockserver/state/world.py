"""
The complete state of one server.

A world has a table for each kind of row and a relation for each many-to-many link, named as in the real server's
database. Everything else that a server remembers is here as well: its clock, its secrets, the counters that ids come
from. Nothing is kept anywhere else, so a copy of a world is a snapshot of the server, and two worlds never see each
other.
"""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from importlib import resources
from itertools import count
from secrets import token_hex  # noqa: TID251 -- a seed must not make the tokens of one server good for another
from threading import RLock
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from v6mockserver.state import entities
from v6mockserver.state.clock import Clock
from v6mockserver.state.known_tokens import KnownTokens
from v6mockserver.state.passwords import hash_password
from v6mockserver.state.permissions import RuleKey
from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.state.settings import DEFAULTS, Settings
from v6mockserver.state.tables import Relation, Table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from v6mockserver.state.mails import Mail

ROOT, CONTAINER, NODE = "Root", "container", "node"
"""The default roles with a meaning of their own: all rules, a container's rules, a node's rules."""

SHARED_SEQUENCES = {"user": "authenticatable", "node": "authenticatable"}
"""Tables whose ids come from another sequence than their own: users and nodes share one."""

FLEETING = {"lock", "events", "known_tokens", "turns"}
"""What is no part of a world's state: worlds that differ in nothing else are equal."""


class Event(NamedTuple):
    """
    Something to tell those who are connected to the event channel.

    Attributes
    ----------
    name : str
        The server's name for it, such as "new_task".
    room : str
        Who hears it, such as "collaboration_1".
    data : mapping or int
        What is told.
    """

    name: str
    room: str
    data: Mapping[str, Any] | int


class World:
    """
    All state of one server.

    Parameters
    ----------
    version : str
        The server version that it behaves as, such as "4.15".
    settings : Settings
        How the server is configured.
    random_seed : int
        What api keys and token ids are derived from, so that a test can be repeated. The secret that signs tokens is
        not: a token of one server must mean nothing to another.
    """

    def __init__(self, version: str, settings: Settings, random_seed: int) -> None:  # noqa: PLR0915 -- one for each table
        self.release = RELEASES[version]
        self.settings = settings
        self.random_seed = random_seed
        self.secret = token_hex()
        self.lock = RLock()
        self.turns = count(1)
        self.clock = Clock()
        self.events: list[Event] = []
        self.mails: list[Mail] = []
        self.counters: dict[str, int] = {}
        self.known_tokens = KnownTokens()
        self.rule_ids: dict[RuleKey, int] = {}
        self.blobs: dict[str, bytes] = {}

        self.organization: Table[entities.Organization] = Table("name")
        self.collaboration: Table[entities.Collaboration] = Table("name")
        self.study: Table[entities.Study] = Table("name", "collaboration_id")
        self.user: Table[entities.User] = Table("username", "email", "organization_id")
        self.node: Table[entities.Node] = Table("name", "api_key", "organization_id", "collaboration_id")
        self.node_config: Table[entities.NodeConfig] = Table("node_id")
        self.rule: Table[entities.Rule] = Table()
        self.role: Table[entities.Role] = Table("name", "organization_id")
        self.algorithm_store: Table[entities.AlgorithmStore] = Table("url", "collaboration_id")
        self.task: Table[entities.Task] = Table(
            "collaboration_id", "study_id", "job_id", "parent_id", "init_org_id", "init_user_id"
        )
        self.task_database: Table[entities.TaskDatabase] = Table("task_id", "database")
        self.run: Table[entities.Run] = Table(
            "task_id",
            "organization_id",
            collaboration_id=lambda run: self.task[run.task_id].collaboration_id,
            init_user_id=lambda run: self.task[run.task_id].init_user_id,
            is_open=lambda run: run.finished_at is None,
        )
        self.port: Table[entities.Port] = Table("run_id", "port")

        self.collaboration_organization = Relation()
        self.study_organization = Relation()
        self.user_role = Relation()
        self.user_rule = Relation()
        self.role_rule = Relation()

    @classmethod
    def fresh(cls, version: str = LATEST, *, settings: Settings = DEFAULTS, random_seed: int = 0) -> World:
        """
        Return the world of a server that was started for the first time.

        It has the rules, the default roles, and user root with password root.

        Parameters
        ----------
        version : str, default "4.15"
            The server version that it behaves as.
        settings : Settings, optional
            How the server is configured.
        random_seed : int, default 0
            What api keys and token ids are derived from.

        Returns
        -------
        World
            A world of its own.
        """
        world = _first_start(version).copy()
        world.settings = settings
        world.random_seed = random_seed
        world.secret = token_hex()
        return world

    def copy(self) -> World:
        """
        Return a world that is equal to this one, and changes on its own.
        """
        other = World(self.release.version, self.settings, self.random_seed)
        other.take(self)
        return other

    def take(self, other: World) -> None:
        """
        Become equal to another world; what is to be told in this one is forgotten.
        """
        self.release, self.settings, self.random_seed = other.release, other.settings, other.random_seed
        self.secret = other.secret
        self.clock.take(other.clock)
        self.events = []
        self.counters = other.counters.copy()
        self.known_tokens = other.known_tokens.copy()
        self.rule_ids = other.rule_ids
        self.mails = other.mails.copy()
        self.blobs = other.blobs.copy()
        for name, value in vars(other).items():
            if isinstance(value, (Table, Relation)):
                getattr(self, name).take(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, World) and self._lasting() == other._lasting()

    __hash__ = None  # type: ignore[assignment]  # a world changes

    def _lasting(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in FLEETING}

    @property
    def stores_blobs(self) -> bool:
        """
        Whether inputs and results are kept in a blob store, and runs have no more than their names.
        """
        return self.settings.large_result_store and self.release.stores_blobs

    def next_id(self, table: str) -> int:
        """
        Return the next id of a table; ids are never given twice.
        """
        return self._count(SHARED_SEQUENCES.get(table, table))

    def next_uuid(self) -> str:
        """
        Return the next of the world's own sequence of UUIDs.
        """
        digest = sha256(f"{self.random_seed} uuid {self._count('uuid')}".encode()).digest()
        return str(UUID(bytes=digest[:16], version=4))

    def _count(self, sequence: str) -> int:
        self.counters[sequence] = number = self.counters.get(sequence, 0) + 1
        return number

    def emit(self, name: str, collaboration_id: int, data: Mapping[str, Any] | int) -> None:
        """
        Tell everybody connected in a collaboration; delivered once the request is answered.
        """
        self.events.append(Event(name, f"collaboration_{collaboration_id}", data))

    def take_events(self) -> list[Event]:
        """
        Return what is to be told since the last call.
        """
        events, self.events = self.events, []
        return events


@cache
def _first_start(version: str) -> World:
    """
    Build the world of a first start; a template that is only ever copied.
    """
    world = World(version, DEFAULTS, random_seed=0)
    for rule in _read(version, "rules.json"):
        row = world.rule.add(entities.Rule(id=world.next_id("rule"), **rule))
        world.rule_ids[RuleKey(row.name, row.operation, row.scope)] = row.id
    world.organization.add(entities.Organization(id=world.next_id("organization"), name="root"))
    for role in _read(version, "roles.json"):
        id_ = world.next_id("role")
        world.role.add(entities.Role(id=id_, name=role["name"], description=role["description"], is_default_role=True))
        keys = world.rule_ids if role["rules"] == "all" else [RuleKey(*text.split()) for text in role["rules"]]
        world.role_rule.assign(id_, [world.rule_ids[key] for key in keys])
    root = world.user.add(
        entities.User(
            id=world.next_id("user"),
            username="root",
            password=hash_password("root", salt="root"),
            email="root@domain.ext",
            organization_id=1,
        )
    )
    world.user_role.add(root.id, world.role.where("name", ROOT)[0])
    return world


def _read(version: str, name: str) -> Any:
    return json.loads((resources.files("v6mockserver") / "data" / version / name).read_bytes())
