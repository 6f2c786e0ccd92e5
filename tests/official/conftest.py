"""The official client takes the root logger over, wherever one is made; here it is given back after each test."""

from __future__ import annotations

import logging

import pytest

HANDLERS = pytest.StashKey()


def is_pytests(handler):
    """Tell whether a handler is one of those that pytest itself adds and takes away."""
    return type(handler).__module__ == "_pytest.logging"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Remember the root logger, before any fixture."""
    root = logging.getLogger()
    item.stash[HANDLERS] = root.level, [handler for handler in root.handlers if not is_pytests(handler)]
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    """Give it back, after the last fixture."""
    outcome = yield
    root = logging.getLogger()
    level, handlers = item.stash[HANDLERS]
    root.setLevel(level)
    root.handlers[:] = [*handlers, *filter(is_pytests, root.handlers)]
    return outcome
