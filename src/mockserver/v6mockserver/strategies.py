"""
Hypothesis strategies for worlds: seeds that a `MockServer` starts from, and their parts.

    @given(seed=strategies.worlds())
    def test_everybody_can_log_in(seed):
        server = MockServer(seed)
        for username in server.passwords:
            server.client(username)

What they make is plain data in the format of seeds. So an example that fails can be pasted into a test or a file as it
is; so can a part that is made here be put beside parts written by hand, or made by strategies of one's own: wherever
one strategy uses another, that one is an argument. Everything is valid by default: names that must differ do, and what
is named exists. Examples shrink towards few, small parts.

This module needs the extras `mock` and `testing`.
"""

from __future__ import annotations

import json
from functools import cache, lru_cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver._splits import splits as splits  # noqa: PLC0414 -- part of this module's surface
from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.state.run_states import COMPLETED, STATUSES

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

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


def _require_version(version: str) -> None:
    if version not in RELEASES:
        msg = f"version={version!r} is none of {', '.join(RELEASES)}"
        raise InvalidArgument(msg)


@cache
def _data(version: str, name: str) -> Any:
    _require_version(version)
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
    own = draw(st.lists(roles(rules=known), max_size=max_roles, unique_by=_name))
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


def _name(part: Part) -> str:
    return str(part["name"])


def _username(part: Part) -> str:
    return str(part["username"])


def _address(user: Part) -> str:
    # Several users may have none, but no two of them the same.
    return str(user["email"] or user["username"])


def nodes(
    organization: str, *, names: Strategy[str] | None = None, online: Strategy[bool] = BOOLEANS
) -> Strategy[Part]:
    """
    Return a strategy for an organization's node in a collaboration, without databases.

    Parameters
    ----------
    organization : str
        The organization's name.
    names : strategy, optional
        The node's names; by default it is named after organization and collaboration, as a server does.
    online : strategy, optional
        Whether it is online.
    """
    parts: dict[str, Strategy[Any]] = {"name": st.just(organization), "online": online}
    return st.fixed_dictionaries(parts if names is None else parts | {"node": names})


def studies(organizations: Sequence[str], *, names: Strategy[str] = PROJECTS) -> Strategy[Part]:
    """
    Return a strategy for studies.

    Parameters
    ----------
    organizations : sequence of str
        The names of the participants of their collaboration.
    names : strategy, optional
        Their names.
    """
    members = st.lists(st.sampled_from(_required(organizations, "organizations")), min_size=1, unique=True)
    return st.fixed_dictionaries({"name": names, "organizations": members})


def stores(*, names: Strategy[str] = COMPANIES) -> Strategy[Part]:
    """
    Return a strategy for algorithm stores, none of which answers.

    Parameters
    ----------
    names : strategy, optional
        Their names.
    """
    url = WORDS.map(lambda word: f"https://{word}.invalid/api")
    return st.fixed_dictionaries({"name": names, "url": url})


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31) | WORDS,
    lambda values: st.lists(values) | st.dictionaries(WORDS, values),
    max_leaves=4,
)
"""What JSON can say."""

INPUTS: Strategy[Part] = st.fixed_dictionaries(
    {"method": WORDS, "args": st.lists(VALUES, max_size=2)},
    optional={"kwargs": st.dictionaries(WORDS, VALUES, max_size=2)},
)
"""Inputs of algorithms: a method, with arguments."""


def runs(organization: str, *, statuses: Collection[str] = STATUSES) -> Strategy[Part]:
    """
    Return a strategy for an organization's run of a task; one that is completed has a result.

    Parameters
    ----------
    organization : str
        The organization's name.
    statuses : collection of str, optional
        The statuses that it can have; by default all there are.
    """
    unknown = set(statuses) - set(STATUSES)
    if unknown or not statuses:
        msg = f"statuses={statuses!r} is not some of {', '.join(STATUSES)}"
        raise InvalidArgument(msg)
    logs = st.none() | texts("text")

    def of(status: str) -> Strategy[Part]:
        parts: dict[str, Strategy[Any]] = {"organization": st.just(organization), "status": st.just(status)}
        return st.fixed_dictionaries(parts | {"log": logs} | ({"result": VALUES} if status == COMPLETED else {}))

    return st.sampled_from([status for status in STATUSES if status in statuses]).flatmap(of)


