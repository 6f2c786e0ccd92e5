"""Encryption: against recordings of the official software, against itself, and against damage."""

from __future__ import annotations

import io
import json
import os
import stat
from base64 import b64decode, b64encode
from itertools import pairwise
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from v6client._crypto import RSACryptor
from v6client._keys import generate_private_key, load_private_key
from v6client._plain import PIECE, PlainCryptor
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


@pytest.mark.parametrize(("recording", "message"), MESSAGES)
def test_official_blobs_are_read(cryptor, recording, message):
    """So does what it stored, and what the web interface encrypted."""
    if "blob" in message:
        assert whole(cryptor.decrypt_blob([b64decode(message["blob"])])) == b64decode(message["plain"])
    if "by_interface" in message:
        assert cryptor.decrypt(message["by_interface"]) == b64decode(message["plain"])


def whole(pieces):
    """Return what comes out of a stream, each piece taken before the next is asked for."""
    return b"".join(map(bytes, pieces))


@st.composite
def cuts(draw, data):
    """Cut data anywhere."""
    places = draw(st.lists(st.integers(0, len(data)), max_size=5).map(sorted))
    return [data[start:end] for start, end in pairwise([0, *places, len(data)])]


@settings(max_examples=50, deadline=None)
@given(message=st.binary(max_size=10_000), data=st.data())
def test_whatever_is_encrypted_comes_back(cryptor, message, data):
    """Any bytes survive the round trip, as text and as a blob, in pieces of any size."""
    text, blob = (form(message, cryptor.public_key) for form in (cryptor.text, cryptor.blob))

    assert cryptor.decrypt(b"".join(text).decode()) == message
    assert whole(cryptor.decrypt_blob(data.draw(cuts(b"".join(blob))))) == message
    assert (len(text), len(blob)) == (len(b"".join(text)), len(b"".join(blob)))


@settings(max_examples=50)
@given(message=st.binary(max_size=10_000), data=st.data())
def test_plain_messages_come_back(message, data):
    """Without encryption, the wire text is base64 and nothing else, and so is a blob."""
    cryptor = PlainCryptor()
    text, blob = cryptor.text(message), b"".join(cryptor.blob(message))

    assert b"".join(text) == blob == b64encode(message)
    assert len(text) == len(blob)
    assert cryptor.decrypt(cryptor.encrypt(message)) == message
    assert whole(cryptor.decrypt_blob(data.draw(cuts(blob)))) == message


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_blobs_come_in_however_small_pieces(cryptor, size):
    """Also after their beginning, which is put together first."""
    message = bytes(range(256)) * 20
    for reader in (cryptor, PlainCryptor()):
        blob = b"".join(reader.blob(message, cryptor.public_key))

        assert whole(reader.decrypt_blob([blob[at : at + size] for at in range(0, len(blob), size)])) == message


