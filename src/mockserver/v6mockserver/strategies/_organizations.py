"""
Strategies for organizations, their users and their keys.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver import _keys
from v6mockserver.state.releases import LATEST
from v6mockserver.strategies._roles import DEFAULT_ROLES, RULES, default_roles, roles, rules
from v6mockserver.strategies._words import COMPANIES, HOSTS, PASSWORDS, USERNAMES, name_of, texts

if TYPE_CHECKING:
    from v6mockserver.strategies._words import Part, Strategy


def users(
    *,
    usernames: Strategy[str] = USERNAMES,
    passwords: Strategy[str] = PASSWORDS,
    roles: Strategy[str] = DEFAULT_ROLES,
    rules: Strategy[str] = RULES,
) -> Strategy[Part]:
    """
    Return a strategy for users of an organization.

    Parameters
    ----------
    usernames, passwords : strategy, optional
        What they log in with; by default names, and passwords that a server accepts.
    roles : strategy, optional
        The names of roles that they can have; by default the default roles.
    rules : strategy, optional
        The rules that they can hold directly; by default any.
    """
    return st.fixed_dictionaries(
        {
            "username": usernames,
            "password": passwords,
            "firstname": st.none() | texts("first_name"),
            "lastname": st.none() | texts("last_name"),
            "email": st.none() | texts("email"),
            "roles": st.lists(roles, max_size=3, unique=True),
            "rules": st.lists(rules, max_size=3, unique=True),
        }
    )


@st.composite
def organizations(
    draw: st.DrawFn,
    *,
    names: Strategy[str] = COMPANIES,
    min_users: int = 0,
    max_users: int = 3,
    max_roles: int = 2,
    version: str = LATEST,
) -> Part:
    """
    Return a strategy for organizations with their roles and users.

    Parameters
    ----------
    names : strategy, optional
        Their names; by default companies.
    min_users, max_users : int, default 0 and 3
        How many users each has.
    max_roles : int, default 2
        How many roles of its own each has at most.
    version : str
        The server version that has the rules.
    """
    if not 0 <= min_users <= max_users:
        msg = f"min_users={min_users} and max_users={max_users} leave nothing to choose from"
        raise InvalidArgument(msg)
    known = rules(version=version)
    own = draw(st.lists(roles(rules=known), max_size=max_roles, unique_by=name_of))
    assignable = default_roles(version=version)
    if own:
        assignable |= st.sampled_from([role["name"] for role in own])
    people = st.lists(
        users(roles=assignable, rules=known),
        min_size=min_users,
        max_size=max_users,
        unique_by=(_username, _address),
    )
    return {
        "name": draw(names),
        "domain": draw(HOSTS),
        "address1": draw(texts("street_address")),
        "address2": draw(st.none() | texts("city")),
        "zipcode": draw(texts("postcode")),
        "country": draw(texts("country")),
        "roles": own,
        "users": draw(people),
    }


def _username(part: Part) -> str:
    return str(part["username"])


def _address(user: Part) -> str:
    # Several users may have none, but no two of them the same.
    return str(user["email"] or user["username"])


PRIVATE_KEYS = st.sampled_from([str(_keys.path(number)) for number in range(_keys.COUNT)])


def private_keys() -> Strategy[str]:
    """
    Return a strategy for the paths of private keys: RSA, 4096 bits, in PEM format without a passphrase.

    A path is good for seeds and for `setup_encryption`. The keys are ready-made, as making one takes a second; there
    are sixteen. They are public, and protect nothing.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(private_keys(), lambda path: "2.pem" in path).rpartition("/")[2]
    'insecure-test-key-02.pem'
    """
    return PRIVATE_KEYS
