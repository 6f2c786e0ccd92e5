"""What the plugin costs a project that does not use it."""

from __future__ import annotations

import pytest

LIST = """
    import pathlib
    import sys

    def pytest_unconfigure():
        pathlib.Path("loaded").write_text("\\n".join(sys.modules))
"""


@pytest.fixture
def loaded_by(project):
    """The names of the modules that a run of pytest has loaded at its end, without plugins that are not named."""
    project.write("conftest.py", LIST)
    project.write("test_theirs.py", "def test_other(): pass\n")

    def run(*arguments):
        assert project.pytest(*arguments, PYTEST_DISABLE_PLUGIN_AUTOLOAD="1").counts == {"passed": 1}
        return set((project.folder / "loaded").read_text().split())

    return run


@pytest.mark.slow
def test_it_loads_itself_and_nothing_else(loaded_by):
    """From the start to the end, so that nobody waits for what only tests with our fixtures need."""
    added = loaded_by("-p", "v6mockserver") - loaded_by()

    assert added == {"v6mockserver", "v6mockserver.pytest_plugin"}
