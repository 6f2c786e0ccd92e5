"""
What a test wants of its federation: the arguments of its marker `v6`, and the project's defaults for the others.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from v6mockserver._errors import MockUsageError
from v6mockserver.nodes.executors import require
from v6mockserver.state.releases import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import pytest

    from v6mockserver.nodes.executors import Choice

MARKER = "v6"
ORGANIZATIONS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What a test wants.

    Attributes
    ----------
    seed : mapping or path, optional
        What the server starts with, instead of a federation of organizations.
    version : str or sequence of str, optional
        The server versions that the test is for; by default all.
    organizations : int or sequence of str, optional
        How many organizations there are, or what they are called; by default what the project says.
    encrypted : bool
        Whether their collaboration is.
    execution : str or Executor
        Where nodes run algorithms.
    adversarial : bool or int, optional
        Whether the server takes every liberty, or the seed of those that it takes; by default as pytest was told.
    real : bool
        Whether the test may run against a real server.
    allow_hosts : sequence of str
        The hosts that the test may connect to.
    """

    seed: Any = None
    version: str | Sequence[str] | None = None
    organizations: int | Sequence[str] | None = None
    encrypted: bool = True
    execution: Choice = "inline"
    adversarial: bool | int | None = None
    real: bool = False
    allow_hosts: Sequence[str] = field(default=())

    def __post_init__(self) -> None:
        """
        Refuse what cannot be.
        """
        for name, (fits, expected) in KINDS.items():
            value = getattr(self, name)
            if not fits(value):
                raise MockUsageError(f"{name}={value!r}: {expected} is expected")
        require(self.execution)

    @property
    def versions(self) -> tuple[str, ...]:
        """
        The server versions that the test is for, if it says so.
        """
        return () if self.version is None else _several(self.version)


def _several(value: str | Sequence[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _are_texts(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and all(isinstance(one, str) for one in value)


def _are_versions(value: Any) -> bool:
    if value is None or isinstance(value, str):
        return value is None or value in RELEASES
    return _are_texts(value) and bool(value) and set(value) <= set(RELEASES)


def _are_organizations(value: Any) -> bool:
    if _are_texts(value):
        return len(set(value)) == len(value)
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


def _is_bool(value: Any) -> bool:
    return isinstance(value, bool)


KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "seed": (lambda value: value is None or isinstance(value, (Mapping, str, os.PathLike)), "a mapping or a path"),
    "version": (_are_versions, f"one of {', '.join(RELEASES)}, or a list of them"),
    "organizations": (_are_organizations, "a number from 0, or a list of names that differ"),
    "encrypted": (_is_bool, "True or False"),
    "adversarial": (lambda value: value is None or isinstance(value, int), "True, False or a seed, a whole number"),
    "real": (_is_bool, "True or False"),
    "allow_hosts": (_are_texts, 'a list such as ["localhost:5432"]'),
}
"""What the arguments of the marker must be, and what to say of those that are not."""

NAMES = tuple(one.name for one in fields(Wanted))


def of(node: pytest.Item, defaults: Wanted) -> Wanted:
    """
    Return what a test wants: the arguments of its markers, the closest one first, and else the defaults.

    Raises
    ------
    MockUsageError
        If a marker has an argument that there is not, or that cannot be.
    """
    arguments: dict[str, Any] = {}
    for mark in node.iter_markers(MARKER):
        if mark.args:
            raise MockUsageError(f"@pytest.mark.v6{mark.args!r}: its arguments have names, such as organizations=3")
        arguments = {**mark.kwargs, **arguments}
    if unknown := [name for name in arguments if name not in NAMES]:
        raise MockUsageError(
            f"@pytest.mark.v6 has no argument {', '.join(map(repr, unknown))}; it has {', '.join(NAMES)}"
        )
    try:
        wanted = replace(defaults, **arguments)
    except MockUsageError as error:
        raise MockUsageError(f"@pytest.mark.v6: {error}") from None
    return replace(wanted, seed=_located(wanted.seed, node))


def _located(seed: Any, node: pytest.Item) -> Any:
    """
    Return a seed; a path is that of a file beside the test, or below the project's root.
    """
    if seed is None or isinstance(seed, Mapping):
        return seed
    places = [folder / seed for folder in (node.path.parent, node.config.rootpath)]
    return next((place for place in places if place.exists()), Path(seed))


def defaults(config: pytest.Config) -> Wanted:
    """
    Return what a test wants that says nothing, as the project's configuration has it.

    Raises
    ------
    MockUsageError
        If an option of the configuration cannot be.
    """
    arguments = {name: read(config.getini(f"v6_{name}")) for name, read in READERS.items()}
    try:
        return Wanted(**arguments)
    except MockUsageError as error:
        raise MockUsageError(f"the options v6_... in the configuration of pytest: {error}") from None


def _number(text: str) -> int | list[str] | str:
    return int(text) if text.isdecimal() else [name.strip() for name in text.split(",")]


READERS: Mapping[str, Callable[[Any], Any]] = {
    "organizations": lambda text: _number(text) if text else None,
    "encrypted": bool,
    "execution": lambda text: text or "inline",
}
"""How the options of the configuration are read that have the name of an argument."""


def versions(text: str | None) -> tuple[str, ...]:
    """
    Return the versions in a list with commas.
    """
    return tuple(one.strip() for one in (text or "").split(",") if one.strip())


def hosts(config: pytest.Config, wanted: Wanted) -> Iterable[str]:
    """
    Return the hosts that a test may connect to.
    """
    url = config.getoption("v6_server")
    real = [urlsplit(url).netloc.rpartition("@")[2]] if url else []
    return [*config.getini("v6_allowed_hosts"), *wanted.allow_hosts, *real]
