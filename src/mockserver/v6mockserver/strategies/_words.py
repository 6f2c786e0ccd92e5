"""
Texts: what people, places and things are called, by Faker.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

if TYPE_CHECKING:
    from collections.abc import Sequence

    from faker import Faker

    Part = dict[str, Any]
    Strategy = st.SearchStrategy

LOCALES = ("en_US", "nl_NL", "de_DE", "ja_JP", "ar_AA")
"""Where the people and places come from; the simplest examples are from the first."""

HIGHEST_SEED = 2**12


@cache
def _faker(locale: str) -> Faker:
    from faker import Faker

    return Faker(locale)


@lru_cache(maxsize=4096)
def _said(provider: str, seed: int) -> str:
    """
    Return what a provider of Faker says for a seed, always the same.
    """
    fake = _faker(LOCALES[seed % len(LOCALES)])
    if not hasattr(fake, provider):
        msg = f"provider={provider!r} is nothing that Faker knows"
        raise InvalidArgument(msg)
    fake.seed_instance(seed)
    return str(getattr(fake, provider)())


def texts(provider: str) -> Strategy[str]:
    """
    Return a strategy for texts of a kind.

    Parameters
    ----------
    provider : str
        What Faker calls it, such as "company", "user_name" or "sentence".
    """
    return st.integers(0, HIGHEST_SEED).map(lambda seed: _said(provider, seed))


COMPANIES, JOBS, PROJECTS, HOSTS, WORDS = (
    texts(provider) for provider in ("company", "job", "catch_phrase", "domain_name", "domain_word")
)
USERNAMES, PASSWORDS = texts("user_name"), texts("password")
BOOLEANS = st.booleans()
NO_SETTINGS: Strategy[Part] = st.just({})


def name_of(part: Part) -> str:
    """
    Return the name of a part of a seed.
    """
    return str(part["name"])


def required(values: Sequence[str], argument: str) -> Sequence[str]:
    """
    Return the values to choose from, of which there must be some.
    """
    if not values:
        msg = f"{argument} is empty; there is nothing to choose from"
        raise InvalidArgument(msg)
    return values
