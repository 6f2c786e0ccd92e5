"""
Lists as tables, in a terminal and in a notebook.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table as RichTable

    from v6client.resources._selecting import PageMethod

P = ParamSpec("P")

# Down to the second, which is what people read.
TIME = re.compile(r"^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?$")

COLUMNS: Mapping[str, Sequence[str]] = {
    "algorithmstore": ("id", "name", "url"),
    "collaboration": ("id", "name", "encrypted"),
    "node": ("id", "name", "organization", "collaboration", "status", "last_seen"),
    "organization": ("id", "name", "domain", "country"),
    "role": ("id", "name", "description", "organization"),
    "rule": ("id", "name", "operation", "scope", "description"),
    "run": ("id", "task", "organization", "node", "status", "assigned_at", "finished_at"),
    "study": ("id", "name", "collaboration"),
    "task": ("id", "name", "image", "status", "collaboration", "init_org", "parent", "created_at"),
    "user": ("id", "username", "firstname", "lastname", "email", "organization"),
}
"""What people see of each noun."""


class Table:
    """
    Rows of a list, to look at.

    Parameters
    ----------
    columns
        The keys to show.
    rows
        The rows, as the list has them.
    note
        What to say below them.

    Attributes
    ----------
    columns, rows, note
        As given.
    """

    def __init__(self, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], note: str = "") -> None:
        self.columns = columns
        self.rows = rows
        self.note = note

    def __rich__(self) -> RichTable:
        from rich.table import Table as RichTable
        from rich.text import Text

        table = RichTable(*self.columns, caption=self.note or None)
        for row in self.rows:
            # Text: what others wrote is not rich's markup.
            table.add_row(*(Text(cell(row.get(column)), overflow="fold") for column in self.columns))
        return table

    def __str__(self) -> str:
        from rich.console import Console

        console = Console(file=io.StringIO(), highlight=False, no_color=True)
        with console.capture() as shown:
            console.print(self)
        return shown.get().rstrip()

    __repr__ = __str__  # so that a prompt shows it

    def _repr_html_(self) -> str:
        head = _html_row("th", self.columns)
        body = "".join(_html_row("td", [cell(row.get(column)) for column in self.columns]) for row in self.rows)
        note = f"<caption>{_escaped(self.note)}</caption>" if self.note else ""
        return f"<table>{note}<thead>{head}</thead><tbody>{body}</tbody></table>"


class TableMethod(Protocol[P]):
    """
    A method that takes what `list` takes, and answers with a table.
    """

    def __get__(self, instance: object, owner: type | None = None) -> Callable[P, Table]: ...


def tabled(listing: PageMethod[P, Any]) -> TableMethod[P]:
    """
    The method `table` that belongs to a method `list`.
    """
    method: Any = listing

    @wraps(method)
    def table(self: Any, *args: Any, **filters: Any) -> Table:
        return _table(self.noun, method(self, *args, **filters))

    table.__name__, table.__doc__ = "table", "View one page as a table: takes what `list` takes."
    return cast("TableMethod[P]", table)


def _table(noun: str, answer: Any) -> Table:
    # Where fields or filters select from a page, the page around its rows is gone.
    rows = answer["data"] if isinstance(answer, dict) else answer
    more = isinstance(answer, dict) and "next" in answer["links"]
    columns = [column for column in COLUMNS[noun] if not rows or column in rows[0]] or list(rows[0])
    return Table(columns, rows, "more on the next page: page=, per_page=" if more else "")


def cell(value: object) -> str:
    """
    A value as people see it.
    """
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return cell(value.get("name", value.get("id")))  # another noun's row
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(TIME.sub(r"\1 \2", value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


def plain(text: str) -> str:
    """
    A text of others as it may be shown: it does not get to the terminal as commands to it.
    """
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _escaped(text: str) -> str:
    import html  # 2,000 names of letters, for notebooks only

    return html.escape(text)


def _html_row(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{_escaped(text)}</{kind}>' for text in cells)}</tr>"
