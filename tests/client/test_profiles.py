"""Profiles: where settings come from, and what is said of those that cannot be."""

from __future__ import annotations

import io
import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from pyotp import TOTP

from v6client import Profile, UserClient
from v6client._profiles import SETTINGS, resolve
from v6client.exceptions import AuthenticationError, NoPrivateKeyError, UsageError
from v6mockserver import MockServer, Settings

HOST = "https://server.example"
FILE = """\
# Ours
[default]
host = "https://server.example"
port = 443
username = "nora"
private_key = "keys/nora.pem"
verify = false
timeout = [5, 30.5]
proxies = {https = "http://nora:pass-word@proxy.example:3128"}

[other]
host = "https://other.example"
cert = ["cert.pem", "/etc/key.pem"]
"""


@pytest.fixture(autouse=True)
def _nobody(tmp_path, monkeypatch):
    """A user who has not configured anything."""
    for variable in [name for name in os.environ if name.startswith("V6CLIENT_")]:
        monkeypatch.delenv(variable)
    for variable in ("HOME", "XDG_CONFIG_HOME", "APPDATA", "LOCALAPPDATA"):
        monkeypatch.setenv(variable, str(tmp_path))
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def write(tmp_path, monkeypatch):
    """A function that writes a file with profiles and makes it the user's."""

    def write(text, mode=0o644):
        file = tmp_path / "config.toml"
        file.write_text(text)
        file.chmod(mode)
        monkeypatch.setenv("V6CLIENT_CONFIG", str(file))
        return file

    return write


def test_a_profile_is_read(write, tmp_path):
    """Files in it are found from where it is."""
    write(FILE)

    profile = resolve(None, None, {})

    assert profile.name == "default"
    assert profile.only(["host", "port", "path", "verify", "timeout"]) == {
        "host": HOST,
        "port": 443,
        "path": "/api",
        "verify": False,
        "timeout": (5.0, 30.5),
    }
    assert profile["private_key"] == str(tmp_path / "keys/nora.pem")


@pytest.mark.parametrize("by", ["argument", "variable"])
def test_another_profile(write, monkeypatch, tmp_path, by):
    """It is chosen by argument or environment."""
    write(FILE)
    monkeypatch.setenv("V6CLIENT_PROFILE", "other" if by == "variable" else "default")

    profile = resolve("other" if by == "argument" else None, None, {})

    assert profile["cert"] == (str(tmp_path / "cert.pem"), "/etc/key.pem")
    assert profile.get("username") is None


def test_the_nearest_source_wins(write, monkeypatch):
    """An argument, then the environment, then the file, then the default; and each says so."""
    file = write(FILE)
    monkeypatch.setenv("V6CLIENT_PORT", "8443")
    monkeypatch.setenv("V6CLIENT_HOST", "https://environment.example")
    monkeypatch.setenv("V6CLIENT_USERNAME", "")

    profile = resolve(None, None, {"host": "https://argument.example"})

    assert (profile["host"], profile.sources["host"]) == ("https://argument.example", "argument")
    assert (profile["port"], profile.sources["port"]) == (8443, "environment variable V6CLIENT_PORT")
    assert (profile["username"], profile.sources["username"]) == ("nora", f"{file}, [default]")
    assert (profile["path"], profile.sources["path"]) == ("/api", "default")


