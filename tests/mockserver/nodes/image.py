"""
An image as algorithms come in: an interpreter that has an algorithm installed, and tools that read what a node gives.

The tools are a stand-in for vantage6-algorithm-tools: what they read, and how, is what a node of 4.15.2 and the tools
of each generation have agreed on. `test_official_tools.py` tries the tools themselves, where they are installed.
"""

from __future__ import annotations

from venv import EnvBuilder

TOOLS = {
    # Variables as they are, and the package as an argument.
    "4.1.3": """
import os

def wrap_algorithm(package):
    run(package, dict(os.environ))
""",
    # All that the node sets is encoded, and the package is in a variable of the image, which is not.
    "4.15.2": """
import base64, os

OF_IMAGE = {"PATH", "LANG", "PKG_NAME"}

def wrap_algorithm():
    def decoded(text):
        return base64.b32decode(text.replace("!", "=")).decode()
    found = {name: text if name in OF_IMAGE else decoded(text) for name, text in os.environ.items()}
    run(found["PKG_NAME"], found)
""",
}
RUN = """
import importlib, json

def run(package, variables):
    with open(variables["INPUT_FILE"]) as file:
        asked = json.load(file)
    function = getattr(importlib.import_module(package), asked["method"])
    result = function(variables, *asked.get("args", ()), **asked.get("kwargs", {}))
    with open(variables["OUTPUT_FILE"], "w") as file:
        json.dump(result, file)
"""
ALGORITHM = """
def rows(variables, column="x"):
    print("threshold", variables.get("THRESHOLD"))
    with open(variables["DEFAULT_DATABASE_URI"]) as file:
        names, *lines = file.read().split()
    return {name: len(lines) for name in names.split(",") if name == column}
"""
PACKAGE = "rows_of_an_image"


def build(folder, tools):
    """Make a virtual environment with tools of a version, and return its interpreter."""
    EnvBuilder(symlinks=True).create(folder)
    (packages,) = folder.glob("lib/python*/site-packages")
    wrap = packages / "vantage6" / "algorithm" / "tools" / "wrap.py"
    wrap.parent.mkdir(parents=True)
    wrap.write_text(RUN + TOOLS[tools])
    told = packages / f"vantage6_algorithm_tools-{tools}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: vantage6-algorithm-tools\nVersion: {tools}\n")
    (packages / f"{PACKAGE}.py").write_text(ALGORITHM)
    return folder / "bin" / "python"
