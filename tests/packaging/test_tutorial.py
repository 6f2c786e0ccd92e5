"""An environment with what the tutorial's `pip install` brings, and nothing else: that of `tox -e tutorial`."""

from __future__ import annotations

import importlib.util
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

EXTRAS = ("mock", "testing")
INSTALLERS = {"pip", "setuptools", "wheel"}

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("coverage") is not None,
    reason="the tools of developers are installed here; `tox -e tutorial` has an environment without them",
)


def brought_by(name: str, extras: tuple[str, ...]) -> set[str]:
    """Name the distributions that an installer brings for one with extras."""
    brought, todo = set(), [(name, extras)]
    while todo:
        name, extras = todo.pop()
        if (name, extras) in brought:
            continue
        brought.add((name, extras))
        asked = map(Requirement, metadata.requires(name) or ())
        todo += [(one.name, tuple(sorted(one.extras))) for one in asked if holds(one, extras)]
    return {canonicalize_name(name) for name, _ in brought}


def holds(requirement: Requirement, extras: tuple[str, ...]) -> bool:
    """Whether a requirement is one here, given these extras."""
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in ("", *extras))


def test_nothing_else_is_installed():
    """So that the tutorial's tests, which run here as well, need no more than it says."""
    installed = {canonicalize_name(one.name) for one in metadata.distributions()}

    assert installed - INSTALLERS == brought_by("v6client", EXTRAS)
