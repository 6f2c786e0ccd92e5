"""
Reading lists: criteria, the rows that meet them, and pages of those rows.

A criterion is either `Among`, a column and the values it may have, which an index answers, or a function of the row. A
selection holds ids only; rows are looked up for the page that is read.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state.tables import HasId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from v6mockserver.state.tables import Table

Row = TypeVar("Row", bound=HasId)

NOTHING = 0
"""The id that no row ever has."""


class Parameters:
    """
    The query of a request: texts by name, each maybe several times.
    """

    def __init__(self, values: Mapping[str, Sequence[str]]) -> None:
        self._values = values

    def texts(self, name: str) -> Sequence[str]:
        """
        Return every value of a parameter.
        """
        return self._values.get(name, ())

    def text(self, name: str) -> str | None:
        """
        Return the first value of a parameter, or None.
        """
        texts = self.texts(name)
        return texts[0] if texts else None

    def integers(self, name: str) -> Iterator[int]:
        """
        Yield every value of a parameter that must be a whole number; each is read when it is its turn.
        """
        return (_integer(name, text) for text in self.texts(name))

    def integer(self, name: str) -> int | None:
        """
        Return the first value of a parameter that must be a whole number, or None.
        """
        text = self.text(name)
        return None if text is None else _integer(name, text)

    def foreign_key(self, name: str) -> int:
        """
        Return the first value of a parameter that the database compares with a column of ids.

        Text that is no number, or a larger one than any id, is the id of nothing, as on SQLite.
        """
        return _foreign_key(self.text(name) or "")

    def foreign_keys(self, name: str) -> list[int]:
        """
        Return every value of such a parameter.
        """
        return [_foreign_key(text) for text in self.texts(name)]

    def flag(self, name: str) -> bool:
        """
        Tell whether a flag is set. Server quirk: any text sets it, also "false" and "0" (4.0 to 4.15, all flags).
        """
        return bool(self.text(name))

    def words(self, name: str) -> set[str]:
        """
        Return the words of a parameter that takes a comma list, repetition, or both.

        Server quirk: a blank beside a comma is part of a word, which is then no known one (4.0 to 4.15, all lists).
        """
        return {word for text in self.texts(name) for word in text.split(",")}


def _foreign_key(text: str) -> int:
    return int(text) if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text) else NOTHING


def _integer(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise BadRequestError(messages.NOT_AN_INTEGER.format(name=name, value=text)) from error


class Among(NamedTuple):
    """
    A column, stored or derived, and the values that it may have; the column `id` selects by id.
    """

    column: str
    values: Collection[Any]


Predicate = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Selection(Generic[Row]):
    """
    The rows of one table that meet some criteria, as ids in the order they are read in.
    """

    table: Table[Row]
    ids: Sequence[int]

    def __len__(self) -> int:
        return len(self.ids)

    def rows(self, start: int, stop: int) -> list[Row]:
        """
        Return the rows from one position to another.
        """
        return [self.table[id_] for id_ in self.ids[start:stop]]

    def newest_first(self) -> Selection[Row]:
        """
        Return the same rows, by descending id.
        """
        return Selection(self.table, _Reversed(self.ids))

    def sorted_by(self, keys: Iterable[tuple[str, bool]]) -> Selection[Row]:
        """
        Return the same rows, ordered by columns; a key is a column and whether it descends.

        None comes first, as on SQLite.
        """
        ids = list(self.ids)
        for column, descending in reversed(list(keys)):
            ids.sort(key=lambda id_: _sort_key(getattr(self.table[id_], column)), reverse=descending)
        return Selection(self.table, ids)


class _Reversed(Sequence[int]):
    """
    A sequence read from its end, without a copy.
    """

    def __init__(self, ids: Sequence[int]) -> None:
        self._ids = ids

    def __len__(self) -> int:
        return len(self._ids)

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self._ids[-1 - index]
        count = len(self._ids)
        start, stop, step = index.indices(count)
        if step != 1:
            return self[:][index]
        return self._ids[count - max(start, stop) : count - start][::-1]


class _Union(Sequence[int]):
    """
    Ascending sequences without common elements, read as one ascending sequence; a page of it merges that page alone.
    """

    def __init__(self, parts: Sequence[Sequence[int]]) -> None:
        self._parts = parts
        self._count = sum(map(len, parts))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[int]:
        return iter(self[:])

    def __getitem__(self, index: Any) -> Any:
        if not isinstance(index, slice):
            return self[index : index + 1 or None][0]
        start, stop, step = index.indices(self._count)
        if step != 1:
            return self[:][index]
        bounds = zip(self._parts, self._cut(start), self._cut(max(start, stop)), strict=True)
        return sorted(id_ for part, begin, end in bounds for id_ in part[begin:end])

    def _cut(self, rank: int) -> list[int]:
        """
        Return how many of the lowest `rank` elements each part has.
        """

        def below(bound: int) -> int:
            return sum(bisect_left(part, bound) for part in self._parts)

        highest = max(part[-1] for part in self._parts)
        bound = bisect_left(range(highest + 2), rank, key=below)
        return [bisect_left(part, bound) for part in self._parts]


def select(table: Table[Row], criteria: Iterable[Among | Predicate] = ()) -> Selection[Row]:
    """
    Return the rows that meet all criteria, by ascending id.

    The indexed criterion with the fewest rows gives the candidates; only these are looked at.
    """
    values, predicates = _separated(criteria)
    answered = {column: ids for column in values if (ids := _candidates(table, column, values[column])) is not None}
    if answered:
        best = min(answered, key=lambda column: len(answered[column]))
        del values[best]
        candidates: Sequence[int] = answered[best]
    else:
        candidates = table.ids()
    predicates += [_is_among(table, column, wanted) for column, wanted in values.items()]
    return Selection(table, _filtered(table, candidates, predicates))


def _separated(criteria: Iterable[Among | Predicate]) -> tuple[dict[str, Collection[Any]], list[Predicate]]:
    """
    Return the values that each column may have, whichever criteria name it, and the other criteria.
    """
    values: dict[str, Collection[Any]] = {}
    predicates: list[Predicate] = []
    for criterion in criteria:
        if not isinstance(criterion, Among):
            predicates.append(criterion)
        elif criterion.column in values:
            values[criterion.column] = frozenset(values[criterion.column]).intersection(criterion.values)
        else:
            values[criterion.column] = criterion.values
    return values, predicates


def _candidates(table: Table[Any], column: str, values: Collection[Any]) -> Sequence[int] | None:
    """
    Return the ids of the rows with one of these values, ascending; None where no index knows.
    """
    if column == "id":
        return sorted(id_ for id_ in values if id_ in table)
    if not table.indexed(column):
        return None
    buckets = [bucket for value in set(values) if (bucket := table.where(column, value))]
    if len(buckets) > 1:
        return _Union(buckets)
    return buckets[0] if buckets else ()


def _filtered(table: Table[Any], ids: Sequence[int], predicates: Sequence[Predicate]) -> Sequence[int]:
    if not predicates:
        return ids
    rows = map(table.__getitem__, ids)
    if len(predicates) == 1:
        meets = predicates[0]
        return [row.id for row in rows if meets(row)]
    return [row.id for row in rows if all(meets(row) for meets in predicates)]


def _is_among(table: Table[Any], column: str, values: Collection[Any]) -> Predicate:
    read = table.reader(column)
    return lambda row: read(row) in values


def like(column: str, pattern: str) -> Predicate:
    """
    Return a criterion: the column is like the pattern, as SQL means it.

    % stands for any run of characters, _ for one; the case of ASCII letters is ignored, as on SQLite.
    """
    read, finds = attrgetter(column), _like(pattern).search
    return lambda row: (value := read(row)) is not None and finds(value) is not None


def likes(parameters: Parameters, *columns: str) -> list[Predicate]:
    """
    Return a criterion for each of these columns that the query names, the value being a pattern.
    """
    return [like(column, text) for column in columns if (text := parameters.text(column)) is not None]


def seen(parameters: Parameters) -> list[Predicate]:
    """
    Return the criteria of `last_seen_from` and `last_seen_till`.
    """
    bounds = ((since, "last_seen_from"), (until, "last_seen_till"))
    return [bound("last_seen", text) for bound, name in bounds if (text := parameters.text(name)) is not None]


@lru_cache(maxsize=256)
def _like(pattern: str) -> re.Pattern[str]:
    parts = {"%": ".*", "_": "."}
    # An open end is left out, and not matched: that saves most of the time.
    text = "".join(parts.get(character) or re.escape(character) for character in pattern.strip("%"))
    start = "" if pattern.startswith("%") else r"\A"
    end = "" if pattern.endswith("%") else r"\Z"
    return re.compile(start + text + end, re.DOTALL | re.IGNORECASE | re.ASCII)


def since(column: str, moment: str) -> Predicate:
    """
    Return a criterion: the time in the column is this or later, compared as text as SQLite does.
    """
    bound = moment.replace(" ", "T")
    return lambda row: (value := getattr(row, column)) is not None and value >= bound


def until(column: str, moment: str) -> Predicate:
    """
    Return a criterion: the time in the column is this or earlier, compared as text as SQLite does.
    """
    bound = moment.replace(" ", "T")
    return lambda row: (value := getattr(row, column)) is not None and value <= bound


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else 0)
