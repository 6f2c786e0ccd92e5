"""
End-to-end encryption of inputs and results.

Wire text of an unencrypted collaboration is base64. Of an encrypted one it is `K$V$C`, three parts in base64:

    K  the AES key of this message, encrypted for the receiver with RSA (PKCS#1 v1.5)
    V  the initial counter block, 16 bytes
    C  the message, AES-256 in counter mode

In a blob store C is bytes instead of base64.

There is no signature and no checksum. Whether a message was meant for us is known from K alone: since OpenSSL 3.2 the
wrong private key yields random bytes of a random length instead of an error, hence the check of the key's length.

The web interface encodes twice: its K holds the AES key in base64, and C the message in base64.
"""

from __future__ import annotations

import binascii
import os
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, AnyStr, ClassVar

import pybase64
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from v6client._content import Content
from v6client._keys import Password, load_private_key, load_public_key
from v6client._plain import (
    PIECE,
    SEPARATOR,
    TEXT_PIECE,
    Buffer,
    cut,
    decoded,
    encoded,
    encoded_size,
    headed,
)
from v6client.exceptions import EncryptionError, MalformedCiphertextError, WrongKeyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

KEY_SIZE = 32
BLOCK_SIZE = 16


class RSACryptor:
    """
    Messages of encrypted collaborations, with the private key of one organization.

    Parameters
    ----------
    private_key
        The key that reads what others encrypt for this organization.
    """

    encrypts: ClassVar[bool] = True
    is_chosen: bool = True

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key
        pem = private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = encoded(pem)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], password: Password = None) -> RSACryptor:
        """
        Read the private key from a PEM file, as `load_private_key` does.
        """
        return cls(load_private_key(path, password))

    def is_pair_of(self, public_key: str) -> bool:
        """
        Whether a public key, as on the wire, belongs to this private key.
        """
        try:
            other = load_public_key(public_key)
        except EncryptionError:
            return False  # nothing readable belongs to no key; the caller says what that means
        return other.public_numbers() == self._private_key.public_key().public_numbers()

    def text(self, data: Buffer, public_key: str) -> Content:
        """
        The wire text of a message for the owner of a public key.

        Parameters
        ----------
        data
            The message.
        public_key
            Whom it is for: the base64 of a PEM text, as the server holds it.

        Raises
        ------
        EncryptionError
            The public key cannot be read.
        """
        header, key = _new_key(public_key)
        return Content(
            len(header) + encoded_size(len(data)),
            lambda: chain([header], map(pybase64.b64encode, key.through(cut(data, PIECE)))),
        )

    def blob(self, data: Buffer, public_key: str) -> Content:
        """
        What a blob store gets of a message for the owner of a public key; else as `text`.
        """
        header, key = _new_key(public_key)
        return Content(len(header) + len(data), lambda: chain([header], map(bytes, key.through(cut(data, PIECE)))))

    def encrypt(self, data: Buffer, public_key: str) -> str:
        """
        The wire text, whole; else as `text`.
        """
        return self.text(data, public_key).whole().decode()

    def decrypt(self, text: str) -> bytes:
        """
        The message in a wire text.

        Raises
        ------
        MalformedCiphertextError
            The text does not have the three parts of an encrypted message, or one of them is damaged.
        WrongKeyError
            It was encrypted for somebody else.
        """
        first, second = _separators(text, SEPARATOR)
        key, is_double = self._opened(text[:first], text[first + 1 : second])
        body = (decoded(piece, "the message's body") for piece in _slices(text, second + 1, TEXT_PIECE))
        plain = bytearray()
        for piece in key.through(body):
            plain += piece
        return decoded(plain, "the message inside the encryption") if is_double else bytes(plain)

    def decrypt_blob(self, pieces: Iterable[bytes]) -> Iterator[memoryview]:
        """
        The message in a blob; each piece is good until the next is asked for.

        Raises
        ------
        MalformedCiphertextError
            The blob does not begin as an encrypted message, or what it begins with is damaged.
        WrongKeyError
            It was encrypted for somebody else.
        """
        head, rest = headed(pieces)
        first, second = _separators(head, SEPARATOR.encode())
        # The web interface would encode this key twice as well, but not the message.
        key, _ = self._opened(head[:first], head[first + 1 : second])
        yield from key.through(part for piece in chain([head[second + 1 :]], rest) for part in cut(piece, PIECE))

    def _opened(self, locked_key: str | bytes, counter: str | bytes) -> tuple[_MessageKey, bool]:
        """
        The key of a message, and whether the web interface wrote it.
        """
        key, is_double = self._unlocked(decoded(locked_key, "the message's key"))
        block = decoded(counter, "the message's counter")
        if len(block) != BLOCK_SIZE:
            raise MalformedCiphertextError(f"the message's counter has {len(block)} bytes instead of {BLOCK_SIZE}")
        return _MessageKey(key, block), is_double

    def _unlocked(self, locked: bytes) -> tuple[bytes, bool]:
        """
        The AES key, and whether the web interface wrote it (in base64).
        """
        try:
            key = self._private_key.decrypt(locked, padding.PKCS1v15())
        except ValueError as error:  # before OpenSSL 3.2; and in every version for a key of another size
            raise WrongKeyError(_OTHER_KEY) from error
        if len(key) == KEY_SIZE:
            return key, False
        try:
            key = pybase64.b64decode(key, validate=True)
        except binascii.Error:
            raise WrongKeyError(_OTHER_KEY) from None
        if len(key) != KEY_SIZE:
            raise WrongKeyError(_OTHER_KEY)
        return key, True


@dataclass(frozen=True)
class _MessageKey:
    """
    What encrypts and decrypts one message.
    """

    key: bytes = field(repr=False)
    counter: bytes

    def through(self, pieces: Iterable[Buffer]) -> Iterator[memoryview]:
        """
        Pieces, encrypted or decrypted, which in counter mode is the same; each is good until the next is asked for.
        """
        context = Cipher(algorithms.AES(self.key), modes.CTR(self.counter)).encryptor()
        # `update` would allocate its output anew each time, which costs more than the cipher does.
        buffer = memoryview(bytearray(PIECE + BLOCK_SIZE - 1))
        for piece in pieces:
            yield buffer[: context.update_into(piece, buffer)]


_OTHER_KEY = (
    "the message was encrypted for another key than ours: results can be read with the private key of the organization "
    "that created the task, at the time it did"
)


def _new_key(public_key: str) -> tuple[bytes, _MessageKey]:
    """
    The key of a new message, and what the message begins with.
    """
    key = _MessageKey(os.urandom(KEY_SIZE), os.urandom(BLOCK_SIZE))
    locked = load_public_key(public_key).encrypt(key.key, padding.PKCS1v15())
    return f"{encoded(locked)}{SEPARATOR}{encoded(key.counter)}{SEPARATOR}".encode(), key


def _separators(text: AnyStr, separator: AnyStr) -> tuple[int, int]:
    """
    Where the first two of three parts end.
    """
    first = text.find(separator)
    second = text.find(separator, first + 1)
    if first < 0 or second < 0:
        raise MalformedCiphertextError(
            f"an encrypted message has three parts between '{SEPARATOR}' signs, this one has {1 + (first >= 0)}"
        )
    return first, second


def _slices(text: str, start: int, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(start, len(text), size))
