"""The table of operations."""

from __future__ import annotations

import re

import pytest

from v6mockserver._app import NOUNS
from v6mockserver.state.releases import RELEASES

from .operations import operations
from .servers import VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_every_route_is_compared(version):
    """There is an operation for each method of each path."""
    release = RELEASES[version]
    routes = [route for noun in NOUNS for route in noun.routes.routes if release.has(route.since)]
    known = {f"{route.method} {re.sub('<[^>]*>', '<id>', route.path)}" for route in routes}

    assert {operation.route for operation in operations(version)} == known
