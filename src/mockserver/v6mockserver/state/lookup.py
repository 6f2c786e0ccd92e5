"""
Finding the row that a request names, and names that are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, NotFoundError
from v6mockserver.state.tables import HasId

if TYPE_CHECKING:
    from v6mockserver.state.tables import Table

Row = TypeVar("Row", bound=HasId)


def existing(table: Table[Row], noun: str, id_: int | None) -> Row:
    """
    Return the row with this id; one that does not exist is not found.
    """
    row = table.get(id_)
    if row is None:
        raise NotFoundError(messages.NOT_FOUND.format(noun=noun, id=id_))
    return row


def existing_for_filter(table: Table[Row], noun: str, id_: int) -> Row:
    """
    Return the row that a list is filtered by; one that does not exist makes the request a bad one.
    """
    row = table.get(id_)
    if row is None:
        raise BadRequestError(messages.NOT_FOUND.format(noun=noun, id=id_))
    return row


def require_free(table: Table[Row], noun: str, column: str, value: object) -> None:
    """
    Refuse a value that another row has in an indexed column.
    """
    if table.where(column, value):
        raise BadRequestError(messages.TAKEN.format(noun=noun, column=column, value=value))
