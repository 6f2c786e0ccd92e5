"""When to look at a task, as pure values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v6client._task_runs import FAILED, UNFINISHED
from v6client._waiting import OUTAGE, ended, follow, polling
from v6client.exceptions import ConnectionFailedError, MalformedAnswerError, NotFoundError


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


def test_a_task_that_has_ended_is_seen_without_giving_way(monkeypatch):
    """Not even for no time at all, which lasts as long as others need the processor."""
    monkeypatch.setattr("time.sleep", lambda pause: pytest.fail(f"slept {pause} s"))

    assert follow(polling(1), lambda: "completed") == "completed"


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


@pytest.mark.parametrize("status", ["completed", *sorted(FAILED)])
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


AWAY = ConnectionFailedError("nobody answers")


def test_an_outage_before_anything_was_seen_is_raised():
    """There is nothing to wait for."""
    looks = polling(1)
    next(looks)

    with pytest.raises(ConnectionFailedError):
        looks.send(AWAY)


@given(interval=st.floats(0.01, 100), start=st.floats(0, 100))
def test_an_outage_is_raised_when_it_has_lasted(interval, start):
    """It is counted from the last look that saw something."""
    time = Time()
    looks = polling(interval, now=time)
    next(looks)
    time.now = start
    pause = looks.send("active")

    with pytest.raises(ConnectionFailedError):  # noqa: PT012 -- the loop is what ends
        while True:
            time.now += pause
            pause = looks.send(AWAY)

    assert start + OUTAGE <= time.now <= start + OUTAGE + interval + 1


def test_an_outage_is_raised_when_the_time_is_up():
    """Nobody knows then whether the task has ended."""
    time = Time()
    looks = polling(1, timeout=5, now=time)
    next(looks)
    looks.send("active")
    time.now = 5

    with pytest.raises(ConnectionFailedError):
        looks.send(AWAY)


def test_other_errors_are_no_outage():
    """They end the waiting at once."""

    def look():
        raise NotFoundError("GET", "task/1/status", 404, {})

    with pytest.raises(NotFoundError):
        follow(polling(1), look)
