"""The set-up commands of the README are what continuous integration runs."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def set_up_commands() -> list[str]:
    """The lines of the README that make an environment."""
    return [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("python3 -m venv")]


def test_readme_has_one_command_to_try_and_one_to_test(set_up_commands):
    """The first command ends in the demo, the second in the tests, and there is no third."""
    assert [command.rpartition("/")[2] for command in set_up_commands] == ["v6mock demo", "tox"]


def test_continuous_integration_runs_the_second_command(set_up_commands):
    """`.ci/run` is README's line, letter for letter."""
    assert (ROOT / ".ci/run").read_text().splitlines()[-1] == set_up_commands[-1]
