"""
The course of tests that use the mock: what is set up, watched and told.

Registered with pytest once such a test was collected. Loads the mock with the first fixture, so that the guard needs no
extra.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

from v6mockserver._errors import MockServerError, MockUsageError
from v6mockserver._testing import wanted as wants
from v6mockserver._testing.leaks import LeakGuard
from v6mockserver.pytest_plugin import is_ours

if TYPE_CHECKING:
    from collections.abc import Generator

    from v6mockserver._federation import Federation
    from v6mockserver._testing.pool import Pool
    from v6mockserver._testing.wanted import Wanted

GUARD = pytest.StashKey[LeakGuard]()
FEDERATION = pytest.StashKey["Federation"]()


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
        self._pool: Pool | None = None

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
        Return the server version that a test runs with: as it was told on the command line, or as it says itself.
        """
        versions = self.wanted(item).versions
        version = told or versions[-1]
        if version not in versions:
            pytest.skip(f"this test is for server {', '.join(versions)}, not {version}")
        return version

    def begin(self, item: pytest.Item, version: str) -> Federation:
        """
        Return the federation of a test.
        """
        if self._pool is None:
            self._pool = _load("pool").Pool()
        try:
            federation = self._pool.lend(self.wanted(item), version, wants.ORGANIZATIONS)
        except MockUsageError as error:
            raise _failure(error) from None
        item.stash[FEDERATION] = federation
        return federation

    def end(self, item: pytest.Item) -> None:
        """
        Take the federation back.
        """
        assert self._pool is not None  # noqa: S101 -- the federation came from it
        self._pool.take_back(item.stash[FEDERATION])
        del item.stash[FEDERATION]

    def need_mock(self, fixture: str) -> None:
        """
        Skip a test that needs what only a mock has.
        """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """
        Guard a test from before its first fixture.
        """
        if self._is_guarded(item):
            hosts = wants.hosts(self._config, self.wanted(item))
            item.stash[GUARD] = LeakGuard(hosts, self._config.rootpath).__enter__()

    def _is_guarded(self, item: pytest.Item) -> bool:
        choice = self._config.getini("v6_leak_guard")
        return choice == "all" or (choice == "v6" and is_ours(item))

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
            if GUARD in item.stash:
                item.stash[GUARD].__exit__(None, None, None)
        _refuse_leaks(item)

    def pytest_sessionfinish(self) -> None:
        """
        Stop what is left.
        """
        if self._pool is not None:
            self._pool.close()


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
        if (error.name or "").startswith("v6mockserver"):
            raise
        raise _failure(f"the v6 fixtures need {error.name}: pip install 'v6client[mock]'") from None
