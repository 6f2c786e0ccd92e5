"""
What the description of the API is compared with: a server that has some of everything, and somebody of every kind.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from zlib import crc32

from v6mockserver import MockServer
from v6mockserver._openapi import document
from v6mockserver._wsgi import WSGIAdapter
from v6mockserver.state import entities
from v6mockserver.state import node as nodes

INPUT = b64encode(b'{"method": "f"}').decode()
IMAGE = "example.org/algorithm"
URL = "https://mock.example.org/api"
PASSWORD = "Secret-42"


def store(environ, start_response):
    """Answer as an algorithm store; which of them refuse is a matter of their addresses."""
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    replies = {
        "algorithm": (200, {"data": [{"image": IMAGE, "digest": "sha256:0"}]}),
        "public": (200, {"algorithm_view": "public"}),
        "vantage6-server": (200, [{"id": 1}]) if method == "GET" else (201, {}),
    }
    status, body = replies.get(path.rpartition("/")[2], (200, {}))
    if crc32(environ["SERVER_NAME"].encode()) % 4 == 1:
        status, body = (403, {"msg": "no"}) if method == "POST" else (404, {"msg": "nothing here"})
    start_response(f"{status} as a store would", [("Content-Type", "application/json")])
    return [json.dumps(body).encode()]


class PopulatedServer:
    """
    A mock without nodes of its own that holds objects of every noun, and knows tokens of every kind of caller.

    Attributes
    ----------
    server : MockServer
        The mock.
    api_key : str
        The key of a node.
    tokens : dict
        Lists of tokens by the kind that the document asks for: user, node, container, refresh.
    """

    def __init__(self, version: str) -> None:
        self.version = version
        self.server = MockServer(version=version)
        self.session = self.server.session()
        # Every address that anybody thinks of is this store's, and no request leaves the process.
        for scheme in ("http://", "https://"):
            self.server.outgoing.mount(scheme, WSGIAdapter(store))
        self.tokens: dict[str, list[str]] = {"user": [], "node": [], "container": [], "refresh": []}
        self.root = self._login("user", username="root", password="root")
        self.organizations = [self._made("organization", name=name) for name in ("North", "South", "East")]
        self.places = [
            self._made("collaboration", name=name, organization_ids=self.organizations[:number], encrypted=encrypted)
            for name, number, encrypted in (("Poles", 2, False), ("Compass", 3, True))
        ]
        self._people()
        self._nodes()
        self._work(version)
        self._snapshot = self.server.snapshot()

    def restore(self):
        """Put everything back as it was."""
        self.server.restore(self._snapshot)

    def send(self, method, path, token=None, **content):
        """Send a request, and return the answer."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return self.session.request(method, f"{self.server.url}/api{path}", headers=headers, **content)

    def call(self, method, path, token=None, **content):
        """Send a request, as root unless told otherwise, and return status and body."""
        answer = self.send(method, f"/{path}", token or getattr(self, "root", None), **content)
        return answer.status_code, answer.json()

    def reset_token(self):
        """Return the token of a mail that lets nora set a password."""
        assert self.call("POST", "recover/lost", json={"username": "nora"})[0] == 200
        return self.server.outbox[-1].token

    def _made(self, noun, token=None, **body):
        status, answer = self.call("POST", noun, token, json=body)
        assert status in {200, 201}, answer
        return answer["id"]

    def _login(self, kind, **credentials):
        status, answer = self.call("POST", f"token/{kind}", json=credentials)
        assert status == 200, answer
        self.tokens[kind].append(answer["access_token"])
        self.tokens["refresh"].append(answer["refresh_token"])
        return answer["access_token"]

    def _people(self):
        roles = {role["name"]: role["id"] for role in self.call("GET", "role")[1]["data"]}
        for number, (name, role) in enumerate([("nora", "Researcher"), ("cora", "Collaboration Admin")]):
            person = {"username": name, "password": PASSWORD, "email": f"{name}@north.org", "roles": [roles[role]]}
            person |= {"firstname": name, "lastname": "N", "organization_id": self.organizations[number]}
            self._made("user", **person)
            self._login("user", username=name, password=PASSWORD)
        self._made("role", name="Reader", rules=[1, 2], organization_id=self.organizations[0])

    def _nodes(self):
        for place in self.places:
            for organization in self.organizations[:2]:
                body = {"organization_id": organization, "collaboration_id": place}
                status, node = self.call("POST", "node", json=body)
                assert status == 201, node
                self.api_key = node["api_key"]
                self._login("node", api_key=self.api_key)
        world = self.server._world
        nodes.set_status(world, node["id"], nodes.ONLINE)
        nodes.share_configuration(world, node["id"], [("encryption", "0")])

    def _work(self, version):
        nora, node = self.tokens["user"][1], self.tokens["node"][0]
        place, members = self.places[0], self.organizations[:2]
        if version != "4.0":
            self._made("study", name="Half", collaboration_id=place, organization_ids=members[:1])
            for name, rest in (("own", {"collaboration_id": place}), ("everybody's", {})):
                body = {"name": name, "algorithm_store_url": f"https://{name[:3]}.example.org", "server_url": URL}
                self._made("algorithmstore", **body, **rest)
        body = {
            "name": "count",
            "image": IMAGE,
            "collaboration_id": place,
            "organizations": [{"id": id_, "input": INPUT} for id_ in members],
            "databases": [{"label": "default", "query": "SELECT 1"}],
        }
        tasks = [self._made("task", nora, **body) for _ in range(2)]
        for task in tasks:
            status, answer = self.call("POST", "token/container", node, json={"task_id": task, "image": IMAGE})
            assert status == 200, answer
            self.tokens["container"].append(answer["container_token"])
        self._made("task", self.tokens["container"][1], **body)
        report = {"started_at": "2026-11-22T19:23:11.623840", "finished_at": "2026-11-22T19:23:12.623840"}
        report |= {"status": "completed", "result": INPUT, "log": "done"}
        assert self.call("PATCH", "run/1", node, json=report)[0] == 200
        world = self.server._world
        if version != "4.0":
            for owner in (place, None):
                id_ = world.next_id("algorithm_store")
                world.algorithm_store.add(
                    entities.AlgorithmStore(id=id_, name="s", url=f"http://{id_}.invalid/api", collaboration_id=owner)
                )
        world.port.add(entities.Port(id=world.next_id("port"), port=8888, run_id=1, label="web"))


populated = cache(PopulatedServer)
"""A server with some of everything, of a release."""


def operations(version):
    """Return the description of every operation of a release, by method and path."""
    return {
        f"{method.upper()} {path}": operation
        for path, item in document(version)["paths"].items()
        for method, operation in item.items()
    }
