"""
The methods of the client, by introspection, and which test is about which of them.

The test of `role.update` is `test_update` in `test_role.py`; that of `store.role.edit` is `test_role_edit` in
`test_store.py`, and that of `authenticate`, a method of the client itself, is in `test_client.py`.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import TYPE_CHECKING, Any

from v6client import UserClient
from v6client.resources import SubClient

if TYPE_CHECKING:
    import pytest


def methods_of(part: Any, prefix: str = "") -> list[str]:
    """
    Return the public methods of a client and of its sub-clients.
    """
    found = []
    for name in (name for name in dir(part) if not name.startswith("_") and name != "parent"):
        value = getattr(part, name)
        if isinstance(value, SubClient):
            found += methods_of(value, f"{prefix}{name}.")
        elif inspect.ismethod(value):
            found.append(f"{prefix}{name}")
    return found


ASK_NO_SERVER = {"from_profile"}
"""The methods that are the same whatever the server."""

METHODS = [method for method in methods_of(UserClient("http://nowhere.invalid")) if method not in ASK_NO_SERVER]


def home(method: str) -> tuple[str, str]:
    """
    Return the file and the name of the test of a method.
    """
    noun, _, name = method.partition(".") if "." in method else ("client", "", method)
    return f"test_{noun}.py", f"test_{name.replace('.', '_')}"


HOMES = {home(method): method for method in METHODS}


def exercised(test: pytest.Function) -> str | None:
    """
    Return the method that a test is about, if it is about one.
    """
    return HOMES.get((Path(test.path).name, test.originalname))
