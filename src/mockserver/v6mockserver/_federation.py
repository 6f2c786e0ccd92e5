"""
A federation for one algorithm: organizations with a node each, and a researcher of the first of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver._server import MockServer
from v6mockserver.state.releases import LATEST

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from v6client import _models as models

IMAGE = "algorithm"
LABEL = "default"
USERNAME, PASSWORD = "researcher", "Federated-1"


class Federation:
    """
    Organizations of one collaboration, and a client that may create tasks in it.

    Parameters
    ----------
    names : iterable of str
        What the organizations, and their nodes, are called.
    encrypted : bool
        Whether the collaboration is.
    execution : str
        Where nodes run the algorithm.
    version : str, optional
        The server version.

    Attributes
    ----------
    server : MockServer
        The server; its algorithm is to be registered as `IMAGE`.
    client : UserClient
        The researcher's client.
    organizations : list of int
        The ids, in the order of the names.
    """

    def __init__(self, names: Iterable[str], *, encrypted: bool, execution: str, version: str = LATEST) -> None:
        first, *others = names
        researcher = {"username": USERNAME, "password": PASSWORD, "roles": ["Researcher"]}
        self.server = MockServer(
            {
                "organizations": [{"name": first, "users": [researcher]}, *({"name": name} for name in others)],
                "collaborations": [
                    {
                        "name": "federation",
                        "encrypted": encrypted,
                        "participants": [{"name": name, "node": name} for name in (first, *others)],
                    }
                ],
            },
            version=version,
            execution=execution,
        )
        self.client = self.server.client(USERNAME)
        if encrypted:
            self.client.setup_encryption(self.server.private_keys[first])
        ids = {one["name"]: one["id"] for one in self.client.organization.iter()}
        self.organizations = [ids[name] for name in (first, *others)]
        self._collaboration = next(self.client.collaboration.iter())["id"]

    def ask(self, method: str, arguments: Mapping[str, Any], *, everywhere: bool = False) -> models.Task:
        """
        Create the task that calls a function, at the first organization or at all.
        """
        return self.client.task.create(
            collaboration=self._collaboration,
            organizations=self.organizations if everywhere else self.organizations[:1],
            name=method,
            image=IMAGE,
            description="",
            input_={"method": method, "kwargs": dict(arguments)},
            databases=LABEL,
        )
