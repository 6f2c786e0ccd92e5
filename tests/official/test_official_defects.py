"""
The mock provokes what goes wrong with the official client 4.15.2; `tests/client/test_defects.py` has ours beside it.

A test that fails here is good news about the official client, and an end of that test.
"""

from __future__ import annotations

import json
import logging
from importlib.metadata import version

import pytest

pytest.importorskip("vantage6.client", reason="needs an official client: tox -e official-4.15,official-4.0")

if not version("vantage6-client").startswith("4.15."):
    pytest.skip("these are about the client of 4.15", allow_module_level=True)

from vantage6.client import UserClient
from vantage6.common.encryption import Singleton

from v6mockserver import MockServer

PASSWORD = "Secret-42"


def count(df):
    """Return the number of rows."""
    return len(df)


def broken(df):
    """Fail."""
    raise ValueError("on purpose")


@pytest.fixture(scope="module")
def world():
    """Eleven organizations in an encrypted collaboration, with somebody who may do everything in each of them."""
    import pandas as pd

    names = [f"Hospital {number}" for number in range(1, 12)]
    users = {
        name: [
            {
                "username": f"user{number}",
                "password": PASSWORD,
                "firstname": "U",
                "roles": ["Researcher", "Organization Admin"],
            }
        ]
        for number, name in enumerate(names, start=1)
    }
    table = {"default": pd.DataFrame({"x": [1, 2]})}
    return {
        "organizations": [{"name": name, "users": users[name]} for name in names],
        "collaborations": [
            {
                "name": "All",
                "encrypted": True,
                "participants": [{"name": name, "node": name, "databases": table} for name in names],
            },
        ],
    }


@pytest.fixture
def server(world):
    """The mock on a port."""
    server = MockServer(world)
    server.algorithms.register("count", {"count": count, "broken": broken})
    with server:
        yield server


@pytest.fixture(autouse=True)
def new_process(monkeypatch):
    """Makes the official client forget its keys, as if another process started; every test starts with that."""

    def new_process():
        monkeypatch.setattr(Singleton, "_instances", {})

    new_process()
    return new_process


@pytest.fixture
def log_in(server):
    """Logs in with the official client, and sets up encryption."""

    def log_in(number, *, key=None):
        host, port = server.url.rsplit(":", 1)
        client = UserClient(host, int(port), "/api", log_level="critical")
        client.authenticate(f"user{number}", PASSWORD)
        client.setup_encryption(None if key is None else str(server.private_keys[f"Hospital {key}"]))
        return client

    return log_in


def start(client, *organizations, method="count"):
    """Create a task for some of the hospitals, and return its id."""
    receivers = [number + 1 for number in organizations]  # root's organization is the first
    task = client.task.create(receivers, "n", "count", "", {"method": method}, 1, databases=[{"label": "default"}])
    return task["id"]


def results(client, task):
    """Return the results of a task."""
    return [row["result"] for row in client.wait_for_results(task)["data"]]


def test_a_task_that_is_missing_completes(log_in, capsys):
    """What is told first is that it has completed; the error after that speaks of something else."""
    with pytest.raises(KeyError, match="data"):
        log_in(1).wait_for_results(99)

    assert "Task 99 completed" in capsys.readouterr().out


def test_a_failure_goes_unnoticed(log_in):
    """A result that is None is all that one gets of it."""
    client = log_in(1, key=1)

    assert results(client, start(client, 2, method="broken")) in ([None], [""])


def test_the_eleventh_result_is_lost(log_in):
    """There is no sign that the ten that come are not all."""
    client = log_in(1, key=1)

    assert len(results(client, start(client, *range(1, 12)))) == 10


def test_a_task_is_sent_twice(server, log_in):
    """After any error, with a new token."""
    client = log_in(1, key=1)
    server.faults.on(method="POST", path="/task", times=None).answer(500, body={"msg": "out of order"})

    client.task.create([3], "n", "count", "", {"method": "count"}, 1)

    assert len(server.journal.where(method="POST", path="/task")) == 2


def test_a_page_of_a_proxy_is_a_decoding_error(server, log_in):
    """Nothing tells of the status."""
    client = log_in(1, key=1)
    server.faults.on(path="/task", times=None).answer(502, body="<h1>Bad Gateway</h1>")

    with pytest.raises(json.JSONDecodeError):
        client.task.list()


def test_what_is_not_there_is_returned(log_in):
    """The server's message takes the place of the task."""
    assert set(log_in(1).task.get(99)) == {"msg"}


def test_the_second_key_is_passed_over(log_in):
    """The client of another organization uses the key of the first, and publishes that, too."""
    first, second = log_in(1, key=1), log_in(2, key=2)

    assert second.cryptor is first.cryptor
    assert second.organization.get()["public_key"] == first.organization.get()["public_key"]


def test_another_key_is_published_at_once(server, log_in):
    """Whoever gives the wrong file changes the organization's public key."""
    before = log_in(1).organization.get()["public_key"]

    assert log_in(1, key=3).organization.get()["public_key"] != before


@pytest.mark.parametrize(("reader", "key"), [(3, 3), (1, None)])
def test_what_cannot_be_read_is_returned_as_it_is(log_in, new_process, reader, key):
    """Neither with another key nor without one is anything raised."""
    task = start(log_in(1, key=1), 2)
    new_process()

    (result,) = results(log_in(reader, key=key), task)

    assert result not in {"2", None}


def test_the_root_logger_is_taken_over(server):
    """Making a client throws out the handlers that others put there."""
    handler = logging.NullHandler()
    logging.getLogger().addHandler(handler)

    UserClient(*server.url.rsplit(":", 1), "/api", log_level="critical")

    assert handler not in logging.getLogger().handlers
