"""The version is told alike wherever one asks for it."""

from __future__ import annotations

import importlib
import subprocess
import sys
from importlib import metadata

import pytest


@pytest.mark.parametrize("package", ["v6client", "v6mockserver"])
def test_a_package_has_the_version_that_is_installed(package):
    """Both are of one distribution."""
    module = importlib.import_module(package)

    assert module.__version__ == metadata.version("v6client")
    assert "__version__" in dir(module)


@pytest.mark.slow
@pytest.mark.parametrize(("module", "command"), [("v6client", "v6client"), ("v6mockserver", "v6mock")])
def test_a_command_tells_its_version(module, command):
    """Behind its name, which is all that a report of a bug needs."""
    told = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)

    assert told.stdout == f"{command} {metadata.version('v6client')}\n"
