"""What is in the wheel and in the source distribution."""

from __future__ import annotations

from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
EXTRAS = {
    None: {"click", "cryptography", "platformdirs", "pybase64", "pyjwt", "pyotp", "requests", "rich", "tomlkit"},
    "data": {"openpyxl", "pandas", "pyarrow", "sqlalchemy"},
    "keyring": {"keyring"},
    "mock": {
        "apispec",
        "bcrypt",
        "faker",
        "flask",
        "flask-swagger-ui",
        "marshmallow",
        "orjson",
        "pandas",
        "pyyaml",
        "waitress",
        "werkzeug",
    },
    "pandas": {"pandas"},
    "testing": {"hypothesis", "pytest"},
}


CACHES = {"__pycache__", ".hypothesis", ".pytest_cache", ".ruff_cache"}


def files_below(folder) -> set[str]:
    """Name every file of the tree but caches, relative to `folder`."""
    files = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return {file.as_posix() for file in files if CACHES.isdisjoint(file.parts)}


def wheel_files(wheel) -> set[str]:
    """Name every file of the wheel."""
    return {name for name in wheel.root.namelist() if not name.endswith("/")}


@pytest.fixture
def metadata(wheel):
    """The METADATA file of the wheel, parsed."""
    (name,) = [name for name in wheel_files(wheel) if name.endswith(".dist-info/METADATA")]
    return Parser().parsestr((wheel / name).read_text())


@pytest.fixture
def requirements(metadata) -> list[Requirement]:
    """Every requirement, those of the extras included."""
    return [Requirement(line) for line in metadata.get_all("Requires-Dist")]


def extra_of(requirement) -> str | None:
    """Name the extra that asks for a requirement."""
    return next((extra for extra in EXTRAS if extra and extra in str(requirement.marker)), None)


def test_wheel_holds_exactly_the_two_packages(wheel):
    """Code, typing markers and data files of both packages are in the wheel, and nothing else."""
    packages = {name for name in wheel_files(wheel) if ".dist-info/" not in name}

    assert packages == files_below(ROOT / "src/client") | files_below(ROOT / "src/mockserver")


@pytest.mark.parametrize("name", ["v6client/py.typed", "v6mockserver/py.typed"])
def test_wheel_tells_type_checkers_that_it_is_typed(wheel, name):
    """Both packages carry the marker of PEP 561."""
    assert name in wheel_files(wheel)


@pytest.mark.parametrize(
    "pattern", ["data/4.15/rules.json", "data/4.15/roles.json", "data/heart-disease/*.csv", "data/keys/*.pem"]
)
def test_wheel_carries_the_data_that_the_mock_needs(wheel, pattern):
    """Rules, roles, datasets and test keys are package data."""
    assert [name for name in wheel_files(wheel) if Path(name).match(f"v6mockserver/{pattern}")]


def test_wheel_carries_the_licence(wheel):
    """The licence text travels with the code."""
    assert [name for name in wheel_files(wheel) if name.endswith(".dist-info/licenses/LICENSE")]


@pytest.mark.parametrize("folder", ["src", "tests", "fixtures", "bench", "docs", "examples", "changelog.d"])
def test_sdist_carries_what_the_tests_need(sdist, folder):
    """Everything but caches below the development folders is in the source distribution."""
    assert {name for name in files_below(sdist) if name.startswith(f"{folder}/")} == {
        f"{folder}/{name}" for name in files_below(ROOT / folder)
    }


@pytest.mark.parametrize(
    "name", ["README.md", "LICENSE", "CHANGELOG.md", "CONTRIBUTING.md", "mkdocs.yml", "pyproject.toml", "tox.ini"]
)
def test_sdist_carries_the_top_level_files(sdist, name):
    """A source distribution can be read, built and tested on its own."""
    assert (sdist / name).is_file()


@pytest.mark.parametrize("extra", EXTRAS)
def test_each_extra_asks_for_what_the_documentation_says(requirements, extra):
    """The core and the extras are these packages."""
    assert {each.name.lower() for each in requirements if extra_of(each) == extra} == EXTRAS[extra]


def test_every_requirement_is_a_range(requirements):
    """A requirement has a lower bound, and pins nothing: users install us beside other things."""
    operators = {str(each): {clause.operator for clause in each.specifier} for each in requirements}

    assert {name for name, found in operators.items() if ">=" not in found or not found <= {">=", "<"}} == set()


def test_metadata_names_the_oldest_python(metadata):
    """Installers on an older Python look for another release."""
    assert metadata["Requires-Python"] == ">=3.10"


def test_metadata_names_the_licence(metadata):
    """The licence is an SPDX expression."""
    assert metadata["License-Expression"] == "Apache-2.0"
