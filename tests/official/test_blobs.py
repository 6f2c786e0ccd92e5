"""The official client and ours on a server with a blob store: each reads what the other has stored."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("vantage6.client", reason="needs an official client: tox -e official-4.15,official-4.0")

from vantage6.client import UserClient as Official
from vantage6.common.encryption import DummyCryptor, RSACryptor

from v6client import UserClient
from v6mockserver import MockServer, Settings

pytestmark = pytest.mark.skipif(not hasattr(RSACryptor, "encrypt_stream"), reason="this release knows no blobs")

INPUT = {"method": "size", "args": ["x" * 100_000]}


def size(text):
    """Return how long a text is."""
    return len(text)


@pytest.fixture(params=[True, False], ids=["encrypted", "plain"])
def server(request):
    """A live federation of two, whose server has a blob store."""
    people = [{"username": "nora", "password": "Secret-42", "roles": ["Researcher"]}]
    members = [{"name": name, "node": name} for name in ("North", "South")]
    collaboration = {"name": "All", "encrypted": request.param, "participants": members}
    seed = {
        "organizations": [{"name": "North", "users": people}, {"name": "South"}],
        "collaborations": [collaboration],
    }
    server = MockServer(seed, settings=Settings(large_result_store=True))
    server.algorithms.register("image", {"size": size})
    with server:
        yield server


def log_in(server, kind, **options):
    """Return a client of a kind, with the key of its organization if there is one."""
    host, _, port = server.url.rpartition(":")
    client = kind(host, int(port), "/api", **options)
    client.authenticate("nora", "Secret-42")
    client.setup_encryption(server.private_keys.get("North"))
    return client


@pytest.fixture
def clients(server):
    """One client of each kind. A process has room for one official cryptor with a key."""
    for kind in (RSACryptor, DummyCryptor):
        type(kind)._instances.pop(kind, None)
    return log_in(server, Official, log_level="critical"), log_in(server, UserClient, progress=False)


@pytest.mark.parametrize("ours", [True, False], ids=["ours", "theirs"])
def test_both_read_what_one_has_stored(server, clients, ours):
    """Inputs as far as they are one's own, and all results."""
    arguments = {"organizations": [2, 3], "name": "n", "image": "image", "description": "", "input_": INPUT}

    task = clients[ours].task.create(collaboration=1, **arguments)["id"]
    clients[True].wait_for_results(task)

    for client in clients:
        assert [row["result"] for row in client.result.from_task(task)["data"]] == ["100000"] * 2
        own = next(run for run in client.run.from_task(task)["data"] if run["organization"]["id"] == 2)
        assert json.loads(own["input"]) == INPUT
