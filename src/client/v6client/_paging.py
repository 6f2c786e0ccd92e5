"""
Walking lists that come in pages.

Only the number of the next page is taken from its link. The rest of the link is what we asked for anyway, and neither
repeated parameters nor a proxy that moves the API elsewhere survive in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from v6client.exceptions import MalformedAnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

# Rows per request in a walk: the server sets no limit, and ten (its default) would be many requests.
PAGE_SIZE = 100


def walk(fetch: Callable[..., Mapping[str, Any]]) -> Iterator[Any]:
    """
    All rows of a list, one request per page, made when its first row is asked for.

    Parameters
    ----------
    fetch
        Called with `page=`, gives that page.
    """
    number: int | None = 1
    while number is not None:
        page = fetch(page=number)
        yield from page["data"]
        number = following(page, number)


def following(page: Mapping[str, Any], number: int) -> int | None:
    """
    The number of the page that follows this one, None after the last.
    """
    link = page["links"].get("next")
    if link is None:
        return None
    following_ = parse_qs(urlsplit(link).query).get("page", [""])[0]
    # A page that does not come later would be walked for ever.
    if not following_.isdecimal() or int(following_) <= number:
        raise MalformedAnswerError(f"the link to the page after page {number} is {link!r}")
    return int(following_)


def checked(answer: Any, path: str) -> Any:
    """
    An answer, if it is a page of a list.
    """
    if not isinstance(answer, dict) or not answer.keys() >= {"data", "links"}:
        raise MalformedAnswerError(f"GET {path} was not answered with a page of a list ('data' and 'links')")
    return answer
