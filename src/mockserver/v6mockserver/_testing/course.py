"""
The course of tests that use the mock: what is set up, watched and told.

Registered with pytest once such a test was collected. Loads the mock with the first fixture, so that the guard needs no
extra.
"""

from __future__ import annotations

import importlib
import random
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from v6mockserver._errors import MockServerError, MockUsageError
from v6mockserver._testing import bundles, sections
from v6mockserver._testing import wanted as wants
from v6mockserver._testing.leaks import LeakGuard
from v6mockserver.pytest_plugin import RULES, is_ours, rules_seen
from v6mockserver.state.releases import LATEST

if TYPE_CHECKING:
    from collections.abc import Generator

    from v6mockserver._federation import Federation
    from v6mockserver._testing.pool import Pool
    from v6mockserver._testing.real import RealFederation
    from v6mockserver._testing.wanted import Wanted

GUARD = pytest.StashKey[LeakGuard]()
FEDERATION = pytest.StashKey["Federation"]()
BUNDLE = pytest.StashKey[Path]()

MANY = (11, 14)
"""How many organizations an adversary may come with: more than the rows of a page, and no more than ready-made keys."""


class Course:
    """
    Hooks around tests.

    Parameters
    ----------
    config : pytest.Config
        What pytest was told.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @cached_property
    def _pool(self) -> Pool:
        """
        The federations of this run.
        """
        pool: Pool = _load("pool").Pool()
        return pool

    @cached_property
    def _real(self) -> RealFederation:
        """
        The one federation of a run against a real server.
        """
        real: RealFederation = _load("real").RealFederation(self.real_url)
        return real

    def wanted(self, item: pytest.Item) -> Wanted:
        """
        Return what a test wants; what it cannot have fails it.
        """
        try:
            return wants.of(item, wants.defaults(self._config))
        except MockUsageError as error:
            raise _failure(f"{item.nodeid}: {error}") from None

    def version(self, item: pytest.Item, told: str | None) -> str:
        """
        Return the server version that a test runs with: as it was told, or as it says itself.
        """
        if self.real_url:
            choices: tuple[str, ...] = (self._real_one(item).version,)
        elif told is not None:
            choices = (told,)
        else:
            choices = wants.versions(self._config.getoption("v6_version")) or wants.versions(
                self._config.getini("v6_version")
            )
        versions = self.wanted(item).versions or choices or (LATEST,)
        fitting = [one for one in choices or versions if one in versions]
        if not fitting:
            pytest.skip(f"this test is for server {', '.join(versions)}, not {', '.join(choices)}")
        return fitting[0]

    @property
    def real_url(self) -> str | None:
        """
        Where the real server is that tests are to run against, if they are.
        """
        url: str | None = self._config.getoption("v6_server")
        return url

    def begin(self, item: pytest.Item, version: str) -> Federation | RealFederation:
        """
        Return the federation of a test.
        """
        self._guard(item, ours=True)  # it was not, if the fixture is asked for by `getfixturevalue`
        if self.real_url:
            return self._real_one(item)
        wanted = self.wanted(item)
        seed = self._seed(wanted)
        size = wants.ORGANIZATIONS if seed is None else random.Random(seed).randint(*MANY)  # noqa: S311 -- no secret
        try:
            federation = item.stash[FEDERATION] = self._pool.lend(wanted, version, size=size, adversarial=seed)
        except MockUsageError as error:
            raise _failure(error) from None
        if self._config.getoption("v6_rules"):
            federation.server.audit.start()
        return federation

    def _real_one(self, item: pytest.Item) -> RealFederation:
        if not self.wanted(item).real:
            pytest.skip("--v6-server: this test is not marked for real servers, @pytest.mark.v6(real=True)")
        return self._real

    def _seed(self, wanted: Wanted) -> int | None:
        """
        Return the seed of the adversary, if the test has one.
        """
        marked = wanted.adversarial
        if marked is False or (marked is None and not self._config.getoption("v6_adversarial")):
            return None
        if marked is None or marked is True:
            seed: int = self._config.option.v6_seed
            return seed
        return marked

    def end(self, item: pytest.Item) -> None:
        """
        Take the federation back.
        """
        if FEDERATION in item.stash:
            if self._config.getoption("v6_rules"):
                rules = _load("rules")
                rules.add(rules_seen(self._config), rules.of(item.stash[FEDERATION].server))
            self._pool.take_back(item.stash[FEDERATION])
            del item.stash[FEDERATION]

    def need_mock(self, fixture: str) -> None:
        """
        Skip a test that needs what only a mock has.
        """
        if self.real_url:
            pytest.skip(f"--v6-server: a real server has no {fixture}")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """
        Guard a test from before its first fixture.
        """
        self._guard(item, ours=is_ours(item))

    def _guard(self, item: pytest.Item, *, ours: bool) -> None:
        choice = self._config.getini("v6_leak_guard")
        if GUARD not in item.stash and (choice == "all" or (choice == "v6" and ours)):
            hosts = wants.hosts(self._config, self.wanted(item))
            item.stash[GUARD] = LeakGuard(hosts, self._config.rootpath).__enter__()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, None, None]:
        """
        Fail a test whose faults were not hit, or that connected to somebody else, also where nobody saw the error.
        """
        try:
            yield
        except BaseException:
            if leaks := _leaks(item):
                item.add_report_section("call", "v6 leaks", leaks)
            raise
        _refuse_leaks(item)
        if FEDERATION in item.stash:
            _verify(item.stash[FEDERATION])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, None, None]:
        """
        Guard a test until its last fixture is gone.
        """
        try:
            yield
        finally:
            leaks = self._unguard(item)
        if leaks:
            raise _failure(leaks)

    def _unguard(self, item: pytest.Item) -> str:
        """
        Take the guard down, and return what it has still seen.
        """
        if GUARD not in item.stash:
            return ""
        guard = item.stash[GUARD]
        guard.__exit__(None, None, None)
        del item.stash[GUARD]
        return guard.take()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """
        Show with a failure what is known of the federation, and write it to a bundle.
        """
        report = yield
        if report.failed and (is_ours(item) or FEDERATION in item.stash):
            self._tell(item, report)
        return report

    def _tell(self, item: pytest.Item, report: pytest.TestReport) -> None:
        federation = item.stash.get(FEDERATION, None)
        if federation is not None:
            report.sections += sections.of(federation)
        folder: str | None = self._config.getoption("v6_bundle")
        if folder is not None and BUNDLE not in item.stash:
            report.sections.append(("v6 bundle", _bundle(Path(folder), item, report, federation)))

    def pytest_sessionfinish(self) -> None:
        """
        Stop what is left, and tell the process that started this one, if any, what is to be reported.
        """
        told: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if self._config.getoption("v6_rules") and told is not None:
            told[RULES] = rules_seen(self._config)
        if "_pool" in vars(self):
            self._pool.close()


def _bundle(folder: Path, item: pytest.Item, report: pytest.TestReport, federation: Federation | None) -> str:
    """
    Write a bundle, and return what to say of it. The tests go on if it cannot be written.
    """
    try:
        bundle = item.stash[BUNDLE] = bundles.write(folder, item, report.longreprtext, federation)
    except OSError as error:
        return f"there is none: {error}"
    return f"{bundle}; the same again: pytest --v6-replay={bundle}"


def _failure(message: object) -> BaseException:
    """
    Return what fails a test without a traceback: it is the message that helps.
    """
    return pytest.fail.Exception(str(message), pytrace=False)


def _verify(federation: Federation) -> None:
    try:
        federation.server.faults.verify()
        federation.server.nodes.verify()
    except MockServerError as error:
        raise _failure(error) from None


def _leaks(item: pytest.Item) -> str:
    return item.stash[GUARD].take() if GUARD in item.stash else ""


def _refuse_leaks(item: pytest.Item) -> None:
    if leaks := _leaks(item):
        raise _failure(leaks)


def _load(name: str) -> Any:
    """
    Load a module that needs the mock; a test cannot run without the extra.
    """
    try:
        return importlib.import_module(f"v6mockserver._testing.{name}")
    except ModuleNotFoundError as error:
        raise _failure(f"the v6 fixtures need {error.name}: pip install 'v6client[mock]'") from None
