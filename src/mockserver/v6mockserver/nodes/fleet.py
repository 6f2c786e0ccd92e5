"""
The nodes of one server.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v6mockserver import _keys
from v6mockserver._errors import MockUsageError
from v6mockserver.nodes.executors import EXECUTIONS, InlineExecutor
from v6mockserver.nodes.node import Memory, SimulatedNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor
    from datetime import datetime

    import requests
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from v6mockserver.nodes.algorithms import Algorithms
    from v6mockserver.nodes.node import Channel

PATIENCE = 60.0
"""Seconds that a run waits for a subtask before it fails, so that tests end; a real node would wait for ever."""

NodeMemories = Mapping[str, tuple[SimulatedNode, Memory]]
"""Nodes, and what each of them knows, by name."""


class Nodes(Mapping[str, SimulatedNode]):
    """
    The simulated nodes of one server, by name.

    Parameters
    ----------
    url : str
        Where the server's API is.
    session : callable
        Returns a session that reaches it.
    channel : Channel
        The server's event channel.
    algorithms : Algorithms
        What nodes can run.
    now : callable
        Returns the server's time.
    execution : {"inline", "thread"}
        Where nodes run algorithms.

    Raises
    ------
    MockUsageError
        If there is no such execution.
    """

    def __init__(
        self,
        *,
        url: str,
        session: Callable[[], requests.Session],
        channel: Channel,
        algorithms: Algorithms,
        now: Callable[[], datetime],
        execution: str,
    ) -> None:
        if execution not in EXECUTIONS:
            raise MockUsageError(f"there is no execution {execution!r}; there is {', '.join(EXECUTIONS)}")
        self.url = url
        self.session = session
        self.channel = channel
        self.algorithms = algorithms
        self.now = now
        self.executor: Executor = EXECUTIONS[execution]()
        self.patience = 0.0 if isinstance(self.executor, InlineExecutor) else PATIENCE
        self._nodes: dict[str, SimulatedNode] = {}

    def __getitem__(self, name: str) -> SimulatedNode:
        try:
            return self._nodes[name]
        except KeyError:
            raise KeyError(f"there is no node {name!r}; there are {sorted(self._nodes) or 'none'}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    def start(
        self,
        api_key: str,
        *,
        databases: Mapping[str, Any] | None = None,
        private_key: RSAPrivateKey | Path | str | None = None,
        online: bool = True,
    ) -> SimulatedNode:
        """
        Start the node that belongs to an api key.

        Parameters
        ----------
        api_key : str
            What the server showed when the node was registered.
        databases : mapping, optional
            Data frames, or paths of CSV, Parquet or Excel files, by label.
        private_key : RSAPrivateKey or path, optional
            The key of the node's organization; needed in an encrypted collaboration.
        online : bool, default True
            Whether it connects to the server, or waits for `go_online`.

        Returns
        -------
        SimulatedNode
            The node.

        Raises
        ------
        AuthenticationError
            If the server does not know the api key.
        MockUsageError
            If a database or the key does not fit.
        """
        key = _keys.load(Path(private_key)) if isinstance(private_key, (str, Path)) else private_key
        node = SimulatedNode(api_key, self, private_key=key)
        for label, source in (databases or {}).items():
            node.add_database(label, source)
        self._nodes[node.name] = node
        if online:
            node.go_online()
        return node

    def settle(self) -> None:
        """
        Take all nodes offline, and wait until nothing runs.

        Raises
        ------
        MockUsageError
            If a run does not end; the nodes are offline then.
        """
        for node in self._nodes.values():
            node.stop()
        for name, node in self._nodes.items():
            if runs := node.settle():
                raise MockUsageError(f"node {name!r} is still at work on runs {runs}; let them end first")

    def memory(self) -> NodeMemories:
        """
        Return which nodes there are, and what each of them knows.
        """
        return {name: (node, node.memory()) for name, node in self._nodes.items()}

    def remember(self, memories: NodeMemories) -> None:
        """
        Have the nodes of another moment, which know what they knew then.
        """
        self._nodes = {name: node for name, (node, _) in memories.items()}
        for node, memory in memories.values():
            node.remember(memory)

    def stop(self) -> None:
        """
        Take all nodes offline, end what waits for other runs, and wait for the rest.
        """
        for node in self._nodes.values():
            node.stop()
        self.executor.shutdown()
