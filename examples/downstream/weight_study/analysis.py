"""
The script of the researcher: asks all organizations, waits, and writes a table.

Where the server is and who logs in is in the profile, or in the environment: `V6CLIENT_HOST`, `V6CLIENT_USERNAME`,
`V6CLIENT_PRIVATE_KEY`, `V6CLIENT_COLLABORATION`.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from v6client import UserClient

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from v6client.types import Task

IMAGE = "registry.example/weight-study:1"


def ask(client: UserClient, column: str, by: str) -> Task:
    """
    Create the task, at the organization of the researcher.
    """
    return client.task.create(
        organizations=[client.whoami.organization_id],
        name="weight-study",
        image=IMAGE,
        description=f"the mean of {column} by {by}",
        input_={"method": "central", "kwargs": {"column": column, "by": by}},
        databases="default",
    )


def answer(client: UserClient, task: Task, timeout: float | None = None) -> pd.DataFrame:
    """
    Wait for the task, and return the table: a row for each group.
    """
    client.wait_for_results(task["id"], timeout=timeout)
    return client.result.to_frame(task["id"])


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Do all of it.
    """
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[1])
    parser.add_argument("file", help="where the table goes")
    parser.add_argument("--column", default="weight", help="what is averaged (default: weight)")
    parser.add_argument("--by", default="sex", help="what makes the groups (default: sex)")
    parser.add_argument("--timeout", type=float, default=3600, help="seconds to wait (default: 3600)")
    wanted = parser.parse_args(arguments)
    with UserClient.from_profile() as client:
        table = answer(client, ask(client, wanted.column, wanted.by), wanted.timeout)
    table.to_csv(wanted.file, index=False)


if __name__ == "__main__":
    main()
