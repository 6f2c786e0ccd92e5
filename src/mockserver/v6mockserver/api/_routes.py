"""
How a request becomes a call of a view, and a view's answer a response.

Every route is declared with its method, path, the kinds of caller it is for, and the schema of its body. Requests are
judged in the order of the real server: route and method, token, kind of caller, and then what the view does, which
differs per route.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import marshmallow
import orjson
from werkzeug.exceptions import BadRequest, UnsupportedMediaType
from werkzeug.wrappers import Response

from v6mockserver import _messages as messages
from v6mockserver import _outgoing
from v6mockserver._errors import InvalidBodyError
from v6mockserver.state import tokens
from v6mockserver.state.query import Parameters
from v6mockserver.state.releases import RELEASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed.wsgi import WSGIEnvironment
    from werkzeug.wrappers import Request

    from v6mockserver.api._answers import Shape
    from v6mockserver.api._query import Query
    from v6mockserver.state.permissions import Caller
    from v6mockserver.state.releases import Release
    from v6mockserver.state.talk import Question, Talk
    from v6mockserver.state.world import World

WORLD, EVENTS, OUTGOING = "v6mockserver.world", "v6mockserver.events", "v6mockserver.outgoing"
"""
Keys of the WSGI environment: the world that a request is for, what it leaves to be told, and a function that returns
the session by which the server asks others.
"""

ADMIT = "v6mockserver.admit"
"""
The key of a function that gets the world and the caller of a request, and returns the caller that its view is to see.
"""
PAGE_SIZE = "v6mockserver.page_size"
"""Where in the environment of a request it is said how many rows a page has, for requests that do not say."""

TURN = "v6mockserver.turn"
"""
The key under which a request leaves its place in the order in which requests were acted on; of one that asked others in
between, the last.
"""

USER, NODE, CONTAINER = ("user",), ("node",), ("container",)
ANYBODY_LOGGED_IN = (*USER, *NODE, *CONTAINER)

Answer = tuple[int, Any] | Response
Method = Literal["GET", "POST", "PATCH", "DELETE"]
View = TypeVar("View", bound="Callable[..., Answer | Talk[Answer]]")
Row = TypeVar("Row")

FIRST = next(iter(RELEASES))
"""The oldest version there is."""


@dataclass(frozen=True)
class Call:
    """
    One request as a view sees it.
    """

    request: Request
    world: World
    caller: Caller
    schema: type[marshmallow.Schema] | None
    noun: str

    @property
    def authorization(self) -> str:
        """
        The header with which the caller came.
        """
        return self.request.headers.get("Authorization", "")

    @functools.cached_property
    def parameters(self) -> Parameters:
        """
        The query of the request, as far as the release reads it.
        """
        query = self.request.args.to_dict(flat=False)
        ignored = self.world.release.ignored_parameters.get(self.noun, ())
        return Parameters({name: texts for name, texts in query.items() if name not in ignored} if ignored else query)

    def renderer(self, render: Callable[[World, Row], dict[str, Any]]) -> Callable[[Row], dict[str, Any]]:
        """
        Return what makes the JSON object of a row of this world.
        """
        return functools.partial(render, self.world)

    def body(self, *, partial: bool = False) -> Any:
        """
        Return the JSON body as the route's schema reads it.

        Parameters
        ----------
        partial : bool, default False
            Whether required fields may be left out, as in a PATCH.

        Raises
        ------
        InvalidBodyError
            If the body does not fit the schema.
        """
        assert self.schema is not None, "this route declares no body"  # noqa: S101 -- a mistake in this package
        try:
            return _instance(self.schema).load(json_body(self.request), partial=partial)
        except marshmallow.ValidationError as error:
            raise InvalidBodyError(messages.BODY_INVALID, error.messages_dict) from error


@functools.cache
def _instance(schema: type[marshmallow.Schema]) -> marshmallow.Schema:
    """
    Return the one object of a schema.

    Making one costs more than reading a body with it, and reading leaves nothing in it.
    """
    return schema()


def json_body(request: Request) -> Any:
    """
    Return the body of the request, parsed as JSON.

    Raises
    ------
    werkzeug.exceptions.HTTPException
        If it is not JSON; answered as the framework of the real server does, under the key `message`.
    """
    try:
        body = request.get_json()
        if any(sign in request.get_data() for sign in SURROGATES):
            _require_characters(body)
    except UnsupportedMediaType as error:
        error.description = messages.BODY_NOT_JSON.format(type=request.content_type)
        raise
    except BadRequest as error:
        error.description = messages.BODY_UNREADABLE
        raise
    except RecursionError as error:
        # Not copied: the real server fails with a 500 on a body that is nested too deeply (4.0 to 4.15).
        raise BadRequest(messages.BODY_UNREADABLE) from error
    return body


SURROGATES = (b"\\u", b"\xed")
"""One of these is in every JSON text with a surrogate in it, and in few others."""


def _require_characters(body: Any) -> None:
    """
    Refuse text with halves of characters in it, which JSON can spell and nobody can store or send.

    Not copied: the real server fails with a 500 (4.0 to 4.15, wherever it stores text).
    """
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise BadRequest from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """
    One route as it is declared.

    Attributes
    ----------
    noun : str
        What it is about.
    method, path : str
        The HTTP method, and the path below the API path in Flask's notation.
    callers : tuple of str
        The kinds of caller that it is for; without any it is public.
    bodies : mapping
        What the JSON body must look like, by the version that reads it so, and later ones.
    since : str
        The first version that has it.
    view : callable
        What answers. One that asks others is a generator: a talk that ends in the answer.
    query, answers, refusals, unexpected, reads
        What describes the route and checks nothing; see `Routes.add`.
    """

    noun: str
    method: Method
    path: str
    callers: tuple[str, ...]
    bodies: Mapping[str, type[marshmallow.Schema]]
    since: str
    view: Callable[..., Answer | Talk[Answer]]
    query: Query
    answers: Mapping[int, Shape]
    refusals: Sequence[int]
    unexpected: Sequence[str]
    reads: Sequence[str]

    def body(self, release: Release) -> type[marshmallow.Schema] | None:
        """
        Return what the body must look like for a release, or None where it takes none.
        """
        return next((self.bodies[version] for version in reversed(list(self.bodies)) if release.has(version)), None)


class Routes:
    """
    The routes of one noun.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self.routes: list[Route] = []

    def add(
        self,
        method: Method,
        path: str,
        *,
        callers: tuple[str, ...],
        body: type[marshmallow.Schema] | Mapping[str, type[marshmallow.Schema]] | None = None,
        since: str = FIRST,
        query: Query = MappingProxyType({}),
        answers: Mapping[int, Shape] = MappingProxyType({}),
        refusals: Sequence[int] = (),
        unexpected: Sequence[str] = (),
        reads: Sequence[str] = (),
    ) -> Callable[[View], View]:
        """
        Declare a view.

        Parameters
        ----------
        method : str
            The HTTP method.
        path : str
            The path below the API path, in Flask's notation.
        callers : tuple of str
            The kinds of caller that it is for; without any it is public.
        body : marshmallow schema, or mapping from version to schema, optional
            What the JSON body must look like; a mapping has the oldest version first.
        since : str, optional
            The first version that has it; by default all have.
        query : mapping, optional
            The parameters that the view reads. This and what follows describe the route and check nothing.
        answers : mapping, optional
            The body of each status that the view answers with; of a refusal, where it is not just a message.
        refusals : sequence of int, optional
            The statuses with which the view may refuse, beside those that follow from the rest: 401, 422 and 500 from
            callers, 400 and 415 from a body, 404 from an id in the path.
        unexpected : sequence of str, optional
            The fields of the body that are answered with a 500 where they are missing.
        reads : sequence of str, optional
            The kinds of token that the view reads itself.

        Returns
        -------
        callable
            A decorator; the view gets a `Call` and the ids in the path. The world is locked while it runs, but not
            while a question that it yields is out.
        """
        bodies = {} if body is None else body if isinstance(body, Mapping) else {FIRST: body}

        def declare(view: View) -> View:
            route = Route(
                noun=self.noun,
                method=method,
                path=path,
                callers=callers,
                bodies=bodies,
                since=since,
                view=view,
                query=query,
                answers=answers,
                refusals=refusals,
                unexpected=unexpected,
                reads=reads,
            )
            self.routes.append(route)
            return view

        return declare


