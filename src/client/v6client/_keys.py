"""
RSA keys: a private one in a file, a public one on the server.
"""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pybase64
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from v6client.exceptions import EncryptionError, NoPrivateKeyError, UsageError

SIZE = 4096

Secret = str | bytes
Password = Secret | Callable[[], Secret] | None

# Either way of protecting a key says so in clear text: PKCS#8 in its first line, PKCS#1 in its second.
_PROTECTED = (b"-----BEGIN ENCRYPTED", b"Proc-Type: 4,ENCRYPTED")

_MAKE_ONE = "give the path of your organization's key, or make a new one with util.generate_private_key()"
_INSTEAD = {
    b"-----BEGIN OPENSSH": "it is one in the format of OpenSSH, which `ssh-keygen -p -m PEM -f` rewrites",
    b"-----BEGIN PUBLIC": "it is a public key, give the file with the private one that belongs to it",
}

_log = logging.getLogger("v6client")


def load_private_key(path: str | os.PathLike[str], password: Password = None) -> rsa.RSAPrivateKey:
    """
    Read a private key from a PEM file, PKCS#1 or PKCS#8.

    Parameters
    ----------
    path
        The file.
    password
        Opens the file, if it is protected by one; a function is called only then.

    Raises
    ------
    NoPrivateKeyError
        There is no such file.
    EncryptionError
        There is no RSA key in it, or it is protected and the password is missing or wrong.
    UsageError
        It is a key instead of a path.
    """
    pem = _content(path)
    secret = _secret(path, password) if any(mark in pem for mark in _PROTECTED) else None
    try:
        key = serialization.load_pem_private_key(pem, secret)
    except (ValueError, UnsupportedAlgorithm) as error:
        if secret is not None:
            raise EncryptionError(f"the password does not open the private key in {path}, or it is damaged") from error
        instead = next((advice for mark, advice in _INSTEAD.items() if mark in pem), _MAKE_ONE)
        raise EncryptionError(f"{path} is not a private key in PEM format: {instead}") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise EncryptionError(f"the private key in {path} is not an RSA key, and vantage6 takes no other: {_MAKE_ONE}")
    return key


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


def generate_private_key(path: str | os.PathLike[str], password: Password = None) -> None:
    """
    Write a new private key to a file that only its owner can read.

    Parameters
    ----------
    path
        The file to write. It must not exist: with a lost key go all results that are encrypted for it.
    password
        Protects the file, where given.
    """
    secret = None if password is None else _secret(path, password)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"no private key can be written to {path} ({error.strerror}): give another path") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(_pem(rsa.generate_private_key(public_exponent=65537, key_size=SIZE), secret))
    except BaseException:  # making it takes a while, in which somebody may lose patience
        Path(path).unlink()  # or it would be in the way of the next try
        raise


def _pem(key: rsa.RSAPrivateKey, secret: bytes | None) -> bytes:
    if secret is None:  # as the official software writes it
        form, protection = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        return key.private_bytes(serialization.Encoding.PEM, form, protection)
    # In the traditional format a password is hashed once by MD5, and guessed in no time.
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(secret),
    )


def _is_path(given: object) -> bool:
    return isinstance(given, str | os.PathLike) and "-----BEGIN" not in str(given)


def _content(path: str | os.PathLike[str]) -> bytes:
    # Not the operating system's error, in which the whole key would be shown as a path that does not exist.
    if not _is_path(path):
        raise UsageError("private_key_file is the path of a file with the key, and not the key itself or anything else")
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            pem = file.read()
    except OSError as error:
        raise NoPrivateKeyError(
            f"the private key cannot be read from {path} ({error.strerror}): {_MAKE_ONE}"
        ) from error
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        _log.info("the private key in %s can be read by others than you; chmod 600 makes it yours alone", path)
    return pem


def _secret(path: str | os.PathLike[str], password: Password) -> bytes:
    given = password() if callable(password) else password
    if not given:
        raise EncryptionError(
            f"the private key in {path} needs a password: give it as password=, a text or a function that asks for it"
        )
    if not isinstance(given, str | bytes):
        raise UsageError("the password of a private key is a text, bytes, or a function that gives one of them")
    return given.encode() if isinstance(given, str) else given
