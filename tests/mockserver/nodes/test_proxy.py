"""The node's proxy, as an algorithm in a process of its own meets it: on a port."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode

import jwt
import pytest
import requests

from v6mockserver import MockServer, Settings, _keys
from v6mockserver.nodes import proxy
from v6mockserver.nodes.executors import ThreadExecutor

from .federation import TIMEOUT, Study, seed


class Container:
    """What a run that the test plays may ask of the proxy."""

    def __init__(self, *, encrypted=False, version="4.15", blobs=False):
        settings = Settings(large_result_store=blobs)
        self.server = MockServer(seed(encrypted=encrypted), version=version, execution="manual", settings=settings)
        self.server.nodes.executions["thread"]  # makes the proxy hold its answers, as where runs go on side by side
        self.study = Study(self.server)
        self.task = self.study.ask("central")
        (self.run,) = self.server.nodes["North"].runs
        self.run.start()
        self.url = self.server.nodes._proxy_url()
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {self.run.client().token}"
        self.server.journal.clear()

    def ask(self, method, path, **content):
        """Send a request."""
        return self.session.request(method, f"{self.url}{path}", timeout=TIMEOUT, **content)

    def subtask(self, organizations=(3,)):
        """Create a subtask, and return it."""
        text = b64encode(json.dumps({"method": "partial"}).encode()).decode()
        body = {
            "name": "sub",
            "image": "image",
            "collaboration_id": 1,
            "organizations": [{"id": one, "input": text} for one in organizations],
            "databases": [],
        }
        answer = self.ask("POST", "/task", json=body)
        assert answer.status_code == 201
        return answer.json()["id"]

    def public_key(self, organization=2):
        """Return the key of an organization."""
        return self.ask("GET", f"/organization/{organization}").json()["public_key"]

    def subtask_in_a_blob(self):
        """Create a subtask whose input is in the blob store, and return its id."""
        headers = {"X-Public-Key": self.public_key(3)}
        name = self.ask("POST", "/blobstream", data=b'{"method": "partial"}', headers=headers).json()["uuid"]
        body = {"image": "image", "collaboration_id": 1, "organizations": [{"id": 3, "input": name}], "databases": []}
        return self.ask("POST", "/task", json=body).json()["id"]

    def asked(self):
        """Return the requests that have reached the server, as method and path."""
        return [(one.method, one.path.removeprefix("/api")) for one in self.server.journal]


@pytest.fixture
def container(request):
    """A container; the parameter is what it is made with."""
    container = Container(**getattr(request, "param", {}))
    yield container
    container.session.close()
    container.server.stop()


@pytest.mark.parametrize("prefix", ["", "/api"])
def test_it_answers_at_the_root_and_below_the_servers_path(container, prefix):
    """Some algorithms make URLs of host and port alone."""
    answer = container.ask("GET", f"{prefix}/organization/2")

    assert (answer.status_code, answer.json()["name"]) == (200, "North")


def test_what_needs_no_token(container):
    """The version comes without one."""
    answer = requests.get(f"{container.url}/version", timeout=TIMEOUT)

    assert answer.json()["version"].startswith("4.15")


@pytest.mark.parametrize("token", ["Bearer nonsense", "nonsense", "Bearer " + "e30.e30."])
def test_a_token_that_tells_no_node(container, token):
    """The server refuses it, and the container learns no more than that it failed."""
    container.session.headers["Authorization"] = token

    answer = container.ask("GET", "/organization/2")

    assert answer.status_code == 500
    assert list(answer.json()) == ["msg"]


def test_a_token_of_a_node_that_is_not_here(container):
    """The container has no way to any server, not even to refuse it."""
    container.session.headers["Authorization"] = f"Bearer {jwt.encode({'sub': {'node_id': 99}}, 'x' * 32)}"

    answer = container.ask("GET", "/organization/2")

    assert (answer.status_code, list(answer.json())) == (500, ["msg"])
    assert container.asked() == []


def test_paging_and_headers_come_through(container):
    """With the query of the request; the answer's links are those of the server."""
    answer = container.ask("GET", "/organization", params={"collaboration_id": 1, "page": 1, "per_page": 2})

    assert len(answer.json()["data"]) == 2
    assert answer.json()["links"]["next"].endswith("page=2")
    assert answer.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/task/99"), ("GET", "/user"), ("GET", "/nowhere"), ("DELETE", "/task/1")]
)
def test_refusals_of_the_server_are_hidden(container, method, path):
    """Whatever the server says, and it is asked three times, the container sees 500; the node's log has the rest."""
    answer = container.ask(method, path)

    assert answer.status_code == 500
    assert container.asked() == [(method, path)] * 3
    assert f"{method} {path} was refused with status" in container.server.nodes["North"].log[-1]


