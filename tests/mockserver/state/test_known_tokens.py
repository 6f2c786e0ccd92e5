"""Tokens that need no second look."""

from __future__ import annotations

import jwt
import pytest

from v6mockserver._errors import UnauthorizedError, UnreadableTokenError
from v6mockserver.state import tokens
from v6mockserver.state.known_tokens import CAPACITY, KnownTokens
from v6mockserver.state.world import World

USERS = ("user",)


@pytest.fixture
def world():
    """A world whose root has used a token."""
    world = World.fresh()
    access, _ = tokens.issue_pair(world, world.user[1], "user")
    world.header = f"Bearer {access}"
    tokens.authenticate(world, world.header, USERS)
    return world


def test_memory_is_bounded():
    """What has been known longest is forgotten first."""
    known = KnownTokens()
    for number in range(CAPACITY + 2):
        known.add("secret", f"token {number}", {"sub": number})

    assert len(known) == CAPACITY
    assert known.get("secret", "token 1") is None
    assert known.get("secret", "token 2") == {"sub": 2}


def test_a_copy_learns_on_its_own():
    """And knows what was known."""
    known = KnownTokens()
    known.add("secret", "one", {})
    other = known.copy()
    other.add("secret", "two", {})

    assert other.get("secret", "one") == {}
    assert known.get("secret", "two") is None


def test_a_known_token_is_not_decoded_again(world, monkeypatch):
    """That is what it is for."""
    monkeypatch.setattr(jwt, "decode", None)

    assert tokens.authenticate(world, world.header, USERS).id == 1


def test_a_refused_token_is_not_remembered(world):
    """However often it is tried."""
    before = len(world.known_tokens)
    forged = jwt.encode({"sub": 1, "client_type": "user"}, "0" * 64, "HS256")

    with pytest.raises(UnreadableTokenError):
        tokens.authenticate(world, f"Bearer {forged}", USERS)

    assert len(world.known_tokens) == before


def test_a_known_token_of_a_deleted_user_is_refused(world):
    """Who its user is, is asked every time."""
    world.user.remove(1)

    with pytest.raises(UnauthorizedError):
        tokens.authenticate(world, world.header, USERS)


def test_a_known_token_expires(world):
    """So is the time."""
    world.clock.advance(6 * 3600 + 1)

    with pytest.raises(UnauthorizedError):
        tokens.authenticate(world, world.header, USERS)


def test_a_world_with_another_secret_knows_nothing(world):
    """Wherever it got the secret from."""
    world.secret = "f" * 64

    with pytest.raises(UnreadableTokenError):
        tokens.authenticate(world, world.header, USERS)


def test_a_world_that_becomes_another_forgets_its_tokens(world):
    """What it took for genuine before is not genuine there."""
    world.take(World.fresh())

    with pytest.raises(UnreadableTokenError):
        tokens.authenticate(world, world.header, USERS)


def test_a_copy_of_a_world_takes_its_tokens(world):
    """With its secret."""
    assert tokens.authenticate(world.copy(), world.header, USERS).id == 1


@pytest.mark.parametrize("authorization", [None, "", "Bearer", "Bearer a.b.c", "Basic cm9vdDpyb290"])
def test_a_token_that_is_none_has_no_owner(world, authorization):
    """Whoever looks on is not stopped by it."""
    assert tokens.owner(world, authorization) is None


@pytest.mark.parametrize("claims", [{}, {"client_type": "king", "sub": 1}])
def test_a_token_for_nobody_has_no_owner(world, claims):
    """Even if it is genuine."""
    token = jwt.encode(claims, world.secret, "HS256")

    assert tokens.owner(world, f"Bearer {token}") is None


def test_owner_of_a_deleted_users_token_has_an_id(world):
    """Its name is gone."""
    world.user.remove(1)

    assert str(tokens.owner(world, world.header)) == "user 1"


def test_looking_at_a_token_is_not_seeing_its_owner(world):
    """Only the server notes who was there."""
    seen = world.user[1].last_seen
    tokens.owner(world, world.header)

    assert world.user[1].last_seen == seen
