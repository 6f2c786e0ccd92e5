"""The guide for contributors knows every environment of tox."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_environment_is_told():
    """By its name, or the first and the last of a range."""
    tox = configparser.ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini")
    told = set(re.findall(r"`([\w.-]+)`", (ROOT / "CONTRIBUTING.md").read_text()))

    sections = {name.partition(":")[2] for name in tox.sections() if ":" in name}
    assert {name for name in sections if not {name, *versions(name)} & told} == set()


def versions(section: str) -> set[str]:
    """Return the environments of a section with a range in its name."""
    name, _, rest = section.partition("{")
    return {f"{name}{one}" for one in rest.rstrip("}").split(",")}
