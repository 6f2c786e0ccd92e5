"""
Walking lists that come in pages, while rows come and go.

A page is cut out of the list by counting: rows that are deleted during a walk pull later ones onto pages that were read
already. So each page asked for begins among rows that are known. If it does not, rows were pulled past us, and the walk
begins again, passing over what it has shown. Thereby every row that is there all the time is shown, and shown once.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

from v6client.exceptions import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Rows per request in a walk: the server sets no limit, and ten (its default) would be many requests.
PAGE_SIZE = 100

# How often a walk begins again without having found anything new.
PATIENCE = 5


def walk(fetch: Callable[..., Mapping[str, Any]]) -> Iterator[Any]:
    """
    All rows of a list, one request per page, made when its first row is asked for.

    Parameters
    ----------
    fetch
        Called with `page=` and `per_page=`, gives that page.

    Raises
    ------
    MalformedAnswerError
        The pages do not fit together, however often they are asked for.
    """
    shown: set[int] = set()
    vain, start = 0, 0
    while vain < PATIENCE:
        number, size = overlapping(start)
        page = fetch(page=number, per_page=size)
        rows = page["data"]
        if start and not (rows and rows[0]["id"] in shown):
            vain, start = vain + 1, 0
            continue
        for row in rows:
            if row["id"] not in shown:
                shown.add(row["id"])
                vain = 0
                yield row
        if page["links"].get("next") is None:
            return
        reached = (number - 1) * size + len(rows)
        # A page that leads no further would be walked for ever.
        vain, start = (vain, reached) if reached > start else (vain + 1, 0)
    raise MalformedAnswerError(
        f"the pages of a list do not fit together, {PATIENCE} times in a row: it changes faster than it can be read"
    )


def overlapping(reached: int) -> tuple[int, int]:
    """
    Number and size of a page that begins just before the end of what was reached.

    Parameters
    ----------
    reached
        How many rows of the list are known.
    """
    if not reached:
        return 1, PAGE_SIZE
    # Page numbers count in pages of the size asked for: a page can begin where its size divides. In half of all cases
    # some size does for an overlap of one row, and nearly always for one of a few.
    return next(
        (start // size + 1, size)
        for start in (reached - overlap for overlap in count(1))
        for size in range(PAGE_SIZE, PAGE_SIZE // 2, -1)
        if start % size == 0
    )
