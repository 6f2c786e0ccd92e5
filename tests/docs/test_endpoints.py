"""The page of endpoints is what the routes say."""

from __future__ import annotations

from .endpoints import PAGE, page


def test_page_is_up_to_date():
    """Every route is on it; if this fails, `python tests/docs/endpoints.py` writes it anew."""
    assert PAGE.read_text() == page()
