"""
The Flask application of a release: built once per process, holds no state, finds its world in the WSGI environment.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import flask
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RoutingException
from werkzeug.wrappers import Request, Response

from v6mockserver import _messages as messages
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
from v6mockserver.api._routes import WORLD, handler, respond
from v6mockserver.state.releases import LATEST, RELEASES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed.wsgi import StartResponse, WSGIEnvironment

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


class Application(flask.Flask):
    """
    The Flask application of a release, whose views get their request as an argument.

    Parameters
    ----------
    release : Release
        Which routes it has.
    """

    def __init__(self, release: Release) -> None:
        super().__init__("v6mockserver", static_folder=None)
        for route in routes_of(release):
            name = f"{route.method} {route.path}".replace(".", "_")
            self.add_url_rule(API_PATH + route.path, name, handler(route, release), methods=[route.method])
        self.add_url_rule("/openapi.json", view_func=_document)
        self.add_url_rule("/docs/", view_func=_page)
        self.add_url_rule("/docs/<path:_file>", view_func=_page)

    def wsgi_app(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """
        Answer a request. A mistake in this package is raised, and hides behind no status.

        Flask's own way makes contexts, signals and sessions beside: a third of a request, for nobody here. Its requests
        would look for a context all the same, and find that of an application which is tested with the mock.
        """
        request = Request(environ, populate_request=False)
        try:
            response = self._answer(request)
        except RefusedError as error:
            response = respond(error.status, error.body())
        except HTTPException as error:
            response = _of_framework(request, error)
        _allow_other_origins(request, response)
        return response(environ, start_response)

    def _answer(self, request: Request) -> Response:
        urls = self.url_map.bind(
            request.host,
            request.root_path,
            url_scheme=request.scheme,
            default_method=request.method,
            path_info=request.path,
            query_args=request.query_string.decode("latin-1"),
        )
        endpoint, ids = urls.match()
        if request.method == "OPTIONS":
            return _options(urls.allowed_methods())
        return self.view_functions[endpoint](request, **ids)  # type: ignore[return-value]  # what was added above


def routes_of(release: Release) -> list[Route]:
    """
    Return the routes that a release has.
    """
    return [route for noun in NOUNS for route in noun.routes.routes if release.has(route.since)]


@cache
def application(version: str = LATEST) -> Application:
    """
    Return the one application of this process for a version.
    """
    return Application(RELEASES[version])


def _document(request: Request) -> Response:
    """
    Answer with the description of the API. It is no part of the API, and takes no token.
    """
    from v6mockserver import _openapi

    return respond(200, _openapi.document(request.environ[WORLD].release.version))


def _page(request: Request, _file: str = "") -> Response:
    """
    Answer with the page that shows the description, or with one of its files.
    """
    from v6mockserver import _openapi

    return Response.from_app(_openapi.page(), request.environ)


def _options(methods: Iterable[str]) -> Response:
    response = Response(mimetype="text/html")
    response.allow.update(methods)
    return response


def _of_framework(request: Request, error: HTTPException) -> Response:
    """
    Return the real server's answer to an error of its framework: HTML for an unknown path, else JSON under `message`.
    """
    if isinstance(error, NotFound | RoutingException):
        return Response.force_type(error.get_response(request.environ))
    description = error.description
    if isinstance(error, MethodNotAllowed):
        description = messages.METHOD_NOT_ALLOWED.format(method=request.method)
    headers = {name: value for name, value in error.get_headers() if name == "Allow"}
    return respond(error.code or 500, {"message": description}, headers)


def _allow_other_origins(request: Request, response: Response) -> None:
    """
    Let browsers show answers to pages of other origins, and send what such pages ask beforehand whether they may.
    """
    origin = request.headers.get("Origin")
    response.headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        response.headers.add("Vary", "Origin")
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers["Access-Control-Allow-Methods"] = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"
        response.headers["Access-Control-Allow-Headers"] = request.headers.get("Access-Control-Request-Headers", "")
