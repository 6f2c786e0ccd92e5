"""
What contract tests act through: a server, and callers of it.

Both speak plain HTTP through `requests`, so that the same test runs against the mock and against a real server. A test
makes what it needs through the API, under names that nothing else on the server has.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any
from uuid import uuid4  # noqa: TID251 -- names must differ from those of earlier runs against the same real server

if TYPE_CHECKING:
    import requests

# What answers look like: status and keys. Texts are no part of the contract.
OK, CREATED = 200, 201
DONE = (200, ["msg"])
REFUSED = (400, ["msg"])
INVALID = (400, ["errors", "msg"])
DENIED = (401, ["msg"])
MISSING = (404, ["msg"])
UNREADABLE = (422, ["msg"])
FAILED = (500, ["msg"])
NOT_JSON = (415, ["message"])
GARBLED = (400, ["message"])

PASSWORD = "Pass-word-1"
INPUT = b64encode(b"{}").decode()
IMAGE = "example.org/algorithm"


@dataclass(frozen=True)
class Caller:
    """
    Somebody who sends requests: a user, a node, a container, or nobody in particular.

    Attributes
    ----------
    session, url
        How the server is reached; `url` includes the API path.
    token : str
        The access token, or empty.
    row : dict
        The caller's own representation as the server gave it when it was made.
    """

    session: requests.Session
    url: str
    token: str = ""
    row: dict[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> int:
        """The id of this user or node."""
        return self.row["id"]

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request; `path` is below the API path, options are those of `requests`."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= options.pop("headers", {})
        return self.session.request(method, f"{self.url}{path}", headers=headers, timeout=20, **options)

    def get(self, path: str, **params: Any) -> requests.Response:
        """Send a GET with a query."""
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Send a POST with a JSON body."""
        return self.request("POST", path, json=json, **options)

    def patch(self, path: str, json: Any = None, **options: Any) -> requests.Response:
        """Send a PATCH with a JSON body."""
        return self.request("PATCH", path, json=json, **options)

    def delete(self, path: str, json: Any = None, **params: Any) -> requests.Response:
        """Send a DELETE with a query, and maybe a JSON body."""
        return self.request("DELETE", path, json=json, params=params)


