"""
The network that the programs build and use: ids, names, passwords.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recorder import Recorded, Recorder

ROOT_ORGANIZATION, NORTH, SOUTH, WEST, BRIEF = range(1, 6)
OPEN, SEALED, FAR, GONE = range(1, 5)
UNKNOWN = 9999
PASSWORD, OTHER_PASSWORD = "Federated-1", "Federated-2"
INPUT = {"method": "average", "args": [], "kwargs": {"column": "age"}}
ADDRESS = {"address1": "1 Main Street", "address2": "", "zipcode": "1000", "country": "NL", "domain": "north.org"}
IMAGE = "harbor.example.org/average:1"
STEP = 0.01
"""Seconds between polls."""


def is_new(client: Recorded) -> bool:
    """
    Say whether this is the client of 4.15, with studies and stores, and not that of 4.0.
    """
    return hasattr(client.target, "study")


def log_in(recorder: Recorder, username: str, password: str = PASSWORD, **more: Any) -> Recorded:
    """
    Return a client that has logged in, or tried to.
    """
    client = recorder.client(username)
    client.authenticate(username, password, **more)
    return client
