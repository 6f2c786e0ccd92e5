"""
The nodes of one server.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from v6mockserver import _keys
from v6mockserver._errors import MockUsageError
from v6mockserver.nodes import environment as environments
from v6mockserver.nodes import plans
from v6mockserver.nodes.databases import described
from v6mockserver.nodes.executions import Executions
from v6mockserver.nodes.executors import require
from v6mockserver.nodes.ledger import Ledger
from v6mockserver.nodes.listener import Listener
from v6mockserver.nodes.node import Memory, SimulatedNode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    import requests
    from _typeshed.wsgi import WSGIApplication
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from v6mockserver.nodes.algorithms import Algorithms
    from v6mockserver.nodes.executors import Choice
    from v6mockserver.nodes.surroundings import Channel

PATIENCE = 60.0
"""
Seconds that a run waits for a subtask that does not go on, so that tests end; a real node would wait for ever.
"""

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
    advance : callable
        Lets so many seconds of it pass.
    execution : str or Executor
        Where nodes run algorithms, unless node or image say something else.

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
        advance: Callable[[float], object],
        execution: Choice,
    ) -> None:
        require(execution)
        self.url = url
        self.session = session
        self.channel = channel
        self.algorithms = algorithms
        self.now = now
        self.advance = advance
        self.execution = execution
        self.executions = Executions(self._proxy_url)
        self.ledger = Ledger()
        self._nodes: dict[str, SimulatedNode] = {}
        self._lock = Lock()
        self._listener: Listener | None = None

    def __getitem__(self, name: str) -> SimulatedNode:
        try:
            return self._nodes[name]
        except KeyError:
            raise KeyError(f"there is no node {name!r}; there are {sorted(self._nodes) or 'none'}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._nodes)

    def __len__(self) -> int:
        return len(self._nodes)

    @property
    def patience(self) -> float:
        """
        How many seconds a run waits for others: none where all run in one thread, and nobody else can bring them on.
        """
        return PATIENCE if self.executions.go_on else 0.0

    @property
    def folder(self) -> Path:
        """
        Where nodes keep their files; gone with the server.
        """
        return self._folder

    @cached_property
    def _folder(self) -> Path:
        folder = tempfile.mkdtemp(prefix="v6mock-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return Path(folder)

    def _proxy_url(self) -> str:
        """
        Return where the proxies of all nodes listen, for algorithms in other processes.
        """
        with self._lock:
            if self._listener is None:
                nodes = weakref.ref(self)  # or its thread would keep the server alive
                self._listener = Listener(lambda node_id: _proxy_of(nodes(), node_id))
            return self._listener.url

    def start(
        self,
        api_key: str,
        *,
        databases: Mapping[str, Any] | None = None,
        private_key: RSAPrivateKey | Path | str | None = None,
        environment: Mapping[str, str] | None = None,
        execution: Choice | None = None,
        online: bool = True,
    ) -> SimulatedNode:
        """
        Start the node that belongs to an api key.

        Parameters
        ----------
        api_key : str
            What the server showed when the node was registered.
        databases : mapping, optional
            Databases by label: a source as for `add_database`, or a mapping with `uri`, `type` and `env`, as in the
            configuration of a real node.
        private_key : RSAPrivateKey or path, optional
            The key of the node's organization; needed in an encrypted collaboration.
        environment : mapping, optional
            The variables that its algorithms find, such as the thresholds that they keep to.
        execution : str or Executor, optional
            Where it runs algorithms; by default where the server says.
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
            If a database, the key, a variable or the execution does not fit.
        """
        environments.require_names(environment or {})
        require(execution, optional=True)
        key = _keys.load(Path(private_key)) if isinstance(private_key, (str, Path)) else private_key
        node = SimulatedNode(api_key, self, private_key=key)
        node.environment.update(environment or {})
        node.execution = execution
        node.databases |= {label: described(label, entry) for label, entry in (databases or {}).items()}
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

    def verify(self) -> None:
        """
        Check that every plan for a node was used.

        Raises
        ------
        PlanNotUsedError
            If one was not; the message names each of them.
        """
        plans.verify(plan for node in self._nodes.values() for plan in node.plans)

    def memory(self) -> NodeMemories:
        """
        Return which nodes there are, and what each of them knows.
        """
        return {name: (node, node.memory()) for name, node in self._nodes.items()}

    def remember(self, memories: NodeMemories) -> None:
        """
        Have the nodes of another moment, which know what they knew then; nothing has left them since.
        """
        self.ledger.clear()
        self._nodes = {name: node for name, (node, _) in memories.items()}
        for node, memory in memories.values():
            node.remember(memory)

    def interrupt(self) -> None:
        """
        End what nodes run: kill processes, let nothing wait for other runs any longer, and wait for the rest.

        Raises
        ------
        MockUsageError
            If an algorithm in a thread does not end.
        """
        for node in self._nodes.values():
            node.interrupt()
        try:
            self.executions.stop()
        finally:
            with self._lock:
                listener, self._listener = self._listener, None
            if listener is not None:
                listener.stop()
            for node in self._nodes.values():
                node.resume()

    def stop(self) -> None:
        """
        Take all nodes offline, and end what they run.
        """
        for node in self._nodes.values():
            node.stop()
        self.interrupt()


def _proxy_of(nodes: Nodes | None, node_id: int | None) -> WSGIApplication | None:
    """
    Return the proxy of a node; whoever asks without a token is asking for what is the same at all.
    """
    proxies = {node.id: node.proxy for node in (nodes or {}).values()}
    return next(iter(proxies.values()), None) if node_id is None else proxies.get(node_id)
