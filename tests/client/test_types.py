"""The shapes of answers are public."""

from __future__ import annotations

from v6client import _models, types


def test_every_shape_can_be_imported():
    """All that answers are made of, apart from what those shapes have in common."""
    classes = {name: value for name, value in vars(_models).items() if isinstance(value, type)}
    shapes = {name for name, value in classes.items() if value.__module__ == _models.__name__}

    assert set(types.__all__) == {name for name in shapes if not name.startswith("Every")}
    assert types.__all__ == sorted(types.__all__)
