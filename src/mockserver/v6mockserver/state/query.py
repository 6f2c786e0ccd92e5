"""
Reading lists: criteria, the rows that meet them, and pages of those rows.

A criterion is either `Among`, a column and the values it may have, which an index answers, or a function of the row. A
selection holds ids only; rows are looked up for the page that is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeVar

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError
from v6mockserver.state.tables import HasId

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

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
        return next(iter(self.texts(name)), None)

    def integers(self, name: str) -> list[int]:
        """
        Return every value of a parameter that must be a whole number.
        """
        return [_integer(name, text) for text in self.texts(name)]

    def integer(self, name: str) -> int | None:
        """
        Return the first value of a parameter that must be a whole number, or None.
        """
        text = self.text(name)
        return None if text is None else _integer(name, text)

    def foreign_key(self, name: str) -> int:
        """
        Return the first value of a parameter that the database compares with a column of ids.

        Text that is no number is the id of nothing, as on SQLite.
        """
        text = self.text(name) or ""
        return int(text) if re.fullmatch(r"\s*[+-]?[0-9]+\s*", text) else NOTHING

    def flag(self, name: str) -> bool:
        """
        Tell whether a flag is set. Server quirk: any text sets it, also "false" and "0" (4.0 to 4.15, all flags).
        """
        return bool(self.text(name))

    def words(self, name: str) -> set[str]:
        """
        Return the words of a parameter that takes a comma list, repetition, or both.
        """
        return {word.strip() for text in self.texts(name) for word in text.split(",")}


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
        if isinstance(index, slice):
            start, stop, step = index.indices(len(self._ids))
            return [self._ids[-1 - position] for position in range(start, stop, step)]
        return self._ids[-1 - index]


def select(table: Table[Row], criteria: Iterable[Among | Predicate] = ()) -> Selection[Row]:
    """
    Return the rows that meet all criteria, by ascending id.

    The indexed criterion with the fewest rows gives the candidates; only these are looked at.
    """
    criteria = list(criteria)
    answered = [c for c in criteria if isinstance(c, Among) and (c.column == "id" or table.indexed(c.column))]
    if not answered:
        return _filtered(table, table.ids(), criteria)
    best = min(answered, key=lambda criterion: _size(table, criterion))
    return _filtered(table, _candidates(table, best), [c for c in criteria if c is not best])


def _size(table: Table[Any], criterion: Among) -> int:
    if criterion.column == "id":
        return len(criterion.values)
    return sum(len(table.where(criterion.column, value)) for value in criterion.values)


def _candidates(table: Table[Any], criterion: Among) -> Sequence[int]:
    if criterion.column == "id":
        return sorted(id_ for id_ in criterion.values if id_ in table)
    buckets = [bucket for value in criterion.values if (bucket := table.where(criterion.column, value))]
    return buckets[0] if len(buckets) == 1 else sorted(id_ for bucket in buckets for id_ in bucket)


def _filtered(table: Table[Row], ids: Sequence[int], criteria: list[Among | Predicate]) -> Selection[Row]:
    if not criteria:
        return Selection(table, ids)
    predicates = [_predicate(table, criterion) for criterion in criteria]
    return Selection(table, [id_ for id_ in ids if _meets_all(table[id_], predicates)])


def _meets_all(row: object, predicates: Iterable[Predicate]) -> bool:
    return all(meets(row) for meets in predicates)


def _predicate(table: Table[Any], criterion: Among | Predicate) -> Predicate:
    if not isinstance(criterion, Among):
        return criterion
    read, values = table.reader(criterion.column), criterion.values
    return lambda row: read(row) in values


def like(column: str, pattern: str) -> Predicate:
    """
    Return a criterion: the column is like the pattern, as SQL means it.

    % stands for any run of characters, _ for one; the case of ASCII letters is ignored, as on SQLite.
    """
    matches = _like(pattern).fullmatch
    return lambda row: (value := getattr(row, column)) is not None and matches(value) is not None


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
    text = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.compile(text, re.DOTALL | re.IGNORECASE | re.ASCII)


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
