"""
The Flask application of a release: built once per process, holds no state, finds its world in the WSGI environment.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from v6mockserver._errors import RefusedError
from v6mockserver.api import (
    algorithmstore,
    blobstream,
    collaboration,
    column,
    kill,
    node,
    organization,
    port,
    recover,
    result,
    role,
    rule,
    run,
    study,
    task,
    token,
    user,
    version,
    vpn,
)
from v6mockserver.api._links import API_PATH
from v6mockserver.api._routes import WORLD, handler, respond, respond_to_framework
from v6mockserver.state.releases import LATEST, RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable

    from v6mockserver.api._routes import Route
    from v6mockserver.state.releases import Release

NOUNS = (
    version,
    token,
    recover,
    user,
    organization,
    collaboration,
    study,
    algorithmstore,
    node,
    role,
    rule,
    task,
    run,
    result,
    port,
    vpn,
    column,
    blobstream,
    kill,
)


class _Application(flask.Flask):
    """
    An application whose views are plain functions.
    """

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """
        Return the function as it is: Flask would look for coroutine functions, several times a request.
        """
        return func


def routes_of(release: Release) -> list[Route]:
    """
    Return the routes that a release has.
    """
    return [route for noun in NOUNS for route in noun.routes.routes if release.has(route.since)]


@cache
def application(version: str = LATEST) -> flask.Flask:
    """
    Return the one application of this process for a version; it has no other routes than that version.
    """
    release = RELEASES[version]
    app = _Application("v6mockserver", static_folder=None)
    # A mistake in this package must surface in the test that met it, not hide behind a 500.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    for route in routes_of(release):
        name = f"{route.method} {route.path}".replace(".", "_")
        app.add_url_rule(API_PATH + route.path, name, handler(route, release), methods=[route.method])
    app.add_url_rule("/openapi.json", view_func=_document)
    app.add_url_rule("/docs/", view_func=_page)
    app.add_url_rule("/docs/<path:_file>", view_func=_page)
    app.register_error_handler(RefusedError, _refusal)
    app.register_error_handler(HTTPException, respond_to_framework)
    app.after_request(_allow_other_origins)
    return app


def _document() -> flask.Response:
    """
    Answer with the description of the API. It is no part of the API, and takes no token.
    """
    from v6mockserver import _openapi

    return respond(200, _openapi.document(flask.request.environ[WORLD].release.version))


def _page(_file: str = "") -> Response:
    """
    Answer with the page that shows the description, or with one of its files.
    """
    from v6mockserver import _openapi

    return Response.from_app(_openapi.page(), flask.request.environ)


def _refusal(error: RefusedError) -> flask.Response:
    return respond(error.status, error.body())


def _allow_other_origins(response: flask.Response) -> flask.Response:
    origin = flask.request.headers.get("Origin")
    response.headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        response.headers.add("Vary", "Origin")
    return response
