"""
The description of the API: an OpenAPI 3.1 document of each release, and a page that shows it.

The document is made from what routes declare (`api/_routes.py`) and from the schemas of bodies and answers. Nothing of
this is loaded before somebody asks for it.
"""

from __future__ import annotations

import inspect
import re
from collections import ChainMap
from functools import cache
from typing import TYPE_CHECKING, Any

import flask
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask_swagger_ui import get_swaggerui_blueprint  # type: ignore[import-untyped]
from marshmallow import Schema, fields

from v6mockserver._app import NOUNS, routes_of
from v6mockserver.api import _answers as answers
from v6mockserver.api._fields import MAX_NAME, MIN_PASSWORD, Moment, no_duplicates, not_digits_only, strong_password
from v6mockserver.api._links import API_PATH
from v6mockserver.api._query import UNEXPECTED, Sort
from v6mockserver.api._routes import ANYBODY_LOGGED_IN
from v6mockserver.state.releases import RELEASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from apispec.ext.marshmallow.openapi import OpenAPIConverter

    from v6mockserver.api._routes import Route
    from v6mockserver.state.releases import Release

DOCUMENT_PATH, PAGE_PATH = "/openapi.json", "/docs"
"""Where document and page are, below the root of the server."""

JSON, BYTES = "application/json", "application/octet-stream"

BEARERS = {
    "user": "The access token of a user, from POST /token/user.",
    "node": "The access token of a node, from POST /token/node.",
    "container": "The token of an algorithm's container, from POST /token/container.",
    "refresh": "The refresh token of a user or a node, which came with the access token.",
}
"""The kinds of token."""

MEANINGS = {
    200: "Done.",
    201: "Created.",
    400: "The request cannot be carried out as it is.",
    401: "The token is missing or has expired, or no rule allows this to its bearer.",
    403: "This is not open to the caller.",
    404: "Something that the request names does not exist.",
    415: "The body is not announced as JSON.",
    422: "The token is not one of this server's, or not of this type.",
    500: "The real server fails here, and clients can tell:",
    501: "The server is not set up for this.",
    503: "What the server depends on cannot be reached.",
}
"""What each status means."""

CHECKS: dict[Any, dict[str, Any]] = {
    not_digits_only: {"pattern": "[^0-9]"},
    no_duplicates: {"uniqueItems": True},
    strong_password: {
        "minLength": MIN_PASSWORD,
        "maxLength": MAX_NAME,
        "description": "With a digit, an upper-case and a lower-case letter, and a character that is neither.",
        "examples": ["Secret-42"],
    },
}
"""What our own validators mean in JSON Schema."""

PATH_TYPES = {"int": {"type": "integer", "minimum": 0}, "string": {"type": "string"}}

PAGE_HEADERS = {"total-count": "How many objects there are on all pages.", "Link": "The links of the envelope."}
"""What the answer to a list says beside its body."""


@cache
def document(version: str) -> dict[str, Any]:
    """
    Return the OpenAPI document of a release.

    Parameters
    ----------
    version : str
        The version, such as "4.15".

    Returns
    -------
    dict
        The document.
    """
    release = RELEASES[version]
    plugin = MarshmallowPlugin(schema_name_resolver=_schema_name)
    spec = APISpec(
        title="vantage6 server in memory",
        version=release.number,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": f"What the mock of a vantage6 server {release.number} answers."},
        servers=[{"url": API_PATH}],
        tags=[{"name": noun.routes.noun, "description": sentences(noun)[0]} for noun in NOUNS],
    )
    assert plugin.converter is not None  # noqa: S101 -- the specification has given it one
    plugin.converter.add_attribute_function(_meaning)  # type: ignore[no-untyped-call]
    for kind, description in BEARERS.items():
        scheme = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": description}
        spec.components.security_scheme(kind, scheme)
    for route in routes_of(release):
        operation = _operation(plugin.converter, release, route)
        spec.path(path=template(route.path), operations={route.method.lower(): operation})
    _complete(spec.components.schemas, plugin.converter, release)
    return spec.to_dict()


def template(path: str) -> str:
    """
    Return a path as OpenAPI writes it.
    """
    return re.sub(r"<\w+:(\w+?)_?>", r"{\1}", path)


