"""
Programs on file, with the answers of real servers, so that the mock can be held to them where there is none.

The files are recordings as any other (see `recordings.py`), the programs one after the other; the first line has the
length of each. Worlds are put back before each program, not before each request.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from .programs import compared
from .recordings import FOLDER, SUFFIX, Recording, write
from .stage import MockSide, Player

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from .case import Case
    from .stage import Played, Stage

PLACE = FOLDER / "programs"


def file_of(version: str) -> Path:
    """
    Return the file with the programs of a version.
    """
    return PLACE / f"{version}{SUFFIX}"


def write_programs(stage: Stage, date: str, programs: Sequence[Sequence[tuple[Case, Played]]]) -> None:
    """
    Record what came of programs at the real server.
    """
    version = stage.cast.version
    head = {"version": version, "release": stage.release, "date": date, "area": "programs"}
    lengths = {"lengths": [len(program) for program in programs]}
    steps = [step for program in programs for step in program]
    write(file_of(version), head | lengths, stage.cast, stage.world, steps)


def replay_programs(recording: Recording) -> Iterator[tuple[Case, list[str]]]:
    """
    Play recorded programs on the mock, and yield each request with where the mock differs.
    """
    side = MockSide(recording.world)
    mock = Player(side, recording.cast)
    moment = side._server.clock.now()
    for length in recording.head["lengths"]:
        side.restore()
        # No node goes offline because a program takes its time.
        side._server.clock.freeze(moment)
        for case, real in islice(recording.played, length):
            yield case, compared(case, real, mock.play(case), recording.world.tables)
