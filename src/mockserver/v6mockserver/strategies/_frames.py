"""
Strategies for data frames, and for ways in which the rows of one may lie at several nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from v6mockserver.strategies._words import WORDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from v6mockserver.strategies._words import Strategy

COLUMNS: Mapping[str, Strategy[Any]] = {
    "age": st.integers(0, 110),
    "height": st.floats(100, 220).map(lambda height: round(height, 1)),
    "sex": st.sampled_from(["f", "m"]),
    "smokes": st.booleans(),
    "ward": WORDS,
}
"""The columns of a table of patients: whole numbers, fractions, a category, truth values and texts."""

MOST_ROWS = 60
"""The most rows that are drawn, however many there are: an example is to be read by people."""
MOST_BLANKS = 3
FIRST = st.just(0)
"""The node that has most rows where the split is skewed."""


def data_frames(
    *, columns: Mapping[str, Strategy[Any]] = COLUMNS, rows: tuple[int, int] = (0, 20), missing: bool = True
) -> Strategy[pd.DataFrame]:
    """
    Return a strategy for data frames, as the database of a node.

    Shrinks towards few rows, and no missing values.

    Parameters
    ----------
    columns : mapping, optional
        A strategy for the values of each column, by name; by default those of a table of patients.
    rows : pair of int, default (0, 20)
        The fewest and the most rows.
    missing : bool, default True
        Whether any value may be missing.

    Examples
    --------
    >>> from hypothesis import find
    >>> int(find(data_frames(missing=False), lambda frame: frame["age"].max() > 64)["age"].max())
    65
    """
    if not (columns and 0 <= rows[0] <= rows[1]):
        msg = f"columns={list(columns)!r} and rows={rows!r} leave nothing to choose from"
        raise InvalidArgument(msg)
    values = {name: (strategy | st.none() if missing else strategy) for name, strategy in columns.items()}
    return st.lists(st.fixed_dictionaries(values), min_size=rows[0], max_size=rows[1]).map(
        lambda drawn: _frame(drawn, list(columns))
    )


def _frame(rows: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    import pandas as pd

    frame: pd.DataFrame = pd.DataFrame(rows, columns=columns)
    return frame


def splits(
    data: pd.DataFrame,
    *,
    nodes: tuple[int, int] = (1, 12),
    least_rows: int = 0,
    missing: bool = True,
) -> Strategy[list[pd.DataFrame]]:
    """
    Return a strategy for rows of a data frame, spread over nodes: a data frame for each.

    A node may have no rows, or all of them. Shrinks towards one node, few rows, and the first ones.

    Parameters
    ----------
    data : DataFrame
        The rows to draw from, each at most once.
    nodes : pair of int, default (1, 12)
        The fewest and the most nodes.
    least_rows : int, default 0
        The fewest rows in all.
    missing : bool, default True
        Whether a column of a node may lack all values.

    Examples
    --------
    >>> import pandas as pd
    >>> from hypothesis import find
    >>> data = pd.DataFrame({"age": [63, 67, 41]})
    >>> [part["age"].tolist() for part in find(splits(data, nodes=(2, 3)), lambda parts: len(parts[1]) > 1)]
    [[], [63, 67]]
    """
    if least_rows > len(data):
        raise InvalidArgument(f"least_rows={least_rows} is more than the data have, which is {len(data)}")
    most = min(MOST_ROWS, len(data))

    def parts(size: int) -> Strategy[list[pd.DataFrame]]:
        node = st.integers(0, size - 1)
        rows = st.lists(
            st.tuples(FIRST | node, st.integers(0, len(data) - 1)),
            min_size=least_rows,
            max_size=max(least_rows, most),
            unique_by=_row,
        )
        blanks = st.lists(st.tuples(node, st.sampled_from(list(data.columns))), max_size=MOST_BLANKS)
        return st.builds(
            lambda rows, blanks: _parts(data, size, rows, blanks),
            rows if len(data) else st.just([]),
            blanks if missing else st.just([]),
        )

    return st.integers(*nodes).flatmap(parts)


def _row(placed: tuple[int, int]) -> int:
    return placed[1]


def _parts(
    data: pd.DataFrame, size: int, rows: list[tuple[int, int]], blanks: list[tuple[int, Any]]
) -> list[pd.DataFrame]:
    parts = [data.iloc[[row for node, row in rows if node == number]].copy() for number in range(size)]
    for node, column in blanks:
        parts[node][column] = float("nan")
    return parts