def handler(route: Route, release: Release) -> Callable[..., Response]:
    """
    Return what answers the requests for a route of a release; it gets the request, and the ids in the path.
    """
    return functools.partial(_handle, route, route.body(release))


def _handle(route: Route, schema: type[marshmallow.Schema] | None, request: Request, **ids: Any) -> Response:
    answer = _finished(request, _talk(request, route, schema, ids))
    return answer if isinstance(answer, Response) else respond(*answer)


def _talk(
    request: Request, route: Route, schema: type[marshmallow.Schema] | None, ids: Mapping[str, Any]
) -> Talk[Answer]:
    """
    Judge the token and answer; as one talk, so that nobody else has a turn before there is a question.
    """
    environ = request.environ
    world: World = environ[WORLD]
    caller = _NOBODY
    if route.callers:
        caller = tokens.authenticate(world, environ.get("HTTP_AUTHORIZATION"), route.callers)
        caller = environ.get(ADMIT, _as_they_come)(world, caller)
    answer = route.view(Call(request, world, caller, schema, route.noun), **ids)
    return (yield from answer) if isinstance(answer, Generator) else answer


@contextmanager
def _locked(environ: WSGIEnvironment) -> Iterator[None]:
    """
    Hold the lock of a request's world, and take with you what is to be told before anybody else does.
    """
    world: World = environ[WORLD]
    with world.lock:
        environ[TURN] = next(world.turns)
        try:
            yield
        finally:
            environ.setdefault(EVENTS, []).extend(world.take_events())


def _finished(request: Request, talk: Talk[Answer]) -> Answer:
    """
    Go through with a talk and return the answer that it ends in.

    The world is locked for each of its turns, and free while a question is out.
    """
    step: Callable[[], Question] = functools.partial(next, talk)
    while True:
        with _locked(request.environ):
            try:
                question = step()
            except StopIteration as end:
                return end.value  # type: ignore[no-any-return]  # what the generator returns
        reply = _outgoing.ask(request.environ[OUTGOING](), question)
        step = functools.partial(talk.send, reply)


def _as_they_come(_world: World, caller: Caller) -> Caller:
    return caller


_NOBODY: Any = None
"""The caller of a public route; views of such routes do not ask."""


def respond(status: int, body: object, headers: dict[str, str] | None = None) -> Response:
    """
    Return a JSON response.
    """
    return Response(orjson.dumps(body), status, headers, mimetype="application/json")
