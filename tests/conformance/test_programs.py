"""Random programs give the same on both servers: every answer, and the state after every request."""

from __future__ import annotations

import json
import os
from datetime import datetime, timezone
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from .program_recordings import write_programs
from .programs import DifferenceError, Programs, play_again, shrunk
from .servers import VERSIONS

STEPS = 20
SAMPLE, FULL = 50, 500
"""How many programs of so many steps are played."""

BATCH = 25
"""How many programs Hypothesis makes of one seed; it varies them more and more."""

AGAIN = "V6_PROGRAM"
"""Names a file with the lines of JSON that a failure printed."""

# Hypothesis would shrink for minutes; leaving out requests is quicker, and shows as much.
BATCH_SETTINGS = settings(
    phases=[Phase.generate],
    max_examples=BATCH,
    stateful_step_count=STEPS,
    database=None,
    deadline=None,
    print_blob=False,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(params=VERSIONS)
def stage(request, stages):
    """Both servers of a version, in the same world."""
    yield stages[request.param]
    stages[request.param].restore()


def machine_for(stage, taken):
    """Return a machine that plays programs on a stage, and keeps them in a set."""
    columns = {"stage": stage, "taken": taken, "moment": stage.mock.side._server.clock.now()}
    return type("ProgramsOfOneVersion", (Programs,), columns)


def test_programs(stage, full):
    """The programs are the same each time, until the rules that make them change."""
    taken, wanted = {}, FULL if full else SAMPLE
    for number in count():
        machine = seed(number)(machine_for(stage, taken))
        try:
            run_state_machine_as_test(machine, settings=BATCH_SETTINGS)
        except DifferenceError as error:
            raise shrunk(machine, error) from None
        whole = [steps for steps in taken.values() if len(steps) >= STEPS]
        if len(whole) >= wanted:
            break
    if full:
        today = datetime.now(timezone.utc).date().isoformat()  # noqa: TID251 -- the day of the recording
        write_programs(stage, today, whole)


@pytest.mark.skipif(AGAIN not in os.environ, reason=f"plays the program in the file that {AGAIN} names, if it does")
def test_a_program_again(stage):
    """What a failure printed can be played again, with the version that it failed with."""
    program = [json.loads(line) for line in Path(os.environ[AGAIN]).read_text().splitlines()]

    play_again(machine_for(stage, {})(), program)
