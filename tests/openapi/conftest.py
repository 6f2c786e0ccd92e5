"""The option of the fuzzing tests."""

from __future__ import annotations

from hypothesis import settings


def pytest_addoption(parser):
    """Let the command line say how hard schemathesis tries; as often as Hypothesis does by default."""
    parser.addoption("--examples", type=int, help="examples of each operation")


def pytest_configure(config):
    """Set the number of examples, which must be known before the tests are made."""
    if examples := config.getoption("--examples", default=None):
        settings.register_profile("examples", settings.default, max_examples=examples)
        settings.load_profile("examples")
