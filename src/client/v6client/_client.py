"""
The client of a user: logs in, holds the key, and leads to the sub-clients.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar, cast

from v6client import _auth, _login, resources
from v6client import _models as models
from v6client._arguments import expect, shown
from v6client._blobs import BlobStore
from v6client._plain import Cryptor, PlainCryptor
from v6client._waiting import Waiting
from v6client.exceptions import KeyMismatchError, NotAuthenticatedError, PermissionDeniedError, UsageError
from v6client.resources._base import switched, whole
from v6client.utils import LogLevel

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from types import TracebackType

    import requests
    from typing_extensions import Self

    from v6client._crypto import RSACryptor
    from v6client._http import Timeout
    from v6client._keys import Password
    from v6client._profiles import Profile
    from v6client._session import Certificate, Verification

Kind = TypeVar("Kind", bound=resources.SubClient[Any])

_log = logging.getLogger("v6client")


class UserClient:
    """
    A user's view of a vantage6 server.

    Parameters
    ----------
    host
        Address of the server, with its scheme, such as `https://server.example`.
    port
        Its port; without one `host` says it all.
    path
        Where its API lives.
    log_level
        How much the logger `v6client` tells: a `LogLevel` or its name. No other logger is touched.
    session
        A `requests.Session` to use as it is, adapters, retries and all.
    timeout
        Seconds to wait for a connection and for each piece of an answer; one number, or two.
    verify, cert, proxies
        TLS verification, client certificate and proxies, as in `requests`.
    errors
        `raise` raises what the server refuses; `return` returns the server's message as a dict instead, as the
        official client does.
    progress
        Whether `wait_for_results` tells how far the task is: live in a notebook, and on stderr in a terminal; in one
        line on stderr elsewhere.

    Attributes
    ----------
    whoami
        Who is logged in: `type_`, `id_`, `name`, `organization_name` and `organization_id`; None before.
    profile
        The settings that `from_profile` found, and where; None for a client that was made otherwise.
    cryptor
        What encrypts inputs and decrypts results.
    collaboration_id
        The collaboration of calls that are not given one; None before `setup_collaboration`.
    connection
        The conversation with the server.
    blobs
        The server's blob store, if it has one.
    """

    Collaboration = resources.Collaboration
    Node = resources.Node
    Organization = resources.Organization
    Result = resources.Result
    Role = resources.Role
    Rule = resources.Rule
    Run = resources.Run
    Store = resources.Store
    Study = resources.Study
    Task = resources.Task
    User = resources.User
    Util = resources.Util

    def __init__(
        self,
        host: str,
        port: int | None = None,
        path: str = "/api",
        log_level: str | LogLevel = "debug",
        *,
        session: requests.Session | None = None,
        timeout: Timeout = (5.0, 60.0),
        verify: Verification = None,
        cert: Certificate = None,
        proxies: Mapping[str, str] | None = None,
        errors: str = "raise",
        progress: bool = True,
    ) -> None:
        if errors not in ("raise", "return"):  # no set, in which not all values can be looked up
            raise UsageError(f"errors is 'raise' or 'return', not {errors!r}")
        # Behind it is `requests`, whose import takes longer than that of all else.
        from v6client._http import Connection

        _log.setLevel(_level(log_level))
        self.host, self.port, self.path = host, port, path
        self.connection = Connection(
            self.base_path, session=session, timeout=timeout, verify=verify, cert=cert, proxies=proxies
        )
        self.profile: Profile | None = None
        self.whoami: models.WhoAmI | None = None
        self.blobs = BlobStore(self.connection)
        self.cryptor: Cryptor = PlainCryptor()
        self.collaboration_id: int | None = None
        self._returns_errors = errors == "return"
        self._progress = progress
        self.collaboration = self._made(self.Collaboration)
        self.node = self._made(self.Node)
        self.organization = self._made(self.Organization)
        self.result = self._made(self.Result)
        self.role = self._made(self.Role)
        self.rule = self._made(self.Rule)
        self.run = self._made(self.Run)
        self.store = self._made(self.Store)
        self.study = self._made(self.Study)
        self.task = self._made(self.Task)
        self.user = self._made(self.User)
        self.util = self._made(self.Util)
        self._waiting = self._made(Waiting)

    @classmethod
    def from_profile(
        cls,
        name: str | None = None,
        *,
        config: str | os.PathLike[str] | None = None,
        login: bool = True,
        session: requests.Session | None = None,
        mfa_code: _login.CodeSource | None = None,
        host: str | None = None,
        port: int | None = None,
        path: str | None = None,
        username: str | None = None,
        password: str | None = None,
        otp_secret: str | None = None,
        private_key: str | os.PathLike[str] | None = None,
        private_key_password: str | None = None,
        collaboration: int | None = None,
        verify: Verification = None,
        cert: Certificate = None,
        proxies: Mapping[str, str] | None = None,
        timeout: Timeout = None,
        log_level: str | LogLevel | None = None,
        errors: str | None = None,
        progress: bool | None = None,
    ) -> Self:
        """
        Make a client as a profile describes it, and log in.

        Each setting is the argument; or the environment variable `V6CLIENT_` with its name in capitals; or what the
        profile in the file says; or its default. `client.profile` tells which. A password that none of them has is
        found or asked for as `authenticate` does.

        Parameters
        ----------
        name
            The profile; by default that in `V6CLIENT_PROFILE`, or the one called `default`, which need not exist.
        config
            The file with profiles; by default that in `V6CLIENT_CONFIG`, or `config.toml` in the folder `v6client` of
            your configuration, such as `~/.config`.
        login
            Whether to log in, and set up encryption with the private key if there is one.
        session
            As in the constructor.
        mfa_code
            As in `authenticate`; without it and a secret, the code is asked for if the server wants one.
        host, port, path, verify, cert, proxies, timeout, log_level, errors, progress
            As in the constructor.
        username, password, otp_secret
            As in `authenticate`.
        private_key, private_key_password
            As `private_key_file` and `password` of `setup_encryption`; what opens a protected file is asked for if need
            be.
        collaboration
            As in `setup_collaboration`.

        Raises
        ------
        UsageError
            There is no such profile, it has a mistake, or something is missing in it.
        """
        from v6client import _profiles

        # The arguments that are settings; naming each of them three times would say no more.
        given = {key: value for key, value in locals().items() if key in _profiles.SETTINGS}
        profile = _profiles.resolve(name, config, given)
        client = cls(profile.need("host"), session=session, **profile.only(_profiles.CONSTRUCTOR))
        client.profile, client.collaboration_id = profile, profile.get("collaboration")
        if login:
            try:
                _login.log_in_as_in_profile(client, profile, mfa_code)
                _login.set_up_encryption_as_in_profile(client, profile)
            except BaseException:
                client.close()
                raise
        return client

    def _made(self, kind: type[Kind]) -> Kind:
        made = kind(self)
        return cast("Kind", resources.ReturningRefusals(made)) if self._returns_errors else made

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def base_path(self) -> str:
        """
        The address of the server's API.
        """
        if not str(self.host).startswith(("http://", "https://")):
            raise UsageError(f"host starts with http:// or https://, not {shown(self.host)}")
        expect(self.path, (str,), "path", "where the API lives, such as '/api'")
        port = f":{self.port}" if self.port else ""
        return f"{self.host.rstrip('/')}{port}/{self.path.strip('/')}".rstrip("/")

    @property
    def token(self) -> str | None:
        """
        The current access token, None before `authenticate`.
        """
        return self.connection.token

    @property
    def name(self) -> str | None:
        """
        The first name of the user, None before `authenticate`.
        """
        return None if self.whoami is None else self.whoami.name

    def close(self) -> None:
        """
        Forget the login and the key, and close the connections.
        """
        self.whoami = None
        self.cryptor = PlainCryptor()
        self.connection.close()

    def authenticate(
        self,
        username: str,
        password: str | None,
        mfa_code: _login.CodeSource | None = None,
        *,
        otp_secret: str | None = None,
    ) -> None:
        """
        Log in.

        There is no encryption until `setup_encryption` is called.

        Parameters
        ----------
        username, password
            Who you are. Without a password (None), the one that a keyring has (`pip install 'v6client[keyring]'`) is
            used, and where there is none it is asked for, in a terminal or notebook; so is then the code.
        mfa_code
            The current code of your authenticator app; or a function that returns it, called only if the server wants
            one.
        otp_secret
            The secret in your authenticator app, for programs that run without you: codes are made of it. Whoever has
            both this and the password is you.

        Raises
        ------
        AuthenticationError
            The credentials are not right, the code is missing (`error.wants_code`), or the second factor has to be set
            up first (`error.wants_setup`); then `error.body` holds `qr_uri` and `otp_secret` for an authenticator app.
        UsageError
            The code or the secret cannot be one, or there is nobody to ask for what is missing.
        """
        code = _login.code_source(mfa_code, otp_secret, ask=password is None)
        if password is None:
            password = _login.find_password(self.base_path, username)
        answer = _login.log_in(self.connection, username, password, code)
        self.whoami, self.cryptor = None, PlainCryptor()  # of whoever was logged in before
        self.whoami = self._identity(_auth.subject(answer["access_token"]))

    def _identity(self, user_id: int) -> models.WhoAmI:
        user = self.connection.view(f"user/{user_id}", "firstname", "organization.id")
        organization_id = user["organization"]["id"]
        try:
            organization = self.connection.view(f"organization/{organization_id}", "name")["name"]
        except PermissionDeniedError:
            organization = None  # a user without any rule may log in all the same
        return models.WhoAmI("user", user_id, user["firstname"], organization, organization_id)

    def setup_collaboration(self, collaboration_id: int) -> None:
        """
        Choose the collaboration of calls that are not given one.

        These are `node.list` and `node.create`, `organization.list`, `study.create`, `task.list` and `task.create`,
        `store.list` and `store.create`, and what changes a collaboration.

        Parameters
        ----------
        collaboration_id
            The collaboration.

        Raises
        ------
        NotFoundError, PermissionDeniedError
            There is none, or none that you may see; then the choice stays what it was.
        """
        chosen = whole(collaboration_id, "collaboration")
        self.connection.request("GET", f"collaboration/{chosen}")
        self.collaboration_id = chosen

    def check_if_blob_store_enabled(self) -> bool:
        """
        Tell whether the server keeps inputs and results in a blob store.
        """
        return self.blobs.is_used()

    def request(
        self, endpoint: str, json: Any = None, method: str = "get", params: Mapping[str, Any] | None = None
    ) -> Any:
        """
        Make a call for which there is no method, with this client's login.

        Parameters
        ----------
        endpoint
            The path below the API's, such as `role/8/rule/1`.
        json
            The body.
        method
            The HTTP method.
        params
            The query; parameters that are None are left out.

        Returns
        -------
        Any
            The answer, decoded from JSON.
        """
        expect(endpoint, (str,), "endpoint", "a path below the API's, such as 'task/3'")
        expect(method, (str,), "method", "one of HTTP's, such as 'get'")
        call = self.connection.request
        call = resources.returning_refusals(call) if self._returns_errors else call
        return call(method.upper(), endpoint.strip("/"), json=json, params=params)

    def setup_encryption(
        self,
        private_key_file: str | os.PathLike[str] | None,
        *,
        password: Password = None,
        overwrite: bool = False,
    ) -> None:
        """
        Set the private key of your organization, or none.

        The server gets the public key that belongs to it, if it has none yet.

        Parameters
        ----------
        private_key_file
            The key in PEM format; None for collaborations that are not encrypted.
        password
            Opens the file, if it is protected by one: a text, bytes, or a function that is called if it is needed, such
            as `getpass.getpass`.
        overwrite
            Replace another public key that the server may have. What was encrypted for that one stays so, and your
            organization's nodes need the new private key.

        Raises
        ------
        NoPrivateKeyError
            The file cannot be read.
        KeyMismatchError
            The server has another public key, and `overwrite` was not set.
        EncryptionError
            There is no RSA key in the file, or the password is missing or wrong.
        """
        if private_key_file is None:
            self.cryptor = PlainCryptor(is_chosen=True)
            return
        if self.whoami is None:
            raise NotAuthenticatedError("a key belongs to an organization: call authenticate() first")
        from v6client._crypto import RSACryptor

        cryptor = RSACryptor.from_file(private_key_file, password)
        self._publish(cryptor, f"organization/{self.whoami.organization_id}", overwrite=overwrite)
        self.cryptor = cryptor

    def _publish(self, cryptor: RSACryptor, path: str, *, overwrite: bool) -> None:
        organization = self.connection.view(path, "name", "public_key")
        known = organization["public_key"]
        if known and cryptor.is_pair_of(known):
            return
        if known and not switched(overwrite, "overwrite"):
            raise KeyMismatchError(
                f"the server has another public key of {organization['name']} than the one of this private key. "
                "Either give the private key that belongs to it, which the organization's nodes use too; or, if that "
                "one is lost, replace it with setup_encryption(..., overwrite=True)"
            )
        self.connection.request("PATCH", path, json={"public_key": cryptor.public_key})

    def wait_for_results(
        self,
        task_id: int,
        interval: float = 1,
        *,
        timeout: float | None = None,
        progress: bool | None = None,
        on_update: Callable[[models.TaskUpdate], object] | None = None,
        raise_on_failure: bool = True,
    ) -> models.Page[models.TaskResult]:
        """
        Wait until a task has ended, and view all its results.

        Once the task was seen, the server may be away for up to a minute. An interrupt (Ctrl-C) ends the waiting and
        not the task.

        Parameters
        ----------
        task_id
            The task.
        interval
            Longest pause between two looks, in seconds; the first ones are shorter.
        timeout
            How long to wait, in seconds; without it, as long as it takes.
        progress
            Whether to tell how far the task is; by default as the client was told.
        on_update
            Called with a dict (`id`, `status` and `runs` of the task) each time something in it has changed. What it
            raises ends the waiting.
        raise_on_failure
            Whether a failed run is an error. If not, waiting goes on until the other runs have ended too, and the
            failed run's result is empty.

        Returns
        -------
        dict
            As `result.from_task`.

        Raises
        ------
        TaskFailedError
            A run has failed; the error has the logs.
        TaskTimeoutError
            The time is up; the error tells what was not finished, and which nodes are offline.
        """
        return self._waiting.for_results(
            task_id,
            interval,
            timeout=timeout,
            progress=self._progress if progress is None else progress,
            on_update=on_update,
            raise_on_failure=raise_on_failure,
        )

    def wait_for_task_completion(
        self,
        request_func: Callable[[str], Any] | None,
        task_id: int,
        interval: float = 1,
        log_animation: bool = True,
        *,
        timeout: float | None = None,
        on_update: Callable[[models.TaskUpdate], object] | None = None,
        raise_on_failure: bool = True,
    ) -> None:
        """
        Wait until a task has ended, without viewing its results.

        Parameters
        ----------
        request_func
            Called with the path to ask for the status; None for this client's own way.
        task_id
            The task.
        interval
            Longest pause between two looks, in seconds.
        log_animation
            Whether to tell how far the task is.
        timeout, on_update, raise_on_failure
            As for `wait_for_results`.

        Raises
        ------
        TaskFailedError
            A run has failed; the error has the logs.
        TaskTimeoutError
            The time is up; the error tells what was not finished, and which nodes are offline.
        """
        self._waiting.until_ended(
            task_id,
            interval,
            timeout=timeout,
            progress=log_animation,
            on_update=on_update,
            raise_on_failure=raise_on_failure,
            ask=request_func,
        )


def _level(log_level: str | LogLevel) -> str:
    try:
        return LogLevel(log_level).name
    except ValueError:
        known = ", ".join(level.value for level in LogLevel)
        raise UsageError(f"log_level is one of {known}, not {log_level!r}") from None


Client = UserClient
