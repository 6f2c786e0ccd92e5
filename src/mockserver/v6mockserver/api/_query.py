"""
What a query may say, for the description of the API.

A list reads its query where its rows are (`state/`), parameter by parameter. A route declares the same parameters as a
table of these kinds: the OpenAPI document is made from it, and a test compares it with what the list really reads.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields as columns_of
from typing import Any

from marshmallow import fields, validate

from v6mockserver.state import entities

Kind = fields.Field[Any]
"""What a parameter can be."""

Query = Mapping[str, Kind]
"""The parameters of a query by name."""

UNEXPECTED = ("page", "per_page", "sort")
"""Parameters that are answered with a 500 where they make no sense. Server quirk: every list (4.15)."""


def _text(description: str) -> Kind:
    return fields.String(metadata={"description": description})


LIKE = _text("Pattern of the whole value, as in SQL: % is any text, _ any one character; case does not matter.")
EXACT = _text("The exact value.")
SINCE = _text("The earliest time, UTC, such as 2026-11-22T19:20:48.")
UNTIL = _text("The latest time, UTC, such as 2026-11-22T19:20:48.")
FLAG = _text("Any text sets the flag, even `false` and `0`.")
ID: Kind = fields.Integer(metadata={"description": "The id of an object."})
FOREIGN_ID = _text("The id of an object; other text is the id of none.")
NUMBER: Kind = fields.Integer(metadata={"description": "A whole number."})
LIKES: Kind = fields.List(LIKE, metadata={"description": "Patterns, any one of which must match."})
IDS: Kind = fields.List(ID, metadata={"description": "Ids, any one of which must match; the parameter is repeated."})

RUNS = {
    "organization_id": ID,
    "task_id": ID,
    "node_id": ID,
    "collaboration_id": ID,
    "state": EXACT,
    "port": NUMBER,
    "assigned_from": SINCE,
    "assigned_till": UNTIL,
    "started_from": SINCE,
    "started_till": UNTIL,
    "finished_from": SINCE,
    "finished_till": UNTIL,
}
"""The filters of lists of runs and of results."""

DELETION = {"delete_dependents": FLAG}
"""What deletes an object together with what depends on it."""

POSITION: Kind = fields.Integer(validate=validate.Range(min=1))


def words(*known: str) -> Kind:
    """
    Return a parameter that takes words, as a comma list or repeated; it passes over others.
    """
    return fields.List(
        fields.String(validate=validate.OneOf(known)),
        metadata={"description": "What to include in each object, instead of a link to it."},
    )


OTHER_NAMES: Mapping[type, Mapping[str, str]] = {
    entities.Organization: {"_public_key": "public_key"},
    entities.User: {"type": "type"},
    entities.Node: {"type": "type"},
}
"""Columns of the real server's database that rows have under another name, or have no need to store."""


def columns_to_sort_by(rows: type, absent: Collection[str] = ()) -> dict[str, str]:
    """
    Return the columns that lists of these rows can be sorted by: what a query calls each, and what the rows do.

    Parameters
    ----------
    rows : type
        The row class.
    absent : collection of str, optional
        Keys that their objects lack in a release; one that lacks `study` is a row that lacks the column `study_id`.
    """
    others = OTHER_NAMES.get(rows, {})
    own = [column.name for column in columns_of(rows)]
    columns = {name: name for name in own if name not in others.values()} | dict(others)
    return {name: column for name, column in columns.items() if name.removesuffix("_id") not in absent}


class Sort(fields.String):
    """
    The parameter that a list is sorted by.

    Parameters
    ----------
    rows : type
        The class of its rows.
    absent : collection of str, optional
        Keys that their objects lack in a release.
    """

    def __init__(self, rows: type, absent: Collection[str] = ()) -> None:
        self.rows = rows
        column = rf" *[+-]?({'|'.join(columns_to_sort_by(rows, absent))}) *"
        super().__init__(
            validate=validate.Regexp(rf"^({column}(,{column})*)?$"),
            metadata={"description": "Columns to sort by, with a minus in front to descend."},
        )


def paged(sortable: type, **filters: Kind) -> Query:
    """
    Return the query of a list: its filters, its page, and what it can be sorted by.

    Parameters
    ----------
    sortable : type
        The row class whose columns the query may sort by.
    **filters : marshmallow field
        The filters by name.

    Returns
    -------
    mapping
        All parameters by name.
    """
    return {**filters, "page": POSITION, "per_page": POSITION, "sort": Sort(sortable)}
