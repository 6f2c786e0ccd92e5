"""
Control of a live server over HTTP, for tests in other processes and other languages.

=====================  =======================================  ==================================
request                does                                     answers
=====================  =======================================  ==================================
GET /v6mock/dump       nothing                                  200 with the state as plain data
POST /v6mock/load      takes the state in the body              200; 400 if there is a mistake
POST /v6mock/snapshot  takes a snapshot, kept until the end     201 {"snapshot": 1}
POST /v6mock/restore   goes back to {"snapshot": 1}, its body   200; 404 if there is no such one
POST /v6mock/reset     goes back to the beginning               200
=====================  =======================================  ==================================

Every answer but the dump has a `msg`, or what is shown above. 409 means that a run does not end.

A dump has all secrets of a server in it, so these paths are there only if they are asked for, and for programs of the
same machine alone: a request from elsewhere is refused, and so is one that a web page sends or that names another host.
"""

from __future__ import annotations

from http import HTTPStatus
from ipaddress import ip_address
from itertools import count
from typing import TYPE_CHECKING, Any

import orjson
from werkzeug.wrappers import Request, Response

from v6mockserver import _messages as messages
from v6mockserver._errors import BadRequestError, DumpError, MockUsageError, NotFoundError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

    from v6mockserver._server import MockServer, Snapshot

    Action = Callable[["Control", Request], tuple[int, Any]]

PATH = "/v6mock"
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")


class Control:
    """
    A server with its control, as a WSGI application.

    Parameters
    ----------
    server : MockServer
        The server.
    """

    def __init__(self, server: MockServer) -> None:
        self.server = server
        self.snapshots: dict[int, Snapshot] = {}
        self.numbers = count(1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """
        Answer a request: the WSGI interface. What is not for the control is for the server.
        """
        if not environ["PATH_INFO"].startswith(f"{PATH}/"):
            return self.server(environ, start_response)
        status, body = self._answer(Request(environ))
        response = Response(orjson.dumps(body), status, content_type="application/json")
        return response(environ, start_response)

    def _answer(self, request: Request) -> tuple[int, Any]:
        if not _is_local(request):
            return HTTPStatus.FORBIDDEN, {"msg": messages.CONTROL_IS_LOCAL}
        actions = ACTIONS.get(request.path.removeprefix(f"{PATH}/"))
        if actions is None:
            return HTTPStatus.NOT_FOUND, {"msg": messages.CONTROL_UNKNOWN.format(actions=", ".join(ACTIONS))}
        method, act = actions
        if request.method != method:
            return HTTPStatus.METHOD_NOT_ALLOWED, {"msg": messages.METHOD_NOT_ALLOWED.format(method=request.method)}
        return self._act(act, request)

    def _act(self, act: Action, request: Request) -> tuple[int, Any]:
        try:
            return act(self, request)
        except RefusedError as refusal:
            return refusal.status, refusal.body()
        except DumpError as error:
            return HTTPStatus.BAD_REQUEST, {"msg": str(error)}
        except MockUsageError as error:
            return HTTPStatus.CONFLICT, {"msg": str(error)}


def _is_local(request: Request) -> bool:
    """
    Tell whether a program of this machine sends a request, and not a web page that somebody looks at.
    """
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    is_near = ip_address(request.remote_addr or "0.0.0.0").is_loopback  # noqa: S104 -- an address that is not near
    return is_near and host in LOCAL_NAMES and "Origin" not in request.headers


def _body(request: Request) -> Any:
    try:
        return orjson.loads(request.get_data())
    except ValueError as error:
        raise BadRequestError(messages.BODY_UNREADABLE) from error


def _dump(control: Control, _: Request) -> tuple[int, Any]:
    return HTTPStatus.OK, control.server.dump()


def _load(control: Control, request: Request) -> tuple[int, Any]:
    control.server.restore(type(control.server).load(_body(request)).snapshot())
    return HTTPStatus.OK, {"msg": messages.CONTROL_LOADED}


def _snapshot(control: Control, _: Request) -> tuple[int, Any]:
    number = next(control.numbers)
    control.snapshots[number] = control.server.snapshot()
    return HTTPStatus.CREATED, {"snapshot": number}


def _restore(control: Control, request: Request) -> tuple[int, Any]:
    body = _body(request)
    number = body.get("snapshot") if isinstance(body, dict) else None
    if not isinstance(number, int) or number not in control.snapshots:
        raise NotFoundError(messages.NOT_FOUND.format(noun="snapshot", id=number))
    control.server.restore(control.snapshots[number])
    return HTTPStatus.OK, {"msg": messages.CONTROL_RESTORED.format(id=number)}


def _reset(control: Control, _: Request) -> tuple[int, Any]:
    control.server.reset()
    return HTTPStatus.OK, {"msg": messages.CONTROL_RESET}


ACTIONS: dict[str, tuple[str, Action]] = {
    "dump": ("GET", _dump),
    "load": ("POST", _load),
    "snapshot": ("POST", _snapshot),
    "restore": ("POST", _restore),
    "reset": ("POST", _reset),
}
"""What can be asked for below the path, with its method."""
