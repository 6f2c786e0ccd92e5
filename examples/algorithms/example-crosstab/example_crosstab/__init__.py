"""
A cross table of two columns over all organizations, in which small counts stay hidden.

A node tells only counts that reach its `CROSSTAB_PRIVACY_THRESHOLD` (default 5). Any other count, zero included, is
somewhere below it, so that the table has the least and the most that each count can be.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vantage6.algorithm.tools.decorators import algorithm_client, data
from vantage6.algorithm.tools.exceptions import CollectResultsError, UserInputError
from vantage6.algorithm.tools.util import get_env_var, info

if TYPE_CHECKING:
    import pandas as pd
    from vantage6.algorithm.client import AlgorithmClient


@algorithm_client
def central_crosstab(client: AlgorithmClient, row: str, column: str) -> list[dict[str, Any]]:
    """
    Return the cells of the table: the values of `row` and `column`, and the `least` and the `most` that there can be.
    """
    organizations = [organization["id"] for organization in client.organization.list()]
    task = client.task.create(
        input_={"method": "partial_crosstab", "kwargs": {"row": row, "column": column}},
        organizations=organizations,
        name="partial cross table",
        description=f"{row} by {column}",
    )
    parts = client.wait_for_results(task_id=task["id"])
    if len(parts) < len(organizations):
        raise CollectResultsError(f"only {len(parts)} of {len(organizations)} organizations answered")
    tables = [{(cell["row"], cell["column"]): cell["count"] for cell in part["cells"]} for part in parts]
    hidden = [part["threshold"] - 1 for part in parts]
    cells = sorted(set().union(*tables))
    info(f"{len(cells)} cells")
    return [
        {
            "row": cell[0],
            "column": cell[1],
            "least": sum(table.get(cell, 0) for table in tables),
            "most": sum(table.get(cell, most) for table, most in zip(tables, hidden, strict=True)),
        }
        for cell in cells
    ]


@data(1)
def partial_crosstab(df: pd.DataFrame, row: str, column: str) -> dict[str, Any]:
    """
    Return the counts of one organization that are large enough to be told, and how large that is.
    """
    for name in (row, column):
        if name not in df:
            raise UserInputError(f"there is no column {name!r}; there are {', '.join(df.columns)}")
    threshold = max(1, get_env_var("CROSSTAB_PRIVACY_THRESHOLD", default="5", as_type="int"))
    counts = df.dropna(subset=[row, column]).groupby([row, column]).size()
    told = counts[counts >= threshold]
    info(f"{len(told)} of {len(counts)} counts reach {threshold}")
    # numpy's numbers are not JSON's.
    cells = [{"row": _plain(of), "column": _plain(by), "count": int(count)} for (of, by), count in told.items()]
    return {"threshold": threshold, "cells": cells}


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else value
