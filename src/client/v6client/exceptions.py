"""
Everything this package raises.

V6ClientError
├── UsageError                       this library was misused
│   ├── NotAuthenticatedError        a call before authenticate()
│   └── ServerTooOldError            the server does not know the call
├── ConnectionFailedError            no answer
│   └── ConnectionTimeoutError       no answer in time
├── MalformedAnswerError             an answer that is not what the protocol says
├── ServerRefusedError               the server answered with an error
│   ├── AuthenticationError          credentials refused, or a second factor is missing
│   ├── SessionExpiredError          tokens no longer accepted, and not renewed either
│   ├── PermissionDeniedError        401 and 403: a rule is missing
│   ├── NotFoundError                404
│   ├── InvalidInputError            400, 415, 422
│   │   └── ConflictError            what is there already is in the way
│   └── ServerFailedError            500 and above
├── EncryptionError                  a message could not be encrypted
│   ├── NoPrivateKeyError            a private key is needed and there is none
│   ├── WrongKeyError                encrypted for another key
│   ├── KeyMismatchError             the server holds another public key
│   └── MalformedCiphertextError     not an encrypted message at all
├── TaskFailedError                  a task ended without its results
├── TaskTimeoutError                 a task did not end in time
├── MissingResultError               an organization's result is not there
└── DeserializationException         a plain input or result is not text, or a result is no JSON

All of them can be copied and pickled, as between the processes of a pool. None shows a password or a token, and the
request that a refusal refers to comes without its body and its token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6client import _rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import requests

    from v6client import _models as models

__all__ = [
    "AuthenticationError",
    "ConflictError",
    "ConnectionFailedError",
    "ConnectionTimeoutError",
    "DeserializationException",
    "EncryptionError",
    "InvalidInputError",
    "KeyMismatchError",
    "MalformedAnswerError",
    "MalformedCiphertextError",
    "MissingResultError",
    "NoPrivateKeyError",
    "NotAuthenticatedError",
    "NotFoundError",
    "PermissionDeniedError",
    "ServerFailedError",
    "ServerRefusedError",
    "ServerTooOldError",
    "SessionExpiredError",
    "TaskFailedError",
    "TaskTimeoutError",
    "UsageError",
    "V6ClientError",
    "WrongKeyError",
]


class V6ClientError(Exception):
    """
    The root of all errors of this package.
    """


class UsageError(V6ClientError):
    """
    The library was misused: the call cannot work, whatever the server says.
    """


class NotAuthenticatedError(UsageError):
    """
    A call that needs a login was made before `authenticate()`.
    """


class ServerTooOldError(UsageError):
    """
    The server does not know the call, because its version is older than the call.
    """


class ConnectionFailedError(V6ClientError):
    """
    The server could not be reached, or the connection broke before its answer.
    """


class ConnectionTimeoutError(ConnectionFailedError):
    """
    The server did not answer in time.
    """


class MalformedAnswerError(V6ClientError):
    """
    The answer is not what the protocol says: HTML instead of JSON, for example, or a truncated body.

    Attributes
    ----------
    status
        The HTTP status, where there was one.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message, status)
        self.status = status

    def __str__(self) -> str:
        return str(self.args[0])


class ServerRefusedError(V6ClientError):
    """
    The server answered with an error.

    Attributes
    ----------
    method, path
        The call that was refused, such as `POST` and `task`.
    status
        The HTTP status.
    body
        The whole answer, decoded.
    message
        What the server said.
    errors
        What it found wrong with each field, where it validated fields.
    response, request
        The HTTP exchange, as objects of `requests`, the request without its body and its token; None where the error
        was made by hand, or comes from another process.
    """

    next_step = ""

    def __init__(
        self,
        method: str,
        path: str,
        status: int,
        body: Mapping[str, Any],
        response: requests.Response | None = None,
    ) -> None:
        # What becomes `args` is shown wherever an error is: not the body, which may hold the secret of a second factor.
        super().__init__(method, path, status)
        self.method = method
        self.path = path
        self.status = status
        self.body = body
        self.response = response

    def __reduce__(self) -> tuple[Any, ...]:
        # The exchange stays in its process: a hook of somebody's session may be part of it, which cannot be pickled.
        state = {**self.__dict__, "response": None}
        return type(self), (self.method, self.path, self.status, self.body), state

    @property
    def message(self) -> str:
        """
        What the server said.
        """
        # Errors of the server's web framework (405, 415, unparsable JSON) come under `message`.
        said = self.body.get("msg", self.body.get("message", ""))
        return said if isinstance(said, str) else "the input is not valid"

    @property
    def errors(self) -> Mapping[str, Any] | None:
        """
        What the server found wrong with each field, or None where it did not say.
        """
        # Server quirk: the role endpoints of 4.15 put this map into `msg`.
        return next((found for key in ("errors", "msg") if isinstance(found := self.body.get(key), dict)), None)

    @property
    def request(self) -> requests.PreparedRequest | None:
        """
        The request that was refused, without its body and its token.
        """
        return None if self.response is None else self.response.request

    def __str__(self) -> str:
        said = f"{self.method} {self.path} was refused with status {self.status}: {self.message}"
        details = "" if self.errors is None else f" {dict(self.errors)}"
        advice = self.advice()
        return said + details + (f"\n{advice}" if advice else "")

    def advice(self) -> str:
        """
        What to do next, as far as a client can tell.
        """
        return self.next_step


# What takes a token out of a mail, and what has it sent.
_MAILED = {"recover/reset": "util.reset_my_password()", "recover/2fa/reset": "util.reset_two_factor_auth()"}


