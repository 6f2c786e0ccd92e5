"""
The interpreters that have algorithms installed, and what is installed beside them.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from v6mockserver._errors import MockUsageError
from v6mockserver.nodes.processes import NOWHERE

PATIENCE = 60
"""Seconds that an interpreter may take to tell about itself."""

TOOLS = "vantage6-algorithm-tools"
FIRST_ENCODED = (4, 2)
"""The first tools that read encoded variables, and the name of the package from one of them."""

PROBE = """
import importlib.metadata, importlib.util, json, sys
package, path = json.loads(sys.argv[1])
sys.path += [path] if path else []
try:
    tools = importlib.metadata.version("vantage6-algorithm-tools")
except importlib.metadata.PackageNotFoundError:
    tools = None
print(json.dumps([tools, importlib.util.find_spec(package) is not None]))
"""


def python_of(python: Path | str | None, venv: Path | str | None) -> str:
    """
    Return the path of an interpreter.

    Raises
    ------
    MockUsageError
        If both an interpreter and a virtual environment are given, or there is none where they say.
    """
    if python is not None and venv is not None:
        raise MockUsageError(f"python={python} and venv={venv} may be two interpreters; pass one of them")
    if venv is not None:
        python = Path(venv) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if python is None:
        return sys.executable
    # Not resolved: what a virtual environment is, its link says.
    path = Path(python).absolute()
    if not os.access(path, os.X_OK) or path.is_dir():
        raise MockUsageError(f"there is no interpreter {path}; pass python= or venv= of the algorithm's environment")
    return str(path)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """
    A Python interpreter.

    Attributes
    ----------
    python : str
        Its path.
    tools : str or None
        The version of the official algorithm tools that it has installed.
    """

    python: str
    tools: str | None

    @classmethod
    def own(cls) -> Interpreter:
        """
        Return the one that runs this.
        """
        try:
            return cls(sys.executable, version(TOOLS))
        except PackageNotFoundError:
            return cls(sys.executable, None)

    @classmethod
    def having(cls, python: str, package: str, path: str | None) -> Interpreter:
        """
        Return an interpreter that is to run a package written for the official tools.

        Parameters
        ----------
        python : str
            Its path.
        package : str
            The importable name of the package.
        path : str, optional
            The folder that the package is in, if it is not installed.

        Raises
        ------
        MockUsageError
            If tools or package are not there, or the interpreter does not answer.
        """
        tools, found = _probe(python, package, path)
        if tools is None:
            raise MockUsageError(f"{python} does not have {TOOLS}; install it there, as in the algorithm's image")
        if not found:
            raise MockUsageError(f"{python} cannot find {package!r}; install it there, or pass its folder")
        return cls(python, tools)

    @property
    def encodes(self) -> bool:
        """
        Whether the tools take environment variables encoded, and the package's name from one of them.
        """
        return self.tools is None or tuple(int(part) for part in self.tools.split(".")[:2]) >= FIRST_ENCODED


def _probe(python: str, package: str, path: str | None) -> tuple[str | None, bool]:
    """
    Ask an interpreter for the version of its tools, and whether it finds a package.
    """
    command = [python, "-c", PROBE, json.dumps([package, path])]
    try:
        answer = subprocess.run(  # noqa: S603 -- the caller's own interpreter
            command, capture_output=True, check=True, timeout=PATIENCE, cwd=NOWHERE, env={}, text=True
        )
        tools, found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        stderr = getattr(error, "stderr", None) or ""
        raise MockUsageError(f"{python} cannot say what it has installed: {error} {stderr}".rstrip()) from error
    return tools, found
