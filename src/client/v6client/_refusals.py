"""
What went wrong: from the status of an answer, or from what the transport raised, to the error that stands for it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import NewConnectionError, ProtocolError, ReadTimeoutError

from v6client import exceptions

if TYPE_CHECKING:
    from collections.abc import Mapping

_BY_STATUS: dict[int, type[exceptions.ServerRefusedError]] = {
    400: exceptions.InvalidInputError,
    401: exceptions.PermissionDeniedError,
    403: exceptions.PermissionDeniedError,
    404: exceptions.NotFoundError,
    409: exceptions.ConflictError,
    415: exceptions.InvalidInputError,
    422: exceptions.InvalidInputError,
}

# Server quirk: no version answers 409, and only the text tells a conflict from another 400. In these calls nothing else
# is answered with 400, apart from bad fields, which come with a list of them.
_CONFLICTS = (
    ("POST", r"organization|collaboration|user"),  # a name or an e-mail address is taken
    ("PATCH", r"(organization|collaboration)/\d+"),
    ("DELETE", r"(organization|collaboration|study|user)/\d+"),  # something depends on it
    ("POST", r"kill/task"),  # it has ended
    ("POST", r"kill/node/tasks"),  # it is offline
)

_BROKEN_OFF = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
_NO_ADDRESS = (requests.exceptions.InvalidURL, requests.exceptions.MissingSchema, requests.exceptions.InvalidSchema)

_IS_IT_UP = "Is the server up, and its address right?"
_ADVICE: dict[type[OSError], str] = {
    requests.exceptions.SSLError: (
        "If an authority of your own signed the server's certificate, give the path of the authority's certificate as "
        "verify= or in REQUESTS_CA_BUNDLE. If the server wants a certificate of yours, give it as cert=."
    ),
    requests.exceptions.ProxyError: "The proxy comes from proxies=, or from HTTP_PROXY, HTTPS_PROXY and NO_PROXY.",
}


def refusal(
    method: str, path: str, status: int, body: Mapping[str, Any], response: requests.Response
) -> exceptions.ServerRefusedError:
    """
    The error that stands for a refusal.

    Parameters
    ----------
    method, path
        The call, such as `POST` and `task`.
    status, body
        What the server answered.
    response
        The answer.
    """
    fallback = exceptions.ServerFailedError if status >= 500 else exceptions.ServerRefusedError  # noqa: PLR2004
    error = _BY_STATUS.get(status, fallback)(method, path, status, body, response)
    if _is_conflict(error):
        return exceptions.ConflictError(method, path, status, body, response)
    return error


def _is_conflict(error: exceptions.ServerRefusedError) -> bool:
    # The web framework's own refusals, of a body that is not JSON, come under `message`.
    if error.status != 400 or "msg" not in error.body or error.errors is not None:  # noqa: PLR2004
        return False
    return any(error.method == method and re.fullmatch(pattern, error.path) for method, pattern in _CONFLICTS)


def no_answer(method: str, url: str, error: OSError) -> exceptions.V6ClientError:
    """
    The error that stands for an answer that did not come, or not whole.

    Parameters
    ----------
    method, url
        The call.
    error
        What the transport raised.
    """
    reason = _reason(error)
    if isinstance(error, _BROKEN_OFF):
        return exceptions.MalformedAnswerError(f"the answer to {method} {url} broke off: {reason or error}")
    if isinstance(error, requests.Timeout | TimeoutError) or isinstance(reason, ReadTimeoutError | TimeoutError):
        return exceptions.ConnectionTimeoutError(f"{method} {url} was not answered in time; timeout= sets the limit")
    # A certificate file that is not there is a plain OSError.
    if isinstance(error, _NO_ADDRESS) or not isinstance(error, requests.RequestException | ConnectionError):
        return exceptions.UsageError(f"{method} {url} cannot be sent: {error}. Look at host, verify, cert and proxies")
    advice = next((advice for kind, advice in _ADVICE.items() if isinstance(error, kind)), _IS_IT_UP)
    return exceptions.ConnectionFailedError(f"{method} {url} failed: {reason or error}. {advice}")


def _reason(error: OSError) -> Any:
    """
    What made the last retry fail; `requests` wraps even a timeout in a mere connection error then.
    """
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    if isinstance(reason, ProtocolError):  # "Connection aborted.", and why
        reason = reason.args[-1]
    # It begins with the name of a class, which tells nobody anything.
    return str(reason).partition(": ")[2] if isinstance(reason, NewConnectionError) else reason