@st.composite
def tasks(
    draw: st.DrawFn,
    organizations: Sequence[str],
    *,
    images: Strategy[str] = HOSTS,
    inputs: Strategy[Any] = INPUTS,
    owners: Sequence[str] = (),
    studies: Sequence[Part] = (),
    stores: Sequence[str] = (),
    max_depth: int = 1,
    statuses: Collection[str] = STATUSES,
) -> Part:
    """
    Return a strategy for tasks of a collaboration, with their runs and subtasks.

    Parameters
    ----------
    organizations : sequence of str
        The names of the participants of the collaboration.
    images : strategy, optional
        The algorithms.
    inputs : strategy, optional
        What they get.
    owners : sequence of str, optional
        The usernames of those who can have created them, all of participants; by default the first user of the server.
    studies : sequence of dict, optional
        The studies of the collaboration.
    stores : sequence of str, optional
        The names of algorithm stores that the collaboration can use.
    max_depth : int, default 1
        How many generations of subtasks there are at most.
    statuses : collection of str, optional
        The statuses that their runs can have; by default all there are.
    """
    study = draw(_one_or_none(studies))
    members = _required(study["organizations"] if study else organizations, "organizations")
    chosen = draw(st.lists(st.sampled_from(members), unique=True, max_size=len(members)))
    children: Strategy[list[Part]] = st.just([])
    if max_depth > 0:
        below = tasks(chosen or members, images=images, inputs=inputs, max_depth=max_depth - 1, statuses=statuses)
        children = st.lists(below, max_size=2)
    return {
        "name": draw(PROJECTS),
        "description": draw(texts("sentence")),
        "image": draw(images),
        "user": draw(_one_or_none(owners)),
        "study": study["name"] if study else None,
        "store": draw(_one_or_none(stores)),
        "input": draw(inputs),
        "databases": draw(st.lists(WORDS, max_size=2)),
        "organizations": [],
        "runs": [draw(runs(name, statuses=statuses)) for name in chosen],
        "subtasks": draw(children),
    }


def _one_or_none(values: Sequence[Any]) -> Strategy[Any]:
    return st.none() | st.sampled_from(values) if values else st.none()


def _required(values: Sequence[str], argument: str) -> Sequence[str]:
    if not values:
        msg = f"{argument} is empty; there is nothing to choose from"
        raise InvalidArgument(msg)
    return values


@st.composite
def collaborations(
    draw: st.DrawFn,
    organizations: Sequence[Part],
    *,
    names: Strategy[str] = PROJECTS,
    encrypted: Strategy[bool] = BOOLEANS,
    nodes: Callable[[str], Strategy[Part]] = nodes,
    max_studies: int = 2,
    max_stores: int = 1,
    max_tasks: int = 3,
    version: str = LATEST,
) -> Part:
    """
    Return a strategy for collaborations of some organizations, with their nodes, studies, stores and tasks.

    Parameters
    ----------
    organizations : sequence of dict
        The organizations that there are.
    names : strategy, optional
        Their names.
    encrypted : strategy, optional
        Whether inputs and results are encrypted; by default either.
    nodes : callable, optional
        Returns a strategy for the node of the organization that it is given.
    max_studies, max_stores, max_tasks : int, default 2, 1 and 3
        How many each has at most.
    version : str
        The server version: 4.0 has no studies and stores.
    """
    members = draw(
        st.lists(st.sampled_from(_required([*map(_name, organizations)], "organizations")), min_size=1, unique=True)
    )
    owners = [user["username"] for one in organizations if one["name"] in members for user in one["users"]]
    absent = _absent_parts(version)
    own_studies = draw(st.lists(studies(members), max_size=0 if "studies" in absent else max_studies, unique_by=_name))
    own_stores = draw(st.lists(stores(), max_size=0 if "stores" in absent else max_stores, unique_by=_name))
    work = tasks(members, owners=owners, studies=own_studies, stores=[*map(_name, own_stores)])
    return {
        "name": draw(names),
        "encrypted": draw(encrypted),
        "participants": [draw(nodes(name)) for name in members],
        "studies": own_studies,
        "stores": own_stores,
        "tasks": draw(st.lists(work, max_size=max_tasks)),
    }


