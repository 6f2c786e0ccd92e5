"""
Tables and relations: how a world keeps its rows.

A table is a dictionary of immutable rows by id, the ids in ascending order, and an index for each column that is looked
up. A column may be derived: a function of the row, such as the collaboration of a run's task. Reading a page or a
filtered page touches only the rows on it. A relation is a set of pairs of ids, readable from both sides.

A copy shares everything with its original until one of the two changes; the one that does then makes what it is about
to change its own. Rows and a relation's sets are immutable and always shared. So copying the world of a test costs
microseconds, and the first change to a copied table as much as copying a dictionary.
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

    __slots__ = ("_borrowed", "_ids", "_indexes", "_is_shared", "_readers", "_rows")

    def __init__(self, *indexed: str, **derived: Callable[[Row], Any]) -> None:
        self._rows: dict[int, Row] = {}
        self._ids: list[int] = []
        self._readers: dict[str, Callable[[Row], Any]] = {column: attrgetter(column) for column in indexed} | derived
        self._indexes: dict[str, dict[Any, list[int]]] = {column: {} for column in self._readers}
        self._is_shared = False
        self._borrowed: dict[str, set[Any]] = {column: set() for column in self._readers}

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
        self._own()
        if self._ids and row.id < self._ids[-1]:
            insort(self._ids, row.id)
            self._rows[row.id] = row
            self._rows = {id_: self._rows[id_] for id_ in self._ids}
        else:
            self._ids.append(row.id)
            self._rows[row.id] = row
        for column, read in self._readers.items():
            insort(self._bucket(column, read(row)), row.id)
        return row

    def replace(self, row: Row) -> Row:
        """
        Store another version of a row that is there, and return it.
        """
        old = self._rows[row.id]
        self._own()
        for column, read in self._readers.items():
            before, after = read(old), read(row)
            if before != after:
                self._discard(column, before, row.id)
                insort(self._bucket(column, after), row.id)
        self._rows[row.id] = row
        return row

    def remove(self, id_: int) -> Row:
        """
        Delete a row and return it.
        """
        self._own()
        row = self._rows.pop(id_)
        del self._ids[bisect_left(self._ids, id_)]
        for column, read in self._readers.items():
            self._discard(column, read(row), id_)
        return row

    def take(self, other: Table[Row]) -> None:
        """
        Hold the rows of another table with the same columns; a change to either is not seen in the other.
        """
        self._rows, self._ids, self._indexes = other._rows, other._ids, other._indexes
        self._is_shared = other._is_shared = True

    def _own(self) -> None:
        """
        Share nothing that is about to change; of the indexes, each list of ids is borrowed until it changes.
        """
        if self._is_shared:
            self._rows, self._ids = self._rows.copy(), self._ids.copy()
            self._borrowed = {column: set(index) for column, index in self._indexes.items()}
            self._indexes = {column: index.copy() for column, index in self._indexes.items()}
            self._is_shared = False

    def _bucket(self, column: str, value: object) -> list[int]:
        """
        Return the ids with a value, to be changed.
        """
        index, borrowed = self._indexes[column], self._borrowed[column]
        if value in borrowed:
            borrowed.discard(value)
            index[value] = index[value].copy()
        return index.setdefault(value, [])

    def _discard(self, column: str, value: object, id_: int) -> None:
        ids = self._bucket(column, value)
        del ids[bisect_left(ids, id_)]
        if not ids:
            del self._indexes[column][value]


class Relation:
    """
    A many-to-many relation: pairs of ids, readable from both sides.
    """

    __slots__ = ("_is_shared", "_lefts", "_rights")

    def __init__(self) -> None:
        self._rights: dict[int, frozenset[int]] = {}
        self._lefts: dict[int, frozenset[int]] = {}
        self._is_shared = False

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
        self._own()
        self._rights[left] = self._rights.get(left, EMPTY) | {right}
        self._lefts[right] = self._lefts.get(right, EMPTY) | {left}

    def discard(self, left: int, right: int) -> None:
        """
        Remove a pair if it is there.
        """
        self._own()
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
        Hold the pairs of another relation; a change to either is not seen in the other.
        """
        self._rights, self._lefts = other._rights, other._lefts
        self._is_shared = other._is_shared = True

    def _own(self) -> None:
        if self._is_shared:
            self._rights, self._lefts = self._rights.copy(), self._lefts.copy()
            self._is_shared = False
