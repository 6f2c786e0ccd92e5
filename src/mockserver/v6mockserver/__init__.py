"""
A vantage6 server and its nodes, in memory.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from v6mockserver._audit import Audit
    from v6mockserver._errors import (
        DisagreementError,
        DumpError,
        FaultNotHitError,
        LeakError,
        MockServerError,
        MockUsageError,
        PlanNotUsedError,
        SeedError,
    )
    from v6mockserver._faults import Fault, Faults
    from v6mockserver._federated import check_federated
    from v6mockserver._federation import Federation
    from v6mockserver._journal import Exchange, Exchanges, Journal
    from v6mockserver._outbox import Outbox
    from v6mockserver._server import MockServer, Snapshot
    from v6mockserver._v6mock import v6mock
    from v6mockserver.nodes.ledger import Egress, Ledger
    from v6mockserver.nodes.node import SimulatedNode
    from v6mockserver.nodes.peek import Peek
    from v6mockserver.nodes.plans import Plan
    from v6mockserver.nodes.policies import Policies
    from v6mockserver.nodes.splitting import split
    from v6mockserver.state.clock import Clock
    from v6mockserver.state.mails import Mail
    from v6mockserver.state.permissions import Decision
    from v6mockserver.state.settings import Settings

    __version__: str

__all__ = [
    "Audit",
    "Clock",
    "Decision",
    "DisagreementError",
    "DumpError",
    "Egress",
    "Exchange",
    "Exchanges",
    "Fault",
    "FaultNotHitError",
    "Faults",
    "Federation",
    "Journal",
    "LeakError",
    "Ledger",
    "Mail",
    "MockServer",
    "MockServerError",
    "MockUsageError",
    "Outbox",
    "Peek",
    "Plan",
    "PlanNotUsedError",
    "Policies",
    "SeedError",
    "Settings",
    "SimulatedNode",
    "Snapshot",
    "check_federated",
    "split",
    "v6mock",
]

_HOMES = {
    "Audit": "_audit",
    "Clock": "state.clock",
    "Decision": "state.permissions",
    "DisagreementError": "_errors",
    "DumpError": "_errors",
    "Egress": "nodes.ledger",
    "Exchange": "_journal",
    "Exchanges": "_journal",
    "Fault": "_faults",
    "FaultNotHitError": "_errors",
    "Faults": "_faults",
    "Federation": "_federation",
    "Journal": "_journal",
    "LeakError": "_errors",
    "Ledger": "nodes.ledger",
    "Mail": "state.mails",
    "MockServer": "_server",
    "MockServerError": "_errors",
    "MockUsageError": "_errors",
    "Outbox": "_outbox",
    "Peek": "nodes.peek",
    "Plan": "nodes.plans",
    "PlanNotUsedError": "_errors",
    "Policies": "nodes.policies",
    "SeedError": "_errors",
    "Settings": "state.settings",
    "SimulatedNode": "nodes.node",
    "Snapshot": "_server",
    "check_federated": "_federated",
    "split": "nodes.splitting",
    "v6mock": "_v6mock",
}


if not typing.TYPE_CHECKING:  # or checkers would take every name for one that is here

    def __getattr__(name: str) -> object:
        """
        Load what is asked for: pytest imports this package at every start, and most of its runs need nothing of it.
        """
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version("v6client")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        except ModuleNotFoundError as error:
            raise ImportError(
                f"{__name__}.{name} needs {error.name}, which is not installed: pip install 'v6client[mock]'"
            ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
