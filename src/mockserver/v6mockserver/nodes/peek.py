"""
A look into a run from its node's side: what went into the container, and what came out of it.
"""

from __future__ import annotations

import json
from pprint import pformat
from textwrap import indent
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from v6mockserver.nodes.work import Attempt

WIDTH = 100


class Peek:
    """
    One run, as its node knows it; made by `node.peek(...)`. As text it shows all of it.

    Parameters
    ----------
    node : str
        The name of the node.
    attempt : Attempt
        The last attempt of the node at the run.

    Attributes
    ----------
    run, task : int
        The ids of the run and of its task.
    node, image : str
        The node, and the algorithm's image.
    """

    def __init__(self, node: str, attempt: Attempt) -> None:
        self._attempt = attempt
        self.run = attempt.id
        self.task = int(attempt.run["task"]["id"])
        self.node = node
        self.image = attempt.image

    @property
    def status(self) -> str:
        """
        What the node reported last.
        """
        return self._attempt.status

    @property
    def input(self) -> Any:
        """
        The input, decrypted; bytes if it is not JSON, None if the node did not come so far.
        """
        return _value(self._attempt.input)

    @property
    def environment(self) -> dict[str, str]:
        """
        The variables that the node set, as clear text; those of files only if the algorithm got files.
        """
        job = self._attempt.job
        return job.environment(next(iter(self._attempt.files), None)) if job else {}

    @property
    def output(self) -> Any:
        """
        What the algorithm wrote; bytes if it is not JSON, None if there is nothing.
        """
        return _value(self._attempt.outcome.result if self._attempt.outcome else None)

    @property
    def log(self) -> str:
        """
        What it printed.
        """
        return self._attempt.outcome.log if self._attempt.outcome else ""

    @property
    def files(self) -> dict[str, Path]:
        """
        Where its files are, by what they hold; a plain function that runs in this process has none.
        """
        return {
            name: getattr(files, name)
            for files in self._attempt.files
            for name in ("input", "output", "token", "log", "scratch")
        }

    def __repr__(self) -> str:
        head = f"run {self.run} of task {self.task} at {self.node!r}, image {self.image!r}: {self.status}"
        sections = {
            "input": pformat(self.input, width=WIDTH, sort_dicts=False),
            "environment": "\n".join(f"{name}={value}" for name, value in self.environment.items()),
            "output": pformat(self.output, width=WIDTH, sort_dicts=False),
            "log": self.log.rstrip("\n"),
            "files": "\n".join(map(str, self.files.values())),
        }
        return "\n".join([head, *(f"{name}:\n{indent(text, '  ')}" for name, text in sections.items() if text)])


def _value(content: bytes | None) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content
