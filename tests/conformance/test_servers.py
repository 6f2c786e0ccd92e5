"""Real servers can be started, looked into and put back."""

from __future__ import annotations

import pytest
import requests

from .servers import VERSIONS, RealServer


@pytest.fixture(scope="module", params=VERSIONS)
def server(_oracles, request):
    """A real server of each version, as its first start left it."""
    with RealServer(request.param) as server:
        server.save("fresh")
        yield server


def log_in(server, password):
    """Try to log root in."""
    body = {"username": "root", "password": password}
    return requests.post(f"{server.url}/api/token/user", json=body, timeout=20)


def test_a_failed_login_is_counted_when_the_answer_is_there(server):
    """What a server does in the background is done, so that its tables can be compared after each answer."""
    assert log_in(server, "wrong").status_code == 401

    (root,) = server.changes("fresh")["user"]["changed"]
    assert root["failed_login_attempts"] == 1


def test_a_saved_database_can_be_put_back(server):
    """Restoring undoes everything."""
    log_in(server, "wrong")
    server.restore("fresh")

    assert server.changes("fresh") == {}
    assert log_in(server, "root").ok


def test_tables_can_be_loaded(server):
    """What a dump gave can be loaded, and makes the same database."""
    before = server.dump()
    server.load(before["tables"])

    assert server.dump()["tables"] == before["tables"]


def test_ids_are_not_used_twice(server):
    """The id of a deleted row stays used, as in production."""
    first = server.dump()
    log_in(server, "root")
    headers = {"Authorization": f"Bearer {log_in(server, 'root').json()['access_token']}"}
    body = {"username": "short-lived", "password": "Pass-word-1", "email": "a@b.org", "firstname": "", "lastname": ""}
    users = f"{server.url}/api/user"
    made = requests.post(users, json=body, headers=headers, timeout=20).json()
    requests.delete(f"{users}/{made['id']}", headers=headers, timeout=20)
    again = requests.post(users, json=body, headers=headers, timeout=20).json()
    server.restore("fresh")

    assert made["id"] == first["server"]["counters"]["authenticatable"] + 1
    assert again["id"] == made["id"] + 1
