"""How often the example meets an adversary."""

from __future__ import annotations


def pytest_addoption(parser):
    """Let the command line say with how many seeds."""
    parser.addoption("--seeds", type=int, default=1, help="seeds of the adversary (default: %(default)s)")


def pytest_generate_tests(metafunc):
    """Make a test of each seed."""
    if "adversary" in metafunc.fixturenames:
        # Options are known where this folder is named on the command line.
        metafunc.parametrize("adversary", range(1, metafunc.config.getoption("seeds", default=1) + 1))
