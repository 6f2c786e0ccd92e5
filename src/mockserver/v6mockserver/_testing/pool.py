"""
Federations that were made once, and are as new for each test.

To make one takes twenty times what it takes to restore it. A test has it for itself: what is not part of a snapshot is
new each time, and a server that cannot be restored is not used again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from v6mockserver._adversary import Adversary
from v6mockserver._errors import MockUsageError
from v6mockserver._faults import Faults
from v6mockserver._federation import Federation, federate, names
from v6mockserver._journal import Journal
from v6mockserver._server import MockServer
from v6mockserver.nodes.algorithms import Algorithms

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator

    from v6mockserver._server import Snapshot
    from v6mockserver._testing.wanted import Wanted


class Pool:
    """
    The federations of one test run.
    """

    def __init__(self) -> None:
        self._idle: dict[Hashable, tuple[MockServer, Snapshot]] = {}
        self._lent: dict[MockServer, tuple[Hashable, Snapshot]] = {}

    def lend(self, wanted: Wanted, version: str, *, size: int, adversarial: int | None) -> Federation:
        """
        Return a federation as new.

        Parameters
        ----------
        wanted : Wanted
            What the test wants.
        version : str
            The server version.
        size : int
            How many organizations there are, if the test does not say.
        adversarial : int, optional
            The seed of the liberties that the server takes; by default it takes none.

        Raises
        ------
        MockUsageError
            If there can be no such federation.
        """
        with _silence():
            return self._lent_one(wanted, version, size, adversarial)

    def _lent_one(self, wanted: Wanted, version: str, size: int, adversarial: int | None) -> Federation:
        if wanted.seed is not None:
            server = MockServer(
                _source(wanted.seed), version=version, execution=wanted.execution, adversarial=adversarial
            )
            return Federation(server)
        organizations = size if wanted.organizations is None else wanted.organizations
        called = tuple(names(organizations) if isinstance(organizations, int) else organizations)
        key = called, wanted.encrypted, wanted.execution, version
        if key in self._idle:
            server, snapshot = self._idle.pop(key)
        else:
            server = federate(
                called, encrypted=wanted.encrypted, execution=wanted.execution, version=version, rows=True
            ).server
            snapshot = server.snapshot()
        self._lent[server] = key, snapshot
        _own_data(server)
        server.adversary = None if adversarial is None else Adversary(adversarial)
        return Federation(server)

    def take_back(self, federation: Federation) -> None:
        """
        Take a federation that its test is done with.

        Raises
        ------
        MockUsageError
            If a run does not end; the federation is not used again.
        """
        server = federation.server
        key, snapshot = self._lent.pop(server, (None, None))
        server.stop()
        if snapshot is None:
            server.nodes.stop()
            return
        server.restore(snapshot)
        _renew(server)
        self._idle[key] = server, snapshot

    def close(self) -> None:
        """
        Stop all nodes.
        """
        for server, _ in self._idle.values():
            server.nodes.stop()
        self._idle.clear()


def _source(seed: Any) -> Any:
    if not isinstance(seed, Mapping) and not seed.exists():
        raise MockUsageError(f"there is no seed {seed}: a path is that of a file beside the test, or below the rootdir")
    return seed


@contextmanager
def _silence() -> Iterator[None]:
    """
    Keep out of the log of a test what happens when a federation is made.
    """
    before = logging.root.manager.disable
    logging.disable(logging.INFO)
    try:
        yield
    finally:
        logging.disable(before)


def _renew(server: MockServer) -> None:
    """
    Give a server new what no snapshot holds. Who still has the old ones keeps them as they were.
    """
    server.journal, server.faults = Journal(), Faults()
    server.algorithms = server.nodes.algorithms = Algorithms()
    vars(server).pop("outgoing", None)
    server.audit.stop()
    server.audit.clear()
    for node in server.nodes.values():
        node.execution = None


def _own_data(server: MockServer) -> None:
    """
    Give the nodes rows of their own: those in the snapshot are for all tests.
    """
    for node in server.nodes.values():
        for label, database in node.databases.items():
            node.databases[label] = replace(database, source=database.source.copy())
