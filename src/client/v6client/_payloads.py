"""
Inputs and results: from Python to wire text, and from wire text to JSON text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from v6client._plain import PlainCryptor, is_encrypted
from v6client.exceptions import DeserializationException, EncryptionError, UsageError, WrongKeyError

if TYPE_CHECKING:
    from v6client._plain import Cryptor


def dumped(input_: Any) -> bytes:
    """
    An algorithm's input as it goes over the wire, before encryption.
    """
    try:
        return json.dumps(input_).encode()
    except (TypeError, ValueError) as error:
        raise UsageError(
            f"input_ cannot be written as JSON ({error}): use plain numbers, texts, lists and dicts"
        ) from error


def result_text(wire: str, cryptor: Cryptor) -> str:
    """
    The JSON text of a result.

    Raises
    ------
    EncryptionError
        It cannot be decrypted.
    DeserializationException
        It was not encrypted, and is not text either.
    """
    if not is_encrypted(wire):
        return _plain_text(wire)
    try:
        return cryptor.decrypt(wire).decode()
    except UnicodeDecodeError:
        # A wrong key can yield a key of the right length by accident.
        raise WrongKeyError("the decrypted result is not text: it was encrypted for another key than ours") from None


def input_text(wire: str, cryptor: Cryptor) -> str:
    """
    The JSON text of an input, or its wire text where it cannot be read.

    That is no error: an encrypted input can be read by the organization that it was sent to, and by no other.
    """
    try:
        return result_text(wire, cryptor)
    except (EncryptionError, DeserializationException):
        return wire


def _plain_text(wire: str) -> str:
    try:
        return PlainCryptor().decrypt(wire).decode()
    except UnicodeDecodeError as error:
        raise DeserializationException(f"an unencrypted message is not text: {error}") from error