def test_a_task_that_the_server_refuses_is_sent_three_times(container):
    """As by a real node."""
    answer = container.ask("POST", "/task", json={"organizations": [{"id": 99, "input": ""}]})

    assert answer.status_code == 500
    assert container.asked() == [("POST", "/task")] * 3


def test_a_connection_that_breaks_under_a_task(container):
    """It is not sent again: the server may have created it."""
    container.server.faults.on(method="POST", path="/task").reset(acted=True)

    answer = container.ask("POST", "/task", json={"organizations": [{"id": 3, "input": ""}]})

    assert answer.status_code == 500
    assert container.asked() == [("POST", "/task")]


@pytest.mark.parametrize(("times", "status", "sent"), [(2, 200, 3), (None, 500, 3)])
def test_a_connection_that_breaks_under_a_question(container, times, status, sent):
    """It is asked again, three times in all; the node's log tells of each."""
    container.server.faults.on(method="GET", path="/organization/2", times=times).reset()

    answer = container.ask("GET", "/organization/2")

    assert answer.status_code == status
    assert container.asked() == [("GET", "/organization/2")] * sent
    assert container.server.nodes["North"].log[-1].startswith("GET /organization/2 failed")


@pytest.mark.parametrize("content", [{"json": {"organizations": []}}, {"json": {}}, {"json": []}, {"data": b"{"}])
def test_a_task_for_nobody(container, content):
    """The server is not asked."""
    answer = container.ask("POST", "/task", headers={"Content-Type": "application/json"}, **content)

    assert answer.status_code == 400
    assert container.asked() == []


def test_results_of_no_task(container):
    """The server is not asked."""
    assert container.ask("GET", "/result").status_code == 400
    assert container.asked() == []


@pytest.mark.parametrize("container", [{"encrypted": True}, {"encrypted": False}], indirect=True)
def test_results_are_clear_text_in_base64(container):
    """Encrypted or not, in a list and alone; what the partial function was asked has reached it."""
    task = container.subtask()
    (partial,) = container.server.nodes["South"].runs
    partial.complete({"mean": 5})

    (row,) = container.ask("GET", "/result", params={"task_id": task}).json()["data"]
    alone = container.ask("GET", f"/result/{row['id']}").json()

    assert partial.input == {"method": "partial"}
    assert json.loads(b64decode(row["result"])) == {"mean": 5}
    assert alone["result"] == row["result"]


@pytest.mark.parametrize("container", [{"encrypted": True}], indirect=True)
def test_a_result_that_cannot_be_decrypted(container):
    """It comes as it is on the server, and the node's log says so."""
    task = container.subtask()
    (partial,) = container.server.nodes["South"].runs
    partial.start()
    south = container.server.nodes["South"]
    south.ask(
        "PATCH", f"run/{partial.id}", json={"status": "completed", "result": "a$b$c", "finished_at": south.time()}
    )

    (row,) = container.ask("GET", "/result", params={"task_id": task}).json()["data"]

    assert row["result"] == "a$b$c"
    assert "cannot be decrypted" in container.server.nodes["North"].log[-1]


@pytest.mark.parametrize("container", [{"encrypted": True}], indirect=True)
def test_a_subtask_for_an_organization_without_a_key(container):
    """Its input can be encrypted for nobody, so no task is created; the node's log names the organization."""
    container.server.nodes["South"].ask("PATCH", "organization/3", json={"public_key": ""})
    body = {"organizations": [{"id": 3, "input": b64encode(b"{}").decode()}]}

    answer = container.ask("POST", "/task", json=body)

    assert answer.status_code == 500
    assert ("POST", "/task") not in container.asked()
    assert "the input for South cannot be encrypted" in container.server.nodes["North"].log[-1]


KEYS = {"none": ({}, 400), "nonsense": ({"X-Public-Key": "bm9uc2Vuc2U="}, 500)}


