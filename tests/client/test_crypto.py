"""Encryption: against recordings of the official software, against itself, and against damage."""

from __future__ import annotations

import json
import stat
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from v6client import _crypto
from v6client._crypto import PlainCryptor, RSACryptor
from v6client.exceptions import (
    EncryptionError,
    MalformedCiphertextError,
    NoPrivateKeyError,
    UsageError,
    WrongKeyError,
)

FIXTURES = Path(__file__).parents[2] / "fixtures"
RECORDINGS = [json.loads(path.read_text()) for path in sorted((FIXTURES / "vectors").glob("encryption-*.json"))]
MESSAGES = [
    pytest.param(recording, message, id=f"{recording['version']} {message['name']}")
    for recording in RECORDINGS
    for message in recording["messages"]
]


@pytest.fixture(scope="module")
def cryptor():
    """The owner of the first test key."""
    return RSACryptor.from_file(FIXTURES / "keys/insecure-test-key-01.pem")


@pytest.fixture(scope="module")
def other():
    """The owner of the second test key."""
    return RSACryptor.from_file(FIXTURES / "keys/insecure-test-key-02.pem")


@pytest.mark.parametrize(("recording", "message"), MESSAGES)
def test_official_messages_are_read(cryptor, recording, message):
    """What the official software encrypted comes out as it went in."""
    assert cryptor.decrypt(message["encrypted"]) == b64decode(message["plain"])


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording["version"])
def test_public_key_is_written_as_the_official_software_does(cryptor, recording):
    """The text on the wire is the same, so that a comparison by text holds as well."""
    assert cryptor.public_key == recording["public_key"]


@settings(max_examples=30, deadline=None)
@given(message=st.binary(max_size=2000))
def test_whatever_is_encrypted_comes_back(cryptor, message):
    """Any bytes survive the round trip."""
    assert cryptor.decrypt(cryptor.encrypt(message, cryptor.public_key)) == message


@pytest.mark.parametrize("size", [_crypto.PIECE - 1, _crypto.PIECE, _crypto.PIECE + 1, 2 * _crypto.PIECE + 5])
def test_long_messages_come_back(cryptor, size):
    """Going through in pieces changes nothing, wherever the message ends."""
    message = bytes(range(256)) * (size // 256 + 1)

    assert cryptor.decrypt(cryptor.encrypt(message[:size], cryptor.public_key)) == message[:size]


@given(message=st.binary())
def test_plain_messages_come_back(message):
    """Without encryption, the wire text is base64 and nothing else."""
    text = PlainCryptor().encrypt(message)

    assert text == b64encode(message).decode()
    assert PlainCryptor().decrypt(text) == message


def test_each_message_has_a_key_of_its_own(cryptor):
    """The same message never looks the same twice."""
    texts = {cryptor.encrypt(b"same", cryptor.public_key) for _ in range(3)}

    assert len(texts) == 3


def test_the_web_interface_encodes_twice(cryptor):
    """Its key and its message are base64 inside the encryption, too."""
    key, counter = bytes(32), bytes(16)
    public = serialization.load_pem_public_key(b64decode(cryptor.public_key))
    locked = public.encrypt(b64encode(key), padding.PKCS1v15())
    body = Cipher(algorithms.AES(key), modes.CTR(counter)).encryptor().update(b64encode(b'{"method": "f"}'))
    text = "$".join(b64encode(part).decode() for part in (locked, counter, body))

    assert cryptor.decrypt(text) == b'{"method": "f"}'


def test_another_key_is_an_error_with_a_name(cryptor, other):
    """What was encrypted for somebody else is not returned as if it were the message."""
    with pytest.raises(WrongKeyError, match="another key"):
        other.decrypt(cryptor.encrypt(b"secret", cryptor.public_key))


def test_no_key_is_an_error_with_a_name(cryptor):
    """Without a key, an encrypted message is recognised as one."""
    with pytest.raises(NoPrivateKeyError, match="setup_encryption"):
        PlainCryptor().decrypt(cryptor.encrypt(b"secret", cryptor.public_key))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_damaged_part_is_an_error(cryptor, part):
    """Text that is not base64 was damaged on its way."""
    parts = cryptor.encrypt(b"a message", cryptor.public_key).split("$")
    parts[part] = parts[part][:-1] + "!"

    with pytest.raises(MalformedCiphertextError, match="not base64"):
        cryptor.decrypt("$".join(parts))


@pytest.mark.parametrize("text", ["a", "YQ==$YQ=="])
def test_text_that_was_cut_off_is_an_error(cryptor, text):
    """A message has three parts, or none at all."""
    with pytest.raises(MalformedCiphertextError):
        cryptor.decrypt(text)


def test_a_short_counter_is_an_error(cryptor):
    """The counter block has 16 bytes."""
    locked, _, body = cryptor.encrypt(b"a message", cryptor.public_key).split("$")

    with pytest.raises(MalformedCiphertextError, match="counter"):
        cryptor.decrypt(f"{locked}${b64encode(bytes(15)).decode()}${body}")


@pytest.mark.parametrize("public_key", ["", "not base64!", b64encode(b"no key").decode()])
def test_an_unusable_public_key_is_an_error(cryptor, public_key):
    """Nothing is encrypted for nobody."""
    with pytest.raises(EncryptionError):
        cryptor.encrypt(b"a message", public_key)


def test_a_public_key_of_another_kind_is_an_error(cryptor):
    """vantage6 takes RSA and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(EncryptionError, match="not an RSA key"):
        cryptor.encrypt(b"a message", b64encode(pem).decode())


def test_keys_know_their_pair(cryptor, other):
    """Comparing keys is comparing numbers; what is no key belongs to none."""
    assert cryptor.is_pair_of(cryptor.public_key)
    assert not cryptor.is_pair_of(other.public_key)
    assert not cryptor.is_pair_of("junk")


def test_a_missing_file_names_itself(tmp_path):
    """The message has the path, and the next step."""
    with pytest.raises(NoPrivateKeyError, match=r"nowhere\.pem.*generate_private_key"):
        RSACryptor.from_file(tmp_path / "nowhere.pem")


def test_a_file_without_a_key_names_itself(tmp_path):
    """Junk in the file is told from a missing file."""
    (tmp_path / "junk.pem").write_text("junk")

    with pytest.raises(EncryptionError, match=r"junk\.pem is not a private key"):
        RSACryptor.from_file(tmp_path / "junk.pem")


def test_a_key_of_another_kind_is_an_error(tmp_path):
    """A key that is not RSA cannot read any message."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "ec.pem").write_bytes(pem)

    with pytest.raises(EncryptionError, match="not an RSA key"):
        RSACryptor.from_file(tmp_path / "ec.pem")


@pytest.mark.slow
def test_a_new_key_is_its_owners_alone(tmp_path):
    """The file is readable by its owner only, and holds RSA-4096 in the official format."""
    path = tmp_path / "key.pem"

    _crypto.generate_private_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 4096
    assert path.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_an_existing_file_is_never_replaced(tmp_path):
    """With a lost key go all results encrypted for it."""
    (tmp_path / "key.pem").write_text("precious")

    with pytest.raises(UsageError, match="give another path"):
        _crypto.generate_private_key(tmp_path / "key.pem")

    assert (tmp_path / "key.pem").read_text() == "precious"