@dataclass(frozen=True)
class Server:
    """
    A server under test.

    Attributes
    ----------
    session, url
        How it is reached; `url` includes the API path.
    is_real : bool
        Whether it is a real server, and not the mock.
    """

    session: requests.Session
    url: str
    is_real: bool = False
    _numbers: count[int] = field(default_factory=count)
    _run: str = field(default_factory=lambda: uuid4().hex[:8])

    def expected(self, outcome: Any) -> Any:
        """Return what to expect: the same everywhere, or one of {"mock": ..., "real": ...} where we deviate."""
        if isinstance(outcome, dict):
            return outcome["real" if self.is_real else "mock"]
        return outcome

    def name(self, word: str = "thing") -> str:
        """Return a name that nothing on the server has."""
        return f"{word}-{self._run}-{next(self._numbers)}"

    @cached_property
    def nobody(self) -> Caller:
        """A caller without a token."""
        return Caller(self.session, self.url)

    @cached_property
    def root(self) -> Caller:
        """The user root."""
        return self.login("root", "root")

    @cached_property
    def rules(self) -> dict[str, int]:
        """The ids of all rules, by text such as "task CREATE COLLABORATION"."""
        listed = made(self.root.get("/rule", no_pagination=1))["data"]
        return {f"{rule['name']} {rule['operation']} {rule['scope']}": rule["id"] for rule in listed}

    @cached_property
    def roles(self) -> dict[str, int]:
        """The ids of the default roles, by name."""
        listed = made(self.root.get("/role", per_page=1000))["data"]
        return {role["name"]: role["id"] for role in listed if role["organization"] is None}

    def login(self, username: str, password: str = PASSWORD, *, row: dict[str, Any] | None = None) -> Caller:
        """Return a user who is logged in."""
        answer = made(self.nobody.post("/token/user", {"username": username, "password": password}))
        caller = Caller(self.session, self.url, answer["access_token"])
        return replace(caller, row=row or made(caller.get(answer["user_url"].removeprefix("/api"))))

    def organization(self, **columns: Any) -> dict[str, Any]:
        """Create an organization."""
        return made(self.root.post("/organization", {"name": self.name("organization")} | columns))

    def collaboration(self, *organizations: dict[str, Any], encrypted: bool = False, **columns: Any) -> dict[str, Any]:
        """Create a collaboration of organizations; of a fresh one if none are given."""
        ids = [organization["id"] for organization in organizations or (self.organization(),)]
        body = {"name": self.name("collaboration"), "organization_ids": ids, "encrypted": encrypted}
        return made(self.root.post("/collaboration", body | columns))

    def role(self, organization: dict[str, Any], *rules: str, **columns: Any) -> dict[str, Any]:
        """Create a role of an organization."""
        body = {"name": self.name("role"), "rules": self.ids(rules), "organization_id": organization["id"]}
        return made(self.root.post("/role", body | columns))

    def ids(self, rules: Any) -> list[int]:
        """Return the ids of rules."""
        return [self.rules[rule] for rule in rules]

    def user(self, organization: dict[str, Any] | None = None, *rules: str, roles: Any = (), **columns: Any) -> Caller:
        """
        Create a user and log them in.

        Parameters
        ----------
        organization : dict, optional
            Theirs; a fresh one if none is given.
        *rules : str
            Rules that they hold directly.
        roles : iterable of str or int
            Names of default roles, or ids.
        """
        body = self.user_body(
            organization_id=(organization or self.organization())["id"],
            rules=self.ids(rules),
            roles=[self.roles[role] if isinstance(role, str) else role for role in roles],
        )
        row = made(self.root.post("/user", body | columns))
        return self.login(row["username"], (body | columns)["password"], row=row)

    def user_body(self, **columns: Any) -> dict[str, Any]:
        """Return a body for POST /user that is accepted."""
        name = self.name("user")
        return {
            "username": name,
            "password": PASSWORD,
            "email": f"{name}@example.org",
            "firstname": "First",
            "lastname": "Last",
        } | columns

    def node(self, organization: dict[str, Any], collaboration: dict[str, Any], **columns: Any) -> Caller:
        """Register a node and log it in; its row has the api key."""
        body = {"organization_id": organization["id"], "collaboration_id": collaboration["id"]}
        row = made(self.root.post("/node", body | columns))
        answer = made(self.nobody.post("/token/node", {"api_key": row["api_key"]}))
        return Caller(self.session, self.url, answer["access_token"], row)

    def task(self, caller: Caller, collaboration: dict[str, Any], *organizations: Any, **columns: Any) -> Any:
        """Create a task as somebody, for organizations that have a node; its input is readable."""
        body = {
            "name": self.name("task"),
            "image": IMAGE,
            "collaboration_id": collaboration["id"],
            "organizations": [{"id": organization["id"], "input": INPUT} for organization in organizations],
        }
        return made(caller.post("/task", body | columns))

    def container(self, node: Caller, task: dict[str, Any]) -> Caller:
        """Return the container in which a node runs a task; its row is the node's."""
        answer = made(node.post("/token/container", {"task_id": task["id"], "image": task["image"]}))
        return Caller(self.session, self.url, answer["container_token"], node.row)


def outcome(response: requests.Response) -> tuple[int, list[str]]:
    """Return the status of a refusal, and the keys of its body."""
    body = response.json()
    return response.status_code, sorted(body) if isinstance(body, dict) else []


def deviates(*, mock: Any, real: Any) -> dict[str, Any]:
    """Return an expectation that is another one for the mock than for the real server, for `Server.expected`."""
    return {"mock": mock, "real": real}


def made(response: requests.Response) -> Any:
    """Return the body of an answer that prepares a test; anything but success is a mistake in the test."""
    assert response.ok, f"{response.request.method} {response.url}: {response.status_code} {response.text}"
    return response.json()
