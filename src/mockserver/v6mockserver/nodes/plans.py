"""
Plans: what a node is told to do with its next runs, so that a test sees what others make of it.

A plan is a row that says which run it is for, and the course that this run takes. What a course does on the wire is
in `COURSES`; it is what a real node does that meets such a thing. A node knows nothing of plans but the course: the
requests that it sends are those that it would send of its own accord.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from v6mockserver._errors import MockUsageError, PlanNotUsedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Moment = Literal["taken", "token", "start", "input", "active"]
TAKEN: Final = "taken"
TOKEN: Final = "token"  # noqa: S105 -- a moment
START: Final = "start"
INPUT: Final = "input"
RUNNING: Final = "active"
"""
When a course leaves the usual one: before the node takes the run, where it asks for a token, where it starts the
container, where it decrypts the input, or while the algorithm should run.
"""


class Course(NamedTuple):
    """
    What becomes of a run.

    Attributes
    ----------
    moment : str
        When it leaves the usual course.
    status : str
        The status that the run has in the end.
    tells : str
        What happens, for people.
    options : tuple of str
        What a plan may say about it.
    ends : bool
        Whether it is closed then; one that is not starts again when its node comes back.
    """

    moment: Moment
    status: str
    tells: str
    options: tuple[str, ...] = ()
    ends: bool = True


COURSES = {
    "ignore": Course(TAKEN, "pending", "the node does not hear of it", ends=False),
    "no token": Course(TOKEN, "failed", "the server gives no token for the container", ends=False),
    "refuse": Course(START, "not allowed", "a policy of the node forbids it"),
    "no image": Course(START, "non-existing Docker image", "the image cannot be had"),
    "start failed": Course(START, "start failed", "the container does not start"),
    "bad environment": Course(START, "failed", "a variable of the node has a name that cannot be"),
    "stall": Course(START, "initializing", "the container never gets further than being prepared", ends=False),
    "wrong key": Course(INPUT, "crashed", "the node has another key, so that the input stays unreadable"),
    "crash": Course(RUNNING, "crashed", "the algorithm fails", options=("log", "result")),
    "complete": Course(RUNNING, "completed", "the algorithm returns what the plan says", options=("log", "result")),
    "empty": Course(RUNNING, "completed", "the algorithm ends without writing a result", options=("log",)),
    "malformed": Course(RUNNING, "completed", "the algorithm writes a result that is not JSON", options=("log",)),
    "vanish": Course(RUNNING, "unknown error", "the container is gone"),
    "kill": Course(RUNNING, "killed by user", "somebody stops all that the node runs", ends=False),
    "lose": Course(RUNNING, "active", "the node is gone at once, until `go_online`", ends=False),
    "slow": Course(RUNNING, "completed", "the algorithm runs after so many seconds of the clock", options=("seconds",)),
}
"""The courses that can be planned."""

HALF = b'{"result": [1, 2'
"""A result that is not JSON: what is left of one when the disk is full."""


@dataclass(slots=True, eq=False)
class Plan:
    """
    One row of a node's plans.

    Attributes
    ----------
    node : str
        The name of the node.
    what : str
        The course.
    run : int or None
        Which of the runs that are meant, from 1; None for all.
    image, method : str or None
        Which runs are meant: those of an image, or of a method.
    log : str
        What the algorithm prints.
    result : bytes
        What it writes.
    seconds : float
        How long it takes, by the server's clock.
    matches, hits : int
        How many runs were meant, and how many took the course.
    """

    node: str
    what: str
    run: int | None = 1
    image: str | None = None
    method: str | None = None
    log: str = ""
    result: bytes = b""
    seconds: float = 0.0
    matches: int = field(default=0, init=False)
    hits: int = field(default=0, init=False)

    def __str__(self) -> str:
        which = "every run" if self.run is None else f"run {self.run}"
        of = "".join(f" of {name} {value!r}" for name in ("image", "method") if (value := getattr(self, name)))
        return f"{self.what} at {self.node!r}: {which}{of} ({self.matches} matched, {self.hits} used)"

    @property
    def course(self) -> Course:
        """
        What becomes of the run.
        """
        return COURSES[self.what]

    def takes(self, image: str, method: object) -> bool:
        """
        Tell whether it is for this run, and count.
        """
        if self.run is not None and self.hits:
            return False
        if (self.image and self.image != image) or (self.method and self.method != method):
            return False
        self.matches += 1
        is_due = self.run is None or self.matches == self.run
        self.hits += is_due
        return is_due


def require(what: str, run: int | None, given: Mapping[str, Any]) -> None:
    """
    Refuse what is no plan.

    Parameters
    ----------
    what : str
        The course.
    run : int or None
        Which run.
    given : mapping
        What the test says about the course.

    Raises
    ------
    MockUsageError
        If there is no such course, it takes no such option, or no run can ever be meant.
    """
    if what not in COURSES:
        raise MockUsageError(f"no node can {what!r}; it can {', '.join(map(repr, COURSES))}")
    if run is not None and run < 1:
        raise MockUsageError(f"run={run} means no run; the next one is 1, and None means all")
    options = COURSES[what].options
    for name in given:
        if name not in options:
            raise MockUsageError(f"{name}= says nothing about {what!r}; that takes {', '.join(options) or 'nothing'}")
    if what == "slow" and not given.get("seconds", 0) > 0:
        raise MockUsageError("'slow' needs seconds=, how long the run takes")


def content(node: str, what: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """
    Return what comes out of a planned run: what the test says, as a plan has it, or what is usual.
    """
    content = dict(given)
    if what == "crash":
        content.setdefault("log", f"error > crashed at node {node!r}, as planned in {_line_of_test()}\n")
    if "result" in given or what == "complete":
        content["result"] = json.dumps(given.get("result")).encode()
    elif what == "malformed":
        content["result"] = HALF
    return content


def _line_of_test() -> str:
    """
    Return the line that made a plan: the first one outside of this package.
    """
    frame = sys._getframe()  # noqa: SLF001 -- what traceback and warnings use, too
    package = str(Path(__file__).parents[1])
    while frame.f_back is not None and frame.f_code.co_filename.startswith(package):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}, line {frame.f_lineno}"


class Plans:
    """
    The plans of one node, in the order in which they were made.
    """

    def __init__(self) -> None:
        self._plans: list[Plan] = []

    def __iter__(self) -> Iterator[Plan]:
        return iter(list(self._plans))

    def __len__(self) -> int:
        return len(self._plans)

    def add(self, plan: Plan) -> Plan:
        """
        Put a plan at the end.
        """
        self._plans.append(plan)
        return plan

    def clear(self) -> None:
        """
        Take all plans out, whether they were used or not.
        """
        self._plans.clear()

    def due(self, image: str, method: object, *, is_held: bool) -> Plan | None:
        """
        Return the plan for a run, if there is one. A run meets one plan at most, and counts only for those it gets to.

        Parameters
        ----------
        image : str
            Its image.
        method : any
            What its input names as the method.
        is_held : bool
            Whether the test plays the algorithm, which leaves no plan for that.
        """
        plans = (plan for plan in self if not (is_held and plan.course.moment in {INPUT, RUNNING}))
        return next((plan for plan in plans if plan.takes(image, method)), None)


def verify(plans: Iterable[Plan]) -> None:
    """
    Check that plans were used.

    Raises
    ------
    PlanNotUsedError
        If one was not; the message names each of them.
    """
    missed = [str(plan) for plan in plans if not plan.hits]
    if missed:
        raise PlanNotUsedError("\n".join(["these plans were made and never used:", *missed]))
