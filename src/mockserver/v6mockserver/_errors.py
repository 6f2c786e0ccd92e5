"""
What this package raises.

MockServerError
├── MockUsageError          this package was misused
│   ├── SeedError           a seed with a mistake in it
│   └── DumpError           data to load with a mistake in them
├── FaultNotHitError        a scripted fault that no request met
├── PlanNotUsedError        a plan for a node that no run took
├── LeakError               a test opened a connection to somebody else
├── DisagreementError       an algorithm gives over nodes what it does not over pooled data
├── AlgorithmError          a run cannot go on; its log says why
└── RefusedError            an answer of the server with an error status
    ├── BadRequestError     400
    │   └── InvalidBodyError    with the errors of each field
    ├── UnauthorizedError   401
    │   └── PermissionDeniedError   no rule allows it
    ├── ForbiddenError      403, which this server hardly ever says
    ├── NotFoundError       404
    ├── UnreadableTokenError    422
    ├── UnexpectedError     500, where the real server fails on a client's mistake and clients can tell
    └── UnavailableError    501, where the server was not given what the route needs

Refusals are raised where the rule is (in `state/`) and rendered in one place (`_app.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from v6mockserver.state.permissions import Decision


class MockServerError(Exception):
    """
    Root of all errors of this package.
    """


class MockUsageError(MockServerError):
    """
    The package was called in a way that cannot work.
    """


class SeedError(MockUsageError):
    """
    A seed does not describe a world; the message names place, value and what was expected.
    """


class DumpError(MockUsageError):
    """
    Plain data do not describe a world; the message names table, row, column and what was expected.
    """


class FaultNotHitError(MockServerError, AssertionError):
    """
    A fault was scripted and no request met it; to a test framework, a failed assertion.
    """


class LeakError(MockServerError, AssertionError):
    """
    A test opened a connection that leaves its process; to a test framework, a failed assertion.
    """


class DisagreementError(MockServerError, AssertionError):
    """
    An algorithm gives over nodes what it does not over the pooled data; to a test framework, a failed assertion.
    """


class PlanNotUsedError(MockServerError, AssertionError):
    """
    A plan was made for a node and no run of it came; to a test framework, a failed assertion.
    """


class AlgorithmError(MockServerError):
    """
    A run cannot go on; the message becomes part of its log.
    """


class RefusedError(MockServerError):
    """
    The server answers with an error status.

    Parameters
    ----------
    message : str
        The `msg` of the answer.
    """

    status = 500

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message

    def body(self) -> dict[str, Any]:
        """
        Return the JSON body of the answer.
        """
        return {"msg": self.message}


class BadRequestError(RefusedError):
    """
    The request cannot be carried out as it is.
    """

    status = 400


class InvalidBodyError(BadRequestError):
    """
    The body does not fit the schema of the route.

    Parameters
    ----------
    message : str
        The `msg` of the answer.
    errors : dict
        Lists of messages by field.
    """

    def __init__(self, message: str, errors: dict[str, Any]) -> None:
        super().__init__(message)
        self.errors = _with_text_keys(errors)

    def body(self) -> dict[str, Any]:
        """
        Return the JSON body of the answer.
        """
        return {"msg": self.message, "errors": self.errors}


def _with_text_keys(errors: dict[Any, Any]) -> dict[str, Any]:
    """
    Return errors as JSON has them, which knows no keys but text: those of a list come by position.
    """
    return {str(key): _with_text_keys(value) if isinstance(value, dict) else value for key, value in errors.items()}


class UnauthorizedError(RefusedError):
    """
    The caller is not known, or no longer.
    """

    status = 401


class PermissionDeniedError(UnauthorizedError):
    """
    The caller is known and has no rule that allows this; as in the real server, also a 401.

    Parameters
    ----------
    message : str
        The `msg` of the answer.
    decision : Decision, optional
        Which rules would have allowed it.
    """

    def __init__(self, message: str, decision: Decision | None = None) -> None:
        super().__init__(message)
        self.decision = decision


class ForbiddenError(RefusedError):
    """
    The caller may do this in general, but not here and now; lack of a rule is a 401.
    """

    status = 403


class NotFoundError(RefusedError):
    """
    There is no such object.
    """

    status = 404


class UnreadableTokenError(RefusedError):
    """
    The token is not one that this server made, or not of the type that is wanted here.
    """

    status = 422


class UnexpectedError(RefusedError):
    """
    The real server fails with a 500 here, and clients can tell.
    """

    status = 500


class UnavailableError(RefusedError):
    """
    The server was not given what this route needs, such as a VPN.
    """

    status = 501
