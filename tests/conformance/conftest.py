"""
Real servers for the tests that compare the mock with them.

They take part where `V6_ORACLES` names the folder of their environments (see `servers.py`); `tox -e conformance` does.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, closing

import pytest

from .cases import FULL, SAMPLE, sampled
from .servers import CAN_MAIL, VERSIONS, RealServer
from .stage import Stage, make_world


def pytest_addoption(parser):
    """Say how much is compared."""
    group = parser.getgroup("conformance", "comparing the mock with real servers")
    group.addoption("--full", action="store_true", help="compare everything, record the answers, write the page")
    group.addoption("--cases", type=int, help="how many cases of each area are compared, instead of the usual number")
    group.addoption("--sample-seed", default="2026", help="which sample is compared (default: %(default)s)")


@pytest.fixture(scope="session")
def full(request):
    """Whether everything is compared, and not a sample."""
    # Options are known where this folder is named on the command line.
    return request.config.getoption("full", default=False)


@pytest.fixture(scope="session")
def _oracles():
    if "V6_ORACLES" not in os.environ:
        pytest.skip("no real servers: V6_ORACLES does not say where they are, or are to be installed")


@pytest.fixture(scope="session")
def stages(_oracles):
    """Both servers of each version, in the same world; a test leaves them there."""
    with ExitStack() as stack:
        made = {}
        for version in VERSIONS:
            real = stack.enter_context(RealServer(version, CAN_MAIL))
            made[version] = stack.enter_context(closing(Stage(real, *make_world(real))))
        yield made


@pytest.fixture(scope="session")
def comparisons(stages, full, request):
    """The cases of each version and area, compared one after the other; the real servers are at work from now on."""
    seed, cases = request.config.getoption("sample_seed"), request.config.getoption("cases")
    return {
        (version, area): stage.compare_all(sampled(stage.cast, area, cases or size, seed))
        for area, size in (FULL if full else SAMPLE).items()
        for version, stage in stages.items()
    }
