"""What the Docker image of the example runs, with the official tools around it."""

from __future__ import annotations

import pytest

from .project import run

pytest.importorskip("vantage6.algorithm.tools", reason="needs vantage6-algorithm-tools, as in tox -e algorithms")

pytestmark = pytest.mark.slow
IMAGE = "tests/test_image.py"


def test_for_both_versions(tmp_path):
    """It gives what the plain functions give."""
    assert run(tmp_path, IMAGE, "-n", "2", "--v6-version=4.0,4.15") == {"passed": 2}


def test_adversarial(tmp_path, adversary):
    """Whatever liberties the network takes."""
    assert run(tmp_path, IMAGE, f"--v6-adversarial={adversary}") == {"passed": 1}
