"""
Which rules allow which call: what a refusal has been lacking.

The server does not say reliably which rule was missing (4.0 always names the same one), so this is read from a table.
Whether a scope is wide enough depends on the object, which is why a call has several rules: any one might do.
"""

from __future__ import annotations

import re

_LADDERS = {
    "own": ("OWN", "ORGANIZATION", "COLLABORATION", "GLOBAL"),
    "organization": ("ORGANIZATION", "COLLABORATION", "GLOBAL"),
    "collaboration": ("COLLABORATION", "GLOBAL"),
    "members": ("ORGANIZATION", "GLOBAL"),  # an organization's own collaborations have no scope between
    "global": ("GLOBAL",),
}

# (resource, operation): the ladder of scopes in which this rule exists.
_SCOPES = {
    ("node", "VIEW"): "organization",
    ("node", "EDIT"): "organization",
    ("node", "CREATE"): "organization",
    ("node", "DELETE"): "organization",
    ("collaboration", "VIEW"): "members",
    ("collaboration", "EDIT"): "collaboration",
    ("collaboration", "CREATE"): "global",
    ("collaboration", "DELETE"): "collaboration",
    ("organization", "VIEW"): "organization",
    ("organization", "EDIT"): "organization",
    ("organization", "CREATE"): "global",
    ("organization", "DELETE"): "global",
    ("task", "VIEW"): "own",
    ("task", "CREATE"): "collaboration",
    ("task", "DELETE"): "own",
    ("run", "VIEW"): "own",
    ("user", "VIEW"): "organization",
    ("user", "CREATE"): "organization",
    ("user", "EDIT"): "own",
    ("user", "DELETE"): "own",
    ("role", "VIEW"): "organization",
    ("role", "CREATE"): "organization",
    ("role", "EDIT"): "organization",
    ("role", "DELETE"): "organization",
    ("study", "VIEW"): "organization",
    ("study", "CREATE"): "collaboration",
    ("study", "EDIT"): "organization",
    ("study", "DELETE"): "organization",
    ("event", "SEND"): "organization",
}

_OPERATIONS = {"GET": "VIEW", "POST": "CREATE", "PATCH": "EDIT", "DELETE": "DELETE"}

# Calls that are judged by the rules of another resource or operation than their path and method suggest.
# The first match counts; the last entry is the ladder, where the rule does not help in all of its scopes.
_EXCEPTIONS = (
    ("GET", r"result(/\d+)?", "run", "VIEW", None),
    ("POST", r"kill/task", "event", "SEND", "collaboration"),
    ("POST", r"kill/node/tasks", "event", "SEND", None),
    ("POST", r"recover/node", "node", "EDIT", None),
    ("(POST|DELETE)", r"collaboration/\d+/(organization|node)", "collaboration", "EDIT", None),
    ("(POST|DELETE)", r"study/\d+/organization", "study", "EDIT", "collaboration"),
    ("GET", r"algorithmstore(/\d+)?", "collaboration", "VIEW", None),
    ("(POST|PATCH|DELETE)", r"algorithmstore(/\d+)?", "collaboration", "EDIT", None),
    ("(POST|DELETE)", r"role/\d+/rule/\d+", "role", "EDIT", None),
)


def allowing(method: str, path: str) -> tuple[str, ...]:
    """
    The rules that allow a call, such as `task CREATE COLLABORATION`, narrowest scope first.

    Parameters
    ----------
    method
        The HTTP method.
    path
        The path below the API's, such as `task/3`.

    Returns
    -------
    tuple
        Empty where no rule is asked for, or none is known.
    """
    resource, operation, ladder = _judged_as(method, path)
    ladder = ladder or _SCOPES.get((resource, operation))
    if ladder is None:
        return ()
    return tuple(f"{resource} {operation} {scope}" for scope in _LADDERS[ladder])


def _judged_as(method: str, path: str) -> tuple[str, str, str | None]:
    for methods, pattern, resource, operation, ladder in _EXCEPTIONS:
        if re.fullmatch(methods, method) and re.fullmatch(pattern, path):
            return resource, operation, ladder
    return path.partition("/")[0], _OPERATIONS.get(method, ""), None
