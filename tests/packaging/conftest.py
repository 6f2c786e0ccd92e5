"""The distribution files, built the way a release builds them."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(target: str, source: Path, into: Path) -> Path:
    """Build one kind of distribution of `source` and return the file."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = into.iterdir()
    return built


@pytest.fixture(scope="session")
def sdist(tmp_path_factory) -> Path:
    """The source distribution, unpacked."""
    archive = build("sdist", ROOT, tmp_path_factory.mktemp("sdist"))
    unpacked = tmp_path_factory.mktemp("source")
    with tarfile.open(archive) as tar:
        tar.extractall(unpacked, filter="data")
    (project,) = unpacked.iterdir()
    return project


@pytest.fixture(scope="session")
def wheel(sdist, tmp_path_factory) -> zipfile.Path:
    """The wheel that the source distribution builds, as an installer on another machine would."""
    return zipfile.Path(build("wheel", sdist, tmp_path_factory.mktemp("wheel")))
