"""The check of the built site finds what leads nowhere."""

from __future__ import annotations

import pytest

from .links import missing


@pytest.mark.parametrize(
    ("link", "found"),
    [
        ("#here", True),
        ("#there", False),
        ("other/", True),
        ("other/index.html#place", True),
        ("other/#here", False),
        ("nowhere/", False),
        ("style.css?v=1", True),
        ("https://elsewhere.example/#gone", True),
    ],
)
def test_links(tmp_path, link, found):
    """Pages, files and places in pages have to be there; other hosts are not asked."""
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "index.html").write_text('<a id="place" href="../#here">back</a>')
    (tmp_path / "style.css").touch()
    (tmp_path / "index.html").write_text(f'<h1 id="here">Title</h1><a href="{link}">link</a>')

    assert missing(tmp_path) == ([] if found else [f"index.html: {link}"])
