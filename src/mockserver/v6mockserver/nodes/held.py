"""
Runs that wait for the test: it plays the algorithm, the node does the rest.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from v6mockserver._errors import MockUsageError
from v6mockserver.nodes.algorithm_client import AlgorithmClient
from v6mockserver.nodes.container import COMPLETED, CRASHED, Outcome

if TYPE_CHECKING:
    from v6mockserver.nodes.work import Attempt, Work

PENDING, ACTIVE, OVER = "pending", "active", "over"


class HeldRun:
    """
    One run of a node in `manual` execution: pending until `start`, then active until `complete` or `crash`.

    Parameters
    ----------
    work : Work
        The runs of its node.
    attempt : Attempt
        The node's attempt at it.

    Attributes
    ----------
    attempt : Attempt
        As given.
    id, task_id : int
        Its own id, and that of its task.
    image : str
        The algorithm that the task names; it need not be registered.
    """

    def __init__(self, work: Work, attempt: Attempt) -> None:
        self._work = work
        self.attempt = attempt
        self._token: str | None = None
        self._stage = PENDING
        self.id = attempt.id
        self.task_id: int = attempt.run["task"]["id"]
        self.image = attempt.image

    def __repr__(self) -> str:
        return f"<HeldRun {self.id} of task {self.task_id} at {self._work.node.name!r}, {self._stage}>"

    @property
    def input(self) -> Any:
        """
        What the algorithm is asked: usually `method`, `args` and `kwargs`.
        """
        return json.loads(self._work.input_of(self.attempt.run))

    def start(self) -> None:
        """
        Start the run: the server hears of it, and gives a token for its container.

        Raises
        ------
        MockUsageError
            If it was started before, or does not run: it was killed, or the server gives no token.
        """
        if self._stage != PENDING:
            raise MockUsageError(f"{self!r} was started before")
        self._token = self._work.begin(self.attempt)
        self._stage = ACTIVE if self._token is not None else OVER
        if self._token is None:
            raise MockUsageError(f"{self!r} does not run; the log of its node may tell why: {self._work.node.log[-1:]}")

    def client(self) -> AlgorithmClient:
        """
        Return the client that its algorithm would have, to create subtasks and wait for them.
        """
        if self._token is None:
            raise MockUsageError(f"{self!r} has no token yet; start() it first")
        return AlgorithmClient(self._token, self._work.node.proxy)

    def complete(self, result: Any = None, *, log: str = "") -> None:
        """
        End the run with a result; one that is pending is started before.

        Parameters
        ----------
        result : any
            What the algorithm returns; anything that JSON can say.
        log : str, default ""
            What it prints.
        """
        self._end(Outcome(COMPLETED, json.dumps(result).encode(), log))

    def crash(self, log: str = "", *, result: bytes = b"") -> None:
        """
        Let the run crash; one that is pending is started before.

        Parameters
        ----------
        log : str, default ""
            What the algorithm prints.
        result : bytes, default b""
            What it has written by then.
        """
        self._end(Outcome(CRASHED, result, log))

    def _end(self, outcome: Outcome) -> None:
        if self._stage == OVER:
            raise MockUsageError(f"{self!r} has ended")
        if self._stage == PENDING:
            self.start()
        self._stage = OVER
        self._work.finish(self.attempt, outcome)
