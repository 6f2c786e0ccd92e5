"""
Answers: tables for people, JSON for programs.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from v6client._cli.choices import chosen
from v6client._tables import cell

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNLIMITED = 100_000
"""Columns of a terminal that is none: what other programs read is not to be broken into lines."""


def take_all_letters() -> None:
    """
    Show the numbers of letters that a file or pipe does not take, on Windows most of those of other regions.
    """
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def show_rows(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """
    Show the rows of a list.

    Parameters
    ----------
    rows
        The rows.
    columns
        What people see of them: keys, with dots between those of an object in an object.
    """
    rows = list(rows)
    if chosen().as_json:
        click.echo(_json(rows))
    else:
        _print_table(columns, [[cell(_dug(row, column)) for column in columns] for row in rows])


def show_row(row: Mapping[str, Any]) -> None:
    """
    Show one row with everything in it.
    """
    if chosen().as_json:
        click.echo(_json(row))
    else:
        _print_table((), [[key, cell(value)] for key, value in row.items()])


def _json(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=not sys.stdout.encoding.lower().startswith("utf"))


def _dug(row: Mapping[str, Any], column: str) -> Any:
    value: Any = row
    for key in column.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _print_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*(heading.removesuffix(".name") for heading in headings), box=None, pad_edge=False)
    if not headings:
        table = Table.grid("key", "value", padding=(0, 2))
    for row in rows:
        table.add_row(*(Text(text, overflow="fold") for text in row))  # Text: names are not rich's markup
    width = None if sys.stdout.isatty() else UNLIMITED
    Console(file=sys.stdout, width=width, highlight=False).print(table)
