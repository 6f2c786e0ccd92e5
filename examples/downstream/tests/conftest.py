"""What the tests share."""

from __future__ import annotations

import pytest

from weight_study import algorithm
from weight_study.analysis import IMAGE


@pytest.fixture
def client(v6_federation, v6_client):
    """The researcher, at work in the collaboration: of the mock, or of a real server."""
    client = v6_client()
    client.setup_collaboration(v6_federation.collaboration)
    return client


@pytest.fixture
def image(v6_server):
    """The algorithm, where nodes look for it."""
    v6_server.algorithms.register(IMAGE, algorithm)
    return IMAGE