def test_no_file_is_needed(monkeypatch):
    """The environment is enough."""
    monkeypatch.setenv("V6CLIENT_HOST", HOST)

    profile = resolve(None, None, {})

    assert profile["host"] == HOST
    assert profile.file.parts[-2:] == ("v6client", "config.toml")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("verify", "false", False),
        ("verify", "/etc/ca.pem", "/etc/ca.pem"),
        ("cert", "/etc/cert.pem", "/etc/cert.pem"),
        ("cert", "/etc/cert.pem,/etc/key.pem", ("/etc/cert.pem", "/etc/key.pem")),
        ("timeout", "5", 5.0),
        ("timeout", "5,60", (5.0, 60.0)),
        ("proxies", "http://proxy:1", {"http": "http://proxy:1", "https": "http://proxy:1"}),
        ("collaboration", "3", 3),
        ("log_level", "INFO", "info"),
        ("errors", "return", "return"),
        ("progress", "False", False),
    ],
)
def test_the_environment_has_only_text(monkeypatch, name, text, value):
    """It is read as what the setting is."""
    monkeypatch.setenv(f"V6CLIENT_{name.upper()}", text)

    assert resolve(None, None, {})[name] == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("host", "server.example"),
        ("port", "http"),
        ("port", "0"),
        ("port", "65536"),
        ("collaboration", "1.5"),
        ("cert", "a,b,c"),
        ("timeout", "soon"),
        ("timeout", "nan"),
        ("timeout", "1,2,3"),
        ("timeout", "-1"),
        ("proxies", "proxy:3128"),
        ("log_level", "loud"),
        ("errors", "ignore"),
        ("progress", "maybe"),
    ],
)
def test_a_mistake_in_the_environment(monkeypatch, name, text):
    """The message names the variable, what it should be, and what it is."""
    monkeypatch.setenv(f"V6CLIENT_{name.upper()}", text)

    with pytest.raises(UsageError) as mistake:
        resolve(None, None, {})
    assert str(mistake.value) == f"V6CLIENT_{name.upper()} is {SETTINGS[name].expected}, not {text!r}"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("port = true", "line 4, [default]: port is a whole number from 1 to 65535, not True"),
        ("port = 44.3", "line 4, [default]: port is a whole number from 1 to 65535, not 44.3"),
        ("prot = 443", "line 4, [default]: there is no setting prot; did you mean port?"),
        ("colour = 1", "line 4, [default]: there is no setting colour; there are host, port"),
        ("'port' = ''", "line 4, [default]: port is"),
        ("proxies.https = 3", "[default]: proxies is an address, or a table"),
        ("username = 3", "line 4, [default]: username is the name of a user, not 3"),
        ("port =", "is not in TOML: "),
        ("port = 1\nport = 2", "is not in TOML: "),
    ],
)
def test_a_mistake_in_the_file(write, line, message):
    """The message names file, line and setting, and says what was expected."""
    file = write(f"[other]\n[default]\nhost = '{HOST}'\n{line}\n")

    with pytest.raises(UsageError) as mistake:
        resolve(None, None, {})
    assert str(mistake.value).startswith(str(file))
    assert message in str(mistake.value)


def test_a_file_that_is_none():
    """What names it is a path."""
    with pytest.raises(UsageError, match="config is the path of a file with profiles, not 5"):
        resolve(None, 5, {})


def test_a_proxy_with_a_password(monkeypatch):
    """It is not shown where its address is not one."""
    monkeypatch.setenv("V6CLIENT_PROXIES", "nora:Secret-42@proxy.example:3128")

    with pytest.raises(UsageError, match=r"V6CLIENT_PROXIES is an address.*, not what was given"):
        resolve(None, None, {})


def test_a_mistake_in_another_profile(write):
    """It is of no account."""
    write(f"[default]\nhost = '{HOST}'\n[other]\nport = 'x'\n")

    assert resolve(None, None, {})["host"] == HOST


def test_settings_without_a_profile(write):
    """The message says where they belong."""
    file = write("host = 'https://server.example'\n")

    with pytest.raises(UsageError, match=r"host stand below .* \[default\]"):
        resolve(None, file, {})


def test_an_unknown_profile(write):
    """The message names those that there are."""
    write(FILE)

    with pytest.raises(UsageError, match="no profile 'mine'; it has default, other"):
        resolve("mine", None, {})


@pytest.mark.parametrize("name", [None, "mine"])
def test_a_missing_file(tmp_path, name):
    """It is missed where somebody asks for it, or for a profile in it."""
    file = tmp_path / "absent.toml"

    with pytest.raises(UsageError, match=r"cannot be read \(No such file"):
        resolve(name, None if name else file, {})


def test_a_file_that_is_no_text(write):
    """It is named."""
    write("").write_bytes(b"\xff")

    with pytest.raises(UsageError, match=r"config\.toml is not in TOML"):
        resolve(None, None, {})


@pytest.mark.skipif(os.name != "posix", reason="only there a file has bits that let others at it")
def test_a_secret_that_others_can_read(write):
    """It is refused; the message names the ways out."""
    secret = "[default]\npassword = 'Secret-42'\n"
    write(secret, 0o640)

    with pytest.raises(UsageError, match=r"has password in it and others can read it.*chmod 600"):
        resolve(None, None, {})

    write(secret, 0o600)
    assert resolve(None, None, {})["password"] == "Secret-42"


def test_secrets_are_not_shown(write, monkeypatch):
    """Neither in what is printed nor in what a debugger shows, nor in an error."""
    write(FILE)
    monkeypatch.setenv("V6CLIENT_PASSWORD", "Secret-42")
    profile = resolve(None, None, {"otp_secret": "ABCDEFGH"})

    for shown in (str(profile), repr(profile)):
        assert "Secret-42" not in shown
        assert "ABCDEFGH" not in shown
        assert "pass-word" not in shown
    assert "password" in str(profile)
    assert "https://server.example" in str(profile)

    write("[default]\npassword = 42\n", 0o600)
    monkeypatch.delenv("V6CLIENT_PASSWORD")
    with pytest.raises(UsageError, match="password is a password, not what is there"):
        resolve(None, None, {})


@pytest.fixture
def server():
    """A server with an encrypted collaboration."""
    return MockServer.demo()