@pytest.mark.parametrize("container", [{"encrypted": True, "blobs": True}], indirect=True)
@pytest.mark.parametrize(("headers", "status"), KEYS.values(), ids=KEYS)
def test_a_blob_that_can_be_encrypted_for_nobody(container, headers, status):
    """The request has to bring the key; without one nothing is stored."""
    answer = container.ask("POST", "/blobstream", data=b"content", headers=headers)

    assert answer.status_code == status
    assert container.asked() == []


@pytest.mark.parametrize(
    ("container", "method", "path", "status"),
    [({"blobs": True}, "GET", "/blobstream/nowhere", 404), ({}, "POST", "/blobstream", 501)],
    indirect=["container"],
    ids=["no such blob", "no blob store"],
)
def test_refusals_about_blobs_are_not_hidden(container, method, path, status):
    """As by a real node, which passes them on as they are, and asks the server once (4.15.2)."""
    headers = {"X-Public-Key": _keys.public_text(_keys.load(_keys.path(0)))}

    answer = container.ask(method, path, headers=headers)

    assert (answer.status_code, list(answer.json())) == (status, ["msg"])
    assert container.asked() == [(method, path)]


@pytest.mark.parametrize("container", [{"blobs": True}], indirect=True)
@pytest.mark.parametrize(("method", "path"), [("GET", "/blobstream/nowhere"), ("POST", "/blobstream")])
def test_a_connection_that_breaks_under_a_blob(container, method, path):
    """It is not sent again, and the node's log tells of it."""
    container.server.faults.on(method=method, path=path).reset()
    headers = {"X-Public-Key": _keys.public_text(_keys.load(_keys.path(0)))}

    assert container.ask(method, path, headers=headers).status_code == 500
    assert container.asked() == [(method, path)]
    assert container.server.nodes["North"].log[-1].startswith(f"{method} {path} failed")


@pytest.mark.parametrize("container", [{"encrypted": True, "blobs": True}], indirect=True)
@pytest.mark.parametrize("key", [0, 9], ids=["its own", "another"])
def test_a_blob_that_was_encrypted_for_somebody(container, key):
    """The result of a subtask comes as clear text if it is for this node, and else not at all."""
    task = container.subtask_in_a_blob()
    (partial,) = container.server.nodes["South"].runs
    public_key = _keys.public_text(_keys.load(_keys.path(key))) if key else container.public_key()
    south = container.server.nodes["South"]
    name = south.blobs.stored(south.cryptor.blob(b"5", public_key))
    partial.start()
    south.ask("PATCH", f"run/{partial.id}", json={"status": "completed", "result": name, "finished_at": south.time()})

    answer = container.ask("GET", f"/blobstream/{name}")

    (row,) = container.ask("GET", "/result", params={"task_id": task}).json()["data"]
    assert row["result"] == name
    if key:
        assert answer.status_code == 500
        assert f"/blobstream/{name} cannot be decrypted" in container.server.nodes["North"].log[-1]
    else:
        assert (answer.status_code, answer.content) == (200, b"5")


@pytest.mark.parametrize("container", [{"version": "4.15"}, {"version": "4.0"}], indirect=True, ids=["4.15", "4.0"])
@pytest.mark.parametrize("path", ["/status", ""], ids=["status", "task"])
def test_waiting_for_a_task(container, path):
    """The answer is held until it has finished, for more questions than a pool of threads has room for."""
    task = container.subtask()
    (partial,) = container.server.nodes["South"].runs
    with ThreadExecutor() as threads:
        waiting = [
            threads.submit(
                requests.get, f"{container.url}/task/{task}{path}", headers=container.session.headers, timeout=TIMEOUT
            )
            for _ in range(40)
        ]
        early = [one.done() for one in waiting]
        partial.start()
        partial.complete(1)
        answers = [one.result(TIMEOUT) for one in waiting]

    assert not any(early)
    assert {answer.json()["status"] for answer in answers} == {"completed"}


def test_an_algorithm_that_looks_at_its_own_task(container):
    """That is not finished, and the answer comes at once."""
    assert container.ask("GET", f"/task/{container.task}").json()["status"] == "active"


def test_a_view_of_a_subtask_is_held_for_a_moment(container, monkeypatch):
    """Then it comes as the task is: an algorithm may only be looking at it."""
    monkeypatch.setattr(proxy, "MOMENT", 0.05)
    task = container.subtask()

    assert container.ask("GET", f"/task/{task}").json()["status"] == "pending"
