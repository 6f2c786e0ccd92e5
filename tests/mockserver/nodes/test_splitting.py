"""One data set, spread over nodes."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6mockserver import MockUsageError, split

FRAME = pd.DataFrame({"row": range(12), "sex": ["f", "m", "f"] * 4})


def test_by_a_column():
    """Each value is a part, in ascending order, with an index of its own."""
    parts = split(FRAME, by="sex")

    assert {value: len(part) for value, part in parts.items()} == {"f": 8, "m": 4}
    assert list(parts["m"].index) == [0, 1, 2, 3]


def test_missing_values_are_a_part():
    """No row is lost."""
    parts = split(pd.DataFrame({"sex": ["f", None, "f"]}), by="sex")

    assert [len(part) for part in parts.values()] == [2, 1]


def test_so_many():
    """What does not divide goes to the first parts."""
    assert [len(part) for part in split(FRAME, n=5).values()] == [3, 2, 3, 2, 2]


def test_by_names():
    """Such as those of nodes."""
    assert list(split(FRAME, n=["North", "South"])) == ["North", "South"]


def test_by_size():
    """Sizes are compared with each other, and a part may be empty."""
    parts = split(FRAME, n={"North": 3, "South": 1, "West": 0})

    assert {name: len(part) for name, part in parts.items()} == {"North": 9, "South": 3, "West": 0}


def test_skew_of_sizes():
    """Each part is smaller by that share than the one before."""
    assert [len(part) for part in split(FRAME, n=3, skew=0.5).values()] == [7, 4, 1]
    assert [len(part) for part in split(FRAME, n=3, skew=1).values()] == [12, 0, 0]


def test_skew_of_a_column():
    """With a skew of 1 the parts have hardly a value in common; without one they have all."""
    apart = split(FRAME, n=3, by="sex", skew=1)
    alike = split(FRAME, n=3, by="sex")

    assert [set(part["sex"]) for part in apart.values()] == [{"f"}, {"f"}, {"m"}]
    assert all(set(part["sex"]) == {"f", "m"} for part in alike.values())


def test_the_seed_decides():
    """The same one deals the rows in the same way, another one in another."""
    first, again, other = (split(FRAME, n=2, seed=seed)[0] for seed in (1, 1, 2))

    assert first.equals(again)
    assert not first.equals(other)


@given(
    rows=st.integers(0, 40),
    n=st.integers(1, 12),
    skew=st.floats(0, 1),
    by=st.sampled_from([None, "sex"]),
    seed=st.integers(0, 3),
)
def test_every_row_is_in_one_part(rows, n, skew, by, seed):
    """Whatever the arguments are, there are as many parts as were asked for."""
    frame = pd.DataFrame({"row": range(rows), "sex": (["f", "m", None, "f"] * 10)[:rows]})

    parts = split(frame, n=n, skew=skew, by=by, seed=seed)

    assert len(parts) == n
    assert sorted(row for part in parts.values() for row in part["row"]) == list(range(rows))


MISTAKES = {
    "nothing": ({}, "needs by="),
    "column": ({"by": "age"}, "no column 'age'; there are row, sex"),
    "skew": ({"n": 2, "skew": 1.5}, "not from 0 to 1"),
    "skew alone": ({"by": "sex", "skew": 0.5}, "needs n="),
    "sizes": ({"n": {"a": 1}, "skew": 0.5}, "give one of them"),
    "none": ({"n": 0}, "makes no parts"),
    "negative": ({"n": {"a": -1, "b": 2}}, "makes no parts"),
    "names": ({"n": ["a", "a"]}, "must differ"),
}


@pytest.mark.parametrize(("arguments", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(arguments, message):
    """They are told with what would do."""
    with pytest.raises(MockUsageError, match=message):
        split(FRAME, **arguments)
