"""
The mean of a column over all organizations: each tells its sum and its count.

A node may set `AVERAGE_MINIMUM_ROWS` (default 5): with fewer values it tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from vantage6.algorithm.tools.decorators import algorithm_client, data
from vantage6.algorithm.tools.exceptions import CollectResultsError, PrivacyThresholdViolation, UserInputError
from vantage6.algorithm.tools.util import get_env_var, info

if TYPE_CHECKING:
    import pandas as pd
    from vantage6.algorithm.client import AlgorithmClient


@algorithm_client
def central_average(client: AlgorithmClient, column: str) -> dict[str, Any]:
    """
    Return the mean of a column over all organizations of the collaboration.
    """
    organizations = [organization["id"] for organization in client.organization.list()]
    info(f"asking {len(organizations)} organizations for sum and count of {column}")
    task = client.task.create(
        input_={"method": "partial_average", "kwargs": {"column": column}},
        organizations=organizations,
        name="partial average",
        description=f"sum and count of {column}",
    )
    parts = client.wait_for_results(task_id=task["id"])
    # The result of an organization that failed is not there.
    if len(parts) < len(organizations):
        raise CollectResultsError(f"only {len(parts)} of {len(organizations)} organizations answered")
    count = sum(part["count"] for part in parts)
    return {"mean": sum(part["sum"] for part in parts) / count, "count": count}


@data(1)
def partial_average(df: pd.DataFrame, column: str) -> dict[str, float]:
    """
    Return sum and count of the values that one organization has.
    """
    if column not in df:
        raise UserInputError(f"there is no column {column!r}; there are {', '.join(df.columns)}")
    values = df[column].dropna()
    minimum = get_env_var("AVERAGE_MINIMUM_ROWS", default="5", as_type="int")
    if len(values) < minimum:
        raise PrivacyThresholdViolation(f"{len(values)} values are fewer than the {minimum} that this node asks for")
    return {"sum": float(values.sum()), "count": len(values)}
