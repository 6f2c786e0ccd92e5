"""
Passwords and api keys at rest.

The real server spends 0.4 s of bcrypt on every login. A mock guards nothing, so one salted round of SHA-256 does; like
bcrypt, it reads the first 72 bytes of a password. Api keys are long and random and are looked up by their hash.

A world that was loaded from a real database has the hashes of that server. They are checked as they are, which takes
its time, once for each secret.
"""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256
from hmac import compare_digest

SIGNIFICANT_BYTES = 72
BCRYPT, CHEAP = "$2", "sha256$"
"""How the hashes of a real server and our own begin."""


def hash_password(password: str, *, salt: str) -> str:
    """
    Return the text that is stored for a password.
    """
    significant = password.encode()[:SIGNIFICANT_BYTES]
    return f"{CHEAP}{salt}${sha256(salt.encode() + significant).hexdigest()}"


def check_password(password: str, stored: str) -> bool:
    """
    Tell whether a password is the one that was stored.
    """
    if is_bcrypt(stored):
        return _opens(password.encode()[:SIGNIFICANT_BYTES], stored)
    _, salt, _ = stored.split("$")
    return compare_digest(hash_password(password, salt=salt), stored)


def hash_api_key(api_key: str) -> str:
    """
    Return the text that is stored, and looked up, for an api key.
    """
    return f"{CHEAP}{sha256(api_key.encode()).hexdigest()}"


def check_api_key(api_key: str, stored: str) -> bool:
    """
    Tell whether an api key is the one that was stored.
    """
    return _opens(api_key.encode(), stored) if is_bcrypt(stored) else hash_api_key(api_key) == stored


def is_bcrypt(stored: str) -> bool:
    """
    Tell whether a hash was made by a real server.
    """
    return stored.startswith(BCRYPT)


@lru_cache(maxsize=1024)
def _opens(secret: bytes, stored: str) -> bool:
    """
    Check a secret the slow way, and remember the outcome.
    """
    import bcrypt

    return bcrypt.checkpw(secret, stored.encode())
