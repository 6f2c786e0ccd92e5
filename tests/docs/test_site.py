"""The site has all pages."""

from __future__ import annotations

from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def leaves(nav):
    """Yield the pages of a navigation, from top to bottom."""
    for entry in nav:
        for target in entry.values():
            yield from [target] if isinstance(target, str) else leaves(target)


def test_every_page_is_in_the_navigation():
    """Once."""
    pages = list(leaves(yaml.safe_load((ROOT / "mkdocs.yml").read_text())["nav"]))
    written = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs").rglob("*.md")]

    assert sorted(pages) == sorted(written)
