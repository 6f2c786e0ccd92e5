"""The official software reads what we encrypt, and we what it does. Needs an environment with an official client."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

pytest.importorskip("vantage6.common", reason="needs an official client: tox -e official-4.15,official-4.0")

from vantage6.common.encryption import DummyCryptor
from vantage6.common.encryption import RSACryptor as Official

from v6client._crypto import RSACryptor
from v6client._plain import PIECE, PlainCryptor

KEY = Path(__file__).parents[2] / "fixtures/keys/insecure-test-key-01.pem"
# From 4.15 on it takes what is no JSON for a message of the web interface.
MESSAGES = [b'{"method": "f", "args": [1.5, null]}', '{"naïve": "≥"}'.encode(), b"53.5", b'"%s"' % (b"x" * 2 * PIECE)]
STREAMS = pytest.mark.skipif(not hasattr(Official, "encrypt_stream"), reason="this release knows no blobs")

# A process has room for one official cryptor of each kind.
THEIRS = {True: Official(KEY), False: DummyCryptor()}
OURS = {True: RSACryptor.from_file(KEY), False: PlainCryptor()}
PUBLIC_KEY = OURS[True].public_key

either_way = pytest.mark.parametrize("encrypted", [True, False], ids=["encrypted", "plain"])
any_message = pytest.mark.parametrize("message", MESSAGES, ids=range(len(MESSAGES)))


@either_way
@any_message
def test_texts_of_ours_are_read(encrypted, message):
    """As inputs are, by nodes."""
    text = OURS[encrypted].encrypt(message, PUBLIC_KEY)

    decrypt = getattr(THEIRS[encrypted], "decrypt", None) or THEIRS[encrypted].decrypt_str_to_bytes  # as in 4.0
    assert decrypt(text) == message


@either_way
@any_message
def test_texts_of_theirs_are_read(encrypted, message):
    """As results are, by clients."""
    assert OURS[encrypted].decrypt(THEIRS[encrypted].encrypt_bytes_to_str(message, PUBLIC_KEY)) == message


@STREAMS
@either_way
@any_message
@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_blobs_of_ours_are_read(encrypted, message, size):
    """Whole, as by clients and nodes, and as streams, as by their proxies."""
    blob = bytes(OURS[encrypted].blob(message, PUBLIC_KEY).whole())

    assert THEIRS[encrypted].decrypt(blob) == message
    assert b"".join(THEIRS[encrypted].decrypt_stream(BytesIO(blob), chunk_size=size)) == message


@STREAMS
@either_way
@any_message
def test_blobs_of_theirs_are_read(encrypted, message):
    """Made whole, as by clients and nodes, and as streams, as by their proxies."""
    official = THEIRS[encrypted]
    whole = official.encrypt_bytes_to_str(message, PUBLIC_KEY, skip_base64_encoding_of_msg=True)
    stream = official.encrypt_stream(BytesIO(message), PUBLIC_KEY)

    # A plain one is a text, which is encoded where it is sent.
    for blob in ([whole if encrypted else whole.encode()], stream):
        assert b"".join(map(bytes, OURS[encrypted].decrypt_blob(blob))) == message
