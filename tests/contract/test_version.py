"""Version and health: what anybody may ask."""

from __future__ import annotations

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
