"""
Routes of the real server that this one does not have yet: each answers 501 and names itself.
"""

from __future__ import annotations

from typing import get_args

import flask

from v6mockserver import _messages as messages
from v6mockserver._errors import NotInMockError
from v6mockserver.api._routes import FIRST, Answer, Call, Method, Routes

routes = Routes("not_in_mock")

MISSING = {
    "/algorithmstore": "GET POST",
    "/algorithmstore/<int:id_>": "GET PATCH DELETE",
}
"""The methods that are missing, by path."""

SINCE = {"algorithmstore": "4.15"}


def _refuse(call: Call, **_: object) -> Answer:  # noqa: ARG001 -- a view takes the call
    raise NotInMockError(messages.NOT_IN_MOCK.format(method=flask.request.method, path=flask.request.path))


for _path, _methods in MISSING.items():
    for _method in get_args(Method):
        if _method in _methods.split():
            routes.add(_method, _path, callers=(), since=SINCE.get(_path.split("/")[1], FIRST))(_refuse)
