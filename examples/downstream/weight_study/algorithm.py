"""
The mean of a column for each group of people, over all organizations.

Nodes tell counts and sums, and nothing at all if a group of theirs has fewer than `LEAST` people.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

LEAST = 3


def partial(df: pd.DataFrame, column: str, by: str) -> list[dict[str, Any]]:
    """
    Return count and sum of each group.
    """
    groups = df.dropna(subset=[column]).groupby(by)[column].agg(["count", "sum"])
    if (groups["count"] < LEAST).any():
        raise ValueError(f"a group by {by!r} has fewer than {LEAST} people here")
    return [{"group": row.Index, "count": row.count, "sum": row.sum} for row in groups.itertuples()]


def central(client: Any, column: str, by: str) -> list[dict[str, Any]]:
    """
    Return count and mean of each group over all organizations.
    """
    organizations = [organization["id"] for organization in client.organization.list()]
    task = client.task.create(
        input_={"method": "partial", "kwargs": {"column": column, "by": by}},
        organizations=organizations,
        name="partial",
        description=f"counts and sums of {column} by {by}",
    )
    parts = client.wait_for_results(task["id"])
    # The result of an organization that failed is not there.
    if len(parts) < len(organizations):
        raise RuntimeError(f"only {len(parts)} of {len(organizations)} organizations answered")
    counts, sums = Counter[str](), Counter[str]()
    for row in (row for part in parts for row in part):
        counts[row["group"]] += row["count"]
        sums[row["group"]] += row["sum"]
    return [{"group": group, "count": counts[group], "mean": sums[group] / counts[group]} for group in sorted(counts)]
