"""
A federation that is ready for work: organizations with a node each, a collaboration of theirs, and their researchers.
"""

from __future__ import annotations

import random
from functools import cached_property
from typing import TYPE_CHECKING, Any

from v6client._crypto import RSACryptor
from v6mockserver import _keys, _planting
from v6mockserver._errors import MockUsageError
from v6mockserver._server import MockServer
from v6mockserver.state.permissions import RuleKey
from v6mockserver.state.releases import LATEST

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    import pandas as pd

    from v6client import UserClient
    from v6client import _models as models
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.node import SimulatedNode
    from v6mockserver.state import entities
    from v6mockserver.state.world import World

IMAGE = "algorithm"
LABEL = "default"
USERNAME, PASSWORD = "researcher", "Federated-1"
RESEARCHER = "Researcher"
"""The default role of those who create tasks."""

ROWS = 20
"""How many rows a node has that is given none."""


class Federation:
    """
    A collaboration of a mock server, with its organizations and their nodes.

    Parameters
    ----------
    server : MockServer
        The server. The federation is its first collaboration, if it has any.

    Attributes
    ----------
    server : MockServer
        The server.
    collaboration : int or None
        The id of the collaboration.
    organizations : list of int
        The ids of its organizations; of all but root, if there is no collaboration.
    """

    def __init__(self, server: MockServer) -> None:
        self.server = server
        world = _world(server)
        self.collaboration: int | None = next((row.id for row in world.collaboration), None)
        self.organizations: list[int] = (
            [row.id for row in world.organization if row.name != "root"]
            if self.collaboration is None
            else sorted(world.collaboration_organization.rights(self.collaboration))
        )

    def __repr__(self) -> str:
        rows = map(_world(self.server).organization.get, self.organizations)  # a test may have deleted one
        names = ", ".join(row.name for row in rows if row is not None)
        return f"<Federation of {names or 'nobody'} on server {self.server.version}>"

    @property
    def nodes(self) -> list[SimulatedNode]:
        """
        The simulated nodes, in the order of their organizations.
        """
        places = {id_: place for place, id_ in enumerate(self.organizations)}
        nodes = [node for node in self.server.nodes.values() if _organization_of(node) in places]
        return sorted(nodes, key=lambda node: places[_organization_of(node)])

    @property
    def data(self) -> pd.DataFrame:
        """
        The rows of the database `default` of all nodes, in one place: what no real federation has.
        """
        import pandas as pd

        frames = [node.databases[LABEL].read({}) for node in self.nodes if LABEL in node.databases]
        pooled: pd.DataFrame = pd.concat(frames, ignore_index=True)
        return pooled

    @cached_property
    def client(self) -> UserClient:
        """
        The client of a researcher of the first organization, logged in at first use.
        """
        return self.login()

    def login(
        self,
        username: str | None = None,
        *,
        password: str | None = None,
        role: str | None = None,
        rules: Sequence[str] | None = None,
        organization: str | int | None = None,
    ) -> UserClient:
        """
        Return another client, logged in, and with the private key of its organization.

        Without a username it is that of a user who has exactly this role or these rules, and is made if there is none
        yet; by default a researcher.

        Parameters
        ----------
        username : str, optional
            A user of the seed.
        password : str, optional
            The user's password; by default the one in the seed.
        role : str, optional
            The name of the user's role.
        rules : sequence of str, optional
            The user's rules, such as "task VIEW ORGANIZATION".
        organization : str or int, optional
            The name or the id of the user's organization; by default the first one.

        Returns
        -------
        UserClient
            A client without progress display.

        Raises
        ------
        MockUsageError
            If there is no such user, role, rule or organization, or the arguments contradict each other.
        """
        if username is not None:
            if not (role is rules is organization is None):
                raise MockUsageError(f"user {username!r} is who they are: leave out role=, rules= and organization=")
            return self._armed(self.server.client(username, password))
        if password is not None:
            raise MockUsageError("password= goes with a username")
        if isinstance(rules, str):
            raise MockUsageError(f"rules={rules!r}: a list of rules is expected")
        with _world(self.server).lock:
            username = self._user(role, rules, organization)
        return self._armed(self.server.client(username))

    def _user(self, role: str | None, rules: Sequence[str] | None, organization: str | int | None) -> str:
        """
        Return the name of a user with this role or these rules.
        """
        world = _world(self.server)
        owner = self._organization(organization)
        if role is None and rules is None:
            role = RESEARCHER
        roles = [_role(world, owner.id, role)] if role is not None else []
        keys = [_rule(world, rule) for rule in rules or ()]
        wanted = frozenset(roles), frozenset(keys)
        for user in world.user:
            has = world.user_role.rights(user.id), world.user_rule.rights(user.id)
            if user.organization_id == owner.id and has == wanted and user.username in self.server.passwords:
                return user.username
        username = f"{owner.name}: {', '.join([*([role] if role else []), *(rules or ())]) or 'no rule'}"
        _planting.plant_user(world, owner.id, username=username, password=PASSWORD, role_ids=roles, rule_ids=keys)
        self.server.passwords[username] = PASSWORD
        return username

    def _organization(self, wanted: str | int | None) -> entities.Organization:
        organizations = _world(self.server).organization
        if wanted is None and self.organizations:
            wanted = self.organizations[0]
        for row in organizations:
            if wanted is not None and wanted in {row.name, row.id}:
                return row
        known = ", ".join(repr(row.name) for row in organizations)
        missing = "no organization to log in at" if wanted is None else f"no organization {wanted!r}"
        raise MockUsageError(f"there is {missing}; there is {known}")

    def _armed(self, client: UserClient) -> UserClient:
        """
        Return a client that can encrypt, if its organization has a key. The key is not checked: that takes 0.3 s.
        """
        assert client.whoami is not None  # noqa: S101 -- it has logged in
        name = _world(self.server).organization[client.whoami.organization_id].name
        if file := self.server.private_keys.get(name):
            client.cryptor = RSACryptor(_keys.load(file))
        return client

    def ask(self, method: str, arguments: Mapping[str, Any], *, everywhere: bool = False) -> models.Task:
        """
        Create the task that calls a function of the algorithm `IMAGE`, at the first organization or at all.
        """
        return self.client.task.create(
            collaboration=self.collaboration,
            organizations=self.organizations if everywhere else self.organizations[:1],
            name=method,
            image=IMAGE,
            description="",
            input_={"method": method, "kwargs": dict(arguments)},
            databases=LABEL,
        )


