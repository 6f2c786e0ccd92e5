"""
The demo: the mean of a column over the patients of four hospitals, without their data in one place.

The data are the UCI heart disease files, each collected at its own hospital.
"""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from v6client import UserClient
from v6mockserver._server import MockServer
from v6mockserver.state.releases import LATEST

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from v6mockserver.nodes.algorithm_client import AlgorithmClient
    from v6mockserver.nodes.executors import Choice

HOSPITALS = {
    "Cleveland": "cleveland.csv",
    "Budapest": "budapest.csv",
    "Switzerland": "switzerland.csv",
    "Long Beach": "long_beach.csv",
}
"""The files of the hospitals, each an organization with a node of its own."""

FOLDER = Path(__file__).parent / "data" / "heart-disease"
HOME = "Cleveland"
COLLABORATION = "Heart disease"
IMAGE = "v6-average"
USERNAME, PASSWORD = "researcher", "Federated-1"


def partial_average(client: AlgorithmClient, df: pd.DataFrame, column: str) -> dict[str, Any]:
    """
    Return what one hospital tells about a column: sums and counts, no patients.

    Parameters
    ----------
    client : AlgorithmClient
        Tells which hospital this is.
    df : DataFrame
        The hospital's data.
    column : str
        The column to average; missing values are counted and left out.

    Returns
    -------
    dict
        `organization_id`, `rows`, `missing` and `sum`.
    """
    if column not in df:
        raise ValueError(f"there is no column {column!r}; there are {', '.join(df.columns)}")
    return {
        "organization_id": client.organization_id,
        "rows": len(df),
        "missing": int(df[column].isna().sum()),
        "sum": float(df[column].sum()),
    }


def central_average(client: AlgorithmClient, column: str) -> dict[str, Any]:
    """
    Ask every hospital of the collaboration, and combine what they tell.

    Parameters
    ----------
    client : AlgorithmClient
        Creates the subtask and waits for it.
    column : str
        The column to average.

    Returns
    -------
    dict
        `mean`, `rows`, `missing`, and `hospitals`, what each of them told.
    """
    names = {one["id"]: one["name"] for one in client.organization.list()}
    task = client.task.create(
        input_={"method": "partial_average", "kwargs": {"column": column}}, organizations=list(names)
    )
    parts = client.wait_for_results(task["id"])
    if len(parts) < len(names):
        raise RuntimeError(_what_failed(client, task["id"], names))
    rows, missing = (sum(part[key] for part in parts) for key in ("rows", "missing"))
    return {
        "mean": sum(part["sum"] for part in parts) / (rows - missing),
        "rows": rows,
        "missing": missing,
        "hospitals": [_hospital(part, names) for part in sorted(parts, key=lambda part: part["organization_id"])],
    }


def _hospital(part: dict[str, Any], names: dict[int, str]) -> dict[str, Any]:
    present = part["rows"] - part["missing"]
    return {
        "name": names[part["organization_id"]],
        "rows": part["rows"],
        "missing": part["missing"],
        "mean": part["sum"] / present if present else None,
    }


def _what_failed(client: AlgorithmClient, task_id: int, names: dict[int, str]) -> str:
    """
    Say which hospitals failed: a failed run leaves no result, and ends the wait for those that are still at work.
    """
    failed = [
        f"{names[run['organization']['id']]}: {run['status']}: {(run['log'] or '').strip().rpartition(chr(10))[2]}"
        for run in client.run.from_task(task_id)
        if run["status"] not in {"completed", "active", "pending"}
    ]
    return f"not every hospital answered: {'; '.join(failed)}"


