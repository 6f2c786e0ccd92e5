"""The demo federation: what the researcher gets, what the server sees, and what goes wrong."""

from __future__ import annotations

import json
import re
import threading
import time

import pytest

from v6client import UserClient
from v6client.exceptions import (
    AuthenticationError,
    KeyMismatchError,
    NotFoundError,
    PermissionDeniedError,
    TaskFailedError,
    TaskTimeoutError,
)
from v6mockserver import MockServer, MockUsageError, _demo, _keys

PLAIN = re.compile(rb"central_average|partial_average|column|organization_id|missing|hospitals|thalach")


@pytest.fixture(params=["inline", "thread"])
def federation(request):
    """The demo's server, in each of the ways to run algorithms."""
    server = MockServer.demo(execution=request.param)
    yield server
    server.nodes.stop()


@pytest.fixture
def researcher(federation):
    """The demo's researcher, with the key of Cleveland."""
    client = federation.client(_demo.USERNAME)
    client.setup_encryption(federation.private_keys["Cleveland"])
    return client


def average(client, column="thalach", **changes):
    """Create the demo's task."""
    task = {
        "collaboration": 1,
        "organizations": [client.whoami.organization_id],
        "name": "average",
        "image": _demo.IMAGE,
        "description": "",
        "input_": {"method": "central_average", "kwargs": {"column": column}},
        "databases": "default",
    }
    return client.task.create(**{**task, **changes})["id"]


def failure(client, task_id):
    """Wait for a task that fails, at most for the second that a failure may take."""
    started = time.monotonic()
    with pytest.raises(TaskFailedError) as caught:
        client.wait_for_results(task_id, timeout=5)
    assert time.monotonic() - started < 1
    return caught.value


@pytest.mark.parametrize("column", ["age", "chol"])
@pytest.mark.parametrize("execution", ["inline", "thread"])
def test_federated_mean_is_the_pooled_mean(column, execution):
    """What the hospitals tell adds up to what all data in one place would give, missing values or not."""
    outcome = _demo.run(column=column, execution=execution, progress=False)

    assert outcome["mean"] == pytest.approx(outcome["pooled_mean"], abs=1e-9)
    assert outcome["rows"] == 920


def test_mean_age_is_that_of_the_published_data():
    """The data are the ones that were published."""
    outcome = _demo.run(progress=False)

    assert round(outcome["mean"], 4) == 53.5109
    assert [hospital["rows"] for hospital in outcome["hospitals"]] == [303, 294, 123, 200]


def test_server_stores_no_clear_text(federation, researcher):
    """Neither input nor result of any run says anything, in any encoding that the server could undo."""
    task_id = average(researcher)
    researcher.wait_for_results(task_id)
    root = federation.client("root").connection

    tasks = (task_id, task_id + 1)
    runs = [run for one in tasks for run in root.request("GET", "run", params={"task_id": one})["data"]]
    results = [root.request("GET", f"result/{run['id']}")["result"] for run in runs]

    texts = [run["input"] for run in runs] + results
    assert len(texts) == 10
    for text in texts:
        assert len(text.split("$")) == 3
        assert not any(PLAIN.search(part) for part in readings(text))


def readings(text):
    """Return the text as it is, and each part of it decoded from base64."""
    import base64

    return [text.encode(), *(base64.b64decode(part) for part in text.split("$"))]


def test_plain_text_would_be_found():
    """The search above finds an input that is not encrypted."""
    import base64

    text = base64.b64encode(json.dumps({"method": "central_average"}).encode()).decode()

    assert any(PLAIN.search(part) for part in readings(text))


def test_viewer_is_told_which_rule_is_missing(federation):
    """Without the rule to create tasks, the status is the real server's 401, and the exception names the rule."""
    root = federation.client("root")
    (viewer,) = (role["id"] for role in root.role.iter(name="Viewer"))
    root.user.create("vera", "Vera", "V", "Secret-42", "vera@x.org", organization=2, roles=[viewer])

    with pytest.raises(PermissionDeniedError) as caught:
        average_plainly(federation.client("vera", "Secret-42"))

    assert caught.value.status == 401
    assert "task CREATE COLLABORATION" in caught.value.missing_rules


def average_plainly(client):
    """Ask the server for a task without the checks that the client makes first."""
    organizations = [{"id": 2, "input": "JCQk"}]
    body = {"collaboration_id": 1, "image": _demo.IMAGE, "organizations": organizations}
    client.connection.request("POST", "task", json=body)


def test_outsider_cannot_see_the_task(federation, researcher):
    """A researcher of an organization outside the collaboration gets a refusal, and an empty list."""
    task_id = average(researcher)
    root = federation.client("root")
    outside = root.organization.create("Outside", "", "", "", "", "")["id"]
    (role,) = (role["id"] for role in root.role.iter(name="Researcher"))
    root.user.create("otto", "Otto", "O", "Secret-42", "otto@x.org", organization=outside, roles=[role])
    outsider = federation.client("otto", "Secret-42")

    with pytest.raises(PermissionDeniedError):
        outsider.task.get(task_id)

    assert outsider.task.list()["data"] == []


def test_wrong_password_is_refused(federation):
    """The status is 401, and it is not mistaken for a missing rule."""
    with pytest.raises(AuthenticationError) as caught:
        federation.client(_demo.USERNAME, "wrong")

    assert caught.value.status == 401


