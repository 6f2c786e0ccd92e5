"""What the server really answers is what the OpenAPI document says."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import pytest
from jsonschema import Draft202012Validator

from v6mockserver._openapi import document
from v6mockserver.state.releases import RELEASES

from .world import IMAGE, INPUT, PASSWORD, URL, operations, populated

pytestmark = pytest.mark.slow

EXTRA_QUERY = {
    "include": ["runs", "results", "task", "organizations", "runs,results"],
    "include_permissions": ["1"],
    "no_pagination": ["1"],
    "sort": ["-id"],
}
"""Parameters that change the shape of an answer."""


UNHEARD = {"GET /vpn": 501, "GET /blobstream/{uuid}": 404}
"""What is answered in earnest only by a server that is set up for it, and how this one answers."""


class Write(NamedTuple):
    """A request that does something: to which path, with what body, as whose token of the kinds that may."""

    body: Any = None
    path: str = ""
    caller: int = 0
    status: int = 200


TASK = {
    "image": IMAGE,
    "collaboration_id": 1,
    "organizations": [{"id": 2, "input": INPUT}],
    "databases": [{"label": "default"}],
}
PERSON = {"username": "pia", "password": PASSWORD, "email": "pia@x.org", "firstname": "P", "lastname": "A"}
COLUMN = {"collaboration_id": 1, "db_label": "default", "organizations": TASK["organizations"]}
CASCADE = "?delete_dependents=1"

WRITES = {
    "POST /token/user": Write({"username": "root", "password": "root"}),
    "POST /token/node": Write(lambda populated: {"api_key": populated.api_key}),
    "POST /token/container": Write({"task_id": 1, "image": IMAGE}),
    "POST /token/refresh": Write(),
    "POST /token/user/validate": Write(),
    "POST /token/node/validate": Write(),
    "PATCH /password/change": Write({"current_password": "root", "new_password": "Secret-43"}),
    "POST /recover/lost": Write({"username": "nora"}),
    "POST /recover/reset": Write(lambda populated: {"reset_token": populated.reset_token(), "password": "Secret-43"}),
    "POST /recover/2fa/lost": Write({"username": "nora", "password": PASSWORD}),
    "POST /recover/2fa/reset": Write(lambda populated: {"reset_token": populated.reset_token()}),
    "POST /recover/node": Write({"id": 4}),
    "POST /user": Write(PERSON, status=201),
    "PATCH /user/{id}": Write({"lastname": "N"}, "/user/2"),
    "DELETE /user/{id}": Write(path="/user/3"),
    "POST /organization": Write({"name": "West"}, status=201),
    "PATCH /organization/{id}": Write({"country": "NL"}, "/organization/2"),
    "DELETE /organization/{id}": Write(path=f"/organization/4{CASCADE}"),
    "POST /collaboration": Write({"name": "C", "organization_ids": [2], "encrypted": False}),
    "PATCH /collaboration/{id}": Write({"name": "C"}, "/collaboration/1"),
    "DELETE /collaboration/{id}": Write(path=f"/collaboration/2{CASCADE}"),
    "POST /collaboration/{id}/organization": Write({"id": 4}, "/collaboration/1/organization"),
    "DELETE /collaboration/{id}/organization": Write({"id": 3}, "/collaboration/1/organization"),
    "POST /collaboration/{id}/node": Write({"id": 6}, "/collaboration/1/node", status=201),
    "DELETE /collaboration/{id}/node": Write({"id": 4}, "/collaboration/1/node"),
    "POST /study": Write({"name": "S", "collaboration_id": 1, "organization_ids": [2]}, status=201),
    "PATCH /study/{id}": Write({"name": "S"}, "/study/1"),
    "DELETE /study/{id}": Write(path="/study/1"),
    "POST /study/{id}/organization": Write({"id": 3}, "/study/1/organization"),
    "DELETE /study/{id}/organization": Write({"id": 2}, "/study/1/organization"),
    "POST /algorithmstore": Write(
        {"name": "s", "algorithm_store_url": "https://own.example.org/api", "server_url": URL}, status=201
    ),
    "PATCH /algorithmstore/{id}": Write({"name": "s", "collaboration_id": 2}, "/algorithmstore/1"),
    "DELETE /algorithmstore/{id}": Write(path=f"/algorithmstore/1?server_url={URL}"),
    "POST /node": Write({"organization_id": 4, "collaboration_id": 2}, status=201),
    "PATCH /node/{id}": Write({"name": "n"}, "/node/4"),
    "DELETE /node/{id}": Write(path="/node/7"),
    "POST /role": Write({"name": "r", "rules": [1]}, status=201),
    "PATCH /role/{id}": Write({"name": "r"}, "/role/8"),
    "DELETE /role/{id}": Write(path="/role/8"),
    "POST /role/{id}/rule/{rule_id}": Write(path="/role/8/rule/3", status=201),
    "DELETE /role/{id}/rule/{rule_id}": Write(path="/role/8/rule/1"),
    "POST /task": Write(TASK, caller=1, status=201),
    "DELETE /task/{id}": Write(path="/task/1"),
    "PATCH /run/{id}": Write({"status": "active"}, "/run/2", caller=1),
    "POST /port": Write({"run_id": 1, "port": 5000}, status=201),
    "DELETE /port": Write(path="/port?run_id=1"),
    "POST /vpn/update": Write({"vpn_config": "c"}, status=501),
    "POST /column": Write(COLUMN, caller=1, status=201),
    "POST /blobstream": Write(status=501),
    "POST /kill/task": Write({"id": 2}),
    "POST /kill/node/tasks": Write({"id": 7}),
}
"""One request for each operation that changes something."""


OPERATIONS = [(version, name) for version in RELEASES for name in operations(version)]


def problems(answer, name, version):
    """Return what is wrong with the answer of an operation, by the document."""
    operation = operations(version)[name]
    described = operation["responses"].get(str(answer.status_code))
    if described is None:
        return [f"status {answer.status_code} is not described: {answer.text}"]
    content = described["content"].get(answer.headers["Content-Type"].split(";")[0])
    if content is None:
        return [f"{answer.headers['Content-Type']} is not described"]
    schema = {**content["schema"], "components": document(version)["components"]}
    return [error.message for error in Draft202012Validator(schema).iter_errors(answer.json())]


def tokens_for(server, name):
    """Return the tokens of all whom an operation is for."""
    kinds = [kind for scheme in operations(server.version)[name]["security"] for kind in scheme]
    return [token for kind in kinds for token in server.tokens[kind]]


def test_every_write_is_tried():
    """What is added to the API is added to the requests here."""
    assert set(WRITES) == {name for _, name in OPERATIONS if not name.startswith("GET")}


@pytest.mark.parametrize(("version", "name"), [pair for pair in OPERATIONS if not pair[1].startswith("GET")])
def test_writes_are_answered_as_described(version, name):
    """What changes something answers with the status and the body that the document names."""
    server = populated(version)
    server.restore()
    body, path, caller, status = WRITES[name]
    method, _, described = name.partition(" ")
    tokens = tokens_for(server, name)

    content = body(server) if callable(body) else body
    answer = server.send(method, path or described, tokens[caller] if tokens else None, json=content)

    assert (answer.status_code, problems(answer, name, version)) == (status, [])


@pytest.mark.parametrize(("version", "name"), [pair for pair in OPERATIONS if pair[1].startswith("GET")])
def test_reads_are_answered_as_described(version, name):
    """Whoever asks, of those who may and of those who may not, gets what the document says."""
    server = populated(version)
    server.restore()
    path = name.partition(" ")[2]
    known = [one["name"] for one in operations(version)[name]["parameters"] if one["in"] == "query"]
    queries = [{}, *({key: value} for key in known for value in EXTRA_QUERY.get(key, []))]

    answers = [
        server.send("GET", re.sub("{.*?}", str(id_), path), token, params=query)
        for token in [None, *tokens_for(server, name)]
        for id_ in range(8 if "{" in path else 1)
        for query in queries
    ]

    assert [problem for answer in answers for problem in problems(answer, name, version)] == []
    assert UNHEARD.get(name, 200) in {answer.status_code for answer in answers}