@pytest.mark.parametrize("size", [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE + 5])
def test_long_messages_come_back(cryptor, size):
    """Going through in pieces changes nothing, wherever the message ends."""
    message = (bytes(range(256)) * (size // 256 + 1))[:size]

    assert cryptor.decrypt(cryptor.encrypt(message, cryptor.public_key)) == message
    assert whole(cryptor.decrypt_blob([b"".join(cryptor.blob(message, cryptor.public_key))])) == message
    assert PlainCryptor().decrypt(PlainCryptor().encrypt(message)) == message


def test_the_same_text_comes_again(cryptor):
    """A request that has to be repeated is repeated, with the key that was drawn for it."""
    text = cryptor.text(b"same", cryptor.public_key)

    assert b"".join(text) == b"".join(text)


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


# The next tests use recorded messages: what a wrong key decrypts to has a random length, and one in 500 times that of a
# key. The cipher has no checksum, so that such a message opens, to what the client then sees to be no text.
@pytest.mark.parametrize(("recording", "message"), MESSAGES)
def test_another_key_is_an_error_with_a_name(other, recording, message):
    """What was encrypted for somebody else is not returned as if it were the message."""
    with pytest.raises(WrongKeyError, match="another key"):
        other.decrypt(message["encrypted"])


def test_no_key_is_an_error_with_a_name(cryptor):
    """Without a key, an encrypted message is recognised as one."""
    with pytest.raises(NoPrivateKeyError, match="setup_encryption"):
        PlainCryptor().decrypt(cryptor.encrypt(b"secret", cryptor.public_key))


@pytest.mark.parametrize("message", RECORDINGS[-1]["messages"], ids=lambda message: message["name"])
def test_a_blob_for_another_key_is_an_error_with_a_name(other, message):
    """So it is in a blob store, before the message itself is looked at."""
    with pytest.raises(WrongKeyError, match="another key"):
        next(other.decrypt_blob([b64decode(message["blob"])]))


def test_a_blob_without_a_key_is_an_error_with_a_name(cryptor):
    """A plain blob is base64, so that an encrypted one is recognised."""
    with pytest.raises(NoPrivateKeyError, match="setup_encryption"):
        next(PlainCryptor().decrypt_blob(cryptor.blob(b"secret", cryptor.public_key)))


@pytest.mark.parametrize("part", [0, 1, 2])
def test_a_damaged_part_is_an_error(cryptor, part):
    """Text that is not base64 was damaged on its way."""
    parts = cryptor.encrypt(b"a message", cryptor.public_key).split("$")
    parts[part] = parts[part][:-1] + "!"

    with pytest.raises(MalformedCiphertextError, match="not base64"):
        cryptor.decrypt("$".join(parts))


@pytest.mark.parametrize("part", [0, 1])
def test_a_damaged_header_of_a_blob_is_an_error(cryptor, part):
    """As in a text; the message itself is any bytes."""
    parts = b"".join(cryptor.blob(b"a message", cryptor.public_key)).split(b"$", 2)
    parts[part] = b"!" + parts[part][1:]

    with pytest.raises(MalformedCiphertextError, match="not base64"):
        next(cryptor.decrypt_blob([b"$".join(parts)]))


@pytest.mark.parametrize("place", [0, 300, -1])
@pytest.mark.parametrize(("recording", "message"), MESSAGES)
def test_a_changed_key_is_an_error(cryptor, recording, message, place):
    """A bit of the locked key that was turned gives another key, or none."""
    locked, *rest = message["encrypted"].split("$")
    changed = bytearray(b64decode(locked))
    changed[place] ^= 1

    with pytest.raises(WrongKeyError, match="another key"):
        cryptor.decrypt("$".join([b64encode(changed).decode(), *rest]))


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
@pytest.mark.parametrize("encode", [bytes, b64encode], ids=["as it is", "in base64"])
def test_a_message_key_of_another_size_is_an_error(cryptor, size, encode):
    """Neither the official software nor the web interface makes one: it is what decryption with a wrong key gives."""
    public = serialization.load_pem_public_key(b64decode(cryptor.public_key))
    locked = public.encrypt(encode(bytes(size)), padding.PKCS1v15())
    text = "$".join(b64encode(part).decode() for part in (locked, bytes(16), b"body"))

    with pytest.raises(WrongKeyError, match="another key"):
        cryptor.decrypt(text)


@pytest.mark.parametrize("text", ["", "a", "YQ==$YQ=="])
def test_text_that_was_cut_off_is_an_error(cryptor, text):
    """A message has three parts, or none at all."""
    with pytest.raises(MalformedCiphertextError):
        cryptor.decrypt(text)
    with pytest.raises(MalformedCiphertextError):
        next(cryptor.decrypt_blob([text.encode()]))


@pytest.mark.parametrize("length", range(1, 4))
def test_text_that_lost_its_end_is_an_error(cryptor, length):
    """Base64 comes in groups of four letters; less than that many missing is seen."""
    with pytest.raises(MalformedCiphertextError, match="cut off"):
        cryptor.decrypt(cryptor.encrypt(b"a message", cryptor.public_key)[:-length])
    with pytest.raises(MalformedCiphertextError, match="cut off"):
        whole(PlainCryptor().decrypt_blob([PlainCryptor().encrypt(b"a message").encode()[:-length]]))


@pytest.mark.parametrize("damage", [lambda text: text[:-4], lambda text: text[:-4] + "AAAA"])
def test_what_counter_mode_cannot_see(cryptor, damage):
    """The cipher has no checksum: a message that lost a whole group of letters, or has others in it, still opens."""
    opened = cryptor.decrypt(damage(cryptor.encrypt(b"a message!!!", cryptor.public_key)))

    assert opened[:9] == b"a message"
    assert opened != b"a message!!!"


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


@pytest.mark.parametrize("kind", [str, str.encode, io.StringIO])
def test_a_key_instead_of_a_path_is_not_shown(kind):
    """Whoever gives the key itself is told so, and does not find it in the log."""
    key = (FIXTURES / "keys/insecure-test-key-01.pem").read_text()

    with pytest.raises(UsageError, match="the path of a file") as caught:
        load_private_key(kind(key))

    assert key.splitlines()[1] not in str(caught.getrepr(showlocals=False))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("junk", r"util\.generate_private_key\(\)"),
        ("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", "it is a public key"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n", "ssh-keygen -p -m PEM"),
    ],
)
def test_a_file_without_a_key_names_itself(tmp_path, content, said):
    """What is in it is told from a missing file, and what to do."""
    (tmp_path / "junk.pem").write_text(content)

    with pytest.raises(EncryptionError, match=rf"junk\.pem is not a private key.*{said}"):
        RSACryptor.from_file(tmp_path / "junk.pem")


def test_a_comment_protects_no_key(tmp_path, cryptor):
    """Tools write all kinds of things before a key; a password that is not needed is not asked for."""
    key = (FIXTURES / "keys/insecure-test-key-01.pem").read_text()
    (tmp_path / "key.pem").write_text(f"friendlyName: not ENCRYPTED\n{key}")

    assert RSACryptor.from_file(tmp_path / "key.pem", pytest.fail).public_key == cryptor.public_key


def test_a_key_of_another_kind_is_an_error(tmp_path):
    """A key that is not RSA cannot read any message."""
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "ec.pem").write_bytes(pem)

    with pytest.raises(EncryptionError, match="not an RSA key"):
        RSACryptor.from_file(tmp_path / "ec.pem")


