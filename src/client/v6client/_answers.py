"""
What an answer has to have before anything is read from it: only then is it one of a vantage6 server.
"""

from __future__ import annotations

from typing import Any

from v6client.exceptions import MalformedAnswerError


def having(answer: Any, path: str, *fields: str) -> Any:
    """
    An answer, if it is an object with these fields.

    Parameters
    ----------
    answer
        What came.
    path
        What was asked for with GET.
    *fields
        What is going to be read, with a dot before the key of an object in an object.

    Raises
    ------
    MalformedAnswerError
        One of them is missing.
    """
    for field in fields:
        if not _has(answer, field):
            raise MalformedAnswerError(f"GET {path} was answered without {field!r}: is it vantage6 4 that answers?")
    return answer


def page(answer: Any, path: str, *fields: str) -> Any:
    """
    An answer, if it is a page of a list.

    Parameters
    ----------
    answer
        What came.
    path
        The list.
    *fields
        What is going to be read of its rows, as in `having`.

    Raises
    ------
    MalformedAnswerError
        It is none, or a row lacks one of the fields.
    """
    if not _is_page(answer):
        raise MalformedAnswerError(f"GET {path} was not answered with a page of a list ('data' and 'links')")
    for row in answer["data"]:
        having(row, path, *fields)
    return answer


def _has(answer: object, field: str) -> bool:
    key, _, inner = field.partition(".")
    return isinstance(answer, dict) and key in answer and (not inner or _has(answer[key], inner))


def _is_page(answer: Any) -> bool:
    if not isinstance(answer, dict) or not isinstance(answer.get("links"), dict):
        return False
    rows = answer.get("data")
    return isinstance(rows, list) and all(isinstance(row, dict) and isinstance(row.get("id"), int) for row in rows)
