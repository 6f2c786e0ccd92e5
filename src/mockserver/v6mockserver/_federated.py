"""
The check that an algorithm gives over many nodes what it gives over all data in one place.

Hypothesis draws rows of the data and spreads them over nodes. A split on which the two differ is shrunk to a smallest
one, and told.
"""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from v6client.exceptions import TaskFailedError
from v6mockserver._errors import DisagreementError, MockUsageError
from v6mockserver._federation import IMAGE, LABEL, Federation, federate
from v6mockserver.nodes.executors import MANUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from v6mockserver.nodes.algorithms import Source

    Split = Sequence[pd.DataFrame]

MOST_NODES = 12
"""More than the ten rows of a page, on which a client that reads only one misses results."""


def check_federated(
    algorithm: Source,
    pooled: Callable[[pd.DataFrame], Any],
    data: pd.DataFrame,
    *,
    method: str,
    arguments: Mapping[str, Any] | None = None,
    nodes: tuple[int, int] = (1, MOST_NODES),
    least_rows: int = 1,
    missing: bool = True,
    may_fail: bool = False,
    tolerance: float = 1e-9,
    examples: int = 100,
    encrypted: bool = False,
    execution: str = "inline",
) -> None:
    """
    Check that an algorithm gives the same over any split of the data as over the pooled data.

    Among the splits are those with nodes that have no row, one row, nearly all rows, or a column without any value, and
    those over eleven nodes and more. Needs the extra `testing`.

    Parameters
    ----------
    algorithm : mapping, module or str
        The algorithm, as `server.algorithms.register` takes it.
    pooled : callable
        Gets a data frame with all rows of a split, and returns what the algorithm should. A split for which it raises a
        ValueError, ArithmeticError or LookupError is passed over: there is nothing to compare with.
    data : DataFrame
        The rows to draw from.
    method : str
        The central function.
    arguments : mapping, optional
        Its keyword arguments.
    nodes : pair of int, default (1, 12)
        The fewest and the most nodes.
    least_rows : int, default 1
        The fewest rows in all.
    missing : bool, default True
        Whether columns of some nodes may lack all values.
    may_fail : bool, default False
        Whether the algorithm may fail instead of giving a result, as one does that protects small groups.
    tolerance : float, default 1e-9
        How far numbers may be apart, as a share of the larger one, or of 1 if that is more.
    examples : int, default 100
        How many splits to draw.
    encrypted : bool, default False
        Whether the collaboration is.
    execution : str, default "inline"
        Where nodes run the algorithm.

    Raises
    ------
    DisagreementError
        If the algorithm gives something else, or fails; with the smallest split that was found.
    MockUsageError
        If a range of nodes or rows makes no sense, or nobody runs the algorithm.
    ImportError
        If the extra `testing` is not installed.
    """
    try:
        from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    except ModuleNotFoundError as error:
        raise ImportError(
            "check_federated needs hypothesis, which is not installed: pip install 'v6client[testing]'"
        ) from error

    from v6mockserver.strategies import splits

    _require(nodes, least_rows, len(data), execution)

    ends = ExitStack()

    @cache
    def federation(size: int) -> Federation:
        made = federate([f"node {number + 1}" for number in range(size)], encrypted=encrypted, execution=execution)
        ends.callback(made.server.nodes.stop)
        made.server.algorithms.register(IMAGE, algorithm)
        return made

    def check(split: Split) -> None:
        wanted = _wanted(pooled, split)
        if wanted is None:
            return
        outcome = _outcome(federation(len(split)), method, arguments or {}, split)
        if outcome.failure and may_fail:
            return
        problem = outcome.failure or difference(outcome.result, wanted.result, tolerance)
        if problem:
            raise DisagreementError(_told(split, problem))

    rows = splits(data, nodes=nodes, least_rows=least_rows, missing=missing)
    checked = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        verbosity=Verbosity.quiet,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )(given(rows)(check))
    with ends:
        checked()
        # What is drawn has few rows, so that it can be told. All of them, some other ways:
        for split in _whole(data, nodes):
            check(split)


