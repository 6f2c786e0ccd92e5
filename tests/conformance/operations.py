"""
Every operation of the API, with a request that is accepted.

In paths and bodies, "{noun}" stands for the id of a thing of that kind. Which one, a case decides: the caller's own,
one of an organization that shares a collaboration, a stranger's, or one that does not exist.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .case import ABSENT
from .cast import IMAGE, INPUT, PASSWORD
from .tokens import reset_token

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from .cast import Cast

MISSING_ID = 9999
NEW_PASSWORD = "New-pass-word-2"
UNKNOWN_KEY = "5f0e8a4c-9c1b-4d3e-8a7f-0123456789ab"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One method of one path.

    Attributes
    ----------
    method, path : str
        The path is below the API path.
    caller : str
        Somebody in the cast who may do it to what is their own.
    body : JSON value, optional
        A body that is accepted.
    query : mapping
        A query that is accepted.
    since : str
        The first version that has it.
    kinds : tuple of str
        The kinds of caller that it is for.
    """

    method: str
    path: str
    caller: str = "root"
    body: Any = ABSENT
    query: Mapping[str, Any] = ()  # type: ignore[assignment]
    since: str = "4.0"

    @property
    def route(self) -> str:
        """
        The route, with the ids of its path left open.
        """
        return f"{self.method} {re.sub('{[^}]*}', '<id>', self.path)}"

    def nouns(self) -> set[str]:
        """
        Return what its path and body speak of.
        """
        return set(re.findall(r"{(\w+)}", f"{self.path} {self.body!r} {self.query!r}"))


def filled(template: Any, ids: Mapping[str, Any]) -> Any:
    """
    Return a template with ids in place of nouns.
    """
    if isinstance(template, dict):
        return {key: filled(value, ids) for key, value in template.items()}
    if isinstance(template, list):
        return [filled(value, ids) for value in template]
    if not isinstance(template, str):
        return template
    alone = re.fullmatch(r"{(\w+)}", template)
    return ids[alone[1]] if alone else re.sub(r"{(\w+)}", lambda match: str(ids[match[1]]), template)


def named(cast: Cast, what: str) -> dict[str, Any]:
    """
    Return the ids of what belongs to "own", "shared", "elsewhere", "stranger" or "lonely", by noun.
    """
    fixed = {
        "api_key": cast.keys["own"],
        "viewer_role": cast.id("role", "Viewer"),
        "rule": cast.rules["run VIEW ORGANIZATION"],
        "blob": UNKNOWN_KEY,
        "author": cast.id("user", "own researcher"),
        "reset_token": reset_token(cast.id("user", "own"), cast.secret),
    }
    return fixed | {noun: ids[what] for noun, ids in cast.ids.items() if what in ids}


def missing(cast: Cast) -> dict[str, Any]:
    """
    Return ids of nothing, by noun.
    """
    return named(cast, "own") | dict.fromkeys(cast.ids, MISSING_ID) | {"api_key": UNKNOWN_KEY, "rule": MISSING_ID}


def operations(version: str) -> Iterable[Operation]:
    """
    Return the operations of a version.
    """
    return [operation for operation in OPERATIONS if version != "4.0" or operation.since == "4.0"]


