"""
Tokens that tests make themselves, with the secret that both servers share.

A caller is described by the claims of its token. `mint` signs them as the server would; `spoilt` makes those that a
server has to refuse.
"""

from __future__ import annotations

from typing import Any

import jwt

Claims = dict[str, Any]

# Fixed times, so that a token is the same text each time, also in a recording.
BORN, LONG_GONE, FAR_OFF = 1_577_836_800, 1_600_000_000, 4_102_444_800
"""Seconds since 1970: 2020, 2020 and 2100."""


def claims_of_user(id_: int, roles: list[str]) -> Claims:
    """
    Return the claims of a user's token.
    """
    return _claims(id_, "user", roles)


def claims_of_node(id_: int) -> Claims:
    """
    Return the claims of a node's token.
    """
    return _claims(id_, "node", [])


def claims_of_container(**subject: Any) -> Claims:
    """
    Return the claims of a container's token.
    """
    defaults = {"client_type": "container", "study_id": None, "store_id": None, "databases": []}
    return _claims(defaults | subject, "container", [])


def _claims(subject: Any, kind: str, roles: list[str]) -> Claims:
    return {"fresh": False, "type": "access", "sub": subject, "client_type": kind, "roles": roles, "jti": "a-token"}


def mint(claims: Claims, secret: str, *, algorithm: str = "HS256") -> str:
    """
    Return a token with these claims, good from long ago until long after now.
    """
    return jwt.encode({"iat": BORN, "nbf": BORN, "exp": FAR_OFF} | claims, secret, algorithm)


def reset_token(user_id: int, secret: str) -> str:
    """
    Return a token as it is mailed to somebody who has lost their password.
    """
    return mint(claims_of_container() | {"sub": {"id": str(user_id)}}, secret)


def spoilt(claims: Claims, secret: str) -> dict[str, str | None]:
    """
    Return what to put into the Authorization header in place of a good token, by what is wrong with it.
    """
    token = mint(claims, secret)
    header, payload, signature = token.split(".")

    def without(*names: str) -> Claims:
        return {name: value for name, value in claims.items() if name not in names}

    return {
        "nothing": None,
        "no scheme": token,
        "lower case": f"bearer {token}",
        "other scheme": f"Basic {token}",
        "no token": "Bearer",
        "two tokens": f"Bearer {token} {token}",
        "garbage": "Bearer garbage",
        "half a token": f"Bearer {header}.{payload}",
        "broken payload": f"Bearer {header}.{payload[:-3]}.{signature}",
        "expired": f"Bearer {mint(claims | {'exp': LONG_GONE}, secret)}",
        "not yet valid": f"Bearer {mint(claims | {'nbf': FAR_OFF}, secret)}",
        "forged": f"Bearer {mint(claims, 'not-the-secret-of-any-server-here')}",
        "unsigned": f"Bearer {mint(claims, '', algorithm='none')}",
        "other algorithm": f"Bearer {mint(claims, secret + secret, algorithm='HS512')}",
        "refresh": f"Bearer {mint(claims | {'type': 'refresh'}, secret)}",
        "of nobody": f"Bearer {mint(without('sub'), secret)}",
        "of no kind": f"Bearer {mint(without('client_type'), secret)}",
        "few claims": f"Bearer {mint(without('type', 'fresh', 'roles', 'jti'), secret)}",
        "of a stranger": f"Bearer {mint(claims | {'sub': 9999}, secret)}",
        "of a node by kind": f"Bearer {mint(claims | {'client_type': 'node'}, secret)}",
        "of an unknown kind": f"Bearer {mint(claims | {'client_type': 'robot'}, secret)}",
    }
