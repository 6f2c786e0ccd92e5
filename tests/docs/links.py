"""
Tell what a built site links to that is not there: `python tests/docs/links.py site`.

Links to other hosts are left alone, so that it needs no network.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

LINKS = {"href", "src"}
PLACES = {"id", "name"}


class Page(HTMLParser):
    """What a page links to, and the places in it that others can link to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.places = {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002 -- the signature of HTMLParser
        """Note the attributes of an element."""
        self.links += [value for name, value in attrs if name in LINKS and value]
        self.places |= {value for name, value in attrs if name in PLACES and value}


def missing(site: Path) -> list[str]:
    """Return a line for each link of a site that leads nowhere."""
    pages = {path: Page(path.read_text()) for path in sorted(site.rglob("*.html")) if path.name != "404.html"}
    return [
        f"{path.relative_to(site)}: {link}"
        for path, page in pages.items()
        for link in page.links
        if not _leads_somewhere(path, link, pages)
    ]


def _leads_somewhere(path: Path, link: str, pages: dict[Path, Page]) -> bool:
    target = urlsplit(urljoin(path.as_uri(), link))
    if target.scheme != "file":
        return True
    found = Path(unquote(target.path))
    if found.is_dir():
        found /= "index.html"
    if found in pages:
        return unquote(target.fragment) in pages[found].places
    return found.is_file()


if __name__ == "__main__":
    sys.exit("\n".join(missing(Path(sys.argv[1]).resolve())) or None)
