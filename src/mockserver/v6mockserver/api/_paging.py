"""
Pages: the envelope, the links and the headers of every list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, UnexpectedError
from v6mockserver.api._query import columns_to_sort_by
from v6mockserver.api._routes import PAGE_SIZE, respond
from v6mockserver.state.tables import HasId

if TYPE_CHECKING:
    from collections.abc import Callable

    from werkzeug.wrappers import Response

    from v6mockserver.api._routes import Call
    from v6mockserver.state.query import Selection

PER_PAGE = 10

Row = TypeVar("Row", bound=HasId)


def page(
    call: Call,
    selection: Selection[Row],
    render: Callable[[Row], dict[str, Any]],
    *,
    sortable: type,
    keeps_order: bool = False,
    is_whole: bool = False,
) -> Response:
    """
    Return the page of a selection that the query asks for.

    Parameters
    ----------
    call : Call
        The request.
    selection : Selection
        The rows, in their default order.
    render : callable
        Makes the JSON object of a row.
    sortable : type
        The row class whose columns the query may sort by.
    keeps_order : bool, default False
        Whether the rows stay in their default order, although the query may name another.
    is_whole : bool, default False
        Whether all rows are on one page, whatever the query says.

    Returns
    -------
    Response
        The envelope `{"data", "links"}` with its headers.

    Raises
    ------
    UnexpectedError
        If page, per_page or sort make no sense. Server quirk: a 500 (4.0 to 4.15, every list).
    BadRequestError
        If page or per_page is not a number (4.0).
    """
    total = len(selection)
    number = 1 if is_whole else _positive(call, "page", 1)
    size = max(total, 1) if is_whole else _positive(call, "per_page", call.request.environ.get(PAGE_SIZE, PER_PAGE))
    keys = _sort_keys(call, sortable)
    if keys and not keeps_order:
        selection = selection.sorted_by(keys)
    rows = selection.rows((number - 1) * size, number * size)
    links = _links(call, number, -(-total // size))
    header = ",".join(f"<{url}>; rel={relation}" for relation, url in links.items())
    headers = {"total-count": str(total), "Link": header, "access-control-expose-headers": "total-count, Link"}
    return respond(200, {"data": [render(row) for row in rows], "links": links}, headers)


def _positive(call: Call, name: str, default: int) -> int:
    text = call.request.args.get(name)
    if text is None:
        return default
    message = messages.BAD_PAGE.format(name=name, value=text)
    try:
        number = int(text)
    except ValueError as error:
        raise (UnexpectedError if call.world.release.fails_on_text_pages else BadRequestError)(message) from error
    if number < 1:
        raise UnexpectedError(message)
    return number


def _sort_keys(call: Call, sortable: type) -> list[tuple[str, bool]]:
    """
    Return the columns to sort by, each with whether it descends.
    """
    text = call.request.args.get("sort", "")
    if not text:
        return []
    columns = columns_to_sort_by(sortable, call.world.release.absent_keys.get(call.noun, ()))
    keys = []
    for key in text.split(","):
        word = key.strip()
        column = word[1:] if word.startswith(("+", "-")) else word
        if column not in columns:
            raise UnexpectedError(messages.BAD_SORT.format(value=text, column=column))
        keys.append((columns[column], word.startswith("-")))
    return keys


def _links(call: Call, number: int, last: int) -> dict[str, str]:
    pages = {"first": 1, "previous": number - 1, "self": number, "next": number + 1, "last": last}
    present = {
        "first": True,
        "self": True,
        "previous": number > 1,
        "next": number < last,
        "last": last > 0,
    }
    query = call.request.args.to_dict()
    written = {name: urlencode({name: value}) for name, value in query.items()}
    path = call.request.path
    return {
        relation: f"{path}?{'&'.join((written | {'page': f'page={page}'}).values())}"
        for relation, page in pages.items()
        if present[relation]
    }
