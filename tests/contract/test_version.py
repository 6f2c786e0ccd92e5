"""Version and health: what anybody may ask."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.validated("4.15.2")

PUBLIC = {"/version": {"version": "4.15.2"}, "/health": {"database": True}}


@pytest.mark.parametrize(("path", "body"), PUBLIC.items())
def test_anybody_may_ask(server, path, body):
    """Version and health need no token."""
    answer = server.nobody.get(path)

    assert (answer.status_code, answer.json()) == (200, body)


@pytest.mark.parametrize(("path", "body"), PUBLIC.items())
def test_a_bad_token_does_not_matter(server, path, body):
    """A public route does not look at the token that is sent along."""
    answer = server.nobody.request("GET", path, headers={"Authorization": "Bearer junk"})

    assert (answer.status_code, answer.json()) == (200, body)


def test_pages_of_other_origins_may_send_all_that_clients_do(server):
    """Their browser asks before it sends anything with a token, or with a body of JSON."""
    asked = {"Access-Control-Request-Method": "PATCH", "Access-Control-Request-Headers": "authorization,content-type"}
    answer = server.nobody.request("OPTIONS", "/organization/1", headers={"Origin": "https://app.example.org", **asked})
    allowed = {name: re.split(", *", answer.headers[f"Access-Control-Allow-{name}"]) for name in ("Methods", "Headers")}

    assert answer.headers["Access-Control-Allow-Origin"] == "https://app.example.org"
    assert {"DELETE", "PATCH", "POST"} < set(allowed["Methods"])
    assert allowed["Headers"] == ["authorization", "content-type"]


def test_nothing_is_said_of_methods_to_who_does_not_ask(server):
    """An answer is for any origin; what may be sent is told beforehand."""
    answer = server.nobody.get("/version")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Methods" not in answer.headers
