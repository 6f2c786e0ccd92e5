"""
Records what the official software makes of some messages, for `fixtures/vectors`.

    <environment>/bin/python tests/official/vectors.py fixtures/keys/insecure-test-key-01.pem > fixtures/vectors/...json

Runs in the environment of an official client, and knows nothing of this project. The web interface is no Python: its
messages are put together here from the same primitives, and recorded if the official software reads them.
"""

from __future__ import annotations

import json
import sys
from base64 import b64decode, b64encode
from datetime import datetime, timezone
from importlib.metadata import version
from io import BytesIO
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from vantage6.common.encryption import RSACryptor

MESSAGES = {
    "input": b'{"method": "partial", "args": [], "kwargs": {"column": "age", "edges": [0, 18, 65]}}',
    "unicode result": '{"naïve": "≥ 1 %"}'.encode(),
    "number": b"53.5109",
    "empty": b"",
    "one block": b"0001020304050607",
    "any bytes": bytes(range(256)),
}


def recording(key: Path) -> dict[str, object]:
    """
    Return the messages and what the official software makes of them.
    """
    cryptor = RSACryptor(key)
    return {
        "software": "vantage6-common",
        "version": version("vantage6-common"),
        "recorded": f"{datetime.now(timezone.utc):%Y-%m-%d}",  # noqa: TID251 -- there is no world here
        "private_key": key.name,
        "public_key": cryptor.public_key_str,
        "messages": [
            {"name": name, "plain": _text(plain), **_forms(cryptor, plain)} for name, plain in MESSAGES.items()
        ],
    }


def _forms(cryptor: RSACryptor, plain: bytes) -> dict[str, str]:
    forms = {"encrypted": cryptor.encrypt_bytes_to_str(plain, cryptor.public_key_str)}
    if hasattr(cryptor, "encrypt_stream"):
        forms["blob"] = _text(b"".join(cryptor.encrypt_stream(BytesIO(plain), cryptor.public_key_str)))
        by_interface = _by_interface(plain, cryptor.public_key_str)
        # It takes what is JSON for the message itself, and fails on an empty one.
        if plain and cryptor.decrypt_str_to_bytes(by_interface) == plain:
            forms["by_interface"] = by_interface
    return forms


def _by_interface(plain: bytes, public_key: str) -> str:
    key, counter = bytes(range(32)), bytes(range(16))
    locked = load_pem_public_key(b64decode(public_key)).encrypt(b64encode(key), padding.PKCS1v15())
    body = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(b64encode(plain))
    return "$".join(map(_text, (locked, counter, body)))


def _text(data: bytes) -> str:
    return b64encode(data).decode()


if __name__ == "__main__":
    print(json.dumps(recording(Path(sys.argv[1])), indent=2))
