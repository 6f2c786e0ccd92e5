"""
Passwords and api keys at rest.

The real server spends 0.4 s of bcrypt on every login. A mock guards nothing, so one salted round of SHA-256 does; like
bcrypt, it reads the first 72 bytes of a password. Api keys are long and random and are looked up by their hash.
"""

from __future__ import annotations

from hashlib import sha256
from hmac import compare_digest

SIGNIFICANT_BYTES = 72


def hash_password(password: str, *, salt: str) -> str:
    """
    Return the text that is stored for a password.
    """
    significant = password.encode()[:SIGNIFICANT_BYTES]
    return f"sha256${salt}${sha256(salt.encode() + significant).hexdigest()}"


def check_password(password: str, stored: str) -> bool:
    """
    Tell whether a password is the one that was stored.
    """
    _, salt, _ = stored.split("$")
    return compare_digest(hash_password(password, salt=salt), stored)


def hash_api_key(api_key: str) -> str:
    """
    Return the text that is stored, and looked up, for an api key.
    """
    return f"sha256${sha256(api_key.encode()).hexdigest()}"
