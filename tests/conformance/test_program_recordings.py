"""The mock plays programs as real servers did, of which `fixtures/recordings/programs` has the answers."""

from __future__ import annotations

import pytest

from .deviations import unexplained
from .program_recordings import PLACE, replay_programs
from .recordings import SUFFIX, read


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(PLACE.glob(f"*{SUFFIX}")), ids=lambda file: file.name.removesuffix(SUFFIX))
def test_the_mock_plays_programs_as_recorded(file):
    """Every answer, and the tables after every request, are those of the real server."""
    recording = read(file)
    played = list(replay_programs(recording))

    version = recording.world.version
    assert {str(case): unknown for case, lines in played if (unknown := unexplained(version, case, lines))} == {}
    assert len(played) == sum(recording.head["lengths"]) > 0