def federate(
    names: Collection[str],
    *,
    encrypted: bool,
    execution: Choice,
    version: str = LATEST,
    rows: bool = False,
    adversarial: int | None = None,
) -> Federation:
    """
    Return a federation of organizations that have nothing yet but their nodes.

    Parameters
    ----------
    names : collection of str
        What the organizations, and their nodes, are called.
    encrypted : bool
        Whether the collaboration is.
    execution : str or Executor
        Where nodes run the algorithm.
    version : str, optional
        The server version.
    rows : bool, default False
        Whether each node has generated rows for a database.
    adversarial : int, optional
        The seed of the liberties that the server takes; by default it takes none.

    Returns
    -------
    Federation
        The federation, with a researcher at the first organization.
    """
    researcher = {"username": USERNAME, "password": PASSWORD, "roles": [RESEARCHER]}
    participants = [
        {"name": name, "node": name, "databases": {LABEL: _rows(place)} if rows else {}}
        for place, name in enumerate(names)
    ]
    seed = {
        "organizations": [
            {"name": name, "users": [] if place else [researcher]} | (_key(place) if encrypted else {})
            for place, name in enumerate(names)
        ],
        "collaborations": [{"name": "federation", "encrypted": encrypted, "participants": participants}],
    }
    server = MockServer(seed if names else None, version=version, execution=execution, adversarial=adversarial)
    return Federation(server)


def _key(place: int) -> dict[str, str]:
    return {"private_key": str(_keys.path(place, small=True))}


def names(number: int) -> list[str]:
    """
    Return the names of so many organizations that are not called anything.
    """
    return [f"organization {place}" for place in range(1, number + 1)]


def _rows(place: int) -> pd.DataFrame:
    """
    Return the rows of one node, the same in every federation: people in a study.
    """
    import pandas as pd

    chance = random.Random(place)  # noqa: S311 -- no secret
    rows: pd.DataFrame = pd.DataFrame(
        {
            "age": [chance.randint(20, 90) for _ in range(ROWS)],
            "sex": [chance.choice("fm") for _ in range(ROWS)],
            "weight": [round(chance.gauss(75, 12), 1) for _ in range(ROWS)],
            "treated": [chance.random() < 0.5 for _ in range(ROWS)],  # noqa: PLR2004 -- one in two
        }
    )
    return rows


def _world(server: MockServer) -> World:
    return server._world  # noqa: SLF001 -- a federation is a view of its server


def _organization_of(node: SimulatedNode) -> int:
    return node._organization_id  # noqa: SLF001 -- the name is not the same for ever


def _role(world: World, organization_id: int, name: str) -> int:
    roles = {row.name: row.id for row in world.role if row.is_default_role or row.organization_id == organization_id}
    if name not in roles:
        raise MockUsageError(f"there is no role {name!r} for this organization; there are {', '.join(sorted(roles))}")
    return roles[name]


def _rule(world: World, text: str) -> int:
    try:
        return world.rule_ids[RuleKey(*text.split())]
    except (KeyError, TypeError):
        raise MockUsageError(f"there is no rule {text!r}; one looks like 'task VIEW ORGANIZATION'") from None
