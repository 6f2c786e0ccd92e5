"""
The egress ledger: what has left the nodes of a server, in clear text as it was before it was encrypted.

Three things leave a node: the result of a run, its log, and the inputs of the subtasks that a central function creates.
Each is an entry. What an entry measures is a hint for a reviewer, and no proof: it looks at shapes and numbers, and
does not know what they mean.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, overload

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

RESULT, LOG, INPUT = "result", "log", "input"
COLUMNS = ("run", "task", "node", "what", "to", "bytes", "keys", "rows", "columns", "smallest")


class Table(NamedTuple):
    """
    The size of something that looks like a table.
    """

    rows: int
    columns: int


@dataclass(frozen=True)
class Egress:
    """
    Something that left a node.

    Attributes
    ----------
    run, task : int
        The run that it comes from, and its task.
    node : str
        The node.
    what : str
        "result", "log", or "input" for a subtask.
    to : int
        The id of the organization that can read it.
    content : bytes
        What left, in clear text.
    """

    run: int
    task: int
    node: str
    what: str
    to: int
    content: bytes

    @property
    def bytes(self) -> int:
        """
        How many bytes it has, in clear text.
        """
        return len(self.content)

    @cached_property
    def value(self) -> Any:
        """
        What it says, if it is JSON; None otherwise.
        """
        try:
            return None if self.what == LOG else json.loads(self.content)
        except ValueError:
            return None

    @property
    def keys(self) -> tuple[str, ...]:
        """
        The names at its top, if it is an object.
        """
        return tuple(self.value) if isinstance(self.value, dict) else ()

    @cached_property
    def table(self) -> Table | None:
        """
        The longest table in it: of a log, its lines.
        """
        if self.what == LOG:
            return Table(len(self.content.splitlines()), 1) if self.content else None
        return max((table for part in _parts(self.value) if (table := _table(part))), default=None)

    @property
    def rows(self) -> int | None:
        """
        How many rows its longest table has: as many as the data, if it holds something of each row.
        """
        return self.table.rows if self.table else None

    @property
    def columns(self) -> int | None:
        """
        How many columns that table has.
        """
        return self.table.columns if self.table else None

    @cached_property
    def smallest(self) -> int | None:
        """
        The smallest whole number above zero that is a value in it; no count above zero in it is smaller.
        """
        numbers = (part for part in _parts(self.value) if isinstance(part, (int, float)) and not isinstance(part, bool))
        return min((int(number) for number in numbers if number >= 1 and number == number // 1), default=None)

    def row(self) -> tuple[Any, ...]:
        """
        Return it as a row of the ledger's table.
        """
        return tuple(getattr(self, name) if name != "keys" else ", ".join(self.keys) or None for name in COLUMNS)


def _parts(value: Any) -> Iterator[Any]:
    """
    Yield a value and all that is in it; a text that holds JSON, as pandas makes it, is what it says.
    """
    value = _opened(value)
    yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in inside:
        yield from _parts(part)


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _table(value: Any) -> Table | None:
    """
    Return the size of a list, of one value or of some values for each row, or of an object with equally long columns.
    """
    if isinstance(value, list):
        return Table(len(value), max((_length(row) or 1 for row in value), default=0)) if value else None
    if isinstance(value, dict):
        lengths = {_length(_opened(column)) for column in value.values()}
        if len(lengths) == 1 and (length := lengths.pop()):
            return Table(length, len(value))
    return None


def _length(value: Any) -> int | None:
    return len(value) if isinstance(value, (list, dict)) else None


class Ledger(Sequence[Egress]):
    """
    What has left the nodes of one server, in the order in which it left. Threads may share it.

    As text it is a table, for people; `to_frame` returns it as a data frame.

    Examples
    --------
    >>> ledger = Ledger()
    >>> ledger.add(Egress(1, 1, "North", "result", 2, b'{"count": 12, "mean": 3.5}'))
    >>> ledger[0].bytes, ledger[0].keys, ledger[0].smallest
    (26, ('count', 'mean'), 12)
    """

    def __init__(self) -> None:
        self._entries: list[Egress] = []
        self._lock = Lock()

    @overload
    def __getitem__(self, index: int) -> Egress: ...

    @overload
    def __getitem__(self, index: slice) -> list[Egress]: ...

    def __getitem__(self, index: int | slice) -> Egress | list[Egress]:
        return self._entries[index]

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, egress: Egress) -> None:
        """
        Write down that something leaves a node.
        """
        with self._lock:
            self._entries.append(egress)

    def clear(self) -> None:
        """
        Start afresh.
        """
        with self._lock:
            self._entries = []

    def to_frame(self) -> pd.DataFrame:
        """
        Return it as a data frame: a row for each entry, with the columns of the table.
        """
        import pandas as pd

        frame: pd.DataFrame = pd.DataFrame([egress.row() for egress in self], columns=list(COLUMNS))
        return frame

    def __str__(self) -> str:
        from rich.console import Console
        from rich.table import Table as Drawing

        drawing = Drawing(*COLUMNS, title="what has left the nodes")
        for egress in self:
            drawing.add_row(*("-" if cell is None else str(cell) for cell in egress.row()))
        console = Console(width=120, color_system=None)
        with console.capture() as captured:
            console.print(drawing)
        return captured.get()

    def __repr__(self) -> str:
        return f"<Ledger of {len(self)} entries, {sum(egress.bytes for egress in self)} bytes>"
