"""
Real servers for the tests that compare the mock with them.

They take part where `V6_ORACLES` names the folder of their environments (see `servers.py`); `tox -e conformance` does.
"""

from __future__ import annotations

import os

import pytest


@pytest.fixture(autouse=True, scope="session")
def _oracles():
    if "V6_ORACLES" not in os.environ:
        pytest.skip("no real servers: V6_ORACLES does not say where they are, or are to be installed")
