"""
What nodes cost: a federated average beside the official mock client, a thousand nodes in one task, and waiting.

The official part needs `vantage6-algorithm-tools` (4.x) in the same environment, and is left out without it. It makes a
mock client for each average, as tests do: one client keeps every task, copies them all for each function that it calls,
and so takes longer and longer. The thousand nodes are in seconds of computing, which other programs on the machine do
not add to.
"""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from statistics import median
from time import process_time
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pandas as pd  # noqa: TID253 -- a script
from timing import measure, print_table, seconds

from v6mockserver import MockServer, _keys

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

ROWS = 100
MANY = 1000
PARTIALS = 3


def central(client: Any) -> float:
    """Return the mean over all nodes."""
    task = client.task.create({"method": "partial"}, [one["id"] for one in client.organization.list()])
    parts = client.wait_for_results(task["id"])
    return sum(part["sum"] for part in parts) / sum(part["count"] for part in parts)


def partial_(df: pd.DataFrame) -> dict[str, float]:
    """Return sum and count of one node."""
    return {"sum": float(df["x"].sum()), "count": len(df)}


def federation(nodes: int, *, encrypted: bool = False, execution: str = "inline") -> MockServer:
    """
    Return a server with so many nodes.
    """
    nora = {"username": "nora", "password": "p", "roles": ["Researcher"]}
    names = [f"organization {number}" for number in range(nodes)]
    frame = pd.DataFrame({"x": range(ROWS)})
    participants = [{"name": name, "node": name, "databases": {"default": frame}} for name in names]
    seed = {
        "organizations": [
            {"name": name, "users": [nora] if number == 0 else [], "private_key": str(_keys.path(number % _keys.COUNT))}
            for number, name in enumerate(names)
        ],
        "collaborations": [{"name": "All", "encrypted": encrypted, "participants": participants}],
    }
    server = MockServer(seed, execution=execution)
    server.algorithms.register("average", {"central": central, "partial": partial_})
    return server


class Researcher:
    """
    Somebody who asks for the average.

    Parameters
    ----------
    server : MockServer
        Where.
    """

    def __init__(self, server: MockServer) -> None:
        self.client = server.client("nora")
        if server.nodes["organization 0"].is_encrypted:
            self.client.setup_encryption(server.private_keys["organization 0"])

    def ask(self, method: str, organizations: list[int]) -> list[Any]:
        """Return what the runs of a task return."""
        task = self.client.task.create(1, organizations, "n", "average", "", {"method": method}, "default")
        rows = self.client.wait_for_results(task["id"])["data"]
        return [json.loads(row["result"]) for row in rows]

    def average(self) -> None:
        """Ask a central function, which asks the nodes."""
        assert self.ask("central", [2]) == [(ROWS - 1) / 2]


def official() -> Callable[[], None]:
    """
    Return what runs the same algorithm in the official mock client.
    """
    from vantage6.algorithm.tools.decorators import algorithm_client, data
    from vantage6.algorithm.tools.mock_client import MockAlgorithmClient

    module = ModuleType("v6_bench_average")
    module.central, module.partial = algorithm_client(central), data(1)(partial_)
    sys.modules[module.__name__] = module
    frame = pd.DataFrame({"x": range(ROWS)})

    def average() -> None:
        with redirect_stdout(StringIO()):  # it says each time that it mocks waiting
            client = MockAlgorithmClient([[{"database": frame, "db_type": "csv"}]] * PARTIALS, module.__name__)
            task = client.task.create({"method": "central"}, organizations=[client.organization.list()[0]["id"]])
            assert client.wait_for_results(task["id"]) == [(ROWS - 1) / 2]

    return average


def waiting() -> float:
    """
    Return how long after the last report of its partial runs a central function goes on, in threads.
    """
    server = federation(PARTIALS, execution="thread")
    ends: list[datetime] = []

    def central_(client: Any) -> float:
        mean = central(client)
        ends.append(server.clock.now())
        return mean

    server.algorithms.register("average", {"central": central_, "partial": partial_})
    Researcher(server).average()
    server.nodes.stop()
    reports = [one for one in server.journal if one.method == "PATCH" and not one.path.endswith("/run/1")]
    return (ends[0] - max(one.at + one.duration for one in reports)).total_seconds()


def main() -> None:
    """
    Print the tables.
    """
    subjects = {"official MockAlgorithmClient": official()} if find_spec("vantage6") else {}
    for name, encrypted in (("inline, plain", False), ("inline, encrypted", True)):
        subjects[name] = Researcher(federation(PARTIALS, encrypted=encrypted)).average
    print_table(f"average, {PARTIALS} nodes", measure(subjects, rounds=20))
    many = {
        f"{MANY} nodes x 1 run, {name}": seconds(ask_all(encrypted=name == "encrypted"), process_time)
        for name in ("plain", "encrypted")
    }
    print_table("one task, computing", many)
    print_table("threads", {"from the last report to the central function": median(waiting() for _ in range(10))})


def ask_all(*, encrypted: bool) -> Callable[[], None]:
    """
    Return what runs one task at every one of many nodes.
    """
    researcher = Researcher(federation(MANY, encrypted=encrypted))

    def ask() -> None:
        assert len(researcher.ask("partial", list(range(2, MANY + 2)))) == MANY

    return ask


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent))
    main()
