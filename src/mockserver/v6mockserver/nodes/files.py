"""
The files of a node's containers, as on the volumes of a real node.

A folder for each run has its input, output, token and log; a scratch folder is shared by the runs of one job. They are
made when something needs them, and are gone with the server.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from v6mockserver.nodes.databases import Database


@dataclass(frozen=True, slots=True)
class Files:
    """
    Where the files of one run are.

    Attributes
    ----------
    input, output, token, log : Path
        What goes in and what comes out.
    scratch : Path
        The folder for what runs of the same job tell each other.
    uris : mapping
        Where each database of the node is, by label.
    """

    input: Path
    output: Path
    token: Path
    log: Path
    scratch: Path
    uris: Mapping[str, str]


class Volume:
    """
    The files of one node.

    Parameters
    ----------
    root : callable
        Returns the node's folder, and makes it.
    """

    def __init__(self, root: Callable[[], Path]) -> None:
        self._root = root
        self._placed: dict[str, tuple[Database, str]] = {}
        self._copies = count(1)
        self._folders: set[Path] = set()

    def clear(self) -> None:
        """
        Remove what runs have left; another run with the same id, or of a job with the same, finds nothing of it.
        """
        while self._folders:
            shutil.rmtree(self._folders.pop(), ignore_errors=True)

    def files(
        self,
        run_id: int,
        job_id: int,
        *,
        content: bytes,
        token: str,
        databases: Mapping[str, Database],
    ) -> Files:
        """
        Write the files of a run.

        Parameters
        ----------
        run_id, job_id : int
            The run, and the job that it belongs to.
        content : bytes
            The input, decrypted.
        token : str
            The token of its container.
        databases : mapping
            The node's databases by label.

        Returns
        -------
        Files
            Where they are.
        """
        root = self._root()
        folder, scratch = root / "data" / f"task-{run_id:09}", root / "tmp" / str(job_id)
        for one in (folder, scratch):
            one.mkdir(parents=True, exist_ok=True)
            self._folders.add(one)
        files = Files(
            input=folder / "input",
            output=folder / "output",
            token=folder / "token",
            log=folder / "log",
            scratch=scratch,
            uris={label: self._place(label, database, root / "data") for label, database in databases.items()},
        )
        files.input.write_bytes(content)
        files.output.write_bytes(b"")
        files.log.write_bytes(b"")
        files.token.touch(mode=0o600)
        files.token.write_text(token, "ascii")
        return files

    def _place(self, label: str, database: Database, folder: Path) -> str:
        """
        Return where an algorithm finds a database; what is in memory is written once, as a real node copies its files.
        """
        known, uri = self._placed.get(label, (None, ""))
        if known is not database:
            uri = database.place(folder / f"{label}-{next(self._copies)}")
            self._placed[label] = database, uri
        return uri
