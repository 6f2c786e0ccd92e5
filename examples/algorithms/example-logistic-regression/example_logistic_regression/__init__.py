"""
Logistic regression over all organizations, by Newton's method.

In each round every organization tells gradient, information matrix and likelihood at the current coefficients: sums
over its patients. The rounds end when the coefficients do not move any more; the fit is that of the pooled data.

A node may set `LOGISTIC_REGRESSION_MINIMUM_ROWS` (default 10): with fewer patients it tells nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vantage6.algorithm.tools.decorators import algorithm_client, data
from vantage6.algorithm.tools.exceptions import (
    CollectResultsError,
    ConvergenceError,
    PrivacyThresholdViolation,
    UserInputError,
)
from vantage6.algorithm.tools.util import get_env_var, info

if TYPE_CHECKING:
    import pandas as pd
    from vantage6.algorithm.client import AlgorithmClient

ROUNDS = 25
TOLERANCE = 1e-9


@algorithm_client
def central_logistic_regression(client: AlgorithmClient, outcome: str, predictors: list[str]) -> dict[str, Any]:
    """
    Fit how predictors tell whether the outcome is above zero.

    Patients with a missing value in one of these columns are left out.
    """
    organizations = [organization["id"] for organization in client.organization.list()]
    coefficients = np.zeros(len(predictors) + 1)
    for number in range(1, ROUNDS + 1):
        task = client.task.create(
            input_={
                "method": "partial_newton",
                "kwargs": {"coefficients": coefficients.tolist(), "outcome": outcome, "predictors": predictors},
            },
            organizations=organizations,
            name=f"round {number}",
            description="gradient and information",
        )
        parts = client.wait_for_results(task_id=task["id"])
        if len(parts) < len(organizations):
            raise CollectResultsError(f"only {len(parts)} of {len(organizations)} organizations answered")
        gradient, information = (np.sum([part[name] for part in parts], axis=0) for name in ("gradient", "information"))
        step = np.linalg.solve(information, gradient)
        coefficients = coefficients + step
        info(f"round {number}: the largest step is {np.abs(step).max():.3g}")
        if np.abs(step).max() < TOLERANCE:
            errors = np.sqrt(np.diag(np.linalg.inv(information)))
            names = ["intercept", *predictors]
            return {
                "coefficients": dict(zip(names, coefficients.tolist(), strict=True)),
                "standard_errors": dict(zip(names, errors.tolist(), strict=True)),
                "log_likelihood": sum(part["log_likelihood"] for part in parts),
                "patients": sum(part["patients"] for part in parts),
                "rounds": number,
            }
    raise ConvergenceError(
        f"the coefficients still move after {ROUNDS} rounds: do the predictors tell all patients apart?"
    )


@data(1)
def partial_newton(df: pd.DataFrame, coefficients: list[float], outcome: str, predictors: list[str]) -> dict[str, Any]:
    """
    Return gradient, information matrix and likelihood of one organization's patients.
    """
    for name in (outcome, *predictors):
        if name not in df:
            raise UserInputError(f"there is no column {name!r}; there are {', '.join(df.columns)}")
    complete = df[[outcome, *predictors]].dropna()
    minimum = get_env_var("LOGISTIC_REGRESSION_MINIMUM_ROWS", default="10", as_type="int")
    if len(complete) < minimum:
        raise PrivacyThresholdViolation(f"{len(complete)} patients are fewer than the {minimum} this node asks for")
    x = np.column_stack([np.ones(len(complete)), complete[predictors].to_numpy(dtype=float)])
    y = (complete[outcome] > 0).to_numpy(dtype=float)
    score = x @ np.asarray(coefficients)
    chance = 1 / (1 + np.exp(-score))
    return {
        "gradient": (x.T @ (y - chance)).tolist(),
        "information": (x.T @ (x * (chance * (1 - chance))[:, None])).tolist(),
        "log_likelihood": float(np.sum(y * score - np.logaddexp(0, score))),
        "patients": len(complete),
    }