USER = {
    "username": "new-user",
    "password": PASSWORD,
    "email": "new@example.org",
    "firstname": "New",
    "lastname": "User",
    "organization_id": "{organization}",
    "roles": ["{viewer_role}"],
    "rules": ["{rule}"],
}
ADDRESS = {
    "name": "new-organization",
    "address1": "1 Road",
    "address2": "2 Road",
    "zipcode": "1234",
    "country": "DE",
    "domain": "example.com",
    "public_key": "a2V5",
}
COLLABORATION = {"name": "new-collaboration", "organization_ids": ["{organization}"], "encrypted": True}
STUDY = {"name": "new-study", "collaboration_id": "{collaboration}", "organization_ids": ["{organization}"]}
ROLE = {"name": "new-role", "description": "d", "rules": ["{rule}"], "organization_id": "{organization}"}
TASK = {
    "name": "new-task",
    "description": "d",
    "image": IMAGE,
    "collaboration_id": "{collaboration}",
    "organizations": [{"id": "{organization}", "input": INPUT}],
    "databases": [{"label": "default", "query": "q", "sheet_name": "s", "preprocessing": [{"function": "f"}]}],
}
COLUMN = {
    "db_label": "default",
    "collaboration_id": "{collaboration}",
    "organizations": [{"id": "{organization}", "input": INPUT}],
    "sheet_name": "s",
    "query": "q",
}
RUN = {
    "started_at": "2021-02-03T04:05:06.000007",
    "finished_at": "2021-02-03T04:05:07.000008",
    "result": "NDI=",
    "log": "done",
    "status": "completed",
}
STORE = {
    "name": "new-store",
    "algorithm_store_url": "http://127.0.0.1:9/api",
    "server_url": "http://127.0.0.1:9/server",
    "collaboration_id": "{collaboration}",
    "force": True,
}

