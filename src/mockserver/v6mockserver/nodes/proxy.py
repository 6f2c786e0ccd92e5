"""
The node's proxy: the only thing that an algorithm can reach.

It passes requests on to the server with the container's token, encrypts the inputs of subtasks, decrypts their results,
and hides what the server says when it refuses. Waiting for a subtask costs nothing: the proxy holds the question until
the task has finished.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

import requests
from werkzeug.wrappers import Request, Response

from v6client.exceptions import V6ClientError
from v6mockserver._errors import AlgorithmError
from v6mockserver.nodes.ledger import INPUT
from v6mockserver.nodes.overlay import outside

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from v6mockserver.nodes.node import SimulatedNode

HIGHEST_SUCCESS = 210
TRIES = 3
"""How often a request is sent that the server refuses."""

HIDDEN = "The request failed; the log of the node tells why"
ACTIVE = "active"
UNFINISHED = ("pending", "initializing", ACTIVE)

MOMENT = 5.0
"""Seconds for which a view of an unfinished subtask is held."""

OF_CONNECTION = {"connection", "content-encoding", "content-length", "date", "server", "transfer-encoding"}
"""The headers of an answer that each hop has of its own."""

PREFIX = "/api"
"""The server's, which some algorithms put in front of a path; the proxy answers at the root of its port as well."""

RECEIVER = "X-Public-Key"
"""The header that tells whom a blob is for."""


