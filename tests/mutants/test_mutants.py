"""
The property-based tests find bugs: each of these, planted in a copy of the client, makes one of them fail.

Run by `tox -e mutants`; a plain run of the tests only checks that they can be planted, as the rest takes a while.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import v6client

from .mutants import MUTANTS, TESTS

CLIENT = Path(v6client.__file__).parent
PROPERTIES = Path(__file__).parents[1] / "properties"
PATIENCE = 300

# Always the same examples, and a bug is found without being told in the smallest way.
PROFILE = """
from hypothesis import Phase, settings

settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate], derandomize=True, database=None)
settings.load_profile("mutants")
"""

slow = pytest.mark.skipif(
    "V6_MUTANTS" not in os.environ, reason="tox -e mutants runs it, once for all Pythons; or set V6_MUTANTS=1"
)


@pytest.fixture
def copy(tmp_path):
    """A copy of the client that can be imported in its place."""
    shutil.copytree(CLIENT, tmp_path / "v6client", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "profile_of_mutants.py").write_text(PROFILE)
    return tmp_path


def outcome(copy, *tests):
    """Run property-based tests with a copy of the client; return the exit code of pytest, and what it said."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--tb=line", "--show-capture=no", "-p", "no:randomly"]
    command += ["-p", "no:cacheprovider", "-p", "profile_of_mutants", *(f"{PROPERTIES}/{test}" for test in tests)]
    environment = os.environ | {"PYTHONPATH": str(copy)}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=PATIENCE, cwd=copy, env=environment
    )
    return done.returncode, done.stdout + done.stderr


def planted(mutant):
    """The text of the file with the bug in it."""
    return (CLIENT / mutant.file).read_text().replace(mutant.old, mutant.new)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_bug_can_be_planted(name):
    """What it replaces is there once, and the file is Python still; after a change of the client, look for it anew."""
    mutant = MUTANTS[name]

    assert (CLIENT / mutant.file).read_text().count(mutant.old) == 1
    compile(planted(mutant), mutant.file, "exec")


@slow
def test_the_copy_as_it_is_passes(copy):
    """Without a bug no test fails, so that what finds the bugs below is not something else."""
    code, said = outcome(copy, *TESTS)

    assert code == pytest.ExitCode.OK, said


@slow
@pytest.mark.parametrize("name", MUTANTS)
def test_the_bug_is_found(copy, name):
    """At least one property-based test fails within its examples."""
    mutant = MUTANTS[name]
    (copy / "v6client" / mutant.file).write_text(planted(mutant))

    code, said = outcome(copy, mutant.tests)

    assert code == pytest.ExitCode.TESTS_FAILED, said