def _absent_parts(version: str) -> Collection[str]:
    _require_version(version)
    return RELEASES[version].absent_parts


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    version: str = LATEST,
    organizations: Strategy[Part] | None = None,
    collaborations: Callable[[Sequence[Part]], Strategy[Part]] | None = None,
    settings: Strategy[Part] = NO_SETTINGS,
    min_organizations: int = 0,
    max_organizations: int = 3,
    max_collaborations: int = 2,
) -> Part:
    """
    Return a strategy for whole worlds: seeds for `MockServer(seed, version=...)`.

    Parameters
    ----------
    version : str
        The server version that they are for.
    organizations : strategy, optional
        The organizations. Of two with the same name the first is taken, and so of two users with the same name or
        address.
    collaborations : callable, optional
        Returns a strategy for collaborations of the organizations that it is given. Of two with the same name the first
        is taken.
    settings : strategy, optional
        Settings of the server that differ from the usual ones; by default none does.
    min_organizations, max_organizations : int, default 0 and 3
        How many organizations there are, beside that of user root.
    max_collaborations : int, default 2
        How many collaborations there are at most.

    Examples
    --------
    >>> from hypothesis import find
    >>> find(worlds(min_organizations=1), lambda seed: True)["collaborations"]
    []
    """
    if not 0 <= min_organizations <= max_organizations:
        msg = f"min_organizations={min_organizations} and max_organizations={max_organizations} exclude each other"
        raise InvalidArgument(msg)
    _require_version(version)
    parties = organizations if organizations is not None else _organizations(version=version)
    drawn = draw(st.lists(parties, min_size=min_organizations, max_size=max_organizations, unique_by=_name))
    people = _Distinct()
    for party in drawn:
        party["users"] = people.of(party["users"], lambda user: {user["username"], user["email"] or user["username"]})
    together = draw(
        st.lists(
            _together(drawn, collaborations, version), max_size=max_collaborations if drawn else 0, unique_by=_name
        )
    )
    names = _Distinct()
    for collaboration in together:
        collaboration["studies"] = kept = names.of(collaboration["studies"], lambda study: {study["name"]})
        _forget(collaboration["tasks"], {study["name"] for study in kept})
    return {
        "server": draw(settings),
        "organizations": drawn,
        "collaborations": together,
    }


_organizations, _collaborations = organizations, collaborations


def _together(
    organizations: Sequence[Part], collaborations: Callable[[Sequence[Part]], Strategy[Part]] | None, version: str
) -> Strategy[Part]:
    if not organizations:
        return st.nothing()
    return _collaborations(organizations, version=version) if collaborations is None else collaborations(organizations)


class _Distinct:
    """
    Leaves out what shares a name with something that was there before.
    """

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def of(self, parts: Iterable[Part], names: Callable[[Part], set[str]]) -> list[Part]:
        """
        Return the parts whose names are all new.
        """
        kept = []
        for part in parts:
            if not names(part) & self._seen:
                self._seen |= names(part)
                kept.append(part)
        return kept


def _forget(tasks: Iterable[Part], studies: Collection[str]) -> None:
    """
    Let tasks mention no study but these.
    """
    for task in tasks:
        if task["study"] not in studies:
            task["study"] = None