class ProxyRefusedError(Exception):
    """
    The proxy's own refusal.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


class Proxy:
    """
    The proxy of one node, as a WSGI application.

    Parameters
    ----------
    node : SimulatedNode
        The node.
    session : requests.Session
        Reaches the server.
    """

    def __init__(self, node: SimulatedNode, session: requests.Session) -> None:
        self._node = node
        self._session = session
        self._stored: dict[str, bytes] = {}
        # What is not simply passed on.
        self._handlers: Sequence[tuple[str, str, Callable[..., Response]]] = [
            ("POST", "/task", self._create_task),
            ("GET", "/result", self._list_results),
            ("GET", r"/result/\d+", self._get_result),
            ("GET", r"/task/\d+", self._get_task),
            ("GET", r"/task/(\d+)/status", self._wait),
            ("GET", "/blobstream/status", self._get_blob_status),
            ("POST", "/blobstream", self._store_blob),
            ("GET", "/blobstream/[^/]+", self._get_blob),
        ]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """
        Answer a request of an algorithm: the WSGI interface.

        Raises
        ------
        AlgorithmError
            If it waits for what will not happen: a real algorithm would wait for ever.
        """
        if environ["PATH_INFO"].startswith(f"{PREFIX}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(PREFIX)
        request = Request(environ, populate_request=False)
        try:
            with outside():
                response = self._answer(request)
        except ProxyRefusedError as error:
            response = refusal(error.status, error.message)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        for method, path, handler in self._handlers:
            if request.method == method and (match := re.fullmatch(path, request.path)):
                return handler(request, *match.groups())
        return _passed_on(self._forward(request))

    def _forward(self, request: Request) -> requests.Response:
        body = request.get_json(silent=True)
        return self._send(request, request.method, request.path, json=body, params=request.args.to_dict(flat=False))

    def _send(self, request: Request, method: str, path: str, **content: Any) -> requests.Response:
        """
        Pass a request on; what the server refuses, or does not answer, becomes a failure that tells nothing.
        """
        headers = {"Authorization": request.headers.get("Authorization", "")}
        for _ in range(TRIES):
            try:
                answer = self._session.request(method, f"{self._node.url}{path}", headers=headers, **content)
            except requests.RequestException as error:
                self._node.note(f"{method} {path} failed: {error}")
                if method == "GET":
                    continue
                break  # The server may have acted on it.
            if answer.status_code <= HIGHEST_SUCCESS:
                return answer
            self._node.note(f"{method} {path} was refused with status {answer.status_code}: {answer.text}")
        raise ProxyRefusedError(500, HIDDEN)

    def _create_task(self, request: Request) -> Response:
        sent: Any = request.get_json(silent=True)
        body: dict[str, Any] = sent if isinstance(sent, dict) else {}
        targets = body.get("organizations")
        if not targets:
            raise ProxyRefusedError(400, "organizations is missing or empty; name at least one")
        # Where inputs are blobs, they were encrypted on their way into the store.
        if self._node.is_encrypted and not self._node.blobs.is_used():
            encrypted = [{**target, "input": self._encrypted(request, target)} for target in targets]
            body = {**body, "organizations": encrypted}
        answer = self._send(request, "POST", "/task", json=body)
        task = answer.json()
        for target in sent["organizations"]:
            # A blob was clear text when it came by.
            content = self._stored.pop(target["input"], None) or b64decode(target["input"])
            self._node.let_out(task["parent"]["id"], INPUT, target["id"], content)
        return _json(task, answer.status_code)

    def _encrypted(self, request: Request, target: dict[str, Any]) -> str:
        """
        Return the input of a subtask, encrypted for the organization that runs it.
        """
        organization = self._send(request, "GET", f"/organization/{target['id']}").json()
        try:
            return self._node.cryptor.encrypt(b64decode(target["input"]), organization["public_key"])
        except V6ClientError as error:
            self._node.note(f"the input for {organization['name']} cannot be encrypted: {error}")
            raise ProxyRefusedError(500, HIDDEN) from error

    def _get_result(self, request: Request) -> Response:
        return _json(self._readable(self._forward(request).json()))

    def _get_blob_status(self, _: Request) -> Response:
        # A real node passes this on each time. Its server does not change its mind.
        return _json({"blob_store_enabled": self._node.blobs.is_used()})

    def _store_blob(self, request: Request) -> Response:
        """
        Store what a subtask gets, encrypted for the organization that runs it.
        """
        # Node quirk: also where nothing is encrypted, so that an organization without a key gets no subtask (4.15.2).
        if not request.headers.get(RECEIVER):
            raise ProxyRefusedError(400, f"{RECEIVER} is missing; it has the public key of the organization it is for")
        try:
            content = self._node.cryptor.blob(request.get_data(), request.headers[RECEIVER])
        except V6ClientError as error:
            self._node.note(f"an input cannot be encrypted: {error}")
            raise ProxyRefusedError(500, HIDDEN) from error
        answer = self._send_blob(request, data=content if len(content) else b"")
        if answer.status_code > HIGHEST_SUCCESS:
            return _passed_on(answer)
        stored = answer.json()
        self._stored[stored["uuid"]] = request.get_data()
        return _json(stored, answer.status_code)

    def _get_blob(self, request: Request) -> Response:
        answer = self._send_blob(request)
        if answer.status_code > HIGHEST_SUCCESS:
            return _passed_on(answer)
        try:
            clear = b"".join(map(bytes, self._node.cryptor.decrypt_blob([answer.content])))
        except V6ClientError as error:
            self._node.note(f"the blob {request.path} cannot be decrypted: {error}")
            raise ProxyRefusedError(500, HIDDEN) from error
        return Response(clear, answer.status_code, content_type=answer.headers.get("Content-Type"))

    def _send_blob(self, request: Request, **content: Any) -> requests.Response:
        """
        Pass a request about a blob on.
        """
        headers = {"Authorization": request.headers.get("Authorization", "")}
        try:
            # Node quirk: it is sent once, and what the server says when it refuses is not hidden (4.15.2).
            return self._session.request(request.method, f"{self._node.url}{request.path}", headers=headers, **content)
        except requests.RequestException as error:
            self._node.note(f"{request.method} {request.path} failed: {error}")
            raise ProxyRefusedError(500, HIDDEN) from error

    def _list_results(self, request: Request) -> Response:
        if "task_id" not in request.args:
            raise ProxyRefusedError(400, "task_id is missing; name the task whose results you want")
        body = self._forward(request).json()
        return _json({**body, "data": [self._readable(row) for row in body["data"]]})

    def _readable(self, row: dict[str, Any]) -> dict[str, Any]:
        """
        Return a result with its content as base64 of the clear text; one that cannot be decrypted as it came.
        """
        if not row["result"] or row.get("blob_storage_used"):
            return row
        try:
            clear = self._node.cryptor.decrypt(row["result"])
        except V6ClientError as error:
            self._node.note(f"the result of run {row['id']} cannot be decrypted: {error}")
            return row
        return {**row, "result": b64encode(clear).decode()}

    def _get_task(self, request: Request) -> Response:
        """
        Show a task; one that the asker has created and that has not finished, after a moment: older clients wait so.
        """
        shown: dict[str, Any] = {}

        def has_finished() -> bool:
            nonlocal shown
            shown = self._forward(request).json()
            return shown["status"] not in UNFINISHED

        if not has_finished() and (shown["parent"] or {}).get("id") == asker(request).get("task_id"):
            self._node.wait_until(has_finished, patience=MOMENT)
        return _json(shown)

    def _wait(self, request: Request, task_id: str) -> Response:
        """
        Answer with a task's status once it has finished; fail when that will not happen.
        """
        status = ""

        def has_finished() -> bool:
            nonlocal status
            # The task itself tells it on every server, the route for it is missing in 4.0.
            status = str(self._send(request, "GET", f"/task/{task_id}").json()["status"])
            return status not in UNFINISHED

        if not self._node.wait_until(has_finished, goes_on=lambda: self._goes_on(request, task_id)):
            raise AlgorithmError(self._why_not(request, task_id))
        return _json({"status": status})

    def _unfinished(self, request: Request, task_id: str) -> list[dict[str, Any]]:
        runs = self._send(request, "GET", "/run", params={"task_id": task_id, "per_page": 1000}).json()["data"]
        return [run for run in runs if run["status"] in UNFINISHED]

    def _goes_on(self, request: Request, task_id: str) -> bool:
        runs = self._unfinished(request, task_id)
        return any(run["status"] == ACTIVE and run["node"].get("status") == "online" for run in runs)

    def _why_not(self, request: Request, task_id: str) -> str:
        waiting = [
            f"run {run['id']} is {run['status']} and its node {run['node'].get('name')} is {run['node'].get('status')}"
            for run in self._unfinished(request, task_id)
        ]
        return f"task {task_id} has not finished, and waiting any longer will not help: {'; '.join(waiting)}"


def asker(request: Request) -> dict[str, Any]:
    """
    Return what a request's token says of who asks, unverified: that is the server's affair.
    """
    import jwt

    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, options={"verify_signature": False, "verify_sub": False})
    except jwt.InvalidTokenError:
        return {}
    return claims["sub"] if isinstance(claims.get("sub"), dict) else {}


def refusal(status: int, message: str) -> Response:
    """
    Return the answer of the proxy itself to what it does not pass on.
    """
    return _json({"msg": message}, status)


def _passed_on(answer: requests.Response) -> Response:
    headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in OF_CONNECTION]
    return Response(answer.content, answer.status_code, headers)


def _json(body: Any, status: int = 200) -> Response:
    import orjson

    return Response(orjson.dumps(body), status, content_type="application/json")
