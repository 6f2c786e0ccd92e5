"""TLS: an authority of one's own, a certificate of one's own, and nothing that cannot be trusted."""

from __future__ import annotations

import ssl
from datetime import datetime
from pathlib import Path

import pytest
import requests
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from urllib3.exceptions import InsecureRequestWarning

from v6client import UserClient
from v6client.exceptions import ConnectionFailedError
from v6mockserver import MockServer

from .wires import behind_tls


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def authority():
    """A private certificate authority."""
    return trustme.CA()


@pytest.fixture
def bundle(authority, tmp_path):
    """The file with its certificate."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(path)
    return str(path)


@pytest.fixture
def server():
    """A mock."""
    return MockServer()


def trusted_by(authority, name="localhost"):
    """Return the TLS settings of a server with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def login(port, **options):
    """Log in over TLS, and return the name of who did."""
    with UserClient("https://localhost", port, timeout=5, progress=False, **options) as client:
        client.authenticate("root", "root")
        return client.user.get()["username"]


def test_an_authority_of_ones_own(server, authority, bundle):
    """Its certificate is all that is needed."""
    with behind_tls(server, trusted_by(authority)) as port:
        assert login(port, verify=bundle) == "root"


def test_an_authority_from_the_environment(server, authority, bundle, monkeypatch):
    """The variable of `requests` does as well."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", bundle)

    with behind_tls(server, trusted_by(authority)) as port:
        assert login(port) == "root"


def test_an_authority_of_a_session(server, authority, bundle):
    """A session that was given is used as it is."""
    with requests.Session() as session, behind_tls(server, trusted_by(authority)) as port:
        session.verify = bundle

        assert login(port, session=session) == "root"


def self_signed(tmp_path):
    """Return the TLS settings of a server that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = datetime(2020, 1, 1)  # noqa: DTZ001 -- certificates are in UTC
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start.replace(year=2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    written = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "self.pem").write_bytes(written + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "self.pem")
    return context


UNTRUSTED = {
    "self-signed": lambda _, folder: self_signed(folder),
    "of an unknown authority": lambda *_: trusted_by(trustme.CA()),
    "for another name": lambda authority, _: trusted_by(authority, "other.example"),
}


@pytest.mark.parametrize("kind", UNTRUSTED)
def test_a_server_that_cannot_be_trusted(server, authority, bundle, tmp_path, kind):
    """It gets no password, and the error says what to do about it."""
    verify = bundle if kind == "for another name" else None

    with (
        behind_tls(server, UNTRUSTED[kind](authority, tmp_path)) as port,
        pytest.raises(ConnectionFailedError, match="verify="),
    ):
        login(port, verify=verify)

    assert len(server.journal) == 0


def test_trust_without_asking(server, tmp_path):
    """Who says so gets it, with a warning."""
    with behind_tls(server, self_signed(tmp_path)) as port, pytest.warns(InsecureRequestWarning):
        assert login(port, verify=False) == "root"


def certified(authority, tmp_path):
    """Return the files of a certificate for a client, and of its key."""
    issued = authority.issue_cert("nora@example.org")
    certificate, key = tmp_path / "client.pem", tmp_path / "client.key"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    return str(certificate), str(key)


def asking(authority):
    """Return the TLS settings of a server that wants to know its clients."""
    context = trusted_by(authority)
    context.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(context)
    return context


def test_a_certificate_of_ones_own(server, authority, bundle, tmp_path):
    """A server that asks for one gets it."""
    with behind_tls(server, asking(authority)) as port:
        assert login(port, verify=bundle, cert=certified(authority, tmp_path)) == "root"


def test_paths_of_certificates(server, authority, bundle, tmp_path):
    """They may be paths of `pathlib`, and in a list."""
    with behind_tls(server, asking(authority)) as port:
        files = [Path(file) for file in certified(authority, tmp_path)]

        assert login(port, verify=Path(bundle), cert=files) == "root"


def test_a_certificate_that_is_missing(server, authority, bundle):
    """The server turns the client away, and nothing reaches the API."""
    with behind_tls(server, asking(authority)) as port, pytest.raises(ConnectionFailedError):
        login(port, verify=bundle)

    assert len(server.journal) == 0
