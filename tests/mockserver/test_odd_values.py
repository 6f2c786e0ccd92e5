"""What only a mistake or malice sends: it gets an answer, of either release, and no traceback."""

from __future__ import annotations

import pytest

from v6mockserver import MockServer, Settings

DIGITS = "1" * 5000
"""More than Python makes a number of."""

HUGE = f"1{'0' * 400}"
"""More than fits into a float."""

SEED = {
    "organizations": [{"name": "North", "users": [{"username": "nora", "password": "Secret-42"}]}],
    "collaborations": [
        {"name": "All", "encrypted": False, "participants": [{"name": "North", "node": "n"}], "tasks": ["i"]}
    ],
}


@pytest.fixture(params=["4.0", "4.15"])
def send(request):
    """Send a request with a body as it is, by default as nora; return status and body."""
    server = MockServer(SEED, version=request.param)
    session = server.session()
    node = server.nodes["n"]

    def ask(method, path, body=None, *, by_node=False):
        token = node.memory().tokens.access if by_node else server.client("nora").token
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        answer = session.request(method, f"{server.url}/api/{path}", data=body, headers=headers)
        return answer.status_code, answer.json()

    return ask


@pytest.mark.parametrize(
    "body", ["[" * 100_000 + "]" * 100_000, '{"name": "\\u0041", "a": ' + "[" * 900 + "]" * 900 + "}"]
)
def test_nested_deeply(send, body):
    """A body that cannot be read, or that has a key too many."""
    status, _ = send("POST", "organization", body)

    assert status == 400


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:00:00-10:00"])
def test_times_outside_the_calendar(send, moment):
    """A time that has no name in UTC is none."""
    status, answer = send("PATCH", "run/1", f'{{"started_at": "{moment}"}}', by_node=True)

    assert (status, list(answer["errors"])) == (400, ["started_at"])


def test_a_number_of_five_thousand_digits(send):
    """It is the id of nothing."""
    status, _ = send("GET", f"role?rule_id={DIGITS}")

    assert status in {400, 404}


@pytest.mark.parametrize("noun", ["organization", "node"])
def test_an_id_that_is_no_float(send, noun):
    """It is the id of nothing."""
    status, _ = send("DELETE", f"collaboration/1/{noun}", f'{{"id": {HUGE}}}')

    assert status == 404


def test_an_address_that_no_header_takes():
    """The store cannot be told of it, so it does not answer."""
    server = MockServer(settings=Settings(server_url="http://\u4f8b\u3048.jp"))
    client, session = server.client(), server.session()
    body = {"name": "s", "algorithm_store_url": "http://store.invalid/api"}

    answer = session.post(
        f"{server.url}/api/algorithmstore", json=body, headers={"Authorization": f"Bearer {client.token}"}
    )

    assert answer.status_code == 404
