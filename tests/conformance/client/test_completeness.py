"""Every method of the client has its test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from .methods import METHODS, home

HERE = Path(__file__).parent


@pytest.mark.parametrize("method", METHODS)
def test_every_method_is_exercised(method):
    """None can be added without a test on all targets; that the test calls it is checked when it runs."""
    file, name = home(method)
    tree = ast.parse((HERE / file).read_text())
    defined = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}

    assert name in defined, f"{method} needs a test: {name} in {file}"
