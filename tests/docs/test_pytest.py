"""The tests in the documentation pass, as a reader would put them into files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .test_examples import blocks

DOCS = Path(__file__).parents[2] / "docs"
TUTORIAL = DOCS / "tutorial.md"
MOST_LINES = 15


def code_of(document: Path) -> list[str]:
    """Return the blocks with tests, or what tests need."""
    return [code for _, code in blocks(document, "python") if "def " in code]


@pytest.mark.slow
@pytest.mark.parametrize(("document", "passed"), [(TUTORIAL, 4), (DOCS / "pytest.md", 4)], ids=lambda value: str(value))
def test_tests_pass(document, passed, tmp_path):
    """In one file, from top to bottom; in any order, and with an adversary."""
    (tmp_path / "test_document.py").write_text("import pytest\n" + "\n\n".join(code_of(document)))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--v6-adversarial=5"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert f"{passed} passed" in ended.stdout, ended.stdout


@pytest.mark.slow
def test_first_test_is_short_and_passes_alone(tmp_path):
    """It is a file of its own."""
    first = code_of(TUTORIAL)[0]
    (tmp_path / "test_mean.py").write_text(first)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]

    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert len(first.splitlines()) <= MOST_LINES
    assert "1 passed" in ended.stdout, ended.stdout
