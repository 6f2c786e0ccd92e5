"""
Talks: what the server asks of others before it answers.

Some requests need an answer from an algorithm store. The state does no I/O, and nobody may wait while a world is
locked. So whatever needs to ask is a generator: it yields questions, is sent replies, and returns what it was called
for. It runs while the world is locked and rests while the question is out (`api/_routes.py` sees to both), so that it
has to look again at whatever it had seen before it asked.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """
    A request to somebody else.

    Attributes
    ----------
    method, url : str
        The request line.
    headers, query : mapping
        The rest of its head.
    body : mapping, optional
        What is sent as JSON.
    """

    method: Literal["GET", "POST", "DELETE"]
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """
    What came back.

    Attributes
    ----------
    status : int or None
        Its HTTP status; None if nobody answered.
    content : object
        Its body as JSON reads it; None if it is not JSON.
    """

    status: int | None
    content: Any = None


Result = TypeVar("Result")
Talk = Generator[Question, Reply, Result]
"""A course of questions and replies that ends in a result."""
