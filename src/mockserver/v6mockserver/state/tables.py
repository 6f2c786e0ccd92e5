"""
Tables and relations: how a world keeps its rows.

A table is a dictionary of immutable rows by id, the ids in ascending order, and an index for each column that is looked
up. A column may be derived: a function of the row, such as the collaboration of a run's task. Reading a page or a
filtered page touches only the rows on it. A relation is a set of pairs of ids, readable from both sides.

Copies are shallow: rows and a relation's sets are immutable, so a copy shares them, and copying the world of a test
costs microseconds.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence


class HasId(Protocol):
    """
    What a table asks of its rows.
    """

    @property
    def id(self) -> int:
        """
        The row's key.
        """
        ...


Row = TypeVar("Row", bound=HasId)
EMPTY: frozenset[int] = frozenset()


class Table(Generic[Row]):
    """
    The rows of one kind, by id, with an index for each column that is looked up.

    Parameters
    ----------
    *indexed : str
        Columns that are stored in the row.
    **derived : callable
        Columns that are not: what computes each from a row. Its value may only change when the row does.
    """

    __slots__ = ("_ids", "_indexes", "_readers", "_rows")

    def __init__(self, *indexed: str, **derived: Callable[[Row], Any]) -> None:
        self._rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._readers: dict[str, Callable[[Row], Any]] = {column: attrgetter(column) for column in indexed} | derived
        self._indexes: dict[str, dict[Any, list[int]]] = {column: {} for column in self._readers}

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows.values())

    def __contains__(self, id_: object) -> bool:
        return id_ in self._rows

    def __getitem__(self, id_: int) -> Row:
        return self._rows[id_]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Table) and self._rows == other._rows

    __hash__ = None  # type: ignore[assignment]  # a table changes

    def get(self, id_: int | None) -> Row | None:
        """
        Return the row with this id, or None.
        """
        return self._rows.get(id_)  # type: ignore[arg-type]  # a null reference finds nothing, as in a database

    def ids(self) -> Sequence[int]:
        """
        Return all ids, ascending; the caller must not change the sequence.
        """
        return self._ids

    def indexed(self, column: str) -> bool:
        """
        Tell whether a look-up by this column is cheap.
        """
        return column in self._indexes

    def reader(self, column: str) -> Callable[[Row], Any]:
        """
        Return what reads a column of a row, stored or derived.
        """
        return self._readers.get(column) or attrgetter(column)

    def where(self, column: str, value: object) -> Sequence[int]:
        """
        Return the ids of the rows with this value in an indexed column, ascending; the caller must not change them.
        """
        return self._indexes[column].get(value, ())

    def first(self, column: str, value: object) -> Row | None:
        """
        Return the row with the lowest id that has this value in an indexed column, or None.
        """
        ids = self.where(column, value)
        return self._rows[ids[0]] if ids else None

    def add(self, row: Row) -> Row:
        """
        Store a new row and return it.
        """
        if row.id in self._rows:
            msg = f"id {row.id} is taken; a changed row goes through replace()"
            raise KeyError(msg)
        if self._ids and row.id < self._ids[-1]:
            insort(self._ids, row.id)
            self._rows[row.id] = row
            self._rows = {id_: self._rows[id_] for id_ in self._ids}
        else:
            self._ids.append(row.id)
            self._rows[row.id] = row
        for column, read in self._readers.items():
            insort(self._indexes[column].setdefault(read(row), []), row.id)
        return row

    def replace(self, row: Row) -> Row:
        """
        Store another version of a row that is there, and return it.
        """
        old = self._rows[row.id]
        for column, read in self._readers.items():
            before, after = read(old), read(row)
            if before != after:
                index = self._indexes[column]
                _discard(index, before, row.id)
                insort(index.setdefault(after, []), row.id)
        self._rows[row.id] = row
        return row

    def remove(self, id_: int) -> Row:
        """
        Delete a row and return it.
        """
        row = self._rows.pop(id_)
        del self._ids[bisect_left(self._ids, id_)]
        for column, read in self._readers.items():
            _discard(self._indexes[column], read(row), id_)
        return row

    def take(self, other: Table[Row]) -> None:
        """
        Hold the rows of another table with the same columns, and share nothing else with it.
        """
        self._rows = other._rows.copy()
        self._ids = other._ids.copy()
        self._indexes = {
            column: {value: ids.copy() for value, ids in index.items()} for column, index in other._indexes.items()
        }


def _discard(index: dict[Any, list[int]], value: object, id_: int) -> None:
    ids = index[value]
    del ids[bisect_left(ids, id_)]
    if not ids:
        del index[value]


class Relation:
    """
    A many-to-many relation: pairs of ids, readable from both sides.
    """

    __slots__ = ("_lefts", "_rights")

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._rights: dict[int, frozenset[int]] = {}
        self._lefts: dict[int, frozenset[int]] = {}
        for left, right in pairs:
            self.add(left, right)

    def __contains__(self, pair: tuple[int, int]) -> bool:
        left, right = pair
        return right in self._rights.get(left, EMPTY)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return ((left, right) for left in sorted(self._rights) for right in sorted(self._rights[left]))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Relation) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # a relation changes

    def rights(self, left: int) -> frozenset[int]:
        """
        Return what this id on the left is paired with.
        """
        return self._rights.get(left, EMPTY)

    def lefts(self, right: int) -> frozenset[int]:
        """
        Return what this id on the right is paired with.
        """
        return self._lefts.get(right, EMPTY)

    def add(self, left: int, right: int) -> None:
        """
        Add a pair; a pair that is there stays.
        """
        self._rights[left] = self._rights.get(left, EMPTY) | {right}
        self._lefts[right] = self._lefts.get(right, EMPTY) | {left}

    def discard(self, left: int, right: int) -> None:
        """
        Remove a pair if it is there.
        """
        self._rights[left] = self._rights.get(left, EMPTY) - {right}
        self._lefts[right] = self._lefts.get(right, EMPTY) - {left}

    def assign(self, left: int, rights: Iterable[int]) -> None:
        """
        Pair this id on the left with exactly these.
        """
        wanted = frozenset(rights)
        for right in self.rights(left) - wanted:
            self.discard(left, right)
        for right in wanted - self.rights(left):
            self.add(left, right)

    def drop_left(self, left: int) -> None:
        """
        Remove all pairs of this id on the left.
        """
        self.assign(left, ())

    def drop_right(self, right: int) -> None:
        """
        Remove all pairs of this id on the right.
        """
        for left in self.lefts(right):
            self.discard(left, right)

    def take(self, other: Relation) -> None:
        """
        Hold the pairs of another relation, and share nothing else with it.
        """
        self._rights = other._rights.copy()
        self._lefts = other._lefts.copy()
