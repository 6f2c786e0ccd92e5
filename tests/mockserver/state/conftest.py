"""Worlds for tests of the state."""

from __future__ import annotations

import pytest

from .federation import Federation


@pytest.fixture
def federation():
    """Three organizations in two collaborations, with their nodes."""
    return Federation()
