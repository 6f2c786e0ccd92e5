"""
The Kaplan-Meier estimate over all organizations: the share of patients to whom the event has not happened by a time.

First every organization tells at which times something happened, rounded to whole units; then, how many patients were
at risk at each of these times and to how many the event happened.

A node may set `KAPLAN_MEIER_MINIMUM_ROWS` (default 10): with fewer patients it tells nothing.
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
def central_kaplan_meier(client: AlgorithmClient, time: str, event: str) -> list[dict[str, Any]]:
    """
    Return the curve as a list of points: `time`, `at_risk`, `events` and `survival`.

    Parameters
    ----------
    client
        Reaches the other organizations.
    time
        The column that tells when the event happened, or until when it had not.
    event
        The column that is above zero if it happened.
    """
    columns = {"time": time, "event": event}
    times = sorted(set().union(*_asked(client, "partial_times", columns)))
    tables = _asked(client, "partial_table", {**columns, "times": times})
    curve, survival = [], 1.0
    for position, moment in enumerate(times):
        at_risk, events = (sum(table[name][position] for table in tables) for name in ("at_risk", "events"))
        survival *= 1 - events / at_risk
        curve.append({"time": moment, "at_risk": at_risk, "events": events, "survival": survival})
    return curve


def _asked(client: AlgorithmClient, method: str, arguments: dict[str, Any]) -> list[Any]:
    """
    Return what all organizations answer.
    """
    organizations = [organization["id"] for organization in client.organization.list()]
    info(f"asking {len(organizations)} organizations for {method}")
    task = client.task.create(
        input_={"method": method, "kwargs": arguments},
        organizations=organizations,
        name=method,
        description="Kaplan-Meier",
    )
    answers = client.wait_for_results(task_id=task["id"])
    if len(answers) < len(organizations):
        raise CollectResultsError(f"only {len(answers)} of {len(organizations)} organizations answered")
    return answers


@data(1)
def partial_times(df: pd.DataFrame, time: str, event: str) -> list[int]:
    """
    Return the times of one organization at which something happened, in whole units.
    """
    return sorted({int(moment) for moment in _patients(df, time, event)[time]})


@data(1)
def partial_table(df: pd.DataFrame, time: str, event: str, times: list[int]) -> dict[str, list[int]]:
    """
    Return for each time how many patients of one organization were at risk, and to how many the event happened.
    """
    patients = _patients(df, time, event)
    happened = patients[patients[event] > 0][time]
    return {
        "at_risk": [int((patients[time] >= moment).sum()) for moment in times],
        "events": [int((happened == moment).sum()) for moment in times],
    }


def _patients(df: pd.DataFrame, time: str, event: str) -> pd.DataFrame:
    """
    Return the patients of whom all is known, with times in whole units.
    """
    for name in (time, event):
        if name not in df:
            raise UserInputError(f"there is no column {name!r}; there are {', '.join(df.columns)}")
    known = df[[time, event]].dropna()
    minimum = get_env_var("KAPLAN_MEIER_MINIMUM_ROWS", default="10", as_type="int")
    if len(known) < minimum:
        raise PrivacyThresholdViolation(f"{len(known)} patients are fewer than the {minimum} that this node asks for")
    return known.assign(**{time: known[time].round().astype(int)})
