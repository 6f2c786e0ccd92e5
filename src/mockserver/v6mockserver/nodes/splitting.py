"""
Spreading one data set over nodes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def split(
    frame: pd.DataFrame,
    *,
    by: str | None = None,
    n: int | Sequence[str] | Mapping[str, float] | None = None,
    seed: int = 0,
    skew: float = 0.0,
) -> dict[Any, pd.DataFrame]:
    """
    Split a data set into parts: by the values of a column, or into so many.

    Every row is in one part. With `by` alone each value of the column is a part. With `n` the rows are dealt at random;
    `skew` then says how much the parts differ: in size, or, together with `by`, in what the column holds.

    Parameters
    ----------
    frame : DataFrame
        The data.
    by : str, optional
        A column.
    n : int, or sequence or mapping of names, optional
        How many parts, what they are called, or how large they are compared with each other.
    seed : int, default 0
        Rows are dealt in the same way for the same seed.
    skew : float, default 0
        From 0, equal, to 1. Each part is smaller by this share than the one before, so that with 1 the first one has
        everything; or, with `by`, this share of the rows is dealt in the order of the column, so that with 1 the parts
        have hardly a value in common.

    Returns
    -------
    dict
        The parts, each with an index of its own: by value in ascending order, by name, or by number from 0.

    Raises
    ------
    MockUsageError
        If the arguments do not say how, or contradict each other.

    Examples
    --------
    >>> import pandas as pd
    >>> frame = pd.DataFrame({"sex": ["f", "m", "f"], "age": [40, 50, 60]})
    >>> {sex: len(part) for sex, part in split(frame, by="sex").items()}
    {'f': 2, 'm': 1}
    >>> [len(part) for part in split(frame, n=2).values()]
    [2, 1]
    """
    _require(frame, by, n, skew)
    if n is None:
        return {value: part.reset_index(drop=True) for value, part in frame.groupby(by, dropna=False)}
    weights = _weights(n, skew if by is None else 0.0)
    chance = random.Random(seed)  # noqa: S311 -- no secret
    order = list(range(len(frame)))
    chance.shuffle(order)
    if by is not None:
        order = _partly_sorted(order, frame[by], skew, chance)
    ends = _ends(list(weights.values()), len(frame))
    starts = [0, *ends[:-1]]
    return {
        name: frame.iloc[order[start:end]].reset_index(drop=True)
        for name, start, end in zip(weights, starts, ends, strict=True)
    }


def _require(frame: pd.DataFrame, by: str | None, n: Any, skew: float) -> None:
    if by is None and n is None:
        raise MockUsageError("split() needs by=, a column, or n=, how many parts")
    if by is not None and by not in frame:
        raise MockUsageError(f"there is no column {by!r}; there are {', '.join(map(str, frame.columns))}")
    if not 0 <= skew <= 1:
        raise MockUsageError(f"skew={skew} is not from 0 to 1")
    if skew and n is None:
        raise MockUsageError("skew= needs n=, how many parts; by= alone makes one of each value")
    if skew and by is None and isinstance(n, Mapping):
        raise MockUsageError("skew= and a mapping for n= both say how large the parts are; give one of them")


def _weights(n: int | Sequence[str] | Mapping[str, float], skew: float) -> dict[Any, float]:
    """
    Return how large each part is, compared with the others.
    """
    if isinstance(n, Mapping):
        weights: dict[Any, float] = dict(n)
    else:
        names = range(n) if isinstance(n, int) else n
        weights = {name: (1 - skew) ** position for position, name in enumerate(names)}
        if len(weights) < len(names):
            raise MockUsageError(f"the names of parts must differ: {n!r}")
    if not weights or min(weights.values()) < 0 or not sum(weights.values()):
        raise MockUsageError(f"n={n!r} makes no parts; it is a number from 1, names, or a size for each name")
    return weights


def _partly_sorted(order: list[int], column: pd.Series[Any], skew: float, chance: random.Random) -> list[int]:
    """
    Return an order of rows of which a share goes by a column, and the rest stays where chance has put it.
    """
    ranks = column.rank(method="first", na_option="bottom")
    places = sorted(chance.sample(range(len(order)), round(skew * len(order))))
    rows = sorted((order[place] for place in places), key=lambda row: ranks.iloc[row])
    mixed = list(order)
    for place, row in zip(places, rows, strict=True):
        mixed[place] = row
    return mixed


def _ends(weights: list[float], length: int) -> list[int]:
    """
    Return where each part ends; what does not divide goes to the first ones.
    """
    total = sum(weights)
    # The ceiling without the noise of sums of floats.
    return [min(length, int(-(-round(share * length / total, 9) // 1))) for share in accumulate(weights)]
