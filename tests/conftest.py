"""What all tests have in common: none of them may let a secret get into a log."""

from __future__ import annotations

from .leaks import pytest_configure, pytest_runtest_setup, pytest_runtest_teardown

__all__ = ["pytest_configure", "pytest_runtest_setup", "pytest_runtest_teardown"]
