"""
Strategies for rules and roles.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.strategies._words import JOBS, texts

if TYPE_CHECKING:
    from v6mockserver.strategies._words import Part, Strategy


@cache
def rules(*, version: str = LATEST) -> Strategy[str]:
    """
    Return a strategy for rules, such as "task CREATE COLLABORATION".

    Parameters
    ----------
    version : str
        The server version that has them.
    """
    return st.sampled_from([f"{rule['name']} {rule['operation']} {rule['scope']}" for rule in _data(version, "rules")])


@cache
def default_roles(*, version: str = LATEST) -> Strategy[str]:
    """
    Return a strategy for the names of default roles.

    Parameters
    ----------
    version : str
        The server version that has them.
    """
    return st.sampled_from([role["name"] for role in _data(version, "roles")])


def require_version(version: str) -> None:
    """
    Refuse a version that there is no mock of.
    """
    if version not in RELEASES:
        msg = f"version={version!r} is none of {', '.join(RELEASES)}"
        raise InvalidArgument(msg)


@cache
def _data(version: str, name: str) -> Any:
    require_version(version)
    return json.loads((resources.files("v6mockserver") / "data" / version / f"{name}.json").read_bytes())


RULES, DEFAULT_ROLES = rules(), default_roles()


def roles(*, names: Strategy[str] = JOBS, rules: Strategy[str] = RULES) -> Strategy[Part]:
    """
    Return a strategy for roles of an organization.

    Parameters
    ----------
    names : strategy, optional
        Their names; by default jobs.
    rules : strategy, optional
        The rules in them; by default any.
    """
    return st.fixed_dictionaries(
        {
            "name": names,
            "description": st.none() | texts("sentence"),
            "rules": st.lists(rules, max_size=8, unique=True),
        }
    )
