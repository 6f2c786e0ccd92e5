"""
What a failure shows of the federation: how to have the same again, the requests, and the runs with their logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6mockserver._federation import Federation


def of(federation: Federation) -> Iterator[tuple[str, str]]:
    """
    Yield headings and texts.
    """
    yield "v6 federation", world(federation)
    yield "v6 journal", repr(federation.server.journal)
    if runs := _runs(federation):
        yield "v6 runs", runs
    if notes := _notes(federation):
        yield "v6 logs of nodes", notes


def world(federation: Federation) -> str:
    """
    Return what the server is, and how to have the same again.
    """
    server = federation.server
    lines = [f"{federation!r}, nodes {len(federation.nodes)}, execution {server.nodes.execution!r}"]
    if server.adversary is not None:
        seed = server.adversary.seed
        lines.append(f"adversarial, seed {seed}; the same again: --v6-adversarial={seed}")
    return "\n".join(lines)


def _runs(federation: Federation) -> str:
    """
    Return all runs, each with what its algorithm printed.
    """
    tables = federation.server.dump()["tables"]
    organizations = {row["id"]: row["name"] for row in tables["organization"]}
    tasks = {row["id"]: row["name"] for row in tables["task"]}
    return "\n".join(line for run in tables["run"] for line in _run(run, tasks, organizations))


def _run(run: dict[str, Any], tasks: dict[int, str], organizations: dict[int, str]) -> Iterator[str]:
    name, organization = tasks[run["task_id"]], organizations.get(run["organization_id"], "nobody")
    yield f"run {run['id']} of task {run['task_id']} ({name!r}) at {organization}: {run['status']}"
    for line in (run["log"] or "").splitlines():
        yield f"    {line}"


def _notes(federation: Federation) -> str:
    return "\n".join(f"{node.name}: {note}" for node in federation.nodes for note in node.log)
