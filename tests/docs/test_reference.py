"""The reference has all that is public."""

from __future__ import annotations

import importlib
import inspect
import re
from functools import cached_property
from pathlib import Path

import pytest

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
DESCRIBED = {
    name for page in REFERENCE.glob("*.md") for name in re.findall(r"^::: (\S+)$", page.read_text(), re.MULTILINE)
}
DOCUMENTED = (property, cached_property, classmethod, staticmethod)
MODULES = [
    "v6client",
    "v6client.exceptions",
    "v6client.types",
    "v6client.utils",
    "v6mockserver",
    "v6mockserver.strategies",
]


def is_described(module: str, name: str) -> bool:
    """Tell whether a page has a name, its module, or the object under another name."""
    value = getattr(importlib.import_module(module), name)
    return not DESCRIBED.isdisjoint({module, f"{module}.{name}"}) or any(
        getattr(importlib.import_module(place), one, None) is value
        for place, _, one in (described.rpartition(".") for described in DESCRIBED)
        if place
    )


def parts(name: str, value: object):
    """Yield an object and what can be called or read in it, each with its name; data have no docstring."""
    if callable(value):
        yield name, value
    ours = [kind for kind in getattr(value, "__mro__", ()) if kind.__module__.startswith("v6")]
    for one, part in [item for kind in ours for item in vars(kind).items()]:
        if one[0] != "_" and (callable(part) or isinstance(part, DOCUMENTED)):
            yield f"{name}.{one}", part


@pytest.mark.parametrize("module", MODULES)
def test_public_names_are_described(module):
    """Each of them is on a page of the reference, by its docstring."""
    names = importlib.import_module(module).__all__

    assert [name for name in names if not is_described(module, name)] == []


def test_sub_clients_are_described():
    """Each under the name that it has in a client."""
    from v6client import UserClient

    kinds = {name for name, kind in vars(UserClient).items() if isinstance(kind, type)}

    assert {f"v6client.resources.{name}" for name in kinds} <= DESCRIBED


@pytest.mark.parametrize("module", MODULES)
def test_public_names_have_docstrings(module):
    """And so has what is public in them."""
    home = importlib.import_module(module)
    objects = {name: part for one in home.__all__ for name, part in parts(one, getattr(home, one))}

    assert [name for name, part in objects.items() if not inspect.getdoc(part)] == []
