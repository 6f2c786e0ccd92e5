"""Where algorithms run."""

from __future__ import annotations

import threading

import pytest

from v6mockserver.nodes.executors import InlineExecutor, ThreadExecutor

EXECUTORS = [InlineExecutor, ThreadExecutor]


@pytest.mark.parametrize("make", EXECUTORS)
def test_a_call_gives_its_result(make):
    """Whatever the way, a future holds what the call returned."""
    with make() as executor:
        assert executor.submit(divmod, 7, 2).result(timeout=10) == (3, 1)


@pytest.mark.parametrize("make", EXECUTORS)
def test_a_call_that_fails(make):
    """Its exception reaches whoever asks for the result."""
    with make() as executor:
        future = executor.submit(divmod, 1, 0)

        with pytest.raises(ZeroDivisionError):
            future.result(timeout=10)


def test_inline_calls_run_where_they_are_submitted():
    """In the same thread, and at once."""
    future = InlineExecutor().submit(threading.current_thread)

    assert future.done()
    assert future.result() is threading.current_thread()


def test_threads_have_no_limit():
    """Calls that wait for each other all get their turn."""
    together = threading.Barrier(50)
    with ThreadExecutor() as executor:
        futures = [executor.submit(together.wait, timeout=10) for _ in range(50)]

    assert sorted(future.result() for future in futures) == list(range(50))


def test_shutdown_waits_for_what_running_calls_submit():
    """A call that starts another one while it is waited for leaves no thread behind."""
    executor, closing, started = ThreadExecutor(), threading.Event(), []

    def outer():
        closing.wait(10)
        started.append(executor.submit(threading.current_thread))

    executor.submit(outer)
    closing.set()
    executor.shutdown()

    assert not started[0].result().is_alive()


def test_shutdown_without_waiting():
    """Then the threads end when they do."""
    executor, go_on = ThreadExecutor(), threading.Event()
    future = executor.submit(go_on.wait, 10)

    executor.shutdown(wait=False)

    assert not future.done()
    go_on.set()
    executor.shutdown()
