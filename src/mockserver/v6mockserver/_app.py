"""
The Flask application of a release: built once per process, holds no state, finds its world in the WSGI environment.
"""

from __future__ import annotations

from functools import cache

import flask
from werkzeug.exceptions import HTTPException

from v6mockserver._errors import RefusedError
from v6mockserver.api import (
    blobstream,
    collaboration,
    kill,
    node,
    not_in_mock,
    organization,
    result,
    role,
    rule,
    run,
    study,
    task,
    token,
    user,
    version,
)
from v6mockserver.api._links import API_PATH
from v6mockserver.api._routes import handler, respond, respond_to_framework
from v6mockserver.state.releases import LATEST, RELEASES

NOUNS = (
    version,
    token,
    user,
    organization,
    collaboration,
    study,
    node,
    role,
    rule,
    task,
    run,
    result,
    blobstream,
    kill,
    not_in_mock,
)


@cache
def application(version: str = LATEST) -> flask.Flask:
    """
    Return the one application of this process for a version; it has no other routes than that version.
    """
    release = RELEASES[version]
    app = flask.Flask("v6mockserver", static_folder=None)
    # A mistake in this package must surface in the test that met it, not hide behind a 500.
    app.config["PROPAGATE_EXCEPTIONS"] = True
    for route in (route for noun in NOUNS for route in noun.routes.routes if release.has(route.since)):
        name = f"{route.method} {route.path}".replace(".", "_")
        app.add_url_rule(API_PATH + route.path, name, handler(route, release), methods=[route.method])
    app.register_error_handler(RefusedError, _refusal)
    app.register_error_handler(HTTPException, respond_to_framework)
    app.after_request(_allow_other_origins)
    return app


def _refusal(error: RefusedError) -> flask.Response:
    return respond(error.status, error.body())


def _allow_other_origins(response: flask.Response) -> flask.Response:
    origin = flask.request.headers.get("Origin")
    response.headers["Access-Control-Allow-Origin"] = origin or "*"
    if origin:
        response.headers.add("Vary", "Origin")
    return response