def test_expired_token_is_401(federation):
    """After six hours the server wants another token."""
    token = federation.client(_demo.USERNAME).token
    federation.clock.advance(6 * 3600)

    answer = federation.session().get(f"{federation.url}/api/user", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401


def test_container_token_is_not_for_users_routes(federation, researcher):
    """Server quirk: the wrong kind of caller gets a 500."""
    run_token = []
    federation.algorithms.register("spy", {"peek": lambda client: run_token.append(client.token)})
    task_id = average(researcher, image="spy", input_={"method": "peek"})
    researcher.wait_for_results(task_id)

    answer = federation.session().get(f"{federation.url}/api/user", headers={"Authorization": f"Bearer {run_token[0]}"})

    assert answer.status_code == 500
    assert set(answer.json()) == {"msg"}


def test_unknown_column(researcher):
    """The central run crashes, and its log says which hospitals had no such column."""
    error = failure(researcher, average(researcher, column="shoe_size"))

    assert error.status == "crashed"
    assert "no column 'shoe_size'" in str(error)


def test_missing_dataset(researcher):
    """A label that a node does not have crashes the run; its log names the label and those that exist."""
    task_id = average(
        researcher, input_={"method": "partial_average", "kwargs": {"column": "age"}}, databases="genomes"
    )

    error = failure(researcher, task_id)

    assert error.runs[0]["status"] == "crashed"
    assert "genomes" in error.runs[0]["log"]
    assert "default" in error.runs[0]["log"]


def test_algorithm_that_raises(federation, researcher):
    """The log holds the traceback, down to file and line."""

    def broken(df):
        raise ZeroDivisionError("on purpose")

    federation.algorithms.register("broken", {"broken": broken})

    error = failure(researcher, average(researcher, image="broken", input_={"method": "broken"}))

    assert error.status == "crashed"
    assert re.search(r'test_demo\.py", line \d+, in broken', error.runs[0]["log"])
    assert "ZeroDivisionError: on purpose" in str(error)


def test_unknown_image(researcher):
    """A node without the image says so by the run's status."""
    error = failure(researcher, average(researcher, image="nowhere"))

    assert error.status == "non-existing Docker image"


def test_offline_node(federation, researcher):
    """A run of a node that is offline stays pending; waiting ends when its time is up and names the node."""
    federation.nodes["Cleveland"].go_offline()
    task_id = average(researcher)

    with pytest.raises(TaskTimeoutError, match="its node Cleveland is offline"):
        researcher.wait_for_results(task_id, timeout=0.2)

    assert researcher.task.get(task_id)["status"] == "pending"


def test_offline_node_picks_its_runs_up_later(federation, researcher):
    """Back online, the node runs what has waited for it."""
    federation.nodes["Cleveland"].go_offline()
    task_id = average(researcher)

    federation.nodes["Cleveland"].go_online()

    (result,) = researcher.wait_for_results(task_id, timeout=5)["data"]
    assert json.loads(result["result"])["rows"] == 920


def test_offline_node_of_a_subtask():
    """Inline, a central function that waits for a node that is offline crashes at once, and says why."""
    server = MockServer.demo()
    server.nodes["Long Beach"].go_offline()
    client = server.client(_demo.USERNAME)
    client.setup_encryption(server.private_keys["Cleveland"])

    error = failure(client, average(client))

    assert error.status == "crashed"
    assert "Long Beach" in error.runs[0]["log"]
    assert "offline" in error.runs[0]["log"]


def test_key_of_another_organization(federation):
    """Budapest's key is not Cleveland's: the error says so before anything is sent or overwritten."""
    client = federation.client(_demo.USERNAME)
    before = client.organization.get()["public_key"]

    with pytest.raises(KeyMismatchError):
        client.setup_encryption(federation.private_keys["Budapest"])

    assert client.organization.get()["public_key"] == before


def test_same_script_runs_over_a_port():
    """In process and live differ in the line that makes the client, and in nothing else."""
    with MockServer.demo(execution="thread") as server:
        client = UserClient(server.url, progress=False)
        client.authenticate(_demo.USERNAME, _demo.PASSWORD)
        client.setup_encryption(server.private_keys["Cleveland"])

        (result,) = client.wait_for_results(average(client, column="age"), timeout=10)["data"]
        client.close()
    server.nodes.stop()

    assert round(json.loads(result["result"])["mean"], 4) == 53.5109


def test_missing_object_is_not_found(researcher):
    """An id that nothing has is an error of its own."""
    with pytest.raises(NotFoundError):
        researcher.task.get(99)


def test_ready_made_keys_differ():
    """Every organization of a seed gets a key of its own."""
    files = [_keys.path(number, small=small) for number in range(_keys.COUNT) for small in (False, True)]

    assert len({_keys.public_text(_keys.load(file)) for file in files}) == 2 * _keys.COUNT


def test_there_are_not_endless_ready_made_keys():
    """Beyond them the message says what to do."""
    with pytest.raises(MockUsageError, match="its own private_key"):
        _keys.path(_keys.COUNT)


def test_stopping_the_nodes_in_the_middle_of_a_task():
    """A central function that waits for others waits no longer, and no thread is left behind."""
    before = set(threading.enumerate())
    server = MockServer.demo(execution="thread")
    server.nodes["Long Beach"].go_offline()
    client = server.client(_demo.USERNAME)
    client.setup_encryption(server.private_keys["Cleveland"])
    task_id = average(client)

    server.nodes.stop()

    assert set(threading.enumerate()) <= before
    assert client.task.get(task_id)["status"] == "crashed"
