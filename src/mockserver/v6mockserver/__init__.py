"""
A vantage6 server and its nodes, in memory.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from v6mockserver._errors import DumpError, FaultNotHitError, MockServerError, MockUsageError, SeedError
    from v6mockserver._server import MockServer
    from v6mockserver.nodes.node import SimulatedNode
    from v6mockserver.state.mails import Mail
    from v6mockserver.state.settings import Settings

__all__ = [
    "DumpError",
    "FaultNotHitError",
    "Mail",
    "MockServer",
    "MockServerError",
    "MockUsageError",
    "SeedError",
    "Settings",
    "SimulatedNode",
]

_HOMES = {
    "DumpError": "_errors",
    "FaultNotHitError": "_errors",
    "Mail": "state.mails",
    "MockServer": "_server",
    "MockServerError": "_errors",
    "MockUsageError": "_errors",
    "SeedError": "_errors",
    "Settings": "state.settings",
    "SimulatedNode": "nodes.node",
}


def __getattr__(name: str) -> object:
    """
    Load what is asked for: pytest imports this package at every start, and most of its runs need nothing of it.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        if (error.name or "").startswith(__name__):
            raise
        raise ImportError(
            f"{__name__}.{name} needs {error.name}, which is not installed: pip install 'v6client[mock]'"
        ) from error


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
