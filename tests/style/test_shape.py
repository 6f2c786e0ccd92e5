"""The shape of the source: sizes, exports and docstrings."""

from __future__ import annotations

import ast
import importlib
import inspect
import types
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted((ROOT / "src").rglob("*.py"))
PACKAGES = ["v6client", "v6mockserver"]
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def name_of(module: Path) -> str:
    """Show a module in the name of a test."""
    return module.relative_to(ROOT / "src").as_posix()


def is_public(node):
    """Tell whether a node defines something that users meet; what it is overloaded with is for type checkers."""
    if not isinstance(node, DOCUMENTED) or node.name.startswith("_"):
        return False
    return not any(isinstance(one, ast.Name) and one.id == "overload" for one in node.decorator_list)


def public_definitions(node, prefix=""):
    """Yield every public definition of a tree with its dotted name; what a function defines is its own affair."""
    yield prefix, node
    for child in ast.iter_child_nodes(node):
        if is_public(child) and not isinstance(node, ast.FunctionDef):
            yield from public_definitions(child, f"{prefix}.{child.name}")


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_no_module_is_too_long(module):
    """A module has one reason to change, and fits in 600 lines."""
    assert len(module.read_text().splitlines()) <= 600


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_every_public_object_has_a_docstring(module):
    """Modules, and the public classes, functions and methods in them, say what they are for."""
    tree = ast.parse(module.read_text())

    assert [name for name, node in public_definitions(tree) if not ast.get_docstring(node)] == []


@pytest.mark.parametrize("module", MODULES, ids=name_of)
def test_docstrings_of_public_objects_stand_between_their_quotes(module):
    """The quotes are on lines of their own, so that a docstring grows without moving."""
    documented = dict(public_definitions(ast.parse(module.read_text())))
    texts = {name: ast.get_docstring(node, clean=False) for name, node in documented.items() if name}

    assert [name for name, text in texts.items() if text and not text.startswith("\n")] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_exports_are_sorted(package):
    """`__all__` is in alphabetical order."""
    exports = importlib.import_module(package).__all__

    assert list(exports) == sorted(exports)


@pytest.mark.parametrize("package", PACKAGES)
def test_exports_exist(package):
    """Every name in `__all__` can be imported, also where it is loaded late."""
    module = importlib.import_module(package)

    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_exports_are_what_the_package_offers(package):
    """No public name of the package is missing from `__all__`, apart from its submodules."""
    module = importlib.import_module(package)
    offered = {
        name
        for name, value in inspect.getmembers(module)
        if not name.startswith("_") and not isinstance(value, types.ModuleType) and name != "annotations"
    }

    assert offered <= set(module.__all__)


@pytest.mark.parametrize("package", PACKAGES)
def test_dir_lists_the_exports(package):
    """Completion in an editor or shell offers what can be imported."""
    module = importlib.import_module(package)

    assert set(module.__all__) <= set(dir(module))