class AuthenticationError(ServerRefusedError):
    """
    The server did not accept the credentials, or it wants a second factor.
    """

    @property
    def wants_setup(self) -> bool:
        """
        Whether the second factor has to be set up first, with `qr_uri` or `otp_secret` of the body.
        """
        return "qr_uri" in self.body

    @property
    def wants_code(self) -> bool:
        """
        Whether name and password are right, and the code of the second factor is missing.
        """
        # This answer is no error, and still has no token in it.
        return self.status < 400 and not self.wants_setup  # noqa: PLR2004 -- from 400 on a status is an error

    def advice(self) -> str:
        """
        What to do next: the answer tells which of the factors is the problem.
        """
        if self.path in _MAILED:
            return f"The token of a mail is good for a while only: have another one sent with {_MAILED[self.path]}."
        if self.wants_setup:
            return (
                "Two-factor authentication has to be set up: put error.body['qr_uri'] as a QR code, or "
                "error.body['otp_secret'] by hand, into an authenticator app now, as the server shows them only once "
                "(util.reset_two_factor_auth() gets others); then log in with the app's code as `mfa_code`."
            )
        if self.wants_code:
            return "Pass the current code of your authenticator app as `mfa_code`, or its secret as `otp_secret`."
        return (
            "Check name, password (an environment variable, a profile or a keyring may hold an old one) and code; a "
            "locked account gets the same answer."
        )


class SessionExpiredError(ServerRefusedError):
    """
    The server no longer accepts the tokens, and did not renew them either.
    """

    next_step = "Log in again with authenticate()."


class PermissionDeniedError(ServerRefusedError):
    """
    The server refused, because a rule is missing.
    """

    @property
    def missing_rules(self) -> tuple[str, ...]:
        """
        The rules that allow this call, any one of which might do, narrowest scope first.
        """
        return _rules.allowing(self.method, self.path)

    def advice(self) -> str:
        """
        What to do next: which rules to ask for.
        """
        if not self.missing_rules:
            return ""
        return f"Rules that allow this, given a wide enough scope: {', '.join(self.missing_rules)}."


class NotFoundError(ServerRefusedError):
    """
    There is no such object on the server.
    """


class InvalidInputError(ServerRefusedError):
    """
    The server understood the call and found fault with its content.
    """


class ConflictError(InvalidInputError):
    """
    What is on the server already is in the way: a name that is taken, things that depend on the one to delete.

    Where the server's answer could mean something else as well, an `InvalidInputError` is raised.
    """


class ServerFailedError(ServerRefusedError):
    """
    Something went wrong inside the server.
    """

    next_step = "The server's log tells more."


class EncryptionError(V6ClientError):
    """
    A message could not be encrypted or decrypted.
    """


class NoPrivateKeyError(EncryptionError):
    """
    A private key is needed and there is none.
    """


class WrongKeyError(EncryptionError):
    """
    A message was encrypted for another key than ours.
    """


class KeyMismatchError(EncryptionError):
    """
    The server holds another public key of the organization than that of the private key given.
    """


class MalformedCiphertextError(EncryptionError):
    """
    A text is damaged, or was never an encrypted message.
    """


class TaskFailedError(V6ClientError):
    """
    A task ended without all of its results.

    Attributes
    ----------
    task_id
        The task.
    status
        Its status.
    runs
        All its runs: dicts with `id`, `organization`, `organization_id`, `status`, `log`, `node` and
        `node_status`.
    """

    def __init__(self, task_id: int, status: str, runs: Sequence[models.RunSummary]) -> None:
        super().__init__(task_id, status, runs)
        self.task_id = task_id
        self.status = status
        self.runs = runs

    def __str__(self) -> str:
        lines = [f"task {self.task_id} ended as '{self.status}'"]
        lines += [_told(run) for run in self.runs]
        return "\n".join(lines)


class TaskTimeoutError(V6ClientError):
    """
    A task did not end in the time it was given.

    Attributes
    ----------
    task_id
        The task.
    timeout
        The time it was given, in seconds.
    runs
        Its unfinished runs: dicts with `id`, `organization`, `organization_id`, `status`, `log`, `node` and
        `node_status`.
    """

    def __init__(self, task_id: int, timeout: float, runs: Sequence[models.RunSummary]) -> None:
        super().__init__(task_id, timeout, runs)
        self.task_id = task_id
        self.timeout = timeout
        self.runs = runs

    def __str__(self) -> str:
        lines = [f"task {self.task_id} did not end within {self.timeout:g} s"]
        lines += [
            f"  run {run['id']} at {run['organization']} is {run['status']} and its node {run['node']} "
            f"is {run['node_status']}"
            for run in self.runs
        ]
        return "\n".join(lines)


class MissingResultError(V6ClientError, KeyError):
    """
    Organizations have no result of a task.

    Attributes
    ----------
    task_id
        The task.
    runs
        Their runs: dicts with `id`, `organization`, `organization_id`, `status`, `log`, `node` and
        `node_status`.
    """

    def __init__(self, task_id: int, runs: Sequence[models.RunSummary]) -> None:
        super().__init__(task_id, runs)
        self.task_id = task_id
        self.runs = runs

    def __str__(self) -> str:
        lines = [f"results of task {self.task_id} are missing"]
        lines += [_told(run) for run in self.runs]
        return "\n".join(lines)


class DeserializationException(V6ClientError):  # noqa: N818 -- the API reference names it so
    """
    A plain input or result is not text, or a result is no JSON, so it cannot be decoded.
    """


def _told(run: models.RunSummary) -> str:
    return f"  run {run['id']} at {run['organization']} is '{run['status']}'{_tail(run['log'])}"


def _tail(log: str | None, lines: int = 10) -> str:
    """
    The end of a log, where the error usually is, indented below its run.
    """
    if not log:
        return ""
    return ":\n" + "\n".join(f"    {line}" for line in log.rstrip().splitlines()[-lines:])
