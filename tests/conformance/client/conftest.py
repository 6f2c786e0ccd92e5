"""The four targets, each with the same network on it at the start of every test."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from ..servers import VERSIONS
from .methods import exercised
from .network import ALPHA_OPEN, build
from .targets import Target
from .work import Node

KINDS = ("mock", "real")


def pytest_generate_tests(metafunc):
    """Try everything on all targets, but what is about some releases only on those."""
    if "on" in metafunc.fixturenames:
        marker = metafunc.definition.get_closest_marker("only_on")
        versions = VERSIONS if marker is None else marker.args
        metafunc.parametrize("on", [f"{kind} {version}" for kind in KINDS for version in versions], indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem):
    """See to it that the test of a method calls it."""
    passed = yield
    method = exercised(pyfuncitem)
    assert method is None or method in pyfuncitem.funcargs["on"].called, f"the test of {method} does not call it"
    return passed


@pytest.fixture(scope="session")
def standing():
    """The targets in use, with the api keys of their nodes; a real server is started when it is first needed."""
    with ExitStack() as stack:
        made = {}

        def target(name):
            if name not in made:
                fresh = Target(name)
                stack.callback(fresh.stop)
                made[name] = (fresh, build(fresh))
                fresh.save(online=ALPHA_OPEN)
            return made[name]

        yield target


@pytest.fixture
def on(request, standing):
    """The target."""
    if request.param.startswith("real"):
        request.getfixturevalue("_oracles")
    target, keys = standing(request.param)
    target.restore()
    target.api_keys = keys
    return target


@pytest.fixture
def root(on):
    """Root's client."""
    return on.client("root")


@pytest.fixture
def nora(on):
    """The client of Alpha's researcher."""
    return on.client("nora")


@pytest.fixture
def node(on):
    """Logs in as one of the nodes."""
    return lambda id_: Node(on, id_, on.api_keys[id_])
