"""
Inputs and results: from Python to wire text, and from wire text to JSON text.
"""

from __future__ import annotations

import json
from contextlib import closing, suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from v6client._plain import PlainCryptor, headed, is_encrypted
from v6client.exceptions import (
    DeserializationException,
    EncryptionError,
    NotFoundError,
    PermissionDeniedError,
    UsageError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from v6client import _models as models
    from v6client._client import UserClient
    from v6client._plain import Cryptor


def dumped(input_: Any) -> bytes:
    """
    An algorithm's input as it goes over the wire, before encryption.
    """
    try:
        return json.dumps(input_).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise UsageError(
            f"input_ cannot be written as JSON ({error}): use plain numbers, texts, lists and dicts"
        ) from error


def result_text(client: UserClient, row: models.Result) -> str:
    """
    The JSON text of a result.

    Raises
    ------
    EncryptionError
        It cannot be decrypted.
    DeserializationException
        It was not encrypted, and is not text either.
    """
    try:
        return _text(client, row["result"] or "", in_blob=row.get("blob_storage_used", False))
    except (EncryptionError, DeserializationException) as error:
        raise type(error)(f"the result of run {row['id']} cannot be read: {error}") from error


def input_text(client: UserClient, row: models.Run) -> str:
    """
    The JSON text of an input, or what the server has of it where it cannot be read.

    That is no error: an encrypted input can be read by the organization that it was sent to, and by no other; and who
    may see a run need not be allowed to see the blob with its input.
    """
    try:
        return _text(client, row["input"], in_blob=row.get("blob_storage_used", False))
    except (EncryptionError, DeserializationException, PermissionDeniedError, NotFoundError):
        return row["input"]


def _text(client: UserClient, wire: str, *, in_blob: bool) -> str:
    if in_blob:
        # Closed, so that what follows a header that is not for us stays where it is.
        with closing(client.blobs.download(wire)) as pieces:
            return _blob_text(pieces, client.cryptor)
    encrypted = is_encrypted(wire)
    cryptor = client.cryptor if encrypted else PlainCryptor()
    return _decoded(cryptor.decrypt(wire), encrypted=encrypted)


def _blob_text(pieces: Iterable[bytes], own: Cryptor) -> str:
    head, rest = headed(pieces)
    encrypted = is_encrypted(head)
    message = bytearray()
    for piece in (own if encrypted else PlainCryptor()).decrypt_blob(chain([head], rest)):
        message += piece
    return _decoded(message, encrypted=encrypted)


def _decoded(message: bytes | bytearray, *, encrypted: bool) -> str:
    with suppress(UnicodeDecodeError):
        return message.decode()
    # Out here, since that error holds the message.
    if encrypted:
        # A wrong key can yield a key of the right length by accident.
        raise WrongKeyError(
            "decrypted, it is not text: it was encrypted for another key than ours, or is none of an algorithm that "
            "writes JSON"
        )
    raise DeserializationException("it is not text, as all JSON is: the algorithm wrote something else")
