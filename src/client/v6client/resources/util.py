"""
The server itself, passwords, and keys.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from v6client._arguments import FILE, File, expect
from v6client.exceptions import ConnectionFailedError, InvalidInputError, UsageError
from v6client.resources._base import SubClient, counted, given

if TYPE_CHECKING:
    from v6client import _models as models
    from v6client._keys import Password


class Util(SubClient[Any]):
    """
    Calls that belong to no noun.
    """

    def get_server_version(self, attempts_on_timeout: int | None = None) -> models.Version:
        """
        View the version of the server; no login needed.

        Parameters
        ----------
        attempts_on_timeout
            How often to ask a server that does not answer; once if not given.
        """
        for _ in range(1, counted(attempts_on_timeout, "attempts_on_timeout") or 1):
            with suppress(ConnectionFailedError):
                return self._version()
        return self._version()  # the last attempt is the one that may fail

    def get_server_health(self) -> models.Health:
        """
        View whether the server reaches its database; no login needed.
        """
        return cast("models.Health", self._request("GET", "health"))

    def change_my_password(self, current_password: str, new_password: str) -> models.Message:
        """
        Change your own password.

        Raises
        ------
        AuthenticationError
            The current password is not right. Too many of these lock the account for a while.
        """
        body = {"current_password": current_password, "new_password": new_password}
        return cast("models.Message", self._request("PATCH", "password/change", json=body))

    def reset_my_password(self, email: str | None = None, username: str | None = None) -> models.Message:
        """
        Have a token sent by e-mail, for `set_my_password`.

        Parameters
        ----------
        email, username
            Whose password it is; one of them is enough.
        """
        body = _account(email, username)
        return cast("models.Message", self._request("POST", "recover/lost", json=body))

    def set_my_password(self, token: str, password: str) -> models.Message:
        """
        Set a new password.

        Parameters
        ----------
        token
            From the e-mail that `reset_my_password` caused.
        password
            The new password.
        """
        body = {"reset_token": token, "password": password}
        return cast("models.Message", self._request("POST", "recover/reset", json=body))

    def reset_two_factor_auth(
        self, password: str, email: str | None = None, username: str | None = None
    ) -> models.Message:
        """
        Have a token sent by e-mail, for `set_two_factor_auth`.

        Parameters
        ----------
        password
            Your password.
        email, username
            Whose account it is; one of them is enough. Servers from 4.15 on (at the latest) take the name only, which
            is therefore what is sent if both are given.

        Raises
        ------
        UsageError
            Only the address was given, and the server takes the name only.
        """
        body = {"password": password, **_account(None if username else email, username)}
        try:
            return cast("models.Message", self._request("POST", "recover/2fa/lost", json=body))
        except InvalidInputError as refused:
            # It misses the name, although it was told the address.
            if username or "username" not in (refused.errors or {}):
                raise
            raise UsageError("to reset a second factor this server takes the username only: give that") from refused

    def set_two_factor_auth(self, token: str) -> models.TwoFactorSetup:
        """
        Set up the second factor anew.

        Parameters
        ----------
        token
            From the e-mail that `reset_two_factor_auth` caused.

        Returns
        -------
        dict
            `qr_uri` and `otp_secret` for an authenticator app, shown this once.
        """
        return cast("models.TwoFactorSetup", self._request("POST", "recover/2fa/reset", json={"reset_token": token}))

    def generate_private_key(self, file_: File | None = None, *, password: Password = None) -> None:
        """
        Write a new private key, and use it from now on if you are logged in.

        Parameters
        ----------
        file_
            The file to write, `private_key.pem` if not given. It must not exist.
        password
            Protects the file, if given: a text, bytes, or a function such as `getpass.getpass`. A real node opens no
            protected file.

        Raises
        ------
        KeyMismatchError
            The organization has another key already. The new one was written and is not used.
        """
        from v6client._keys import generate_private_key

        expect(file_, (*FILE, NoneType), "file_", "the path of a file to write")
        path = Path("private_key.pem" if file_ is None else file_)
        secret = password() if callable(password) else password
        generate_private_key(path, secret)
        if self.parent.whoami is not None:
            self.parent.setup_encryption(path, password=secret)

    def _version(self) -> models.Version:
        return cast("models.Version", self._request("GET", "version"))


def _account(email: str | None, username: str | None) -> dict[str, Any]:
    if email is None and username is None:
        raise UsageError("give the account's email or its username")
    return given(email=email, username=username)
