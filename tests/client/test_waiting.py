"""When to look at a task, as pure values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6client._task_runs import FAILED, UNFINISHED
from v6client._waiting import ended, follow, polling
from v6client.exceptions import MalformedAnswerError


class Time:
    """A clock that moves when somebody pauses."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        """Return the time."""
        return self.now


def pauses(looks, time, count):
    """Return the first pauses of a task that never ends."""
    taken = [next(looks)]
    for _ in range(count - 1):
        time.now += taken[-1]
        taken.append(looks.send("active"))
    return taken


def test_the_first_look_is_immediate():
    """A task that has ended already is seen without any pause."""
    assert next(polling(1)) == 0


def test_pauses_grow_to_the_interval():
    """Short tasks are seen at once, long ones cost little."""
    time = Time()

    taken = pauses(polling(0.03, now=time), time, 6)

    assert taken == pytest.approx([0, 0.01, 0.015, 0.0225, 0.03, 0.03])


@given(interval=st.floats(0.001, 10), timeout=st.floats(0.001, 10), count=st.integers(1, 40))
def test_no_pause_exceeds_interval_or_time(interval, timeout, count):
    """However long it takes, a pause is neither longer than wanted nor longer than what is left."""
    time = Time()
    looks = polling(interval, timeout, now=time)
    pause = next(looks)
    for _ in range(count):
        assert 0 <= pause <= interval
        time.now += pause
        assert time.now <= timeout + 1e-9
        pause = looks.send("pending") if time.now < timeout else 0


@given(interval=st.floats(0.001, 10), timeout=st.floats(0, 1))
def test_waiting_ends_when_its_time_is_up(interval, timeout):
    """A task that never ends is given up, and its last status is what comes back."""
    time = Time()
    looks = polling(interval, timeout, now=time)
    time.now += next(looks)

    with pytest.raises(StopIteration) as end:  # noqa: PT012 -- the loop is what ends
        while True:
            time.now += looks.send("pending")

    assert end.value.value == "pending"
    assert time.now >= timeout


@pytest.mark.parametrize("status", ["completed", *FAILED])
def test_a_final_status_ends_it(status):
    """The last status seen is what comes back."""
    assert follow(polling(1), lambda: status) == status


def test_it_looks_until_the_end():
    """Nothing but the server decides when a task has ended."""
    seen = iter(["pending", "active", "completed"])

    assert follow(polling(0.001), lambda: next(seen)) == "completed"


def test_time_that_is_up_ends_it():
    """A status that is not final means that the time was up."""
    assert follow(polling(1, timeout=0), lambda: "active") == "active"


@pytest.mark.parametrize("status", sorted(UNFINISHED))
def test_unfinished_statuses(status):
    """These go on."""
    assert not ended(status)


def test_an_unknown_status_is_an_error():
    """It is taken neither for an end nor for none."""
    with pytest.raises(MalformedAnswerError, match="'sleeping'"):
        ended("sleeping")
