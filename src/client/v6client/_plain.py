"""
Messages as they are in unencrypted collaborations: base64, and nothing else.

What is here does without the `cryptography` package, whose import takes as long as a dozen calls.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, ClassVar, Protocol

import pybase64

from v6client._content import Content
from v6client.exceptions import MalformedCiphertextError, NoPrivateKeyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Buffer = bytes | bytearray | memoryview

SEPARATOR = "$"

# Messages go through in pieces that stay in the processor's cache: four times as fast as one large piece. The size
# is a multiple of 3, so that the base64 of the pieces is that of the whole.
PIECE = 768 * 1024
TEXT_PIECE = PIECE // 3 * 4

# More than what an encrypted blob begins with: 684 letters of key (for RSA-4096), 24 of counter.
HEADER = 4096


class Cryptor(Protocol):
    """
    What makes wire texts and blobs of messages, and messages of them.

    Attributes
    ----------
    encrypts
        Whether anybody else can read what it makes.
    """

    encrypts: ClassVar[bool]

    @property
    def is_chosen(self) -> bool:
        """
        Whether somebody said that it is to be this one.
        """
        ...

    def text(self, data: Buffer, public_key: str) -> Content:
        """
        The wire text of a message for the owner of a public key.
        """
        ...

    def blob(self, data: Buffer, public_key: str) -> Content:
        """
        What a blob store gets for the owner of a public key.
        """
        ...

    def encrypt(self, data: Buffer, public_key: str) -> str:
        """
        The wire text, whole.
        """
        ...

    def decrypt(self, text: str) -> bytes:
        """
        The message in a wire text.
        """
        ...

    def decrypt_blob(self, pieces: Iterable[bytes]) -> Iterator[Buffer]:
        """
        The message in a blob; each piece is good until the next is asked for.
        """
        ...


class PlainCryptor:
    """
    Messages of unencrypted collaborations: readable by everybody on the way.

    Parameters
    ----------
    is_chosen
        Whether somebody said that nothing is encrypted, and not just nothing.
    """

    encrypts: ClassVar[bool] = False

    def __init__(self, *, is_chosen: bool = False) -> None:
        self.is_chosen = is_chosen

    def text(self, data: Buffer, public_key: str = "") -> Content:  # noqa: ARG002 -- one interface for both
        """
        The wire text of a message; a public key plays no part in it.
        """
        return Content(encoded_size(len(data)), lambda: map(pybase64.b64encode, cut(data, PIECE)))

    def blob(self, data: Buffer, public_key: str = "") -> Content:
        """
        What a blob store gets, which is the wire text.
        """
        return self.text(data, public_key)

    def encrypt(self, data: Buffer, public_key: str = "") -> str:
        """
        The wire text, whole.
        """
        return self.text(data, public_key).whole().decode()

    def decrypt(self, text: str) -> bytes:
        """
        The message in a wire text.

        Raises
        ------
        NoPrivateKeyError
            The text is encrypted.
        MalformedCiphertextError
            The text is not base64.
        """
        if is_encrypted(text):
            raise NoPrivateKeyError(_NO_KEY)
        return decoded(text, "the message")

    def decrypt_blob(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """
        The message in a blob.

        Raises
        ------
        NoPrivateKeyError
            The blob is encrypted.
        MalformedCiphertextError
            The blob is not base64.
        """
        head, rest = headed(pieces)
        if is_encrypted(head):
            raise NoPrivateKeyError(_NO_KEY)
        left = b""
        for piece in chain([head], rest):
            left += piece
            whole = len(left) // 4 * 4  # base64 comes in groups of four letters
            yield decoded(left[:whole], "the blob")
            left = left[whole:]
        yield decoded(left, "the blob")


_NO_KEY = (
    "the message is encrypted and no private key is set: call setup_encryption() with the path of your organization's "
    "private key"
)


def is_encrypted(text: str | bytes) -> bool:
    """
    Whether a wire text, or the beginning of a blob, is an encrypted message: the separator is no letter of base64.
    """
    return SEPARATOR in text if isinstance(text, str) else SEPARATOR.encode() in text


def headed(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """
    The beginning of a blob, as long as a header may be or longer, and the rest.
    """
    rest = iter(pieces)
    head = bytearray()
    for piece in rest:
        head += piece
        if len(head) >= HEADER:
            break
    return bytes(head), rest


def cut(data: Buffer, size: int) -> Iterator[memoryview]:
    """
    Data, cut into pieces of that size and a last one.
    """
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(view), size))


def encoded(data: Buffer) -> str:
    """
    The base64 of data.
    """
    return pybase64.b64encode_as_string(data)


def encoded_size(size: int) -> int:
    """
    How long the base64 of that many bytes is.
    """
    return (size + 2) // 3 * 4


def decoded(text: str | Buffer, what: str) -> bytes:
    """
    The data in a base64 text.

    Raises
    ------
    MalformedCiphertextError
        It is none; the error calls it by `what`.
    """
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one; so is a letter that is not ASCII
        raise MalformedCiphertextError(f"{what} is not base64: it is damaged or was cut off") from error
