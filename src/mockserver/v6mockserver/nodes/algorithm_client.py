"""
The client that a central function gets.

It offers what the container client of the official tools does, over HTTP to the node's proxy.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import requests

from v6mockserver._errors import AlgorithmError
from v6mockserver._wsgi import DirectSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from _typeshed.wsgi import WSGIApplication

PROXY = "http://proxyserver"


class AlgorithmClient:
    """
    What a running algorithm may ask of the server, through its node.

    Parameters
    ----------
    token : str
        The container's token; it says who the container is.
    proxy : callable or str
        The node's proxy: a WSGI application, or its URL.

    Attributes
    ----------
    image, databases, node_id, organization_id, collaboration_id, study_id, store_id
        Who the container is, as its token says.
    task, run, result, organization, collaboration, study
        The sub-clients.
    """

    def __init__(self, token: str, proxy: WSGIApplication | str) -> None:
        import jwt

        identity = jwt.decode(token, options={"verify_signature": False, "verify_sub": False})["sub"]
        self.token = token
        self.image: str = identity["image"]
        self.databases: list[dict[str, Any]] = identity["databases"]
        self.node_id: int = identity["node_id"]
        self.organization_id: int = identity["organization_id"]
        self.collaboration_id: int = identity["collaboration_id"]
        self.study_id: int | None = identity.get("study_id")
        self.store_id: int | None = identity.get("store_id")
        self._session = requests.Session() if isinstance(proxy, str) else DirectSession(proxy)
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._url = proxy if isinstance(proxy, str) else PROXY
        self.task = Task(self)
        self.run = Run(self)
        self.result = Result(self)
        self.organization = Organization(self)
        self.collaboration = Collaboration(self)
        self.study = Study(self)

    def request(self, method: str, path: str, *, json: Any = None, params: dict[str, Any] | None = None) -> Any:
        """
        Make one call through the proxy.

        Raises
        ------
        AlgorithmError
            If the proxy refuses; it hides what the server said in the node's log.
        """
        return self._answer(method, path, json=json, params=params).json()

    def stored(self, message: bytes, public_key: str) -> str:
        """
        Store a message for an organization, and return the name of its blob.
        """
        # As the official client, which sends no empty header; the proxy then refuses.
        headers = {"X-Public-Key": public_key} if public_key else {}
        answer = self._answer("POST", "blobstream", data=message, headers=headers)
        return str(answer.json()["uuid"])

    def blob(self, name: str) -> bytes:
        """
        Return the content of a blob.
        """
        return self._answer("GET", f"blobstream/{name}").content

    def _answer(self, method: str, path: str, **content: Any) -> requests.Response:
        answer = self._session.request(method, f"{self._url}/{path}", **content)
        if not answer.ok:
            raise AlgorithmError(
                f"{method} {path} was refused with status {answer.status_code}: {answer.json()['msg']}"
            )
        return answer

    def pages(self, path: str, **params: Any) -> list[Any]:
        """
        Return the rows of all pages of a list.
        """
        rows: list[Any] = []
        page = 1
        while True:
            answer = self.request("GET", path, params={**params, "page": page})
            rows += answer["data"]
            if "next" not in answer["links"]:
                return rows
            page += 1

    def wait_for_results(self, task_id: int, interval: float = 1) -> list[Any]:  # noqa: ARG002 -- the official signature
        """
        Wait until a task has finished, and return what its runs returned.

        Parameters
        ----------
        task_id : int
            The task.
        interval : float, default 1
            Not used: the proxy holds the question until there is an answer.

        Returns
        -------
        list
            The decoded results, newest run first. As on a real node, a run that failed is not in it, and a task has
            finished as soon as one of its runs has failed.

        Raises
        ------
        AlgorithmError
            If the task will not finish, such as when a node is offline.
        """
        self.request("GET", f"task/{task_id}/status")
        return self.result.from_task(task_id)


class SubClient:
    """
    Calls about one noun.
    """

    def __init__(self, parent: AlgorithmClient) -> None:
        self._parent = parent


class Task(SubClient):
    """
    Calls about tasks.
    """

    def get(self, task_id: int) -> dict[str, Any]:
        """
        View a task.
        """
        answer: dict[str, Any] = self._parent.request("GET", f"task/{task_id}")
        return answer

    def create(
        self,
        input_: Any,
        organizations: Sequence[int] | None = None,
        name: str = "subtask",
        description: str | None = None,
    ) -> dict[str, Any]:
        """
        Create a subtask: the same image at some organizations, with the databases of this task.

        Parameters
        ----------
        input_ : dict
            `method`, and optionally `args` and `kwargs`.
        organizations : list of int
            Who runs it.
        name, description : str, optional
            For people.

        Returns
        -------
        dict
            The task.
        """
        parent = self._parent
        message = json.dumps(input_).encode()
        in_blobs = parent.request("GET", "blobstream/status")["blob_store_enabled"]
        write = self._stored if in_blobs else _text
        body = {
            "name": name,
            "image": parent.image,
            "collaboration_id": parent.collaboration_id,
            "description": description or f"subtask of an algorithm at node {parent.node_id}",
            "organizations": [{"id": id_, "input": write(message, id_)} for id_ in organizations or ()],
            "databases": parent.databases,
        }
        optional = {"study_id": parent.study_id, "store_id": parent.store_id}
        body |= {key: value for key, value in optional.items() if value is not None}
        answer: dict[str, Any] = parent.request("POST", "task", json=body)
        return answer

    def _stored(self, message: bytes, organization: int) -> str:
        return self._parent.stored(message, self._parent.organization.get(organization)["public_key"])


class Run(SubClient):
    """
    Calls about runs.
    """

    def get(self, id_: int) -> dict[str, Any]:
        """
        View a run.
        """
        answer: dict[str, Any] = self._parent.request("GET", f"run/{id_}")
        return answer

    def from_task(self, task_id: int) -> list[dict[str, Any]]:
        """
        View all runs of a task, newest first.
        """
        return self._parent.pages("run", task_id=task_id)


class Result(SubClient):
    """
    Calls about results.
    """

    def get(self, id_: int) -> Any:
        """
        Return what one run returned; None if it returned nothing, or what cannot be read as JSON.
        """
        row = self._parent.request("GET", f"result/{id_}")
        return self._value(row) if row["result"] else None

    def from_task(self, task_id: int) -> list[Any]:
        """
        Return what the runs of a task returned, newest first, without those that returned nothing.

        As with the official client, None stands for what cannot be read as JSON. Where results are in a blob store, it
        also stands for those that returned nothing: they have a blob that is empty.
        """
        return [self._value(row) for row in self._parent.pages("result", task_id=task_id) if row["result"]]

    def _value(self, row: dict[str, Any]) -> Any:
        stored = row.get("blob_storage_used")
        try:
            return json.loads(self._parent.blob(row["result"]) if stored else b64decode(row["result"]))
        except (ValueError, AlgorithmError) as error:
            print(f"The result of run {row['id']} cannot be read: {error}", file=sys.stderr)  # noqa: T201 -- its log
            return None


class Organization(SubClient):
    """
    Calls about organizations.
    """

    def get(self, id_: int) -> dict[str, Any]:
        """
        View an organization.
        """
        answer: dict[str, Any] = self._parent.request("GET", f"organization/{id_}")
        return answer

    def list(self) -> list[dict[str, Any]]:  # the official name
        """
        View the organizations of the task's study, or else of its collaboration.
        """
        parent = self._parent
        if parent.study_id is not None:
            return parent.pages("organization", study_id=parent.study_id)
        return parent.pages("organization", collaboration_id=parent.collaboration_id)


class Collaboration(SubClient):
    """
    Calls about the collaboration.
    """

    def get(self) -> dict[str, Any]:
        """
        View the collaboration that the task belongs to.
        """
        answer: dict[str, Any] = self._parent.request("GET", f"collaboration/{self._parent.collaboration_id}")
        return answer


class Study(SubClient):
    """
    Calls about studies.
    """

    def get(self, id_: int) -> dict[str, Any]:
        """
        View a study.
        """
        answer: dict[str, Any] = self._parent.request("GET", f"study/{id_}")
        return answer


def _text(message: bytes, _: int) -> str:
    return b64encode(message).decode()
