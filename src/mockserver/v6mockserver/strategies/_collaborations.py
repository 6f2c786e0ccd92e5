"""
Strategies for collaborations, and what belongs to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from v6mockserver.state.releases import LATEST, RELEASES
from v6mockserver.strategies._roles import require_version
from v6mockserver.strategies._tasks import tasks
from v6mockserver.strategies._words import BOOLEANS, COMPANIES, PROJECTS, WORDS, name_of, required

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from v6mockserver.strategies._words import Part, Strategy


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
    members = st.lists(st.sampled_from(required(organizations, "organizations")), min_size=1, unique=True)
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
        st.lists(st.sampled_from(required([*map(name_of, organizations)], "organizations")), min_size=1, unique=True)
    )
    owners = [user["username"] for one in organizations if one["name"] in members for user in one["users"]]
    limits = {"studies": max_studies, "stores": max_stores} | dict.fromkeys(_absent_parts(version), 0)
    own_studies = draw(st.lists(studies(members), max_size=limits["studies"], unique_by=name_of))
    own_stores = draw(st.lists(stores(), max_size=limits["stores"], unique_by=name_of))
    work = tasks(members, owners=owners, studies=own_studies, stores=[*map(name_of, own_stores)])
    return {
        "name": draw(names),
        "encrypted": draw(encrypted),
        "participants": [draw(nodes(name)) for name in members],
        "studies": own_studies,
        "stores": own_stores,
        "tasks": draw(st.lists(work, max_size=max_tasks)),
    }


def _absent_parts(version: str) -> Collection[str]:
    require_version(version)
    return RELEASES[version].absent_parts
