"""
Logged in from one command to the next: the tokens of a login, in a file that is its owner's alone.

There is no password in it, and it is worth nothing as soon as the refresh token has expired, after two days at most
servers. It is good for one user of one server: tokens are never sent anywhere else.
"""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from v6client import _auth, _login
from v6client import _models as models
from v6client._cli.choices import chosen
from v6client._client import UserClient
from v6client._profiles import CONSTRUCTOR, OTHERS, resolve
from v6client.exceptions import MalformedAnswerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from v6client._profiles import Profile

KEYS = frozenset({"server", "username", "access_token", "refresh_token", "whoami"})
"""What a session consists of."""


@contextmanager
def connected(*, with_key: bool = False) -> Iterator[UserClient]:
    """
    A client that is logged in: by the session, or else with a password that is found or asked for.

    Parameters
    ----------
    with_key
        Whether it is to encrypt and decrypt, with the private key of the profile.
    """
    profile = resolve(chosen().profile, None, {})
    with client_of(profile) as client:
        resumed = resume(client, profile)
        if not resumed:
            _login.log_in_as_in_profile(client, profile)
        if with_key:
            _login.set_up_encryption_as_in_profile(client, profile)
        before = client.connection.tokens
        try:
            yield client
        finally:
            if resumed and client.connection.tokens is not before:
                save(client, profile)


def client_of(profile: Profile) -> UserClient:
    """
    A client as a profile describes it, before it logs in.
    """
    # What is logged is for --verbose to say. For scripts stderr is where errors are, and nothing else.
    ours = {"errors": "raise", "log_level": "debug", "progress": profile["progress"] and sys.stderr.isatty()}
    client = UserClient(profile.need("host"), **{**profile.only(CONSTRUCTOR), **ours})
    client.profile, client.collaboration_id = profile, profile.get("collaboration")
    return client


def place(profile: Profile) -> Path:
    """
    Where the session of a profile is.
    """
    from platformdirs import user_state_path

    return user_state_path("v6client") / "sessions" / f"{quote(profile.name, safe='')}.json"


def save(client: UserClient, profile: Profile) -> None:
    """
    Keep the session of a client.
    """
    tokens, me = client.connection.tokens, client.whoami
    assert tokens is not None  # noqa: S101 -- it is logged in
    assert me is not None  # noqa: S101 -- and knows as whom
    kept = {
        "server": client.base_path,
        "username": profile.need("username"),
        "access_token": tokens.access,
        "refresh_token": tokens.refresh,
        "whoami": list(me),
    }
    write_privately(place(profile), json.dumps(kept))


def resume(client: UserClient, profile: Profile) -> bool:
    """
    Log a client in by the session of its profile, if there is one that is still good.
    """
    file = place(profile)
    kept = _read(file)
    if (kept.get("server"), kept.get("username")) != (client.base_path, profile.get("username")):
        return False  # none, or it is for somebody else or elsewhere
    try:
        left, lasting = (_seconds_left(kept[token]) for token in ("access_token", "refresh_token"))
        me = models.WhoAmI(*kept["whoami"])
    except (MalformedAnswerError, TypeError) as error:
        raise _damaged(file) from error
    if lasting < _auth.MARGIN:
        return False
    renew_at = time.monotonic() + left - _auth.MARGIN
    client.connection.tokens = _auth.Tokens(kept["access_token"], kept["refresh_token"], renew_at)
    client.whoami = me
    return True


def forget(profile: Profile) -> bool:
    """
    Remove the session of a profile; tells whether there was one.
    """
    file = place(profile)
    with suppress(FileNotFoundError):
        file.unlink()
        return True
    return False


def _read(file: Path) -> dict[str, Any]:
    try:
        if os.name == "posix" and file.stat().st_mode & OTHERS:
            raise UsageError(f"others can read the session in {file}: delete it, and run: v6client login")
        kept = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        kept = None
    if not isinstance(kept, dict) or kept.keys() != KEYS:
        raise _damaged(file)
    return kept


def _damaged(file: Path) -> UsageError:
    return UsageError(f"the session in {file} is damaged: run: v6client login")


def _seconds_left(token: str) -> float:
    """
    How long a token is good by the clock of this machine; what does not say is good for ever.
    """
    return float(_auth.claims(token).get("exp", float("inf")) - time.time())


def write_privately(file: Path, text: str, mode: int = 0o600) -> None:
    """
    Write a file as a whole or not at all; by default it is its owner's alone.
    """
    file = file.resolve()  # where a link leads: the link is somebody's choice
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=file.parent, delete=False) as temporary:  # made with 0600
        temporary.write(text)
    Path(temporary.name).chmod(mode)
    Path(temporary.name).replace(file)
