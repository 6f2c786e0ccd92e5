"""The example of somebody else's project passes, however its tests are run."""

from __future__ import annotations

import importlib.util
import shlex

import pytest
import yaml

from .project import PROJECT, run

pytestmark = pytest.mark.slow

PASSING = 9 + (importlib.util.find_spec("vantage6") is not None)
"""How many tests there are; that of the image needs the official tools."""
APART = "test_over_any_split"
"""Makes federations of its own, which no adversary meets."""


def test_as_its_continuous_integration_does(tmp_path):
    """In two processes, in random order, for both versions."""
    steps = yaml.safe_load((PROJECT / ".github" / "workflows" / "test.yml").read_text())["jobs"]["mock"]["steps"]
    (command,) = [step["run"] for step in steps if step.get("run", "").startswith("pytest")]
    assert "--v6-version=4.0,4.15" in command

    assert run(tmp_path, *shlex.split(command)[1:])["passed"] >= 2 * PASSING - 1  # one is for no version


def test_adversarial(tmp_path, adversary):
    """Whatever liberties the network takes."""
    assert run(tmp_path, f"--v6-adversarial={adversary}", "-k", f"not {APART}")["passed"] == PASSING - 1
