"""
The pytest plugin: a vantage6 federation as a fixture, fresh for each test.

pytest imports this module at every start, so it imports nothing: what a test needs is loaded when there is such a test.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from v6client import UserClient
    from v6mockserver import Clock, Faults, Federation, Journal, MockServer

MARKER = (
    "v6(seed, version, organizations, encrypted, execution, adversarial, real, allow_hosts): "
    "what a test wants of its vantage6 federation; see docs/pytest.md"
)
OPTIONS: tuple[tuple[str, Literal["string", "bool", "linelist"], Any, str], ...] = (
    ("v6_version", "string", "", "the server version that tests run with (default: the newest)"),
    ("v6_organizations", "string", "", "how many organizations a federation has, or their names (default: 3)"),
    ("v6_encrypted", "bool", True, "whether collaborations are encrypted (default: true)"),
    ("v6_execution", "string", "inline", "where nodes run algorithms (default: inline)"),
    ("v6_leak_guard", "string", "v6", "which tests may connect to the mock only: those that use it (v6), all, or none"),
    ("v6_allowed_hosts", "linelist", [], "hosts that tests may connect to all the same, such as localhost:5432"),
)
"""The options of the configuration file: name, kind, default, and what they are."""

PREFIX = "v6_"


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Add the options.
    """
    group = parser.getgroup("v6", "vantage6 mock")
    group.addoption("--v6-version", metavar="VERSIONS", help="run each test that uses the mock with these versions")
    for name, kind, default, text in OPTIONS:
        parser.addini(name, text, type=kind, default=default)


def pytest_configure(config: pytest.Config) -> None:
    """
    Register the marker.
    """
    config.addinivalue_line("markers", MARKER)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Load what watches over tests, if there is anything to watch.
    """
    if config.getini("v6_leak_guard") == "all" or any(map(is_ours, items)):
        course = importlib.import_module("v6mockserver._testing.course")
        config.pluginmanager.register(course.Course(config), "v6mockserver-course")


def is_ours(item: pytest.Item) -> bool:
    """
    Tell whether a test uses one of the fixtures, or has the marker.
    """
    names = getattr(item, "fixturenames", ())
    return any(name.startswith(PREFIX) for name in names) or item.get_closest_marker("v6") is not None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """
    Run tests with each version that is wanted.
    """
    text = metafunc.config.getoption("v6_version")
    if text and "v6_version" in metafunc.fixturenames:
        versions = [one.strip() for one in text.split(",")]
        metafunc.parametrize("v6_version", versions, indirect=True)


def _course(request: pytest.FixtureRequest) -> Any:
    """
    Return what knows of the test: heavy to load, and there for tests that were collected with one of our fixtures.
    """
    return request.config.pluginmanager.get_plugin("v6mockserver-course")


@pytest.fixture
def v6_version(request: pytest.FixtureRequest) -> str:
    """
    The server version that the test runs with.
    """
    version: str = _course(request).version(request.node, getattr(request, "param", None))
    return version


@pytest.fixture
def v6_federation(request: pytest.FixtureRequest, v6_version: str) -> Iterator[Federation]:
    """
    A federation that is ready for work: its server, organizations, collaboration and nodes, and data on each node.
    """
    course = _course(request)
    yield course.begin(request.node, v6_version)
    course.end(request.node)


@pytest.fixture
def v6_server(request: pytest.FixtureRequest, v6_federation: Federation) -> MockServer:
    """
    The server of the federation, in process.
    """
    _course(request).need_mock("v6_server")
    return v6_federation.server


@pytest.fixture
def v6_live_server(v6_server: MockServer) -> MockServer:
    """
    The same server, listening on a loopback port as well.
    """
    return v6_server.start()


@pytest.fixture
def v6_client(v6_federation: Federation) -> Callable[..., UserClient]:
    """
    A function that logs in and returns a client: as a researcher of the first organization, unless it is told who.

    It takes a username, or `role=`, `rules=` and `organization=`, as `Federation.login`.
    """
    return v6_federation.login


@pytest.fixture
def v6_keys(v6_server: MockServer) -> dict[str, Path]:
    """
    The private key files of the organizations, by name.
    """
    return v6_server.private_keys


@pytest.fixture
def v6_journal(v6_server: MockServer) -> Journal:
    """
    Every request and its answer.
    """
    return v6_server.journal


@pytest.fixture
def v6_faults(v6_server: MockServer) -> Faults:
    """
    What the wire does to requests; a fault that no request meets fails the test.
    """
    return v6_server.faults


@pytest.fixture
def v6_clock(v6_server: MockServer) -> Clock:
    """
    The server's clock.
    """
    return v6_server.clock
