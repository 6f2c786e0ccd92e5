"""The algorithm: what it says of all organizations together is what the pooled rows say."""

from __future__ import annotations

import pandas as pd
import pytest
from v6client.exceptions import TaskFailedError
from v6mockserver import check_federated

from weight_study import algorithm
from weight_study.analysis import answer, ask


def pooled(df):
    """Return the same of rows that are in one place."""
    groups = df.dropna(subset=["weight"]).groupby("sex")["weight"].agg(["count", "mean"])
    return [{"group": row.Index, "count": row.count, "mean": row.mean} for row in groups.itertuples()]


def test_over_any_split():
    """Whatever the split, it gives what the pooled rows give, or refuses."""
    weights = [61.5, 70.0, 80.25, 92.0, 66.5, 75.0]
    rows = pd.DataFrame({"weight": weights * 3, "sex": ["f", "m"] * 9})

    check_federated(
        algorithm,
        pooled,
        rows,
        method="central",
        arguments={"column": "weight", "by": "sex"},
        nodes=(1, 4),
        may_fail=True,
        examples=20,
    )


@pytest.mark.usefixtures("image")
def test_over_the_federation(v6_federation, client):
    """Over all organizations that take part, the whole way from the task to its result."""
    table = answer(client, ask(client, "weight", "sex"))

    wanted = pd.DataFrame(pooled(v6_federation.data))
    pd.testing.assert_frame_equal(table.reset_index(drop=True), wanted)


@pytest.mark.usefixtures("image")
def test_small_groups_are_protected(v6_federation, client):
    """One organization with too few people, and there is no result; its log says why, and no number."""
    few = pd.DataFrame({"weight": [70.0, 80.0, 90.0, 61.0], "sex": ["m", "m", "m", "f"]})
    v6_federation.nodes[-1].add_database("default", few)

    with pytest.raises(TaskFailedError, match="organizations answered"):
        answer(client, ask(client, "weight", "sex"))

    (log,) = [run["log"] for run in client.run.iter() if "fewer than 3 people" in run["log"]]
    assert "61" not in log
