"""
Ready-made RSA keys: making one takes a second, a test has no second.

Their private halves are public, so they protect nothing. They are for mocks only. Those of 4,096 bits are as real ones;
those of 2,048 bits take a sixth of their time, and are for tests that are many.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from v6mockserver._errors import MockUsageError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

FOLDER = Path(__file__).parent / "data" / "keys"
COUNT = 16
"""How many keys there are of each size."""


def path(number: int, *, small: bool = False) -> Path:
    """
    Return the file of a ready-made key.

    Parameters
    ----------
    number : int
        Which one, from 0.
    small : bool, default False
        Whether to take one of 2,048 bits.

    Returns
    -------
    Path
        A PEM file, PKCS#1, without a passphrase.

    Raises
    ------
    MockUsageError
        If there are not so many.
    """
    if not 0 <= number < COUNT:
        raise MockUsageError(
            f"there are {COUNT} ready-made keys, not {number + 1}; give any further organization its own private_key"
        )
    return FOLDER / f"insecure-{'small' if small else 'test'}-key-{number + 1:02}.pem"


@cache
def load(file: Path) -> RSAPrivateKey:
    """
    Return the key in a PEM file.

    Whether its numbers make a good key is not checked: that takes 0.4 s, and nobody is protected by it.

    Raises
    ------
    MockUsageError
        If there is none in it that is RSA and readable without a passphrase: vantage6 takes no other.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    complaint = f"{file} is not an RSA private key in PEM format without a passphrase"
    try:
        key = load_pem_private_key(file.read_bytes(), None, unsafe_skip_rsa_key_validation=True)
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:  # TypeError: it wants a passphrase
        raise MockUsageError(complaint) from error
    if not isinstance(key, RSAPrivateKey):
        raise MockUsageError(complaint)
    return key


def public_text(key: RSAPrivateKey) -> str:
    """
    Return the public half of a key as organizations carry it: base64 of the PEM.
    """
    from base64 import b64encode

    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return b64encode(pem).decode()


def is_public(text: str) -> bool:
    """
    Tell whether a text is the public half of a key, as organizations carry it: an RSA key, vantage6 takes no other.
    """
    from base64 import b64decode

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        return isinstance(load_pem_public_key(b64decode(text)), RSAPublicKey)
    except ValueError:
        return False
