"""Write docs/endpoints.md from what the routes declare: `python tests/docs/endpoints.py`."""

from __future__ import annotations

from pathlib import Path

from v6mockserver._app import NOUNS
from v6mockserver._openapi import sentences, template
from v6mockserver.api._links import API_PATH

PAGE = Path(__file__).parents[2] / "docs" / "endpoints.md"

PREFACE = f"""# Endpoints

What the mock serves below `{API_PATH}`. A release that lacks a route answers it with 404, as the real server does. HEAD
works wherever GET does, and OPTIONS everywhere.

A running mock describes itself in more detail: `/openapi.json`, below its root, is an OpenAPI 3.1 document of the
release that it behaves as, with parameters, bodies, answers and errors, and `/docs/` shows it.

This page is made from the routes by `python tests/docs/endpoints.py`.
"""

HEAD = "| | path | for | since | |\n|---|---|---|---|---|\n"


def row(route) -> str:
    """Return the line of a route."""
    summary, _ = sentences(route.view)
    callers = ", ".join(f"{kind}s" for kind in (*route.callers, *route.reads)) or "anybody"
    callers = callers.replace("refreshs", "refresh tokens")
    return f"| {route.method} | `{template(route.path)}` | {callers} | {route.since} | {summary} |\n"


def page() -> str:
    """Return the whole page."""
    parts = [PREFACE]
    for noun in NOUNS:
        title, _ = sentences(noun)
        parts.append(f"\n## {noun.routes.noun}\n\n{title}\n\n{HEAD}{''.join(map(row, noun.routes.routes))}")
    return "".join(parts)


if __name__ == "__main__":
    PAGE.write_text(page())
