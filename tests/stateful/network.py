"""
What the state machines act on: a mock with three organizations in one collaboration, and its tokens.

The machines speak HTTP, in process, and play the nodes themselves.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from v6mockserver import MockServer

IMAGE = "image"
INPUT = b64encode(b'{"method": "f"}').decode()
NAMES = ("North", "South", "West")


class Network:
    """
    A fresh mock with a session for the researcher and one for each organization's node.
    """

    def __init__(self) -> None:
        self.server = MockServer()
        self.session = self.server.session()
        self.root = self._login("user", username="root", password="root")
        self.collaboration, self.keys = self._organizations()
        self.researcher = self._researcher()
        self.nodes = {id_: self._login("node", api_key=key) for id_, key in self.keys.items()}

    def call(self, token: str, method: str, path: str, **content: Any) -> tuple[int, Any]:
        """
        Send a request and return status and body.
        """
        headers = {"Authorization": f"Bearer {token}"}
        answer = self.session.request(method, f"{self.server.url}/api/{path}", headers=headers, **content)
        return answer.status_code, answer.json()

    def _login(self, kind: str, **credentials: str) -> str:
        status, answer = self.call("", "POST", f"token/{kind}", json=credentials)
        assert status == 200
        return answer["access_token"]

    def _organizations(self) -> tuple[int, dict[int, str]]:
        ids = [self.call(self.root, "POST", "organization", json={"name": name})[1]["id"] for name in NAMES]
        body = {"name": "All", "organization_ids": ids, "encrypted": False}
        collaboration = self.call(self.root, "POST", "collaboration", json=body)[1]["id"]
        place = {"collaboration_id": collaboration}
        return collaboration, {
            id_: self.call(self.root, "POST", "node", json={"organization_id": id_, **place})[1]["api_key"]
            for id_ in ids
        }

    def _researcher(self) -> str:
        roles = self.call(self.root, "GET", "role", params={"name": "Researcher"})[1]["data"]
        person = {"username": "nora", "password": "Secret-42", "email": "nora@north.org"}
        person |= {"firstname": "Nora", "lastname": "N", "organization_id": min(self.keys)}
        assert self.call(self.root, "POST", "user", json={**person, "roles": [roles[0]["id"]]})[0] == 201
        return self._login("user", username="nora", password="Secret-42")
