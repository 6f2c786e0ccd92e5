"""Projects of other people, with pytest run on them from outside."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

LIMIT = 120
"""Seconds that a run may take on a busy machine."""
MEASURED = {name: value for name, value in os.environ.items() if name.startswith("COVERAGE")}
"""By these a process that is started here is measured as well, where this one is."""


class Project:
    """A folder with tests that use the plugin as it is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.write("pytest.ini", "[pytest]\n")

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / name).write_text(dedent(text))

    def pytest(self, *arguments: str, **environment: str) -> Ended:
        """Run pytest on the project, without the plugins of this one that are not asked for."""
        plugins = [] if "randomly" in " ".join(arguments) else ["-p", "no:randomly"]
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *plugins, *arguments]
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env={"PATH": "", "PYTHONDONTWRITEBYTECODE": "1", **MEASURED, **environment},
            capture_output=True,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        return Ended(ended.stdout + ended.stderr)


class Ended:
    """What a run of pytest said."""

    def __init__(self, text: str) -> None:
        self.text = text

    @property
    def counts(self) -> dict[str, int]:
        """How many tests ended how, from the last line."""
        last = self.text.strip().splitlines()[-1]
        return {what.rstrip("s"): int(number) for number, what in re.findall(r"(\d+) ([a-z]+)", last) if what != "s"}

    def about(self, test: str) -> str:
        """What is said about one test that did not pass."""
        parts = re.split(r"^_{3,} (.+?) _{3,}$", self.text, flags=re.MULTILINE)
        found = [text for title, text in zip(parts[1::2], parts[2::2], strict=True) if test in title.split()[-1:]]
        assert found, f"nothing about {test} in:\n{self.text}"
        return "\n".join(found)


@pytest.fixture
def project(tmp_path) -> Project:
    """An empty project."""
    return Project(tmp_path)


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Project:
    """An empty project for the tests of a module."""
    return Project(tmp_path_factory.mktemp("project"))
