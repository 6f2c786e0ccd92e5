"""
The environment variables of an algorithm's container.
"""

from __future__ import annotations

import json
import os
from base64 import b32encode
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from v6mockserver.nodes.databases import Database
    from v6mockserver.nodes.files import Files

PACKAGE = "PKG_NAME"
"""Set by the image; a node that sets it does not start the container."""

INSIDE = "http://proxyserver:8080"
"""Where the proxy is for an algorithm in this process, as on a real node; nothing listens there."""

TASK_PARAMETERS = ("query", "sheet_name", "preprocessing")
"""What a task may say about a database; the rest of it becomes no variable."""

SYSTEM = ("SYSTEMROOT",)
"""What no process of Windows starts without."""


def require_names(variables: Mapping[str, str]) -> None:
    """
    Refuse variables that keep a real node from starting a container.

    Raises
    ------
    MockUsageError
        If a name is not a Python identifier, or the one that belongs to the image.
    """
    for name in variables:
        if not name.isidentifier() or name == PACKAGE:
            raise MockUsageError(
                f"an algorithm's environment cannot have {name!r}; names are identifiers, and {PACKAGE} is the image's"
            )


def variables(
    *,
    databases: Mapping[str, Database],
    wanted: Sequence[Mapping[str, Any]],
    files: Files | None,
    proxy: str,
    own: Mapping[str, str],
) -> dict[str, str]:
    """
    Return the variables that a node gives an algorithm, as clear text.

    Parameters
    ----------
    databases : mapping
        The node's databases by label.
    wanted : sequence of mapping
        The task's databases: `label`, and what the task says about each.
    files : Files, optional
        The run's files; a plain function has none.
    proxy : str
        The URL of the node's proxy.
    own : mapping
        The node's own variables, which override all others.

    Returns
    -------
    dict
        The variables.
    """
    url = urlsplit(proxy)
    return {
        **(dict(_of_files(files)) if files else {}),
        "HOST": f"{url.scheme}://{url.hostname}",
        "PORT": str(url.port),
        "API_PATH": "",
        "USER_REQUESTED_DATABASE_LABELS": ",".join(one["label"] for one in wanted),
        **dict(_of_task(wanted)),
        **dict(_of_databases(databases, files)),
        "DB_LABELS": ",".join(databases),
        # The real node takes whatever its YAML file says as text.
        **{name: str(value) for name, value in own.items()},
    }


def _of_files(files: Files) -> Iterator[tuple[str, str]]:
    yield "INPUT_FILE", str(files.input)
    yield "OUTPUT_FILE", str(files.output)
    yield "TOKEN_FILE", str(files.token)
    yield "TEMPORARY_FOLDER", str(files.scratch)


def _of_task(wanted: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for one in wanted:
        for name in TASK_PARAMETERS:
            if (value := one.get(name)) is not None:
                text = json.dumps(value) if name == "preprocessing" else str(value)
                yield f"{one['label']}_{name}".upper(), text


def _of_databases(databases: Mapping[str, Database], files: Files | None) -> Iterator[tuple[str, str]]:
    for label, database in databases.items():
        # Without files, what is in memory is nowhere.
        if files is not None or not database.is_frame:
            yield f"{label.upper()}_DATABASE_URI", files.uris[label] if files is not None else str(database.source)
        yield f"{label.upper()}_DATABASE_TYPE", database.type
        for name, value in database.environment.items():
            yield f"{label}_DB_PARAM_{name}".upper(), value


def encoded(variables: Mapping[str, str]) -> dict[str, str]:
    """
    Return variables as a node of 4.2 and later writes them: base32, with another sign for padding.
    """
    return {name: b32encode(value.encode()).decode().replace("=", "!") for name, value in variables.items()}


def of_process(python: str, package: str | None, variables: Mapping[str, str]) -> dict[str, str]:
    """
    Return the whole environment of a process: what the image has set, and what the node sets.

    Nothing is inherited: the tools try to decode every variable that they find, and some of a developer's would break
    the run.
    """
    image = {"PATH": os.pathsep.join([os.path.dirname(python), os.defpath]), "LANG": "C.UTF-8"}  # noqa: PTH120 -- text in, text out
    inherited = {name: os.environ[name] for name in SYSTEM if name in os.environ}
    return {**inherited, **image, **({PACKAGE: package} if package else {}), **variables}
