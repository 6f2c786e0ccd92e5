"""The example algorithms: the same in every execution, encrypted or not, and as over the pooled data."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from v6mockserver import check_federated
from v6mockserver._demo import FOLDER, HOSPITALS
from v6mockserver._federation import IMAGE, LABEL, federate

pytest.importorskip("vantage6.algorithm.tools", reason="needs vantage6-algorithm-tools, as in tox -e algorithms")

EXAMPLES = Path(__file__).parents[2] / "examples" / "algorithms"
FILES = {name: FOLDER / file for name, file in HOSPITALS.items()}
PREDICTORS = ["age", "sex", "thalach", "oldpeak"]


def mean(df):
    """The pooled mean of cholesterol, where it was measured."""
    return {"mean": df["chol"].mean(), "count": int(df["chol"].count())}


def crosstab(df):
    """The pooled counts; each is exact if nothing is hidden."""
    counts = df.dropna(subset=["sex", "cp"]).groupby(["sex", "cp"]).size()
    return [{"row": sex, "column": cp, "least": count, "most": count} for (sex, cp), count in counts.items()]


def logistic_regression(df):
    """The pooled coefficients, by iteratively reweighted least squares."""
    complete = df[["num", *PREDICTORS]].dropna()
    x = np.column_stack([np.ones(len(complete)), complete[PREDICTORS]])
    y = (complete["num"] > 0).to_numpy(float)
    coefficients = np.zeros(x.shape[1])
    for _ in range(30):
        score = x @ coefficients
        chance = 1 / (1 + np.exp(-score))
        root = np.sqrt(chance * (1 - chance))
        adjusted = score + (y - chance) / root**2
        coefficients = np.linalg.lstsq(x * root[:, None], adjusted * root, rcond=None)[0]
    return dict(zip(["intercept", *PREDICTORS], coefficients, strict=True))


def kaplan_meier(df):
    """The pooled curve of the age at which disease was found."""
    known = df[["age", "num"]].dropna()
    survival, curve = 1.0, []
    for age, here in known.groupby("age"):
        at_risk, events = int((known["age"] >= age).sum()), int((here["num"] > 0).sum())
        survival *= 1 - events / at_risk
        curve.append({"time": age, "at_risk": at_risk, "events": events, "survival": survival})
    return curve


CASES = {
    "average": ("central_average", {"column": "chol"}, mean, lambda result: result, 1e-9),
    "crosstab": ("central_crosstab", {"row": "sex", "column": "cp"}, crosstab, lambda result: result, 0),
    "logistic_regression": (
        "central_logistic_regression",
        {"outcome": "num", "predictors": PREDICTORS},
        logistic_regression,
        lambda result: result["coefficients"],
        1e-6,
    ),
    "kaplan_meier": (
        "central_kaplan_meier",
        {"time": "age", "event": "num"},
        kaplan_meier,
        lambda result: result,
        1e-9,
    ),
}
"""By algorithm: central function, arguments, the same over pooled data, what to compare, and how far it may be off."""

SLOW = [
    pytest.param("subprocess", True, marks=pytest.mark.slow),
    pytest.param("subprocess", False, marks=pytest.mark.slow),
    pytest.param("subprocess-cold", True, marks=pytest.mark.slow),
]


def package(name):
    """Return the folder of a package."""
    return EXAMPLES / f"example-{name.replace('_', '-')}" / f"example_{name}"


def federation(name, execution="inline", *, encrypted=False):
    """Return the four hospitals, where nodes hide no count, with an example."""
    made = federate(FILES, encrypted=encrypted, execution=execution)
    made.server.algorithms.register(IMAGE, package(name))
    for hospital, file in FILES.items():
        made.server.nodes[hospital].add_database(LABEL, file)
        made.server.nodes[hospital].environment["CROSSTAB_PRIVACY_THRESHOLD"] = "1"
    return made


def result_of(made, name, **arguments):
    """Run the central function at the first hospital and return its result."""
    method, usual, *_ = CASES[name]
    task = made.ask(method, {**usual, **arguments})
    (result,) = made.client.wait_for_results(task["id"])["data"]
    made.server.nodes.stop()
    return json.loads(result["result"])


def close(found, wanted, tolerance):
    """Tell whether two results are the same, number by number."""
    if isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(close(found[key], wanted[key], tolerance) for key in wanted)
    if isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(close, found, wanted, [tolerance] * len(wanted)))
    return found == pytest.approx(wanted, rel=tolerance, abs=tolerance)


@pytest.mark.parametrize(
    ("execution", "encrypted"), [("inline", False), ("inline", True), ("thread", False), ("thread", True), *SLOW]
)
@pytest.mark.parametrize("name", CASES)
def test_federated_equals_pooled(name, execution, encrypted):
    """In every execution, encrypted or not."""
    _, _, pooled, part, tolerance = CASES[name]
    data = pd.concat([pd.read_csv(file) for file in FILES.values()])

    result = result_of(federation(name, execution, encrypted=encrypted), name)

    assert close(part(result), pooled(data), tolerance)


@pytest.mark.parametrize("name", ["average", "kaplan_meier"])
def test_federated_equals_pooled_over_any_split(name, monkeypatch):
    """Nodes refuse small groups, and then there is no result."""
    monkeypatch.syspath_prepend(str(package(name).parent))
    method, arguments, pooled, *_ = CASES[name]
    data = pd.concat([pd.read_csv(file) for file in FILES.values()])

    check_federated(
        package(name),
        pooled,
        data,
        method=method,
        arguments=arguments,
        nodes=(1, 3),
        least_rows=12,
        may_fail=True,
        examples=15,
    )


def test_small_counts_stay_hidden():
    """What a node does not tell may be anything below its threshold."""
    made = federation("crosstab")
    for node in made.server.nodes.values():
        node.environment["CROSSTAB_PRIVACY_THRESHOLD"] = "20"
    data = pd.concat([pd.read_csv(file) for file in FILES.values()])
    truth = {(cell["row"], cell["column"]): cell["least"] for cell in crosstab(data)}

    cells = result_of(made, "crosstab")

    assert cells
    assert all(cell["least"] <= truth[cell["row"], cell["column"]] <= cell["most"] for cell in cells)
    assert any(cell["least"] < cell["most"] for cell in cells)


@pytest.mark.parametrize("name", ["average", "logistic_regression", "kaplan_meier"])
def test_a_node_that_protects_its_patients_ends_the_analysis(name):
    """The log says that a hospital did not answer, and not which values it has."""
    made = federation(name)
    made.server.nodes["Switzerland"].environment[f"{name.upper()}_MINIMUM_ROWS"] = "1000"
    task = made.ask(CASES[name][0], CASES[name][1])

    results = made.client.wait_for_results(task["id"], raise_on_failure=False)
    (run,) = made.client.run.from_task(task["id"])["data"]

    assert results["data"][0]["result"] == ""
    assert run["status"] == "crashed"
    assert "of 4 organizations answered" in run["log"]
