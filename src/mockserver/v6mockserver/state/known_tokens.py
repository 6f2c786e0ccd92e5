"""
Tokens whose signature has been checked, so that the next request with one need not check it again.

What is remembered is what a token says, and the secret that it was signed with. Whether it has expired, and whether its
user or node still exists, is asked at every request.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

CAPACITY = 1000


class KnownTokens:
    """
    The claims of tokens that were found genuine, by the secret that they are signed with and their text.

    The secret is part of the key, so that nothing is believed any more once a world has another secret, wherever it got
    that from.

    Parameters
    ----------
    claims : mapping, optional
        What is known already.
    """

    __slots__ = ("_claims", "_lock")

    def __init__(self, claims: Mapping[tuple[str, str], dict[str, Any]] | None = None) -> None:
        self._claims = dict(claims or {})
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._claims)

    def get(self, secret: str, token: str) -> dict[str, Any] | None:
        """
        Return the claims of a token, or None if it has to be checked.
        """
        return self._claims.get((secret, token))

    def add(self, secret: str, token: str, claims: dict[str, Any]) -> None:
        """
        Remember a genuine token; beyond `CAPACITY`, the one that has been known longest is forgotten.
        """
        with self._lock:
            self._claims[secret, token] = claims
            while len(self._claims) > CAPACITY:
                del self._claims[next(iter(self._claims))]

    def copy(self) -> KnownTokens:
        """
        Return a memory of its own that knows the same tokens.
        """
        with self._lock:
            return KnownTokens(self._claims)
