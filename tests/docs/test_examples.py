"""The examples of the documentation run."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCED = re.compile(r"^```(?P<language>\w+)\n(?P<code>.*?)^```$", re.DOTALL | re.MULTILINE)


def blocks(document: Path, language: str):
    """Yield the fenced blocks in one language, each with the number of its first line."""
    text = document.read_text()
    for block in FENCED.finditer(text):
        if block["language"] == language:
            yield text.count("\n", 0, block.start("code")) + 1, block["code"]


def commands(document: Path) -> list[str]:
    """Return the commands of our own that a document shows at a prompt."""
    lines = [line for _, code in blocks(document, "console") for line in code.splitlines()]
    return [line.removeprefix("$ ") for line in lines if line.startswith(("$ v6mock", "$ v6client"))]


# What is in command-line.md is run by test_command_line.py.
COMMANDS = sorted({line for document in DOCUMENTS if document.stem != "command-line" for line in commands(document)})


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_python_examples_run(document, tmp_path, monkeypatch):
    """The Python blocks of a document run from top to bottom, as a reader would try them."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("V6CLIENT_")]:
        monkeypatch.delenv(variable)
    namespace = {"__name__": "__main__"}

    for line, code in blocks(document, "python"):
        # Empty lines in front make a traceback show the line of the document.
        exec(compile("\n" * (line - 1) + code, document, "exec"), namespace)  # noqa: S102 -- running it is the test


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_commands_exist(command):
    """A command line shown to the reader names a subcommand and options that its help knows."""
    program, *arguments = shlex.split(command, comments=True)
    subcommand = list(takewhile(lambda word: not word.startswith("-"), arguments))
    installed = shutil.which(program, path=str(Path(sys.executable).parent))
    assert installed, f"{program} is not installed beside {sys.executable}"

    shown = subprocess.run([installed, *subcommand, "--help"], check=True, capture_output=True, text=True).stdout

    options = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    assert {option for option in options if not re.search(rf"(?<![\w-]){option}(?![\w-])", shown)} == set()
