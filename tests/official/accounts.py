"""
Logins, passwords, second factors: calls that are about who calls.
"""

from __future__ import annotations

import base64
import hmac
import struct
import time
from typing import TYPE_CHECKING

import jwt
from network import OTHER_PASSWORD, PASSWORD, log_in

if TYPE_CHECKING:
    from recorder import Recorded, Recorder


def connection(recorder: Recorder) -> Recorded:
    """
    Before and after a login, and whether the server is there.
    """
    stranger = recorder.client("stranger")
    stranger.util.get_server_version()
    stranger.util.get_server_health()
    stranger.user.list()
    stranger.setup_encryption(None)
    stranger.refresh_token()
    stranger.authenticate("root", "wrong")
    stranger.authenticate("nobody", PASSWORD)
    stranger.authenticate("", PASSWORD)
    root = log_in(recorder, "root", "root")
    recorder.call("whoami", lambda: root.target.whoami._asdict())
    root.setup_encryption(None)
    root.refresh_token()
    root.util.get_server_version(attempts_on_timeout=1)
    root.request("rule/1")
    root.request("/rule/1", method="nonsense", retry=False)
    root.request("rule/9999", retry=False)
    root.request("nonsense", retry=False)
    root.request("rule", method="post", json={}, retry=False)
    root.request("user/1", params={"include_permissions": True})
    return root


def passwords(recorder: Recorder, root: Recorded, secret: str) -> None:
    """
    Passwords are changed and recovered, the latter with the token that a mail would bring.
    """
    nora = log_in(recorder, "nora")
    nora.util.change_my_password("wrong", OTHER_PASSWORD)
    nora.util.change_my_password(PASSWORD, PASSWORD)
    nora.util.change_my_password(PASSWORD, "weak")
    nora.util.change_my_password(current_password=PASSWORD, new_password=OTHER_PASSWORD)
    nora.user.get()
    log_in(recorder, "nora")
    log_in(recorder, "nora", OTHER_PASSWORD)
    util = root.util
    util.reset_my_password()
    util.reset_my_password(email="nobody@nowhere.org")
    util.reset_my_password(username="nobody")
    util.reset_my_password("nobody@nowhere.org", "nobody")
    token = mailed(secret, 2)
    util.set_my_password(token, "weak")
    util.set_my_password("nonsense", PASSWORD)
    util.set_my_password(token=token, password=PASSWORD)
    log_in(recorder, "nora")


def second_factor(recorder: Recorder, secret: str) -> None:
    """
    A server that asks for a second factor: it is set up at the first login, asked for afterwards, lost and set anew.
    """
    client = recorder.client("root")
    client.authenticate("root", "root")
    root = log_in(recorder, "root", "root", mfa_code="000000")
    util = root.util
    util.reset_two_factor_auth("root")
    util.reset_two_factor_auth("root", email="root@domain.ext")
    util.reset_two_factor_auth("root", username="root")
    util.reset_two_factor_auth(PASSWORD, "nobody@nowhere.org", "nobody")
    util.set_two_factor_auth("nonsense")
    otp_secret = util.set_two_factor_auth(token=mailed(secret, 1))["otp_secret"]
    client.authenticate("root", "root")
    client.authenticate("root", "root", mfa_code=code(otp_secret))
    client.authenticate("root", "root", "12345678901")
    client.user.get()


def mailed(secret: str, user: int) -> str:
    """
    Return what a recovery mail would hold: a token that names the user, signed by the server.
    """
    now = int(time.time())  # noqa: TID251 -- the server's clock is the real one
    claims = {"sub": {"id": str(user)}, "client_type": "container", "type": "access", "fresh": False, "roles": []}
    return jwt.encode({**claims, "iat": now, "nbf": now, "exp": now + 600, "jti": "1", "csrf": "1"}, secret)


def code(otp_secret: str) -> str:
    """
    Return what an authenticator app shows now (RFC 6238).
    """
    step = int(time.time()) // 30  # noqa: TID251 -- the server's clock is the real one
    digest = hmac.digest(base64.b32decode(otp_secret), struct.pack(">Q", step), "sha1")
    (number,) = struct.unpack_from(">I", digest, digest[-1] & 15)
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"
