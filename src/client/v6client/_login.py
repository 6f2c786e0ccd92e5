"""
Logging in: where a password and the code of the second factor come from, and when they are asked for.
"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from v6client.exceptions import AuthenticationError, UsageError

if TYPE_CHECKING:
    from v6client._client import UserClient
    from v6client._http import Connection
    from v6client._profiles import Profile

Code = str | int
CodeSource = Code | Callable[[], Code]

CODE_LENGTH = 6

SETUP = """\
This is the first login, and the server wants a second factor. Put this secret into an authenticator app now, by hand or
with the address as a QR code; the server does not show it again.
  secret:  {otp_secret}
  address: {qr_uri}"""


def log_in(connection: Connection, username: str, password: str, code: CodeSource | None) -> dict[str, Any]:
    """
    Exchange credentials for tokens; a function that gives the code is called only if the server wants one.

    A person who is asked for the code is also shown how to set up the second factor, if they have to.
    """
    credentials = {"username": username, "password": password}
    if code is not None and not callable(code):
        credentials["mfa_code"] = _digits(code)
    try:
        return connection.login("token/user", credentials)
    except AuthenticationError as refused:
        if not callable(code) or not (refused.wants_code or _shown(refused, code)):
            raise
    return connection.login("token/user", {**credentials, "mfa_code": _digits(code())})


def _shown(refused: AuthenticationError, code: Callable[[], Code]) -> bool:
    """
    Show a person what their authenticator app needs, if that is what is missing; tells whether it was.
    """
    if not refused.wants_setup or code is not ask_for_code or not somebody_is_there():
        return False
    sys.stderr.write(f"{SETUP.format(**refused.body)}\n")
    return True


def log_in_as_in_profile(
    client: UserClient, profile: Profile, mfa_code: CodeSource | None = None, *, password: str | None = None
) -> None:
    """
    Log in with what a profile says; what it leaves open is found or asked for.
    """
    otp_secret = profile.get("otp_secret") if mfa_code is None else None
    if mfa_code is None and otp_secret is None:
        mfa_code = ask_for_code
    password = profile.get("password") if password is None else password
    client.authenticate(profile.need("username"), password, mfa_code, otp_secret=otp_secret)


def set_up_encryption_as_in_profile(client: UserClient, profile: Profile) -> None:
    """
    Set the private key that a profile names, if it does; what opens a protected file is asked for.
    """
    file = profile.get("private_key")
    if file is not None:
        client.setup_encryption(file, password=profile.get("private_key_password") or partial(ask_for_passphrase, file))


def ask_for_passphrase(file: str) -> str:
    """
    What opens a protected file with a key, as a person types it.
    """
    return ask(
        f"Password of the key in {file}: ",
        f"the key in {file} is protected by a password, and nobody is at a terminal to ask: set "
        "V6CLIENT_PRIVATE_KEY_PASSWORD",
    )


def code_source(mfa_code: CodeSource | None, otp_secret: str | None, *, ask: bool) -> CodeSource | None:
    """
    Where the code comes from: what was given, or the terminal where asking there is wanted.
    """
    if mfa_code is not None and otp_secret is not None:
        raise UsageError("mfa_code and otp_secret both give the code: leave one of them out")
    if otp_secret is not None:
        return current_code(otp_secret)
    return ask_for_code if mfa_code is None and ask else mfa_code


def current_code(otp_secret: str) -> str:
    """
    The code that an authenticator app with this secret shows now.
    """
    from pyotp.totp import TOTP

    try:
        return TOTP(otp_secret.replace(" ", "")).now()
    except (ValueError, AttributeError) as error:
        # Neither the secret nor what its decoder says of it is for a log.
        raise UsageError(
            "otp_secret is not in base 32: it is the letters and digits (2 to 7) that the server gave as otp_secret"
        ) from error


def _digits(code: Code) -> str:
    # A number has lost its leading zeros.
    digits = code.replace(" ", "") if isinstance(code, str) else str(code).zfill(CODE_LENGTH)
    if not (digits.isdecimal() and len(digits) == CODE_LENGTH):
        raise UsageError(f"the code of the second factor is {CODE_LENGTH} digits, and not what was given")
    return digits


def find_password(server: str, username: str) -> str:
    """
    The password that a keyring has for this user of this server, or else what a person types.

    Raises
    ------
    UsageError
        There is neither.
    """
    found = from_keyring(server, username)
    if found is not None:
        return found
    return ask(
        f"Password of {username} at {server}: ",
        f"the password of {username} at {server} is neither given nor in a keyring, and nobody is at a terminal to "
        "ask: pass it, or set V6CLIENT_PASSWORD for profiles and the command line",
    )


def ask_for_code() -> str:
    """
    The code that a person types.
    """
    return ask(
        "Code of your authenticator app: ",
        "the server wants the code of an authenticator app, and nobody is at a terminal to ask: pass mfa_code or "
        "otp_secret, or set V6CLIENT_OTP_SECRET and use a profile",
    )


def ask(prompt: str, otherwise: str) -> str:
    """
    What a person types, unseen.

    Parameters
    ----------
    prompt
        What to ask.
    otherwise
        What to say if there is nobody to ask.

    Raises
    ------
    UsageError
        Nobody is there, or they ended the input.
    """
    if not somebody_is_there():
        raise UsageError(otherwise)
    try:
        return getpass.getpass(prompt)
    except (EOFError, NotImplementedError) as error:  # the latter from a notebook that runs without its reader
        raise UsageError(otherwise) from error


def somebody_is_there() -> bool:
    """
    Whether there is a person to ask: at a terminal, or in front of a notebook.
    """
    return "ipykernel" in sys.modules or (sys.stdin is not None and sys.stdin.isatty())


def from_keyring(server: str, username: str) -> str | None:
    """
    The password in the keyring of this machine; None where it has none, or there is no keyring.
    """
    try:
        import keyring
        import keyring.errors
    except ImportError:
        return None
    try:
        return keyring.get_password(_service(server), username)
    except keyring.errors.KeyringError:
        return None  # locked, or no keyring on this machine: what comes next is to ask


def require_keyring() -> None:
    """
    Say so if keyrings cannot be used.
    """
    try:
        import keyring  # noqa: F401 -- whether it can be is the question
    except ImportError as error:
        raise UsageError("a keyring needs another package: pip install 'v6client[keyring]'") from error


def into_keyring(server: str, username: str, password: str) -> None:
    """
    Put a password into the keyring of this machine.
    """
    import keyring
    import keyring.errors

    try:
        keyring.set_password(_service(server), username, password)
    except keyring.errors.KeyringError as error:
        raise UsageError(f"the keyring of this machine does not take the password: {error}") from error


def out_of_keyring(server: str, username: str) -> bool:
    """
    Take a password out of the keyring of this machine; tells whether there was one.
    """
    if from_keyring(server, username) is None:
        return False
    import keyring
    import keyring.errors

    try:
        keyring.delete_password(_service(server), username)
    except keyring.errors.KeyringError as error:
        raise UsageError(f"the keyring of this machine keeps the password: {error}") from error
    return True


def _service(server: str) -> str:
    """
    The name under which a keyring has the passwords of a server.
    """
    return f"v6client {server}"