@pytest.fixture(scope="module")
def key():
    """The first test key."""
    return load_private_key(FIXTURES / "keys/insecure-test-key-01.pem")


FORMATS = [serialization.PrivateFormat.PKCS8, serialization.PrivateFormat.TraditionalOpenSSL]


@pytest.fixture(params=FORMATS, ids=["PKCS#8", "PKCS#1"])
def protected(request, key, tmp_path):
    """A file with the first test key, which a password opens."""
    path = tmp_path / "protected.pem"
    protection = serialization.BestAvailableEncryption("päss".encode())
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, request.param, protection))
    return path


@pytest.mark.slow
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_without_password_needs_none(key, tmp_path, format_):
    """Both formats are read, and nobody is asked for a password that plays no part."""
    path = tmp_path / "open.pem"
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, format_, serialization.NoEncryption()))

    read = load_private_key(path, lambda: pytest.fail("asked for a password"))

    assert read.private_numbers() == key.private_numbers()


@pytest.mark.slow
@pytest.mark.parametrize("password", ["päss", "päss".encode(), lambda: "päss"])
def test_a_protected_file_opens_with_its_password(key, protected, password):
    """Given as a text, as bytes, or by a function."""
    assert load_private_key(protected, password).private_numbers() == key.private_numbers()


@pytest.mark.slow
@pytest.mark.parametrize("password", [None, "", lambda: b""])
def test_a_protected_file_without_password_says_what_it_needs(protected, password):
    """The error names the file and the argument."""
    with pytest.raises(EncryptionError, match=r"protected\.pem needs a password: give it as password="):
        load_private_key(protected, password)


@pytest.mark.slow
def test_a_protected_file_with_another_password_stays_closed(protected):
    """The error tells this from a file that holds no key."""
    with pytest.raises(EncryptionError, match=r"the password does not open the private key in .*protected\.pem"):
        load_private_key(protected, "other")


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="there are no such permissions elsewhere")
def test_a_file_that_others_can_read_is_told(protected, caplog):
    """In the log; the key works all the same."""
    caplog.set_level("INFO", "v6client")
    for mode in (0o600, 0o640):
        protected.chmod(mode)
        load_private_key(protected, "päss")

    assert caplog.messages == [
        f"the private key in {protected} can be read by others than you; chmod 600 makes it yours alone"
    ]


@pytest.mark.slow
def test_a_new_key_can_have_a_password(tmp_path):
    """It opens with that and not without."""
    path = tmp_path / "key.pem"

    generate_private_key(path, "secret")

    assert load_private_key(path, "secret").key_size == 4096
    with pytest.raises(EncryptionError, match="password"):
        load_private_key(path)


@pytest.mark.slow
def test_a_new_key_is_its_owners_alone(tmp_path):
    """The file is readable by its owner only, and holds RSA-4096 in the official format."""
    path = tmp_path / "key.pem"

    generate_private_key(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.key_size == 4096
    assert path.read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")


def test_a_key_that_is_not_finished_leaves_no_file(tmp_path, monkeypatch):
    """Who interrupts the making of a key can make it again in the same place."""

    def interrupted(**how):
        raise KeyboardInterrupt

    monkeypatch.setattr(rsa, "generate_private_key", interrupted)

    with pytest.raises(KeyboardInterrupt):
        generate_private_key(tmp_path / "key.pem")

    assert not [*tmp_path.iterdir()]


def test_a_password_that_is_none_makes_no_key(tmp_path):
    """A number has no bytes to protect a key with."""
    with pytest.raises(UsageError, match="text, bytes"):
        generate_private_key(tmp_path / "key.pem", 1234)

    assert not [*tmp_path.iterdir()]


def test_an_existing_file_is_never_replaced(tmp_path):
    """With a lost key go all results encrypted for it."""
    (tmp_path / "key.pem").write_text("precious")

    with pytest.raises(UsageError, match="give another path"):
        generate_private_key(tmp_path / "key.pem")

    assert (tmp_path / "key.pem").read_text() == "precious"
