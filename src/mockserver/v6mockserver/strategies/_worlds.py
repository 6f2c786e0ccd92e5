"""
The strategy for whole worlds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver.state.releases import LATEST
from v6mockserver.strategies._collaborations import collaborations as any_collaborations
from v6mockserver.strategies._organizations import organizations as any_organizations
from v6mockserver.strategies._roles import require_version
from v6mockserver.strategies._words import NO_SETTINGS, name_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from v6mockserver.strategies._words import Part, Strategy


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
    require_version(version)
    parties = organizations if organizations is not None else any_organizations(version=version)
    drawn = draw(st.lists(parties, min_size=min_organizations, max_size=max_organizations, unique_by=name_of))
    people = _Distinct()
    for party in drawn:
        party["users"] = people.of(party["users"], lambda user: {user["username"], user["email"] or user["username"]})
    together = draw(
        st.lists(
            _together(drawn, collaborations, version), max_size=max_collaborations if drawn else 0, unique_by=name_of
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


def _together(
    organizations: Sequence[Part], collaborations: Callable[[Sequence[Part]], Strategy[Part]] | None, version: str
) -> Strategy[Part]:
    if not organizations:
        return st.nothing()
    if collaborations is None:
        return any_collaborations(organizations, version=version)
    return collaborations(organizations)


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