def server(*, version: str = LATEST, execution: Choice = "inline") -> MockServer:
    """
    Return a server with the four hospitals, their nodes and data, a researcher, and the algorithm.
    """
    researcher = {"username": USERNAME, "password": PASSWORD, "firstname": "Ada", "roles": ["Researcher"]}
    seed = {
        "organizations": [{"name": name, "users": [researcher] if name == HOME else []} for name in HOSPITALS],
        "collaborations": [
            {
                "name": COLLABORATION,
                "encrypted": True,
                "participants": [
                    {"name": name, "node": name, "databases": {"default": FOLDER / file}}
                    for name, file in HOSPITALS.items()
                ],
            }
        ],
    }
    mock = MockServer(seed, version=version, execution=execution)
    mock.algorithms.register(IMAGE, __name__)
    return mock


def run(*, column: str = "age", execution: str = "thread", live: bool = False, progress: bool = True) -> dict[str, Any]:
    """
    Run the demo and return its outcome.

    Parameters
    ----------
    column : str, default "age"
        The column to average.
    execution : {"inline", "thread", "subprocess", "subprocess-cold"}, default "thread"
        Where nodes run algorithms.
    live : bool, default False
        Whether the researcher talks to the server over a loopback port.
    progress : bool, default True
        Whether to tell how far the task is.

    Returns
    -------
    dict
        What the central function returned, and `pooled_mean`, `column`, `encrypted`, `organizations` and `seconds`.

    Raises
    ------
    TaskFailedError
        If the analysis fails, such as for a column that is not there.
    """
    started = perf_counter()
    mock = server(execution=execution)
    try:
        if live:
            mock.start()
        outcome = _analyse(mock, column=column, progress=progress, session=None if live else mock.session())
    finally:
        mock.stop()
        mock.nodes.stop()
    pooled = _pooled_mean(column)
    return {**outcome, "pooled_mean": pooled, "seconds": perf_counter() - started}


def _analyse(mock: MockServer, *, column: str, progress: bool, session: requests.Session | None) -> dict[str, Any]:
    """
    Do what a researcher does, and nothing that only a mock allows.
    """
    with UserClient(mock.url, None, session=session, log_level="warn", progress=progress) as client:
        client.authenticate(USERNAME, PASSWORD)
        client.setup_encryption(mock.private_keys[HOME])
        collaboration = client.collaboration.list(name=COLLABORATION)["data"][0]
        organizations = client.organization.list(collaboration=collaboration["id"])["data"]
        task = client.task.create(
            collaboration=collaboration["id"],
            organizations=[organization["id"] for organization in organizations if organization["name"] == HOME],
            name="average",
            image=IMAGE,
            description=f"mean of {column} over all hospitals",
            input_={"method": "central_average", "kwargs": {"column": column}},
            databases=[{"label": "default"}],
        )
        (result,) = client.wait_for_results(task["id"])["data"]
    return {
        **json.loads(result["result"] or "null"),
        "column": column,
        "encrypted": collaboration["encrypted"],
        "organizations": [organization["name"] for organization in organizations],
    }


def _pooled_mean(column: str) -> float:
    """
    Return what one would get with all data in one place.
    """
    import pandas as pd

    frames = [pd.read_csv(FOLDER / file) for file in HOSPITALS.values()]
    return float(pd.concat(frames)[column].mean())


def show(outcome: dict[str, Any]) -> None:
    """
    Print the outcome for people.
    """
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{outcome['column']} at four hospitals, whose data never left them")
    for heading, justify in (("hospital", "left"), ("rows", "right"), ("missing", "right"), ("mean", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]  # rich types this as a literal
    for hospital in outcome["hospitals"]:
        mean = "-" if hospital["mean"] is None else f"{hospital['mean']:.4f}"
        table.add_row(hospital["name"], str(hospital["rows"]), str(hospital["missing"]), mean)
    console = Console()
    console.print(table)
    encrypted = "end-to-end encrypted" if outcome["encrypted"] else "not encrypted"
    console.print(f"federated mean  {outcome['mean']:.4f} over {outcome['rows']} patients, {encrypted}")
    console.print(f"pooled mean     {outcome['pooled_mean']:.4f}")
    console.print(f"{outcome['seconds']:.2f} s")
