"""Reading lists: rows that meet criteria, in pages, as plain lists would give them."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from v6mockserver.state.query import Among, _Reversed, _Union, select
from v6mockserver.state.tables import Table

slices = st.builds(slice, *[st.none() | st.integers(-12, 12)] * 2, st.none() | st.integers(-3, 3).filter(bool))
disjoint = st.dictionaries(st.integers(0, 30), st.integers(0, 3)).map(
    lambda places: [sorted(id_ for id_, place in places.items() if place == part) for part in set(places.values())]
)


@dataclass(frozen=True)
class Row:
    """A row with an indexed column, a plain one, and one that is computed."""

    id: int
    color: int
    size: int


rows = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), max_size=20).map(
    lambda pairs: [Row(id_, *pair) for id_, pair in enumerate(pairs, start=1)]
)
criteria = st.lists(
    st.builds(Among, st.sampled_from(["color", "size", "id", "parity"]), st.sets(st.integers(0, 4), max_size=4)),
    max_size=4,
)


def column(row, name):
    """Return a column, stored or computed."""
    return row.id % 2 if name == "parity" else getattr(row, name)


@given(parts=disjoint.filter(bool), index=slices)
def test_a_union_reads_like_one_sorted_list(parts, index):
    """Every slice of it is that slice of everything sorted."""
    everything = sorted(id_ for part in parts for id_ in part)
    union = _Union(parts)

    assert (len(union), list(union), union[index]) == (len(everything), everything, everything[index])


@given(parts=disjoint.filter(bool), data=st.data())
def test_a_union_has_the_elements_of_its_parts(parts, data):
    """From either end."""
    everything = sorted(id_ for part in parts for id_ in part)
    position = data.draw(st.integers(-len(everything), len(everything) - 1))

    assert _Union(parts)[position] == everything[position]


@given(ids=st.lists(st.integers()), index=slices)
def test_a_reversed_sequence_reads_like_a_reversed_list(ids, index):
    """Every slice of it is that slice of the list turned around, and so is each element."""
    backwards = _Reversed(ids)

    assert (backwards[index], list(backwards)) == (ids[::-1][index], ids[::-1])


@given(rows=rows, criteria=criteria)
def test_a_selection_has_the_rows_that_meet_every_criterion(rows, criteria):
    """Whichever column is indexed, and however often one is named."""
    table = Table("color", parity=lambda row: row.id % 2)
    for row in rows:
        table.add(row)
    expected = [row for row in rows if all(column(row, one.column) in one.values for one in criteria)]
    selection = select(table, criteria)

    assert (selection.rows(0, 100), len(selection)) == (expected, len(expected))


@given(rows=rows, criteria=criteria, start=st.integers(0, 8), size=st.integers(1, 8))
def test_a_page_of_the_newest_first_is_that_part_of_everything(rows, criteria, start, size):
    """Also where several indexed values are read as one."""
    table = Table("color", parity=lambda row: row.id % 2)
    for row in rows:
        table.add(row)
    expected = [row for row in rows if all(column(row, one.column) in one.values for one in criteria)][::-1]

    assert select(table, criteria).newest_first().rows(start, start + size) == expected[start : start + size]
