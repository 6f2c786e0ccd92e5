"""What the Docker image runs."""

from __future__ import annotations

import pandas as pd
import pytest

from weight_study.analysis import IMAGE, answer, ask


def test_the_image(v6_server, client):
    """It gives the same with the decorators of the official tools."""
    pytest.importorskip("vantage6.algorithm.tools", reason="pip install '.[image]'")
    from weight_study import algorithm, image

    v6_server.algorithms.register(IMAGE, image)
    official = answer(client, ask(client, "weight", "sex"))
    v6_server.algorithms.register(IMAGE, algorithm)
    plain = answer(client, ask(client, "weight", "sex"))

    pd.testing.assert_frame_equal(official, plain)
