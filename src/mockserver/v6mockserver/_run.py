"""
Runs an algorithm over files: each is the data of an organization with a node of its own.
"""

from __future__ import annotations

import json
import pdb  # noqa: T100 -- what --debug is for
import sys
from collections import Counter
from datetime import datetime
from functools import wraps
from inspect import isfunction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v6client.exceptions import TaskFailedError
from v6mockserver._errors import MockUsageError
from v6mockserver._federation import IMAGE, LABEL, Federation, federate
from v6mockserver.nodes.algorithms import imported, located
from v6mockserver.nodes.container import COMPLETED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from v6client import _models as models

    Function = Callable[..., Any]


def run(
    package: str,
    method: str,
    arguments: Mapping[str, Any],
    data: Sequence[Path],
    *,
    everywhere: bool = False,
    encrypted: bool = False,
    execution: str = "inline",
    python: Path | None = None,
    debug: bool = False,
    version: str,
) -> dict[str, Any]:
    """
    Run an algorithm, and return what came of it.

    Parameters
    ----------
    package : str
        The algorithm: the name of a module, its file, the folder of a package, or that of its project.
    method : str
        The function to call.
    arguments : mapping
        Its keyword arguments.
    data : sequence of path
        The data of each organization.
    everywhere : bool, default False
        Whether all organizations run the function, instead of the first.
    encrypted : bool, default False
        Whether the collaboration is.
    execution : str, default "inline"
        Where nodes run the algorithm.
    python : path, optional
        The interpreter that has the package installed.
    debug : bool, default False
        Whether to stop in the debugger where the algorithm raises something.
    version : str
        The server version.

    Returns
    -------
    dict
        `status`, `error`, `results` by organization, and `runs`, what is known of each run, the subtasks' included.

    Raises
    ------
    MockUsageError
        If there is no such package or file.
    """
    if missing := [str(file) for file in data if not file.exists()]:
        raise MockUsageError(f"there is no {missing[0]}; --data takes the file of each organization")
    federation = federate(_names(data), encrypted=encrypted, execution=execution, version=version)
    with federation.client:
        try:
            _register(federation, package, python, debug=debug)
            for node, file in zip(federation.server.nodes.values(), data, strict=True):
                node.add_database(LABEL, file)
            task = federation.ask(method, arguments, everywhere=everywhere)
            return {**_ended(federation, task["id"]), "runs": _runs(federation, task["job_id"])}
        finally:
            federation.server.nodes.stop()


def _names(data: Sequence[Path]) -> list[str]:
    """
    Return what to call the organizations: as their files, with a number where that is the same for several.
    """
    counts = Counter(file.stem for file in data)
    return [
        file.stem if counts[file.stem] == 1 else f"{file.stem} {number}" for number, file in enumerate(data, start=1)
    ]


def _register(federation: Federation, package: str, python: Path | None, *, debug: bool) -> None:
    algorithms, source = federation.server.algorithms, _source(package)
    if python is not None:
        algorithms.register(IMAGE, package=source, python=python)
    elif debug:
        algorithms.register(IMAGE, _debugged(vars(imported(*located(source)))))
    else:
        algorithms.register(IMAGE, source)


def _source(package: str) -> Path | str:
    """
    Return the name of a module, its file, or the folder of a package: of a project the one folder that is a package.
    """
    path = Path(package)
    if path.suffix == ".py":
        return path
    if not path.is_dir():
        return package
    if (path / "__init__.py").exists():
        return path
    found = [file.parent for place in (path, path / "src") for file in place.glob("*/__init__.py")]
    packages = [folder for folder in found if folder.name not in {"test", "tests"}]
    if len(packages) != 1:
        known = ", ".join(folder.name for folder in packages) or "none"
        raise MockUsageError(f"{path} has not one package in it but {known}; name the folder that has the __init__.py")
    return packages[0]


def _debugged(functions: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _stopping(one) if isfunction(one) else one for name, one in functions.items()}


def _stopping(function: Function) -> Function:
    """
    Return a function that stops in the debugger where it raises something.
    """

    @wraps(function)
    def stopping(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            # What the algorithm prints is its log; the debugger talks to the person at the terminal.
            debugger = pdb.Pdb(stdin=sys.__stdin__, stdout=sys.__stdout__)
            print(f"{type(error).__name__}: {error}", file=sys.__stdout__)
            debugger.reset()
            debugger.interaction(None, error.__traceback__)
            raise

    return stopping


def _ended(federation: Federation, task_id: int) -> dict[str, Any]:
    """
    Wait for a task and return how it ended.
    """
    try:
        rows = federation.client.wait_for_results(task_id)["data"]
    except TaskFailedError as error:
        return {"status": error.status, "error": str(error), "results": {}}
    try:
        results = {row["organization"]["name"]: json.loads(row["result"] or "null") for row in rows}
    except ValueError as error:
        return {"status": COMPLETED, "error": f"a result is no JSON: {error}", "results": {}}
    return {"status": COMPLETED, "error": None, "results": results}


def _runs(federation: Federation, job: int) -> list[dict[str, Any]]:
    """
    Return what is known of the runs of all tasks of a job, in the order in which they were made.
    """
    client = federation.client
    rows: list[dict[str, Any]] = []
    for task in sorted(client.task.iter(job=job), key=lambda task: task["id"]):
        results = {row["run"]["id"]: row for row in client.result.from_task(task["id"])["data"]}
        rows += [
            {
                "run": one["id"],
                "task": task["name"],
                "organization": results[one["id"]]["organization"]["name"],
                "status": one["status"],
                "seconds": _seconds(one),
                "bytes": len(results[one["id"]]["result"] or ""),
                "log": one["log"],
            }
            for one in sorted(client.run.from_task(task["id"])["data"], key=lambda one: one["id"])
        ]
    return rows


def _seconds(run_: models.Run) -> float | None:
    started, finished = run_["started_at"], run_["finished_at"]
    if started is None or finished is None:
        return None
    return (datetime.fromisoformat(finished) - datetime.fromisoformat(started)).total_seconds()


def show(outcome: Mapping[str, Any]) -> None:
    """
    Print an outcome for people.
    """
    from rich.console import Console
    from rich.table import Table

    console = Console()
    for organization, result in outcome["results"].items():
        if len(outcome["results"]) > 1:
            console.print(f"{organization}:", style="bold")
        console.print_json(data=result)
    table = Table()
    for heading in ("run", "task", "organization", "status"):
        table.add_column(heading)
    for heading in ("seconds", "bytes"):
        table.add_column(heading, justify="right")
    for row in outcome["runs"]:
        seconds = "-" if row["seconds"] is None else f"{row['seconds']:.3f}"
        table.add_row(str(row["run"]), row["task"], row["organization"], row["status"], seconds, str(row["bytes"]))
    console.print(table)
    for row in outcome["runs"]:
        if row["status"] != COMPLETED and row["log"]:
            console.print(f"log of run {row['run']}, {row['organization']}:", style="bold")
            console.print(row["log"], markup=False, highlight=False)


def arguments(pairs: Iterable[str]) -> dict[str, Any]:
    """
    Return arguments that are written as name=value; a value that is no JSON is a text.

    Raises
    ------
    MockUsageError
        If there is no equals sign.
    """
    read = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name.isidentifier():
            raise MockUsageError(f"an argument looks like column=age, not {pair!r}")
        try:
            read[name] = json.loads(value)
        except ValueError:
            read[name] = value
    return read
