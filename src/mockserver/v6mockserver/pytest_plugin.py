"""
The pytest plugin: a vantage6 federation as a fixture, fresh for each test.

pytest imports this module at every start, so it imports nothing: what a test needs is loaded when there is such a test.
"""

from __future__ import annotations

import argparse
import importlib
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping

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

PREFIX, COURSE, RULES = "v6_", "v6mockserver-course", "v6mockserver-rules"
RULES_SEEN = pytest.StashKey[dict[str, Any]]()
VERSION = pytest.StashKey[str]()
HIGHEST_SEED = 2**32
GUARDED = ("v6", "all", "none")


def _seed(text: str) -> int:
    if not text.isdecimal():
        message = f"{text!r} is no seed, a whole number; write --v6-adversarial=SEED, or --v6-adversarial at the end"
        raise argparse.ArgumentTypeError(message)
    return int(text)


SWITCHES: Mapping[str, Mapping[str, Any]] = {
    "--v6-version": {"metavar": "VERSIONS", "help": "run each test that uses the mock with each of these: 4.0,4.15"},
    "--v6-adversarial": {
        "metavar": "SEED",
        "nargs": "?",
        "const": True,
        "type": _seed,
        "help": "let servers take every liberty that real ones have; the same ones again with the same seed",
    },
    "--v6-bundle": {"metavar": "DIR", "help": "write all that is known of a failure into a folder below this one"},
    "--v6-replay": {"metavar": "BUNDLE", "help": "run the test of a bundle as it ran"},
    "--v6-rules": {
        "action": "store_true",
        "help": "report which rules allowed something, and the smallest role of each user",
    },
    "--v6-server": {
        "metavar": "URL",
        "help": "run the tests that are marked real=True against a real server, as the user in V6CLIENT_USERNAME",
    },
}
"""The options of the command line."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    Add the options.
    """
    group = parser.getgroup("v6", "vantage6 mock")
    for name, arguments in SWITCHES.items():
        group.addoption(name, **arguments)
    for name, kind, default, text in OPTIONS:
        parser.addini(name, text, type=kind, default=default)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """
    Register the marker, and settle how tests run; before others look at the options that a bundle sets.
    """
    config.addinivalue_line("markers", MARKER)
    option = config.option
    if option.v6_replay is not None:
        _set_as_in_bundle(option)
    if option.v6_server is not None and (option.v6_version or option.v6_adversarial):
        raise pytest.UsageError("--v6-server is what it is: leave out --v6-version and --v6-adversarial")
    if config.getini("v6_leak_guard") not in GUARDED:
        message = f"v6_leak_guard = {config.getini('v6_leak_guard')}: there is {', '.join(GUARDED)}"
        raise pytest.UsageError(message)
    # Processes of xdist have the options of the one that started them.
    if getattr(option, "v6_seed", None) is None:
        is_given = option.v6_adversarial is not None and option.v6_adversarial is not True
        option.v6_seed = option.v6_adversarial if is_given else random.SystemRandom().randrange(HIGHEST_SEED)
        option.v6_adversarial = option.v6_adversarial is not None


def _set_as_in_bundle(option: argparse.Namespace) -> None:
    about = _bundle(option.v6_replay)
    for name, value in about["options"].items():
        if value is not None:
            setattr(option, name, value)


def _bundle(path: str) -> dict[str, Any]:
    bundles = importlib.import_module("v6mockserver._testing.bundles")
    try:
        about: dict[str, Any] = bundles.read(Path(path))
    except bundles.MockUsageError as error:
        raise pytest.UsageError(str(error)) from None
    return about