def _require(nodes: tuple[int, int], least_rows: int, rows: int, execution: str) -> None:
    if not 1 <= nodes[0] <= nodes[1]:
        raise MockUsageError(f"nodes is a pair, the fewest (1 or more) and the most, not {nodes!r}")
    if not 0 <= least_rows <= rows:
        raise MockUsageError(f"least_rows is at most the {rows} rows that there are, not {least_rows!r}")
    if execution == MANUAL:
        raise MockUsageError(f"nobody plays the runs of execution={MANUAL!r} here; leave it out, or name another one")


class Outcome(NamedTuple):
    """
    A result as plain JSON, or why there is none.
    """

    result: Any
    failure: str = ""


def _outcome(federation: Federation, method: str, arguments: Mapping[str, Any], split: Split) -> Outcome:
    """
    Return what comes of the central function when each node has a part of the data.
    """
    for node, part in zip(federation.server.nodes.values(), split, strict=True):
        node.add_database(LABEL, part)
    task = federation.ask(method, arguments)
    try:
        (result,) = federation.client.wait_for_results(task["id"])["data"]
    except TaskFailedError as error:
        return Outcome(None, f"the federation fails: {error}")
    return Outcome(json.loads(result["result"] or "null"))


def _wanted(pooled: Callable[[pd.DataFrame], Any], split: Split) -> Outcome | None:
    """
    Return what the algorithm should give, as it would come out of a result; None if there is no such thing.
    """
    import pandas as pd

    try:
        wanted = pooled(pd.concat(split, ignore_index=True))
    except (ValueError, ArithmeticError, LookupError):
        return None
    return Outcome(json.loads(json.dumps(wanted, default=_plain)))


def _plain(value: Any) -> Any:
    """
    Return one of numpy's or pandas's values as Python has it.
    """
    for convert in ("tolist", "to_dict"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    raise MockUsageError(f"pooled gives a {type(value).__name__}, which no result can be; give plain values")


def difference(found: Any, wanted: Any, tolerance: float, where: str = "the result") -> str:
    """
    Return the first difference between two values of JSON, or an empty text.
    """
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        parts = ((found[key], wanted[key], f"{where}[{key!r}]") for key in wanted)
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        parts = (
            (one, other, f"{where}[{place}]") for place, (one, other) in enumerate(zip(found, wanted, strict=True))
        )
    elif _agree(found, wanted, tolerance):
        return ""
    else:
        return f"{where} is {found!r}, and {wanted!r} over the pooled data"
    return next(filter(None, (difference(one, other, tolerance, place) for one, other, place in parts)), "")


def _agree(found: Any, wanted: Any, tolerance: float) -> bool:
    if isinstance(found, bool) or isinstance(wanted, bool) or not _are_numbers(found, wanted):
        return type(found) is type(wanted) and bool(found == wanted)
    both_missing = math.isnan(found) and math.isnan(wanted)
    return both_missing or math.isclose(found, wanted, rel_tol=tolerance, abs_tol=tolerance)


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) for value in values)


def _whole(data: pd.DataFrame, nodes: tuple[int, int]) -> Iterator[Split]:
    """
    Yield all rows over the fewest and over the most nodes: evenly, and nearly all at one.
    """
    fewest, most = nodes
    for size in {fewest, max(fewest, min(most, len(data)))}:
        yield [data.iloc[place::size] for place in range(size)]
    if most > 1 and len(data) >= most:
        yield [data.iloc[most - 1 :], *(data.iloc[place : place + 1] for place in range(most - 1))]


def _told(split: Split, problem: str) -> str:
    rows = sum(map(len, split))
    lines = [f"{problem}\n", f"a split of {rows} rows over {len(split)} nodes:"]
    for number, part in enumerate(split, 1):
        lines.append(f"node {number}, {len(part)} rows")
        if len(part):
            lines.append(part.to_string())
    return "\n".join(lines)
