"""
Answers of real servers on file, so that the mock can be held to them where there is no real server.

A recording is the cases of one area with one version: lines of JSON, compressed. The first one says what it is, and
holds the cast and the world that every case starts from; each further line is a case and what came of it, cleaned.
They are written by a full comparison and never edited by hand.
"""

from __future__ import annotations

import json
import lzma
import re
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .answers import CLEANERS, Answer
from .case import Case
from .cast import Cast
from .stage import Compared, MockSide, Played, Player, World, play_alone

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .stage import Tables

REWORDED = "descriptions of rules and default roles are in words of ours"

FOLDER = Path(__file__).parents[2] / "fixtures" / "recordings"
SUFFIX = ".jsonl.xz"


class Recording(NamedTuple):
    """
    A recording that was opened.

    Attributes
    ----------
    head : dict
        What it is: version, release and date.
    cast : Cast
        Who and what is in its world.
    world : World
        What every case starts from.
    played : iterator of pairs
        The cases, and what came of each at the real server.
    """

    head: dict[str, Any]
    cast: Cast
    world: World
    played: Iterator[tuple[Case, Played]]


def write(file: Path, head: dict[str, Any], cast: Cast, world: World, played: Iterable[tuple[Case, Played]]) -> None:
    """
    Write a recording.
    """
    first = {**head, "cleaned": [*CLEANERS, REWORDED], "cast": asdict(cast), "world": world._asdict()}
    lines = [first, *({"case": case.data(), **one.data()} for case, one in played)]
    text = "".join(json.dumps(line, sort_keys=True, separators=(",", ":")) + "\n" for line in lines)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(lzma.compress(reworded(text, world.tables).encode()))


def reworded(text: str, tables: Tables) -> str:
    """
    Return a recording with words of ours for those in which a real server describes its rules and roles.

    They begin with the same word and sort alike, so that requests which sort or search by them have the same answers.
    """
    rows = [(name, row) for name in ("role", "rule") for row in tables[name] if row.get("is_default_role", True)]
    kinds = {row["description"]: name for name, row in rows}
    ours = {old: f"{old.split()[0]} {kinds[old]} {place:02}" for place, old in enumerate(sorted(kinds))}
    words = {json.dumps(old): json.dumps(new) for old, new in ours.items()}
    return re.sub("|".join(map(re.escape, words)), lambda found: words[found[0]], text)


def read(file: Path) -> Recording:
    """
    Open a recording.
    """
    lines = lzma.decompress(file.read_bytes()).decode().splitlines()
    head = json.loads(lines[0])
    cast, world = Cast(**head.pop("cast")), World(**head.pop("world"))
    return Recording(head, cast, world, map(_played, lines[1:]))


def _played(text: str) -> tuple[Case, Played]:
    line = json.loads(text)
    answer = Answer(line["status"], line["headers"], line["body"])
    return Case.from_data(line["case"]), Played(answer, line["changes"])


def replay(recording: Recording) -> Iterator[Compared]:
    """
    Play the cases of a recording on the mock.
    """
    mock = Player(MockSide(recording.world), recording.cast)
    for case, real in recording.played:
        yield Compared(case, real, play_alone(mock, case))
