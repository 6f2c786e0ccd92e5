"""The example of somebody else's project, with its tests run from outside."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parents[2] / "examples" / "downstream"
LIMIT = 300
"""Seconds that a run may take on a busy machine."""


def run(folder: Path, *arguments: str, **environment: str) -> dict[str, int]:
    """
    Run the project's tests in a copy of it, and return how many ended how.

    Parameters
    ----------
    folder : Path
        Where the copy goes, which the tests may write to.
    arguments : str
        What pytest is told.
    environment : str
        What is in its environment beside the usual.
    """
    copy = shutil.copytree(PROJECT, folder / "project", dirs_exist_ok=True)
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "V6"))}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=copy,
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    counts = {what: int(number) for number, what in re.findall(r"(\d+) ([a-z]+)", ended.stdout.splitlines()[-1])}
    return {what: counts[what] for what in ("passed", "skipped") if what in counts}