def _schema_name(schema: type[Schema] | Schema) -> str:
    """
    Return the name of a schema in the document: answers have the plain ones.
    """
    class_ = schema if isinstance(schema, type) else type(schema)
    if issubclass(class_, answers.AnswerSchema):
        return class_.__name__.removesuffix("Answer")
    changes = isinstance(schema, Schema) and schema.partial
    return re.sub(r"Schema(40)?$", "", class_.__name__) + ("Changes" if changes else "Body")


def sentences(documented: object) -> tuple[str, str]:
    """
    Return the first sentence of a docstring, and the rest of its first paragraph.
    """
    paragraph = " ".join((inspect.getdoc(documented) or "").split("\n\n")[0].split())
    first, _, rest = paragraph.partition(". ")
    return first.removesuffix(".") + ".", rest


def _meaning(self: OpenAPIConverter, field: fields.Field[Any], ret: dict[str, Any]) -> dict[str, Any]:
    """
    Return what a field means in JSON Schema, beyond what the library knows.
    """
    if isinstance(field, answers.OneOf):
        return {"anyOf": [self.field2property(form) for form in field.forms]}
    if isinstance(field, Moment):
        return {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T", "examples": ["2026-11-22T19:23:11.623840+00:00"]}
    if isinstance(field, fields.IP):
        ret.pop("format")  # the library's own word, which JSON Schema does not know
        return {"anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}
    if isinstance(field, fields.Url):
        return {"format": "uri"}
    known = [CHECKS[check] for check in field.validators if check in CHECKS]
    return {key: value for check in known for key, value in check.items() if key not in ret}


def _complete(schemas: dict[str, Any], converter: OpenAPIConverter, release: Release) -> None:
    """
    Say what no field can: that all keys of an answer are there, as many as the release has, and what a body must have.
    """
    for (class_, *_), name in converter.refs.items():
        schema = schemas[name]
        if hasattr(class_, "either"):
            schema["anyOf"] = [{"required": [field]} for field in class_.either]
        if issubclass(class_, answers.AnswerSchema):
            absent = release.absent_keys.get(class_.noun, frozenset())
            schema["properties"] = {key: value for key, value in schema["properties"].items() if key not in absent}
            schema["required"] = sorted(set(schema["properties"]) - set(class_.optional))


def _operation(converter: OpenAPIConverter, release: Release, route: Route) -> dict[str, Any]:
    summary, description = sentences(route.view)
    operation = {
        "operationId": f"{route.noun}_{route.view.__name__}",
        "tags": [route.noun],
        "summary": summary,
        "security": [{kind: []} for kind in (*route.callers, *route.reads)],
        "parameters": [*_path_parameters(route), *_query_parameters(converter, release, route)],
        "responses": _responses(release, route),
    }
    if description:
        operation["description"] = description
    if (body := route.body(release)) is answers.Bytes:
        operation["requestBody"] = {"content": {BYTES: {}}}
    elif body is not None:
        # A change names what it changes, and needs no more.
        schema = body(partial=True) if route.method == "PATCH" and "<" in route.path else body
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": schema}}}
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"in": "path", "name": name, "required": True, "schema": PATH_TYPES[type_]}
        for type_, name in re.findall(r"<(\w+):(\w+?)_?>", route.path)
    ]


def _query(release: Release, route: Route) -> dict[str, fields.Field[Any]]:
    ignored = release.ignored_parameters.get(route.noun, ())
    absent = release.absent_keys.get(route.noun, ())
    return {
        name: Sort(field.rows, absent) if isinstance(field, Sort) else field
        for name, field in route.query.items()
        if name not in ignored
    }


def _query_parameters(converter: OpenAPIConverter, release: Release, route: Route) -> list[dict[str, Any]]:
    # The library reads the fields of a schema, so they become one.
    schema = Schema.from_dict(_query(release, route), name="Query")
    parameters: list[dict[str, Any]] = converter.schema2parameters(schema(), location="query")
    return parameters


