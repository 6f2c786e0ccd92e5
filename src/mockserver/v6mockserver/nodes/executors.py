"""
Where algorithms run: executors of `concurrent.futures`, so that anybody's executor can take their place.
"""

from __future__ import annotations

from concurrent.futures import Executor, Future
from threading import Lock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from collections.abc import Callable

Result = TypeVar("Result")


class InlineExecutor(Executor):
    """
    Runs each call where it is submitted: in the same thread, at once, one inside the other.
    """

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """
        Run a call and return its finished future.
        """
        future: Future[Result] = Future()
        _fill(future, fn, args, kwargs)
        return future


class ThreadExecutor(Executor):
    """
    Runs each call in a thread of its own, however many there are.

    A pool with a limit would deadlock: a central function keeps its thread while it waits for partial ones, one of
    which may be on the same node.
    """

    def __init__(self) -> None:
        self._threads: set[Thread] = set()
        self._lock = Lock()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """
        Start a call and return its future.
        """
        future: Future[Result] = Future()
        thread = Thread(target=_fill, args=(future, fn, args, kwargs), name=f"run {fn.__name__}", daemon=True)
        with self._lock:
            self._threads = {one for one in self._threads if one.is_alive()} | {thread}
            thread.start()
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002, FBT001, FBT002 -- the signature of Executor
        """
        Wait for the calls that run, and for those that they submit meanwhile.
        """
        # A call that runs may submit others, such as a central function its partial ones.
        while wait and (threads := self._alive()):
            for thread in threads:
                thread.join()

    def ended(self, patience: float) -> bool:
        """
        Wait as `shutdown` does, but at most so many seconds; return whether all calls have ended.
        """
        deadline = monotonic() + patience
        while threads := self._alive():
            if (left := deadline - monotonic()) <= 0:
                return False
            threads[0].join(left)
        return True

    def _alive(self) -> list[Thread]:
        with self._lock:
            return [thread for thread in self._threads if thread.is_alive()]


def _fill(future: Future[Result], fn: Callable[..., Result], args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    future.set_running_or_notify_cancel()
    try:
        result = fn(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 -- the edge of a thread: the future carries it to whoever asks
        future.set_exception(error)
    else:
        future.set_result(result)


INLINE, THREAD, SUBPROCESS, COLD, MANUAL = "inline", "thread", "subprocess", "subprocess-cold", "manual"
EXECUTIONS = (INLINE, THREAD, SUBPROCESS, COLD, MANUAL)
"""The ways to run algorithms, by name."""

APART = (SUBPROCESS, COLD, MANUAL)
"""Those that need not import an algorithm here."""

Choice = Executor | str
"""A way to run algorithms: one of the names, or anybody's executor."""


def require(choice: object, *, optional: bool = False) -> None:
    """
    Refuse what is no way to run algorithms.

    Parameters
    ----------
    choice : object
        A name, an executor, or something else.
    optional : bool, default False
        Whether it may be None.

    Raises
    ------
    MockUsageError
        If it is neither a name nor an executor.
    """
    if not isinstance(choice, Executor) and choice not in EXECUTIONS and not (optional and choice is None):
        names = ", ".join(EXECUTIONS)
        raise MockUsageError(f"there is no execution {choice!r}; there is {names}, and any concurrent.futures.Executor")
