"""
Links between objects in answers.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

API_PATH = "/api"
"""Where the API lives below the server's root."""

METHODS = {
    "organization": ["GET", "PATCH", "DELETE"],
    "collaboration": ["GET", "PATCH", "DELETE"],
    "study": ["GET", "PATCH", "DELETE"],
    "user": ["GET", "PATCH", "DELETE"],
    "node": ["GET", "PATCH", "DELETE"],
    "role": ["GET", "PATCH", "DELETE"],
    "algorithmstore": ["GET", "PATCH", "DELETE"],
    "task": ["GET", "DELETE"],
    "run": ["GET", "PATCH"],
    # Server quirk: PATCH is announced for results and does not exist (4.0 to 4.15).
    "result": ["GET", "PATCH"],
}
"""The methods that a link to an object announces, by noun."""


def to_one(noun: str, id_: int | None) -> dict[str, Any] | None:
    """
    Return the link to one object, or None.
    """
    if id_ is None:
        return None
    return {"id": id_, "link": f"{API_PATH}/{noun}/{id_}", "methods": METHODS[noun]}


def to_many(noun: str, **query: int) -> str:
    """
    Return the link to a list.
    """
    return f"{API_PATH}/{noun}?{urlencode(query)}"