def _responses(release: Release, route: Route) -> dict[str, Any]:
    """
    Return every answer of a route: those it declares, and those that follow from what it is.
    """
    bodies: dict[int, list[Any]] = {status: [_body(shape)] for status, shape in route.answers.items()}
    for status, schema in _refusals(release, route):
        bodies.setdefault(status, []).append(schema)
    responses = {str(status): _response(status, bodies[status]) for status in sorted(bodies)}
    for status, shape in route.answers.items():
        if headers := _headers(shape):
            responses[str(status)]["headers"] = {
                name: {"description": meaning, "schema": {"type": "string"}} for name, meaning in headers.items()
            }
    if "<" in route.path:
        responses["404"]["content"]["text/html"] = {"schema": {"type": "string"}}
    if causes := _causes(route):
        responses["500"] |= {"description": _explanation(causes), "x-causes": causes}
    return responses


def _refusals(release: Release, route: Route) -> Iterator[tuple[int, type[Schema]]]:
    """
    Yield status and body of the refusals that follow from the declaration of a route.
    """
    statuses = set(route.refusals)
    query = _query(release, route)
    if route.callers or route.reads:
        statuses |= {401, 422}
    if "<" in route.path:
        statuses.add(404)
    if reads_json := route.body(release) not in {None, answers.Bytes}:
        statuses.add(400)
    if any(isinstance(field, fields.Integer) and name not in UNEXPECTED for name, field in query.items()):
        statuses.add(400)
    if "page" in query and not release.fails_on_text_pages:
        statuses.add(400)
    if _causes(route):
        statuses.add(500)
    yield from ((status, answers.MessageAnswer) for status in statuses)
    if reads_json:
        yield from ((400, schema) for schema in (answers.InvalidBodyAnswer, answers.FrameworkMessageAnswer))
        yield 415, answers.FrameworkMessageAnswer


def _causes(route: Route) -> dict[str, list[str]]:
    """
    Return what is answered with a 500: callers of the wrong kind, and parameters and fields that make no sense.
    """
    wrong = [kind for kind in ANYBODY_LOGGED_IN if kind not in route.callers] if route.callers else []
    causes = {"callers": wrong, "query": [name for name in UNEXPECTED if name in route.query]}
    causes["body"] = list(route.unexpected)
    return {where: names for where, names in causes.items() if names}


def _explanation(causes: dict[str, list[str]]) -> str:
    words = {
        "callers": "the token is one of a {}",
        "query": "{} in the query makes no sense",
        "body": "{} is missing in the body",
    }
    return f"{MEANINGS[500]} {'; '.join(words[where].format(' or '.join(names)) for where, names in causes.items())}."


def _headers(shape: answers.Shape) -> Mapping[str, str]:
    """
    Return what an answer says beside its body, by header.
    """
    if isinstance(shape, answers.PageOf):
        return PAGE_HEADERS
    forms = shape.forms if isinstance(shape, answers.EitherOf) else [shape]
    return dict(ChainMap(*(dict(getattr(form, "headers", {})) for form in forms)))


def _body(shape: answers.Shape) -> Any:
    """
    Return the schema of what an answer holds.
    """
    if isinstance(shape, answers.ListOf):
        return {"type": "array", "items": shape.item}
    if isinstance(shape, answers.EitherOf):
        return {"anyOf": list(shape.forms)}
    if isinstance(shape, answers.PageOf):
        return {
            "type": "object",
            "properties": {"data": {"type": "array", "items": shape.item}, "links": answers.PageLinksAnswer},
            "required": ["data", "links"],
            "additionalProperties": False,
        }
    return shape


def _response(status: int, bodies: list[Any]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    if answers.Bytes in bodies:
        content[BYTES] = {}
    if forms := [body for body in bodies if body is not answers.Bytes]:
        content[JSON] = {"schema": forms[0] if len(forms) == 1 else {"anyOf": forms}}
    return {"description": MEANINGS[status], "content": content}


@cache
def page() -> flask.Flask:
    """
    Return the application that shows the document: Swagger UI, which asks nobody else for anything.
    """
    app = flask.Flask("v6mockserver.docs", static_folder=None)
    config = {"app_name": "vantage6 server in memory", "validatorUrl": None}
    app.register_blueprint(get_swaggerui_blueprint(PAGE_PATH, DOCUMENT_PATH, config=config))
    return app