OPERATIONS = (
    Operation(method="GET", path="/version"),
    Operation(method="GET", path="/health"),
    Operation(method="POST", path="/token/user", body={"username": "own-user", "password": PASSWORD}),
    Operation(method="POST", path="/token/node", body={"api_key": "{api_key}"}),
    Operation(method="POST", path="/token/container", caller="own node", body={"task_id": "{task}", "image": IMAGE}),
    Operation(method="POST", path="/token/refresh", caller="root, refresh"),
    Operation(method="POST", path="/token/user/validate", since="4.15"),
    Operation(method="POST", path="/token/node/validate", caller="own node", since="4.15"),
    Operation(method="POST", path="/recover/lost", body={"username": "own-user"}),
    Operation(method="POST", path="/recover/reset", body={"reset_token": "{reset_token}", "password": NEW_PASSWORD}),
    Operation(method="POST", path="/recover/2fa/lost", body={"username": "own-user", "password": PASSWORD}),
    Operation(method="POST", path="/recover/2fa/reset", body={"reset_token": "{reset_token}"}),
    Operation(method="POST", path="/recover/node", body={"id": "{node}"}),
    Operation(
        method="PATCH",
        path="/password/change",
        caller="own",
        body={"current_password": PASSWORD, "new_password": NEW_PASSWORD},
    ),
    Operation(method="GET", path="/user"),
    Operation(method="POST", path="/user", body=USER),
    Operation(method="GET", path="/user/{user}"),
    Operation(method="PATCH", path="/user/{user}", body={key: USER[key] for key in ("email", "lastname", "roles")}),
    Operation(method="DELETE", path="/user/{user}"),
    Operation(method="DELETE", path="/user/{author}", query={"delete_dependents": "1"}),
    Operation(method="GET", path="/organization"),
    Operation(method="POST", path="/organization", body=ADDRESS),
    Operation(method="GET", path="/organization/{organization}"),
    Operation(method="PATCH", path="/organization/{organization}", body={"name": "renamed", "country": "FR"}),
    Operation(method="DELETE", path="/organization/{organization}", query={"delete_dependents": "true"}, since="4.15"),
    Operation(method="GET", path="/collaboration"),
    Operation(method="POST", path="/collaboration", body=COLLABORATION),
    Operation(method="GET", path="/collaboration/{collaboration}"),
    Operation(method="PATCH", path="/collaboration/{collaboration}", body={"name": "renamed", "encrypted": True}),
    Operation(method="DELETE", path="/collaboration/{collaboration}", query={"delete_dependents": "true"}),
    Operation(method="POST", path="/collaboration/{collaboration}/organization", body={"id": "{organization}"}),
    Operation(method="DELETE", path="/collaboration/{collaboration}/organization", body={"id": "{organization}"}),
    Operation(method="POST", path="/collaboration/{collaboration}/node", body={"id": "{node}"}),
    Operation(method="DELETE", path="/collaboration/{collaboration}/node", body={"id": "{node}"}),
    Operation(method="GET", path="/study", since="4.15"),
    Operation(method="POST", path="/study", body=STUDY, since="4.15"),
    Operation(method="GET", path="/study/{study}", since="4.15"),
    Operation(method="PATCH", path="/study/{study}", body={"name": "renamed"}, since="4.15"),
    Operation(method="DELETE", path="/study/{study}", query={"delete_dependents": "x"}, since="4.15"),
    Operation(method="POST", path="/study/{study}/organization", body={"id": "{organization}"}, since="4.15"),
    Operation(method="DELETE", path="/study/{study}/organization", body={"id": "{organization}"}, since="4.15"),
    Operation(method="GET", path="/node"),
    Operation(
        method="POST",
        path="/node",
        body={"collaboration_id": "{collaboration}", "organization_id": "{organization}", "name": "new-node"},
    ),
    Operation(method="GET", path="/node/{node}"),
    Operation(method="PATCH", path="/node/{node}", body={"name": "renamed", "ip": "10.1.2.3"}),
    Operation(method="DELETE", path="/node/{node}"),
    Operation(method="GET", path="/role"),
    Operation(method="POST", path="/role", body=ROLE),
    Operation(method="GET", path="/role/{role}"),
    Operation(method="PATCH", path="/role/{role}", body={"name": "renamed", "description": "new", "rules": ["{rule}"]}),
    Operation(method="DELETE", path="/role/{role}", query={"delete_dependents": "true"}),
    Operation(method="POST", path="/role/{role}/rule/{rule}"),
    Operation(method="DELETE", path="/role/{role}/rule/{rule}"),
    Operation(method="GET", path="/rule"),
    Operation(method="GET", path="/rule/{rule}"),
    Operation(method="GET", path="/algorithmstore", since="4.15"),
    Operation(method="POST", path="/algorithmstore", body=STORE, since="4.15"),
    Operation(method="GET", path="/algorithmstore/{store}", since="4.15"),
    Operation(method="PATCH", path="/algorithmstore/{store}", body={"name": "renamed"}, since="4.15"),
    Operation(
        method="DELETE",
        path="/algorithmstore/{store}",
        query={"server_url": "http://127.0.0.1:9/server"},
        since="4.15",
    ),
    Operation(method="GET", path="/task"),
    Operation(method="POST", path="/task", caller="own researcher", body=TASK),
    Operation(method="GET", path="/task/{task}"),
    Operation(method="DELETE", path="/task/{task}"),
    Operation(method="GET", path="/task/{task}/status", since="4.15"),
    Operation(method="GET", path="/run"),
    Operation(method="GET", path="/run/{run}"),
    Operation(method="PATCH", path="/run/{run}", caller="own node", body=RUN),
    Operation(method="GET", path="/result"),
    Operation(method="GET", path="/result/{run}"),
    Operation(method="POST", path="/kill/task", body={"id": "{task}"}),
    Operation(method="POST", path="/kill/node/tasks", body={"id": "{node}"}),
    Operation(method="POST", path="/port", caller="own node", body={"port": 8081, "run_id": "{run}", "label": "x"}),
    Operation(method="DELETE", path="/port", caller="own node", query={"run_id": "{run}"}),
    Operation(method="GET", path="/vpn", caller="own node"),
    Operation(method="POST", path="/vpn/update", caller="own node", body={"vpn_config": "x"}),
    Operation(method="GET", path="/vpn/algorithm/addresses", caller="container"),
    Operation(method="POST", path="/column", caller="own researcher", body=COLUMN, since="4.15"),
    Operation(method="GET", path="/blobstream/status", since="4.15"),
    Operation(method="POST", path="/blobstream", since="4.15"),
    Operation(method="GET", path="/blobstream/{blob}", since="4.15"),
)
"""The operations; those of a noun that only 4.15 has say so."""
