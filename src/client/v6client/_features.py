"""
What older servers lack: since which release they have a route, or look at an argument.

A route that is missing is noticed by its answer, so that nothing needs to be asked beforehand. An argument that is
missing may be passed over in silence, and a list be longer than it should be; so calls with such an argument ask the
server for its version first, once per client.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from v6client.exceptions import ServerTooOldError, V6ClientError

if TYPE_CHECKING:
    from v6client._http import Connection

_ROUTES = {
    r"\w+ study(/.*)?": "4.3",
    r"\w+ algorithmstore(/.*)?": "4.3",
    r"DELETE organization/\d+": "4.7",
    r"GET task/\d+/status": "4.11",
    r"\w+ blobstream(/.*)?": "4.13",
}

_ARGUMENTS = {
    "collaboration.list(algorithm_store=)": "4.5",
    "node.list(study=)": "4.3",
    "organization.list(study=)": "4.3",
    "task.create(study=)": "4.3",
    "task.create(store=)": "4.6",
    "task.create(server_url=)": "4.8",
    "task.list(study=)": "4.3",
    "task.list(store=)": "4.6",
}


def require(connection: Connection, call: str, **arguments: Any) -> None:
    """
    Refuse arguments that the server does not know.

    Parameters
    ----------
    connection
        The conversation with the server; it is asked for its version if one of the arguments is given.
    call
        The call, such as `task.list`.
    **arguments
        Those that not every server knows; None stands for one that is not given.

    Raises
    ------
    ServerTooOldError
        It does not know one that is given.
    """
    for name, value in arguments.items():
        if value is not None:
            argument = f"{call}({name}=)"
            since = _ARGUMENTS[argument]
            if _is_older(connection.server_version, since):
                raise _too_old(connection, argument, since)


def explained(error: ServerTooOldError, connection: Connection, method: str, path: str) -> ServerTooOldError:
    """
    The error of a route that the server does not have, with the release that has it, as far as that is known.
    """
    call = f"{method} {path}"
    since = next((since for pattern, since in _ROUTES.items() if re.fullmatch(pattern, call)), None)
    try:
        if since is None or not _is_older(connection.server_version, since):
            return error
    except V6ClientError:
        return error  # what it has to say about the route is more to the point
    return _too_old(connection, call, since)


def _too_old(connection: Connection, call: str, since: str) -> ServerTooOldError:
    return ServerTooOldError(
        f"{call} needs a server of version {since} or later; the one at {connection.base_url} has version "
        f"{connection.server_version}"
    )


def _is_older(version: str, than: str) -> bool:
    known = re.match(r"(\d+)\.(\d+)", version)
    # A version that is not a number is that of a development build.
    return known is not None and tuple(map(int, known.groups())) < tuple(map(int, than.split(".")))
