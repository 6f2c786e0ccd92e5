"""Reaching a WSGI application through requests."""

from __future__ import annotations

import io
import sys

import pytest
import requests
from werkzeug.wrappers import Request, Response

from v6client._content import Content
from v6mockserver import _wsgi
from v6mockserver._wsgi import DirectSession, WSGIAdapter


@Request.application
def echo(request):
    """Answer with what arrived."""
    return Response(
        f"{request.method} {request.path} {request.args.to_dict()} {request.get_data(as_text=True)}",
        headers={"Content-Type": "text/plain; charset=utf-8", "X-Came": request.headers.get("X-Sent", "")},
    )


@pytest.fixture
def session():
    """A session whose requests all go to the application."""
    with requests.Session() as session:
        session.mount("http://", WSGIAdapter(echo))
        yield session


def test_method_path_and_query_arrive(session):
    """The application sees the request as a server would show it, characters decoded."""
    answer = session.delete("http://app.invalid/a%20b/é", params={"page": 2, "name": "x%"})

    assert answer.text == "DELETE /a b/é {'page': '2', 'name': 'x%'} "


def test_bytes_of_a_path_arrive_as_they_are():
    """Those that are no text as well; what to make of them is for the application."""
    request = requests.Request("GET", "http://app.invalid/a%FF").prepare()

    assert _wsgi.environ(request)["PATH_INFO"] == "/a\xff"


def test_headers_go_both_ways(session):
    """Headers arrive, and come back in any case."""
    answer = session.get("http://app.invalid/", headers={"X-Sent": "there"})

    assert answer.headers["x-came"] == "there"


BODIES = [
    "text",
    b"text",
    bytearray(b"text"),
    io.BytesIO(b"text"),
    io.StringIO("text"),
    iter([b"te", b"xt"]),
    iter(["te", "xt"]),
]


@pytest.mark.parametrize("body", BODIES)
def test_every_kind_of_body_arrives(session, body):
    """Text, bytes, files and chunks are the same to the application."""
    assert session.post("http://app.invalid/", data=body).text == "POST / {} text"


def test_answer_says_what_it_is(session):
    """Status, reason, address and request are those of a real answer."""
    answer = session.get("http://app.invalid/here")

    assert (answer.status_code, answer.reason, answer.url) == (200, "OK", "http://app.invalid/here")
    assert answer.request.method == "GET"


def test_application_is_closed_once_the_answer_is_there(session):
    """What an application does after its answer is done when the request returns."""
    done = []

    class Answer(list):
        def close(self):
            done.append("closed")

    def application(environ, start_response):
        start_response("204 No Content", [])
        return Answer()

    session.mount("http://closing.invalid", WSGIAdapter(application))

    assert session.get("http://closing.invalid/").status_code == 204
    assert done == ["closed"]


def test_an_exception_reaches_the_caller(session):
    """A mistake in the application is not turned into an answer."""

    def application(environ, start_response):
        raise RuntimeError("a mistake")

    session.mount("http://broken.invalid", WSGIAdapter(application))

    with pytest.raises(RuntimeError, match="a mistake"):
        session.get("http://broken.invalid/")


def test_an_error_that_the_application_answers_with_reaches_the_caller_too(session):
    """WSGI lets it hand over what it met, instead of raising it."""

    def application(environ, start_response):
        try:
            int("a mistake")
        except ValueError:
            start_response("500 Internal Server Error", [], sys.exc_info())
        return []

    session.mount("http://failing.invalid", WSGIAdapter(application))

    with pytest.raises(ValueError, match="a mistake"):
        session.get("http://failing.invalid/")


def test_an_application_that_writes_is_told_to_return(session):
    """What it wrote would be lost."""

    def application(environ, start_response):
        start_response("200 OK", [])(b"text")
        return []

    session.mount("http://writing.invalid", WSGIAdapter(application))

    with pytest.raises(NotImplementedError, match=r"write\(\); return it"):
        session.get("http://writing.invalid/")


class Recorder:
    """An application that keeps what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, environ, start_response):
        """Keep the texts of the environment, and the body."""
        body = environ["wsgi.input"].read()
        self.asked.append({**{name: value for name, value in environ.items() if isinstance(value, str)}, "body": body})
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "2")])
        return [b"{}"]


def signed(request):
    """Authentication as a connection does it."""
    request.headers["Authorization"] = "Bearer token"
    return request


@pytest.mark.parametrize(
    "call",
    [
        {},
        {"params": {"page": 2, "name": "é&=%", "left_out": None, "several": ["a", "b"]}},
        {"headers": {"X-Sent": "there"}},
        {"auth": signed, "timeout": (5.0, 60.0), "allow_redirects": False},
        {"method": "POST"},
        {"method": "POST", "json": {"name": "é", "numbers": [1, 2.5, None]}},
        {"method": "PATCH", "data": b"bytes", "headers": {"Content-Type": "application/json"}},
        {"method": "POST", "data": Content(4, lambda: [b"te", b"xt"])},
    ],
)
def test_a_direct_session_sends_what_requests_sends(call):
    """The application cannot tell one from the other."""
    recorder = Recorder()
    usual = requests.Session()
    usual.mount("http://", WSGIAdapter(recorder))

    for session in (usual, DirectSession(recorder)):
        answer = session.request(**{"method": "GET", "url": "http://app.invalid/a%20path", **call})
        assert answer.json() == {}

    assert recorder.asked[0] == recorder.asked[1]


def test_a_direct_session_notices_an_answer_that_breaks_off():
    """It fails where it was sent, not where it is read."""

    def application(environ, start_response):
        start_response("200 OK", [("Content-Length", "5")])
        return [b"123"]

    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        DirectSession(application).request("GET", "http://app.invalid/")
