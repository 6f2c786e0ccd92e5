"""
What a node does, in plain requests and with a cipher of its own: our client's counterpart.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from .network import KEYS

if TYPE_CHECKING:
    from .targets import Target

NOW, LATER = "2026-01-01T10:00:00.000001", "2026-01-01T11:00:00.000001"
KEY, COUNTER = bytes(range(32)), bytes(range(16))


class Node:
    """
    A node that has logged in.
    """

    def __init__(self, target: Target, id_: int, api_key: str) -> None:
        self._target = target
        self._id = id_
        self._token = target.plain("POST", "token/node", json={"api_key": api_key})["access_token"]

    def request(self, method: str, path: str, **content: Any) -> Any:
        """
        Send a request.
        """
        return self._target.plain(method, path, token=self._token, **content)

    def open_runs(self) -> list[dict[str, Any]]:
        """
        Return the runs that wait for it.
        """
        return self.request("GET", "run", params={"state": "open", "node_id": self._id})["data"]

    def report(self, run: int, **changes: Any) -> None:
        """
        Tell the server about a run.
        """
        self.request("PATCH", f"run/{run}", json=changes)

    def complete(self, run: int, result: str) -> None:
        """
        Deliver what goes over the wire as a result.
        """
        self.report(run, status="completed", result=result, log="done", started_at=NOW, finished_at=LATER)

    def crash(self, run: int, log: str) -> None:
        """
        Give up.
        """
        self.report(run, status="crashed", log=log, started_at=NOW, finished_at=LATER)


def wire(result: Any) -> str:
    """
    Return a result as it goes over the wire unencrypted.
    """
    return b64encode(json.dumps(result).encode()).decode()


def sealed(result: Any, public_key: str) -> str:
    """
    Return a result as it goes over the wire encrypted for the owner of a public key.
    """
    locked = load_pem_public_key(b64decode(public_key)).encrypt(KEY, PKCS1v15())
    body = Cipher(AES(KEY), CTR(COUNTER)).encryptor().update(json.dumps(result).encode())
    return "$".join(b64encode(part).decode() for part in (locked, COUNTER, body))


def opened(text: str, organization: int) -> Any:
    """
    Return what an organization reads in a message that was encrypted for it.
    """
    locked, counter, body = (b64decode(part) for part in text.split("$"))
    key = load_pem_private_key(KEYS[organization].read_bytes(), None).decrypt(locked, PKCS1v15())
    return json.loads(Cipher(AES(key), CTR(counter)).decryptor().update(body))
