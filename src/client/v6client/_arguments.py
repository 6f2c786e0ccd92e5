"""
Arguments that cannot be what they have to be: refused where they are given, and not by whatever stumbles over them.
"""

from __future__ import annotations

import os

from v6client.exceptions import UsageError

File = str | os.PathLike[str]

FILE = (str, os.PathLike)
"""The same, for `expect`."""


def expect(given: object, kinds: tuple[type, ...], name: str, expected: str) -> None:
    """
    Refuse an argument that is of none of these kinds.

    Parameters
    ----------
    given
        The argument.
    kinds
        What it can be.
    name
        What it is called.
    expected
        What it has to be, in words.

    Raises
    ------
    UsageError
        It is of none of them.
    """
    if not isinstance(given, kinds):
        raise UsageError(f"{name} is {expected}, not {shown(given)}")


def shown(given: object) -> str:
    """
    A value as an error may show it: the address of a server or a proxy may have a password in it.
    """
    text = repr(given)
    return "what was given" if "@" in text else text
