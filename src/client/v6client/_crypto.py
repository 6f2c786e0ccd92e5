"""
End-to-end encryption of inputs and results.

Wire text of an unencrypted collaboration is base64. Of an encrypted one it is `K$V$C`, three parts in base64:

    K  the AES key of this message, encrypted for the receiver with RSA (PKCS#1 v1.5)
    V  the initial counter block, 16 bytes
    C  the message, AES-256 in counter mode

There is no signature and no checksum. Whether a message was meant for us is known from K alone: since OpenSSL 3.2 the
wrong private key yields random bytes of a random length instead of an error, hence the check of the key's length.

The web interface encodes twice: its K holds the AES key in base64, and C the message in base64.
"""

from __future__ import annotations

import binascii
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pybase64
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms, modes

from v6client.exceptions import (
    EncryptionError,
    MalformedCiphertextError,
    NoPrivateKeyError,
    UsageError,
    WrongKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SEPARATOR = "$"
KEY_SIZE = 32
BLOCK_SIZE = 16
RSA_SIZE = 4096

# Messages go through in pieces that stay in the processor's cache: four times as fast as one large piece. The size
# is a multiple of 3, so that the base64 of the pieces is that of the whole.
PIECE = 768 * 1024
TEXT_PIECE = PIECE // 3 * 4


class PlainCryptor:
    """
    Messages of unencrypted collaborations: readable by everybody on the way.
    """

    def encrypt(self, data: bytes, public_key: str = "") -> str:  # noqa: ARG002 -- one interface for both
        """
        The wire text of a message; a public key plays no part in it.
        """
        return _encoded(data)

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
            raise NoPrivateKeyError(
                "the message is encrypted and no private key is set: call setup_encryption() with the path of your "
                "organization's private key"
            )
        return _decoded(text, "the message")


class RSACryptor:
    """
    Messages of encrypted collaborations, with the private key of one organization.

    Parameters
    ----------
    private_key
        The key that reads what others encrypt for this organization.
    """

    def __init__(self, private_key: rsa.RSAPrivateKey) -> None:
        self._private_key = private_key
        pem = private_key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.public_key = _encoded(pem)

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], password: bytes | None = None) -> RSACryptor:
        """
        Read the private key from a PEM file.

        Parameters
        ----------
        path
            The file.
        password
            Opens the file, if it is protected by one.

        Raises
        ------
        NoPrivateKeyError
            There is no such file.
        EncryptionError
            There is no RSA key in it, or the password does not open it.
        """
        try:
            pem = Path(path).read_bytes()
        except OSError as error:
            raise NoPrivateKeyError(
                f"the private key cannot be read from {path} ({error.strerror}): give the path of your organization's "
                "key, or make a new one with util.generate_private_key()"
            ) from error
        try:
            key = serialization.load_pem_private_key(pem, password)
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            raise EncryptionError(f"{path} is not a private key in PEM format, or needs another password") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise EncryptionError(f"the private key in {path} is not an RSA key: vantage6 takes no other")
        return cls(key)

    def is_pair_of(self, public_key: str) -> bool:
        """
        Whether a public key, as on the wire, belongs to this private key.
        """
        try:
            other = load_public_key(public_key)
        except EncryptionError:
            return False  # nothing readable belongs to no key; the caller says what that means
        return other.public_numbers() == self._private_key.public_key().public_numbers()

    def encrypt(self, data: bytes, public_key: str) -> str:
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
        receiver = load_public_key(public_key)
        key, counter = os.urandom(KEY_SIZE), os.urandom(BLOCK_SIZE)
        locked_key = _encoded(receiver.encrypt(key, padding.PKCS1v15()))
        wire = bytearray(f"{locked_key}{SEPARATOR}{_encoded(counter)}{SEPARATOR}", "ascii")
        for piece in _through(_aes(key, counter).encryptor(), _pieces(data, PIECE)):
            wire += pybase64.b64encode(piece)
        return wire.decode("ascii")

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
        parts = text.split(SEPARATOR, 2)
        if len(parts) != 3:  # noqa: PLR2004 -- K, V and C
            raise MalformedCiphertextError(
                f"an encrypted message has three parts between '{SEPARATOR}' signs, this one has {len(parts)}"
            )
        key, is_double = self._message_key(_decoded(parts[0], "the message's key"))
        counter = _decoded(parts[1], "the message's counter")
        if len(counter) != BLOCK_SIZE:
            raise MalformedCiphertextError(f"the message's counter has {len(counter)} bytes instead of {BLOCK_SIZE}")
        body = (_decoded(piece, "the message's body") for piece in _pieces(parts[2].encode(), TEXT_PIECE))
        plain = bytearray()
        for piece in _through(_aes(key, counter).decryptor(), body):
            plain += piece
        return _decoded(plain, "the message inside the encryption") if is_double else bytes(plain)

    def _message_key(self, locked: bytes) -> tuple[bytes, bool]:
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


Cryptor = PlainCryptor | RSACryptor

_OTHER_KEY = (
    "the message was encrypted for another key than ours: results can be read with the private key of the organization "
    "that created the task, at the time it did"
)


def is_encrypted(text: str) -> bool:
    """
    Whether a wire text is an encrypted message: the separator is no letter of base64.
    """
    return SEPARATOR in text


def load_public_key(public_key: str) -> rsa.RSAPublicKey:
    """
    Read a public key as the server holds it: the base64 of a PEM text.

    Raises
    ------
    EncryptionError
        It cannot be read, or is no RSA key.
    """
    try:
        key = serialization.load_pem_public_key(pybase64.b64decode(public_key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise EncryptionError("a public key is not the base64 of a PEM text") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise EncryptionError("a public key is not an RSA key: vantage6 takes no other")
    return key


def generate_private_key(path: str | os.PathLike[str]) -> None:
    """
    Write a new private key to a file that only its owner can read.

    Parameters
    ----------
    path
        The file to write. It must not exist: with a lost key go all results that are encrypted for it.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"no private key can be written to {path} ({error.strerror}): give another path") from error
    key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_SIZE)
    with os.fdopen(descriptor, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.TraditionalOpenSSL,
                serialization.NoEncryption(),
            )
        )


def _aes(key: bytes, counter: bytes) -> Cipher[modes.CTR]:
    return Cipher(algorithms.AES(key), modes.CTR(counter))


def _pieces(data: bytes, size: int) -> Iterator[memoryview]:
    view = memoryview(data)
    return (view[start : start + size] for start in range(0, len(view), size))


def _through(context: CipherContext, pieces: Iterable[bytes | memoryview]) -> Iterator[memoryview]:
    """
    Pieces, encrypted or decrypted; each one is good until the next is asked for.
    """
    # `update` would allocate its output anew each time, which costs more than the cipher does.
    buffer = memoryview(bytearray(PIECE + BLOCK_SIZE - 1))
    for piece in pieces:
        size = context.update_into(piece, buffer)
        yield buffer[:size]


def _encoded(data: bytes) -> str:
    return pybase64.b64encode_as_string(data)


def _decoded(text: str | bytes | bytearray | memoryview, what: str) -> bytes:
    try:
        return pybase64.b64decode(text, validate=True)
    except ValueError as error:  # binascii.Error is one; so is a letter that is not ASCII
        raise MalformedCiphertextError(f"{what} is not base64: it is damaged or was cut off") from error
