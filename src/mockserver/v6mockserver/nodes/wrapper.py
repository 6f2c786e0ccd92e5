"""
What a process runs around a plain function: the part that `wrap_algorithm` of the official tools has around theirs.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from v6mockserver._errors import AlgorithmError
from v6mockserver.nodes import container
from v6mockserver.nodes.algorithms import Algorithm
from v6mockserver.nodes.databases import URI, Database
from v6mockserver.nodes.environment import PACKAGE, TASK_PARAMETERS


def main() -> None:
    """
    Run the algorithm that the environment tells, and write what it returns to where the environment tells.
    """
    # Both streams go to one log, and what a run prints before it is killed is in it.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # it is the one that Python has opened
    job = _job()
    try:
        output = container.applied(job, *container.asked(job))
    except AlgorithmError as error:
        sys.exit(str(error))
    Path(os.environ["OUTPUT_FILE"]).write_text(json.dumps(output))


def _job() -> container.Job:
    labels = [label for label in os.environ["USER_REQUESTED_DATABASE_LABELS"].split(",") if label]
    return container.Job(
        input=Path(os.environ["INPUT_FILE"]).read_bytes(),
        token=Path(os.environ["TOKEN_FILE"]).read_text().strip(),
        wanted=[_wanted(label) for label in labels],
        databases={label: _database(label) for label in os.environ["DB_LABELS"].split(",") if label},
        algorithm=Algorithm(os.environ[PACKAGE], package=os.environ[PACKAGE]),
        proxy=f"{os.environ['HOST']}:{os.environ['PORT']}",
        variables=dict(os.environ),
    )


def _database(label: str) -> Database:
    uri, type_ = (os.environ[f"{label.upper()}_DATABASE_{name}"] for name in ("URI", "TYPE"))
    # Not checked: only one that the algorithm reads has to be there.
    return Database(label, uri if URI in uri else Path(uri), type_)


def _wanted(label: str) -> dict[str, Any]:
    names = {name: f"{label}_{name}".upper() for name in TASK_PARAMETERS}
    told = {name: os.environ[key] for name, key in names.items() if key in os.environ}
    return {"label": label, **told, "preprocessing": json.loads(told.get("preprocessing", "[]"))}
