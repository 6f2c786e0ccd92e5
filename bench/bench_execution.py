"""
What one run of an algorithm costs in each execution: a plain function that averages a column, in a package.

A task of one run, from its creation until the client has the result. What is forked has a warm fork server, as all runs
but the first; what is cold starts an interpreter and imports pandas.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from timing import measure, print_table

from v6mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXECUTIONS = ["inline", "thread", "subprocess", "subprocess-cold"]
PACKAGE = """
def average(df, column):
    return float(df[column].mean())
"""


def main() -> None:
    """
    Compare the executions.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()), "bench_average")
        folder.mkdir()
        (folder / "__init__.py").write_text(PACKAGE)
        subjects = {name: stack.enter_context(subject(name, folder)) for name in EXECUTIONS}
        print_table("one run", measure(subjects, rounds=11))


@contextmanager
def subject(execution: str, folder: Path) -> Iterator[Callable[[], None]]:
    """
    Return what creates a task and waits for it.
    """
    server = MockServer.demo(execution=execution)
    server.algorithms.register("average", folder)
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    question = {"method": "average", "args": ["age"]}

    def run() -> None:
        task = client.task.create(1, [client.whoami.organization_id], "n", "average", "", question, "default")
        (result,) = client.wait_for_results(task["id"], timeout=60)["data"]
        assert abs(float(result["result"]) - 54.4) < 1

    yield run
    server.stop()
