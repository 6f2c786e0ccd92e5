"""
The world in which requests are compared, and who and what is in it.

It is made through the API of a real server, by `build`, and then put into both servers. Ids differ between versions, so
cases name things by what they are to the organization `own`, in which most callers are:

=============  ====================================================================================================
own            belongs to that organization, or to its collaboration `own`
shared         belongs to an organization that shares that collaboration
elsewhere      belongs to that second organization, but to its other collaboration
stranger       belongs to a third organization, which only the second one knows
lonely         belongs to an organization without any collaboration
=============  ====================================================================================================
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .real_tables import TIMES
from .tokens import claims_of_container, claims_of_node, claims_of_user, mint

if TYPE_CHECKING:
    from collections.abc import Callable

    from .servers import RealServer

    Tables = dict[str, list[Any]]

HOLDER = "holder"
"""The user of the own organization who is given rules and roles case by case."""

PASSWORD = "Pass-word-1"
IMAGE = "example.org/algorithm:1"
INPUT = b64encode(b'{"method": "count"}').decode()
RESULT = b64encode(b"42").decode()
SECRET_INPUT = b64encode(b"\xff\xfe\xfd not text").decode()

LONG_AGO = datetime(2020, 1, 1, 0, 0, 0, 100)  # noqa: DTZ001 -- as the server writes times: UTC without an offset
"""When everything in the world happened, one minute after the other, so that now differs from then."""

FAR_OFF = "2098-12-31T23:59:59.000100"

USERS = {
    "own admin": ("own", "Collaboration Admin"),
    "own manager": ("own", "Organization Admin"),
    "own researcher": ("own", "Researcher"),
    "own viewer": ("own", "Viewer"),
    "own container role": ("own", "container"),
    "own nobody": ("own", None),
    "own": ("own", None),
    "shared": ("shared", "Researcher"),
    "stranger": ("stranger", "Collaboration Admin"),
    "lonely": ("lonely", "Collaboration Admin"),
}
"""The organization and the role of each user but root."""

COLLABORATIONS: dict[str, tuple[tuple[str, ...], bool]] = {
    "own": (("own", "shared"), False),
    "encrypted": (("own", "shared"), True),
    "stranger": (("shared", "stranger"), False),
    "spare": (("own",), False),
}
"""Members of each collaboration, and whether it is encrypted."""

STUDIES = {"own": ("own", ("own", "shared")), "shared": ("own", ("shared",)), "stranger": ("stranger", ("stranger",))}
"""The collaboration and the members of each study."""

NODES = {
    "own": ("own", "own"),
    "shared": ("shared", "own"),
    "own encrypted": ("own", "encrypted"),
    "shared encrypted": ("shared", "encrypted"),
    "elsewhere": ("shared", "stranger"),
    "stranger": ("stranger", "stranger"),
    "loose": ("own", "spare"),
}
"""The organization and the collaboration of each node; the last one is taken out of it again."""


@dataclass
class Cast:
    """
    Who and what is in the world.

    Attributes
    ----------
    version : str
        The version of the server that it was made with.
    secret : str
        What tokens are signed with.
    ids : dict
        The ids of things, by noun and by what they are.
    callers : dict
        The claims of the tokens of those who can send requests, by name.
    keys : dict
        The api keys of nodes, by what they are.
    rules : dict
        The ids of rules, by text such as "task VIEW GLOBAL".
    """

    version: str
    secret: str
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    callers: dict[str, dict[str, Any]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)

    def id(self, noun: str, what: str) -> int:
        """
        Return the id of a thing.
        """
        return self.ids[noun][what]


def build(server: RealServer) -> tuple[Cast, Tables]:
    """
    Return the cast of a world, and the world itself, made with a server that was just started.
    """
    building = Building(server)
    building.organizations()
    building.users()
    building.nodes()
    building.studies()
    building.tasks()
    building.containers()
    return building.cast, finished(building.cast, server.dump()["tables"])


class Building:
    """
    Makes a world through a server's API.
    """

    def __init__(self, server: RealServer) -> None:
        self._server = server
        self.cast = Cast(server.version, server.secret)
        self.cast.callers["root"] = claims_of_user(1, ["Root"])
        rules = self._ask("GET", "/rule?no_pagination=1")["data"]
        self.cast.rules = {f"{rule['name']} {rule['operation']} {rule['scope']}": rule["id"] for rule in rules}
        roles = self._ask("GET", "/role?per_page=100")["data"]
        self.cast.ids["role"] = {role["name"]: role["id"] for role in roles}

    def _ask(self, method: str, path: str, body: Any = None, *, by: str = "root") -> Any:
        token = mint(self.cast.callers[by], self._server.secret)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        reply = self._server.send(method, f"/api{path}", headers, None if body is None else json.dumps(body).encode())
        assert reply.status < 300, f"{method} {path} {body}: {reply}\n{self._server.errors()}"
        return json.loads(reply.body)

    def _make(self, noun: str, what: str, body: Any, *, by: str = "root") -> Any:
        made = self._ask("POST", f"/{noun}", body, by=by)
        self.cast.ids.setdefault(noun, {})[what] = made["id"]
        return made

    def organizations(self) -> None:
        """
        Make organizations, their collaborations and their own roles.
        """
        self.cast.ids["organization"] = {"root": 1}
        address = {"address1": "1 Street", "address2": "Floor 2", "zipcode": "1234", "domain": "example.org"}
        for what in ("own", "shared", "stranger", "lonely"):
            country = {"country": "NL" if what == "own" else "BE", "public_key": b64encode(what.encode()).decode()}
            self._make("organization", what, {"name": f"{what}-organization", **address, **country})
        for what, (members, encrypted) in COLLABORATIONS.items():
            ids = [self.cast.id("organization", member) for member in members]
            body = {"name": f"{what}-collaboration", "organization_ids": ids, "encrypted": encrypted}
            self._make("collaboration", what, body)
        rules = [self.cast.rules[rule] for rule in ("task VIEW COLLABORATION", "run VIEW ORGANIZATION")]
        for what in ("own", "shared", "stranger"):
            body = {"name": f"{what}-role", "description": "d", "rules": rules}
            self._make("role", what, body | {"organization_id": self.cast.id("organization", what)})

    def users(self) -> None:
        """
        Make users, who hold nothing but one role, and one who is given rules case by case.
        """
        self.cast.ids["user"] = {"root": 1}
        for what, (organization, role) in (USERS | {HOLDER: ("own", None), "gone": ("own", None)}).items():
            name = what.replace(" ", "-") + "-user"
            body = {"username": name, "email": f"{name}@example.org", "firstname": "First", "lastname": what}
            roles = [self.cast.id("role", role)] if role else []
            organization_id = self.cast.id("organization", organization)
            user = self._make(
                "user", what, body | {"password": PASSWORD, "roles": roles, "organization_id": organization_id}
            )
            self.cast.callers[what] = claims_of_user(user["id"], [role] if role else [])
        self._ask("PATCH", f"/user/{self.cast.id('user', 'own')}", {"roles": [self.cast.id("role", "own")]})
        extra = [self.cast.rules["user VIEW ORGANIZATION"]]
        self._ask("PATCH", f"/user/{self.cast.id('user', 'shared')}", {"rules": extra})
        self._ask("DELETE", f"/user/{self.cast.id('user', 'gone')}")

    def nodes(self) -> None:
        """
        Register nodes.
        """
        for what, (organization, collaboration) in NODES.items():
            body = {
                "name": f"{what}-node",
                "organization_id": self.cast.id("organization", organization),
                "collaboration_id": self.cast.id("collaboration", collaboration),
            }
            node = self._make("node", what, body)
            self.cast.keys[what] = node["api_key"]
            self.cast.callers[f"{what} node"] = claims_of_node(node["id"])
        path = f"/collaboration/{self.cast.id('collaboration', 'spare')}/node"
        self._ask("DELETE", path, {"id": self.cast.id("node", "loose")})

    def studies(self) -> None:
        """
        Make studies, where there are any.
        """
        for what, (collaboration, members) in STUDIES.items() if self._server.version != "4.0" else ():
            body = {
                "name": f"{what}-study",
                "collaboration_id": self.cast.id("collaboration", collaboration),
                "organization_ids": [self.cast.id("organization", member) for member in members],
            }
            self._make("study", what, body)

    def tasks(self) -> None:
        """
        Make tasks that have come more or less far.
        """
        self._task("done", "own researcher", "own", "own", "shared")
        self._task("failed", "own researcher", "own", "own", "shared")
        self._task("stranger", "stranger", "stranger", "stranger")
        self._task("elsewhere", "shared", "stranger", "shared", "stranger")
        self._task("shared", "shared", "own", "own", "shared")
        self._task("encrypted", "own researcher", "encrypted", "own", "shared")
        if "study" in self.cast.ids:
            self._task("study", "own researcher", "own", "own", study_id=self.cast.id("study", "own"))
        self._task("own", "own researcher", "own", "own", "shared", databases=[{"label": "default", "query": "q"}])
        for number, what in enumerate(("own", "shared")):
            self._report("done", what, number, status="completed", result=RESULT, log="done", finished_at=True)
        self._report("failed", "own", 0, status="crashed", log="oh no", finished_at=True)
        self._report("own", "own", 0, status="active")

    def _task(self, what: str, by: str, collaboration: str, *organizations: str, **columns: Any) -> None:
        secret = collaboration == "encrypted"
        targets = [self.cast.id("organization", organization) for organization in organizations]
        body = {
            "name": f"{what}-task",
            "description": f"task {what}",
            "image": IMAGE,
            "collaboration_id": self.cast.id("collaboration", collaboration),
            "organizations": [{"id": target, "input": SECRET_INPUT if secret else INPUT} for target in targets],
            "databases": [],
        }
        task = self._make("task", what, body | columns, by=by)
        runs = self._ask("GET", f"/run?task_id={task['id']}", by="root")["data"]
        for number, run in enumerate(reversed(runs)):
            self.cast.ids.setdefault("run", {})[what if number == 0 else f"{what} {number}"] = run["id"]

    def _report(self, task: str, node: str, number: int, *, finished_at: bool = False, **columns: Any) -> None:
        moment = "2021-02-03T04:05:06.000007"
        body = {"started_at": moment} | columns | ({"finished_at": moment} if finished_at else {})
        run = self.cast.id("run", task if number == 0 else f"{task} {number}")
        self._ask("PATCH", f"/run/{run}", body, by=f"{node} node")

    def containers(self) -> None:
        """
        Let a container of the own node work for task `own`: it has a subtask, and that one has one, too.
        """
        ids = self.cast.ids
        places = {"collaboration_id": self.cast.id("collaboration", "own"), "image": IMAGE}
        for name, node, task in (
            ("container", "own", "own"),
            ("stranger container", "stranger", "stranger"),
            ("done container", "own", "done"),
        ):
            collaboration = NODES[node][1]
            self.cast.callers[name] = claims_of_container(
                node_id=self.cast.id("node", node),
                organization_id=self.cast.id("organization", node),
                collaboration_id=self.cast.id("collaboration", collaboration),
                task_id=self.cast.id("task", task),
                image=IMAGE,
            )
        self._subtask("child", "container", "shared")
        self.cast.callers["child container"] = claims_of_container(
            node_id=ids["node"]["shared"],
            organization_id=ids["organization"]["shared"],
            task_id=ids["task"]["child"],
            **places,
        )
        self._subtask("grandchild", "child container", "own")
        port = {"port": 8080, "run_id": self.cast.id("run", "own"), "label": "web"}
        self._make("port", "own", port, by="own node")

    def _subtask(self, what: str, by: str, organization: str) -> None:
        self._task(what, by, "own", organization)


def finished(cast: Cast, tables: Tables) -> Tables:
    """
    Return a world with what cannot be made through the API, and with times that do not change from run to run.
    """
    node = {row["id"]: row for row in tables["node"]}
    node[cast.id("node", "stranger")]["ip"] = "10.0.0.7"
    shared = {"columns_default": ("age", "height"), "allowed_algorithms": ("all",), "encryption": ("0",)}
    pairs = [(key, value) for key, values in shared.items() for value in values]
    tables["node_config"] = [
        {"id": number, "node_id": cast.id("node", "own"), "key": key, "value": value}
        for number, (key, value) in enumerate(pairs, start=1)
    ]
    if cast.version != "4.0":
        cast.ids["store"] = {"all": 1, "own": 2, "stranger": 3}
        places = {"all": None, "own": cast.id("collaboration", "own"), "stranger": cast.id("collaboration", "stranger")}
        tables["algorithm_store"] = [
            {"id": id_, "name": f"{what}-store", "url": f"http://127.0.0.1:9/{what}", "collaboration_id": places[what]}
            for what, id_ in cast.ids["store"].items()
        ]
    tables = _long_ago(tables)
    (online,) = (row for row in tables["node"] if row["id"] == cast.id("node", "shared"))
    # Seen so late that no server will ever take it for gone.
    online |= {"status": "online", "last_seen": FAR_OFF}
    return tables


def _long_ago(tables: Tables) -> Tables:
    def moved(row: Any, then: Callable[[str], str]) -> Any:
        if not isinstance(row, dict):
            return row
        return {key: then(value) if key in TIMES and value else value for key, value in row.items()}

    times = {row[key] for rows in tables.values() for row in rows if isinstance(row, dict) for key in TIMES & set(row)}
    moments = {time: LONG_AGO + timedelta(minutes=number) for number, time in enumerate(sorted(times - {None}))}
    return {
        table: [moved(row, lambda time: moments[time].isoformat()) for row in rows] for table, rows in tables.items()
    }
