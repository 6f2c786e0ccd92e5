"""
A Python client for vantage6 servers.
"""

from __future__ import annotations

import importlib
import typing

if typing.TYPE_CHECKING:
    from v6client import exceptions as exceptions
    from v6client import resources as resources
    from v6client import types as types
    from v6client import utils as utils
    from v6client._client import Client, UserClient
    from v6client._profiles import Profile
    from v6client.utils import LogLevel

    __version__: str

__all__ = ["Client", "LogLevel", "Profile", "UserClient"]

_HOMES = {"Client": "_client", "LogLevel": "utils", "Profile": "_profiles", "UserClient": "_client"}
_MODULES = frozenset({"exceptions", "resources", "types", "utils"})


if not typing.TYPE_CHECKING:  # or checkers would take every name for one that is here

    def __getattr__(name: str) -> object:
        """
        Load what is asked for: the command line shows its help without a client.
        """
        if name == "__version__":
            return importlib.import_module("importlib.metadata").version(__name__)
        if name in _MODULES:
            return importlib.import_module(f"{__name__}.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES, "__version__"})
