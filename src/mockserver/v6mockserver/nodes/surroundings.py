"""
What a node finds where it is started.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable
    from datetime import datetime
    from pathlib import Path

    import requests

    from v6mockserver.nodes.algorithms import Algorithms
    from v6mockserver.nodes.executions import Executions
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.ledger import Ledger


class Membership(Protocol):
    """
    A node's place in the event channel.
    """

    def share(self, settings: Iterable[tuple[str, str]]) -> None:
        """
        Tell the server about the node's configuration.
        """

    def attend(self, *, is_attentive: bool) -> None:
        """
        Hear all events from now on, or only those that the node knows.
        """

    def close(self) -> None:
        """
        Leave.
        """

    def vanish(self) -> None:
        """
        Be gone without leaving.
        """


class Channel(Protocol):
    """
    The server's event channel, as far as a node uses it.
    """

    def connect(self, token: str, handler: Callable[[str, Any], None], events: Container[str]) -> Membership:
        """
        Take the node in.
        """
        ...


class Surroundings(Protocol):
    """
    What a node finds where it is started.
    """

    url: str
    channel: Channel
    algorithms: Algorithms
    ledger: Ledger
    execution: Choice
    executions: Executions
    advance: Callable[[float], object]

    @property
    def patience(self) -> float:
        """
        How many seconds to wait for what other runs may bring about.
        """
        ...

    @property
    def folder(self) -> Path:
        """
        Where the nodes keep their files.
        """
        ...

    def session(self) -> requests.Session:
        """
        Return a session that reaches the server.
        """
        ...

    def now(self) -> datetime:
        """
        Return the time.
        """
        ...