@pytest.mark.slow
def test_a_client_from_a_profile(server, write):
    """It is logged in, encrypts, and knows its collaboration and where it was told."""
    write(
        f"[default]\nhost = '{server.url}'\nusername = 'researcher'\ncollaboration = 1\n"
        f"private_key = '{server.private_keys['Cleveland']}'\nprogress = false\n"
    )

    client = UserClient.from_profile(session=server.session(), password=server.passwords["researcher"])

    assert client.whoami.organization_name == "Cleveland"
    assert client.collaboration_id == 1
    task = client.task.create(
        organizations=[2], name="n", image="v6-average", description="", input_={"method": "none"}
    )
    assert task["collaboration"]["id"] == 1
    assert isinstance(client.profile, Profile)
    assert client.profile.sources["password"] == "argument"


def test_a_client_that_does_not_log_in(write):
    """Nothing is sent, and no name is needed."""
    write(f"[default]\nhost = '{HOST}'\nport = 1\n")

    client = UserClient.from_profile(login=False)

    assert client.base_path == f"{HOST}:1/api"
    assert client.whoami is None


@pytest.mark.parametrize("missing", ["host", "username"])
def test_what_is_missing(monkeypatch, server, missing):
    """The message says where it could be."""
    for name, value in {"host": server.url, "username": "root"}.items():
        if name != missing:
            monkeypatch.setenv(f"V6CLIENT_{name.upper()}", value)

    with pytest.raises(UsageError, match=rf"what {missing} is: .*V6CLIENT_{missing.upper()}.*config\.toml"):
        UserClient.from_profile(session=server.session())


def test_a_refused_login_leaves_no_client(monkeypatch, server):
    """The error is that of `authenticate`."""
    with pytest.raises(AuthenticationError, match="environment variable"):
        UserClient.from_profile(host=server.url, username="root", password="wrong", session=server.session())


def test_a_private_key_that_is_not_there(server):
    """The error is that of `setup_encryption`."""
    with pytest.raises(NoPrivateKeyError, match=r"absent\.pem"):
        UserClient.from_profile(
            host=server.url, username="root", password="root", private_key="absent.pem", session=server.session()
        )


def test_a_client_that_nobody_gets_is_closed(server):
    """Its login does not live on in what an error holds."""
    made = []

    class Known(UserClient):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    with pytest.raises(NoPrivateKeyError):
        Known.from_profile(
            host=server.url, username="root", password="root", private_key="absent.pem", session=server.session()
        )

    assert (made[0].token, made[0].whoami) == (None, None)


@pytest.mark.slow
def test_a_protected_private_key(server, tmp_path, monkeypatch):
    """What opens it is a setting as well, and else a person is asked."""
    key = load_pem_private_key(server.private_keys["Cleveland"].read_bytes(), None)
    lock = BestAvailableEncryption(b"Sesame")
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, lock))
    file.chmod(0o600)
    who = {"host": server.url, "username": "researcher", "password": "Federated-1", "private_key": file}

    with pytest.raises(UsageError, match="V6CLIENT_PRIVATE_KEY_PASSWORD"):
        UserClient.from_profile(**who, session=server.session())
    monkeypatch.setenv("V6CLIENT_PRIVATE_KEY_PASSWORD", "Sesame")
    client = UserClient.from_profile(**who, session=server.session())

    assert client.cryptor.public_key == client.organization.get()["public_key"]
    assert "Sesame" not in str(client.profile)


def test_two_factors(monkeypatch):
    """A secret in the environment makes the codes; else a function, or a person if there is one."""
    server = MockServer(settings=Settings(two_factor_auth=True))
    with pytest.raises(AuthenticationError) as setup:
        UserClient.from_profile(host=server.url, username="root", password="root", session=server.session())
    secret = setup.value.body["otp_secret"]
    root = {"host": server.url, "username": "root", "password": "root", "session": server.session()}

    with pytest.raises(UsageError, match="V6CLIENT_OTP_SECRET"):
        UserClient.from_profile(**root)
    assert UserClient.from_profile(**root, mfa_code=TOTP(secret).now).whoami.id_ == 1
    monkeypatch.setenv("V6CLIENT_OTP_SECRET", secret)
    assert UserClient.from_profile(**root).whoami.id_ == 1


@pytest.mark.slow
def test_modules_are_there_without_being_imported():
    """The package loads them when they are asked for, and says what it has."""
    program = "import v6client; print(v6client.exceptions.UsageError.__name__, sorted(set(dir(v6client)) & {'utils'}))"

    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout

    assert shown == "UsageError ['utils']\n"


def test_the_package_has_no_other_names():
    """A misspelt one is told as usual."""
    import v6client

    with pytest.raises(AttributeError, match="UserCleint"):
        v6client.UserCleint  # noqa: B018 -- asking for it is the test
