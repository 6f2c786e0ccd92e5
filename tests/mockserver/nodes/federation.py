"""Three organizations for tests of nodes: North, South and West, with 1, 2 and 3 rows."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

NAMES = ("North", "South", "West")
PACKAGES = Path(__file__).parent / "packages"
PLAIN = PACKAGES / "plain_rows"
OFFICIAL = PACKAGES / "v6_rows"

TIMEOUT = 60
"""Seconds after which a test fails; none of them needs more than a few."""


def seed(*, encrypted=False):
    """Return the three, in one collaboration; nora is a researcher of North."""
    person = {"username": "nora", "password": "p", "roles": ["Researcher"]}
    frames = {name: pd.DataFrame({"x": range(rows), "y": range(rows)}) for rows, name in enumerate(NAMES, start=1)}
    return {
        "organizations": [{"name": name, "users": [person] if name == "North" else []} for name in NAMES],
        "collaborations": [
            {
                "name": "All",
                "encrypted": encrypted,
                "participants": [
                    {
                        "name": name,
                        "node": name,
                        "databases": {"default": frames[name], "other": frames[name][["y", "x"]]},
                    }
                    for name in NAMES
                ],
            }
        ],
    }


class Study:
    """A researcher, and what one asks the nodes of a server."""

    def __init__(self, server):
        self.server = server
        self.client = server.client("nora")
        if server.nodes["North"].is_encrypted:
            self.client.setup_encryption(server.private_keys["North"])

    def ask(self, method, *args, at=(2,), databases="default", **kwargs):
        """Create a task, and return its id."""
        content = {"method": method, "args": args, "kwargs": kwargs}
        return self.client.task.create(1, list(at), "n", "image", "", content, databases)["id"]

    def runs(self, task):
        """Wait for a task, and return its runs, oldest first."""
        self.client.wait_for_results(task, timeout=TIMEOUT, raise_on_failure=False)
        return self.client.run.from_task(task)["data"][::-1]

    def run(self, *question, **more):
        """Ask one node, and return its run."""
        (run,) = self.runs(self.ask(*question, **more))
        return run

    def value(self, *question, **more):
        """Ask one node, and return what its algorithm returns."""
        task = self.ask(*question, **more)
        (row,) = self.client.wait_for_results(task, timeout=TIMEOUT)["data"]
        return json.loads(row["result"])
