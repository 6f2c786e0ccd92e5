"""Inputs and results in a blob store: from the client to the nodes, their subtasks, and back."""

from __future__ import annotations

import json
from uuid import UUID

import pandas as pd
import pytest

from v6client import exceptions
from v6client._blobs import BlobStore
from v6client._content import Content
from v6client._plain import PIECE
from v6mockserver import MockServer, Settings, _keys

from .test_http import connected

NAMES = ("North", "South", "East")


def count(df, *_):
    """Return the number of rows."""
    return len(df)


def broken(df):
    """Fail."""
    raise ValueError("on purpose")


def total(client):
    """Sum up what the other organizations count."""
    others = [row["id"] for row in client.organization.list() if row["id"] != client.organization_id]
    task = client.task.create(input_={"method": "count"}, organizations=others)
    client.wait_for_results(task["id"])
    return sum(client.result.from_task(task["id"]))


def federation(*, encrypted, keys=True):
    """Return a federation of three whose server has a blob store; each has a row more than the one before."""
    people = [{"username": "nora", "password": "Secret-42", "roles": ["Researcher"]}]
    organizations = [{"name": name} for name in NAMES]
    organizations[0]["users"] = people
    if keys and not encrypted:
        for number, organization in enumerate(organizations):
            organization["public_key"] = _keys.public_text(_keys.load(_keys.path(number)))
    members = [
        {"name": name, "node": name, "databases": {"default": pd.DataFrame({"x": range(rows)})}}
        for rows, name in enumerate(NAMES, start=1)
    ]
    collaboration = {"name": "All", "encrypted": encrypted, "participants": members}
    seed = {"organizations": organizations, "collaborations": [collaboration]}
    server = MockServer(seed, settings=Settings(large_result_store=True))
    server.algorithms.register("image", {"count": count, "broken": broken, "total": total})
    return server


@pytest.fixture(params=[True, False], ids=["encrypted", "plain"])
def server(request):
    """Such a federation, encrypted or not."""
    return federation(encrypted=request.param)


@pytest.fixture
def nora(server):
    """The researcher, with the key of her organization."""
    client = server.client("nora")
    client.setup_encryption(server.private_keys.get(NAMES[0]))
    return client


def start(client, *organizations, method="count", args=()):
    """Create a task, and return its id."""
    input_ = {"method": method, "args": [*args]}
    return client.task.create(1, [*organizations], "n", "image", "", input_, "default")["id"]


def test_inputs_and_results_go_through_the_store(server, nora):
    """The runs hold nothing but names; the client gives what they stand for."""
    task = start(nora, 2, 3)

    results = nora.wait_for_results(task)["data"]

    assert [json.loads(row["result"]) for row in results] == [2, 1]
    for run in server.client("root").connection.request("GET", "run")["data"]:
        assert run["blob_storage_used"]
        assert UUID(run["input"])
    assert len(server._world.blobs) == 4


def test_inputs_are_read_as_far_as_they_can_be(server, nora):
    """One's own always, those of others where nothing is encrypted; else the name stays."""
    start(nora, 2, 3)

    inputs = {run["organization"]["id"]: run["input"] for run in nora.run.list()["data"]}

    readable = {"method": "count", "args": []}
    assert json.loads(inputs[2]) == readable
    if server.nodes["South"].is_encrypted:
        assert UUID(inputs[3])
    else:
        assert json.loads(inputs[3]) == readable


def test_subtasks_go_through_it_too(nora):
    """Their inputs are stored for the organizations that run them, and their results read by way of the proxy."""
    task = start(nora, 2, method="total")

    assert json.loads(nora.wait_for_results(task)["data"][0]["result"]) == 5


def test_nothing_is_stored_for_an_organization_without_key():
    """As on real nodes: a subtask's blob wants a public key, also where nothing is encrypted."""
    client = federation(encrypted=False, keys=False).client("nora")

    with pytest.raises(exceptions.TaskFailedError, match="X-Public-Key is missing"):
        client.wait_for_results(start(client, 2, method="total"))


def test_a_failure_has_no_result(nora):
    """There is a blob all the same, with nothing in it."""
    task = start(nora, 2, method="broken")

    (result,) = nora.wait_for_results(task, raise_on_failure=False)["data"]

    assert result["result"] == ""


def test_long_inputs_come_through(nora):
    """Longer than what is in memory at once, in all of its forms."""
    task = start(nora, 3, args=["x" * (2 * PIECE + 1)])

    assert json.loads(nora.wait_for_results(task)["data"][0]["result"]) == 2


def test_whether_there_is_one_is_asked_once(server, nora):
    """By each client and, where it has to know, by each node."""
    for _ in range(3):
        start(nora, 3)

    assert len(server.journal.where(method="GET", path="/blobstream/status")) == 1


def test_no_key_opens_no_blob():
    """It is the same error as without a store."""
    server = federation(encrypted=True)
    client = server.client("nora")
    client.setup_encryption(server.private_keys[NAMES[0]])
    task = start(client, 2)

    with pytest.raises(exceptions.NoPrivateKeyError):
        server.client("nora").result.from_task(task)


def test_a_foreign_blob_is_closed_after_its_beginning(nora, monkeypatch):
    """What cannot be read is not fetched."""
    fetched = []

    def download(name):
        for piece in (b"K$" + bytes(5000), bytes(5000)):
            fetched.append(name)
            yield piece

    monkeypatch.setattr(nora.blobs, "download", download)
    start(nora, 3)

    (run,) = nora.run.list()["data"]

    assert fetched == [run["input"]]


def test_a_lost_result_is_an_error(server, nora):
    """A name is not handed out as a result."""
    task = start(nora, 2)
    server._world.blobs.clear()

    with pytest.raises(exceptions.ServerFailedError, match="never uploaded"):
        nora.result.from_task(task)


def test_a_run_whose_input_is_lost_stays_pending(server, nora):
    """As on a real node, whoever waits hears of nothing, and has a time limit to tell."""
    server.nodes["South"].go_offline()
    task = start(nora, 3)
    server._world.blobs.clear()

    server.nodes["South"].go_online()

    with pytest.raises(exceptions.TaskTimeoutError, match="pending"):
        nora.wait_for_results(task, timeout=0.01)


@pytest.mark.parametrize("answer", [[], {}])
def test_an_upload_without_a_name_is_an_error(answer):
    """Nothing could be said of where it is."""
    connection, _ = connected((201, answer))

    with pytest.raises(exceptions.MalformedAnswerError, match="without the name"):
        BlobStore(connection).stored(Content(1, lambda: [b"x"]))


def test_a_name_is_a_uuid():
    """Whatever else a run says does not become part of an address."""
    connection, script = connected()

    with pytest.raises(exceptions.MalformedAnswerError, match="no UUID"):
        BlobStore(connection).download("../user/1")
    assert script.requests == []
