"""The mock answers as real servers did, of which `fixtures/recordings` has the answers."""

from __future__ import annotations

import re

import pytest

from .deviations import unexplained
from .recordings import FOLDER, SUFFIX, read, replay

FILES = sorted(FOLDER.glob(f"*{SUFFIX}"))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.removesuffix(SUFFIX))
def test_the_mock_answers_as_recorded(file):
    """Status, headers, body and the tables afterwards are those of the real server, except for known deviations."""
    recording = read(file)
    differing = {}
    for one in replay(recording):
        if unknown := unexplained(recording.world.version, one.case, one.differences):
            differing[str(one.case)] = unknown

    assert differing == {}


def test_there_are_recordings_of_each_version():
    """Nothing is compared with an empty folder."""
    assert {file.name.split("-")[0] for file in FILES} == {"4.0", "4.15"}


@pytest.mark.parametrize("file", sorted(FOLDER.rglob(f"*{SUFFIX}")), ids=lambda file: file.name.removesuffix(SUFFIX))
def test_recordings_have_no_sentences_of_the_real_server(file):
    """What rules and default roles are for is told there in words of its own."""
    tables = read(file).world.tables
    rows = [*tables["rule"], *(row for row in tables["role"] if row["is_default_role"])]

    assert [text for row in rows if not re.fullmatch(r"\w+ (rule|role) \d+", text := row["description"])] == []