def pytest_report_header(config: pytest.Config) -> str | None:
    """
    Tell the seed.
    """
    if not config.option.v6_adversarial:
        return None
    return f"v6: adversarial, seed {config.option.v6_seed}; the same again: --v6-adversarial={config.option.v6_seed}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leave the test of a bundle alone, and load what watches over tests, if there is anything to watch.
    """
    if config.option.v6_replay is not None:
        _select(config, items, _bundle(config.option.v6_replay)["test"])
    if config.getini("v6_leak_guard") == "all" or any(map(is_ours, items)):
        _watch(config)


def _watch(config: pytest.Config) -> Any:
    """
    Load what watches over tests, and return it.
    """
    course = importlib.import_module("v6mockserver._testing.course").Course(config)
    config.pluginmanager.register(course, COURSE)
    return course


def _select(config: pytest.Config, items: list[pytest.Item], test: str) -> None:
    chosen = [item for item in items if item.nodeid == test]
    if not chosen:
        raise pytest.UsageError(f"the bundle is of {test}, which is not among the tests here; was it renamed?")
    config.hook.pytest_deselected(items=[item for item in items if item.nodeid != test])
    items[:] = chosen


def is_ours(item: pytest.Item) -> bool:
    """
    Tell whether a test uses one of the fixtures, or has the marker.
    """
    names = getattr(item, "fixturenames", ())
    return any(name.startswith(PREFIX) for name in names) or item.get_closest_marker("v6") is not None


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """
    Take over what a process of xdist has seen.
    """
    seen = getattr(node, "workeroutput", {}).get(RULES)
    if seen is not None:
        importlib.import_module("v6mockserver._testing.rules").add(rules_seen(node.config), seen)


def rules_seen(config: pytest.Config) -> dict[str, Any]:
    """
    Return what is known of rules in this run.
    """
    if RULES_SEEN not in config.stash:
        config.stash[RULES_SEEN] = importlib.import_module("v6mockserver._testing.rules").nothing()
    return config.stash[RULES_SEEN]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """
    Report on rules, if that was asked for.
    """
    if config.option.v6_rules:
        terminalreporter.section("v6 rules")
        for line in importlib.import_module("v6mockserver._testing.rules").lines(rules_seen(config)):
            terminalreporter.write_line(line)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """
    Run tests with each version that is wanted.
    """
    versions = _versions(metafunc.definition)
    if versions and "v6_version" in metafunc.fixturenames:
        metafunc.parametrize("v6_version", versions, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """
    The same for tests of `unittest`, which pytest does not parametrize.
    """
    report = yield
    if isinstance(collector, pytest.Class) and _is_of_unittest(collector.obj):
        tests = [item for item in report.result if isinstance(item, pytest.Function)]
        wanted = {item.name: _versions(item) for item in tests if "v6_version" in item.fixturenames}
        if several := {name: versions for name, versions in wanted.items() if versions}:
            testcases = importlib.import_module("v6mockserver._testing.testcases")
            report.result = list(testcases.repeated(collector, several))
    return report


def _is_of_unittest(class_: type) -> bool:
    unittest = sys.modules.get("unittest")  # whoever has such a class has loaded it
    return unittest is not None and issubclass(class_, unittest.TestCase)


def _versions(item: pytest.Item) -> list[str]:
    """
    Return the versions that a test is to run with: those on the command line, or several in its marker, or in general.
    """
    told = _listed(item.config.option.v6_version)
    if told:
        return told
    marked = [mark.kwargs["version"] for mark in item.iter_markers("v6") if "version" in mark.kwargs]
    if marked:
        return list(marked[0]) if isinstance(marked[0], (list, tuple)) else []
    usual = _listed(item.config.getini("v6_version"))
    return usual if len(usual) > 1 else []


def _listed(text: str | None) -> list[str]:
    return [one.strip() for one in (text or "").split(",") if one.strip()]


def _course(request: pytest.FixtureRequest) -> Any:
    """
    Return what knows of the test: heavy to load, and there already, unless a fixture is asked for by `getfixturevalue`.
    """
    return request.config.pluginmanager.get_plugin(COURSE) or _watch(request.config)


@pytest.fixture
def v6_version(request: pytest.FixtureRequest) -> str:
    """
    The server version that the test runs with.
    """
    told = getattr(request, "param", request.node.stash.get(VERSION, None))
    version: str = _course(request).version(request.node, told)
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
