"""
One suite for three servers: the mock in process, the mock on a port, and a real server.

The real one takes part when `V6_REAL_SERVER_URL` names its API, such as http://127.0.0.1:5000/api, and root can
log in there with the password root. Tests only add to it, under names of their own.

A test marked `configured(smtp=False)` is about a server with these settings. A real one takes part in it when
`V6_REAL_SERVER_SETTINGS` has the same ones as JSON, such as `{"smtp": false}`, and then in no other test.

Each test is labelled: `validated("4.15.2")` has agreed with that server, `mock_only("why")` cannot be asked of a
real one; one without a label is not validated yet.
"""

from __future__ import annotations

import json
import os

import pytest
import requests

from v6mockserver._app import application
from v6mockserver._live import LiveServer
from v6mockserver._wsgi import WSGIAdapter
from v6mockserver.api._routes import OUTGOING, WORLD
from v6mockserver.state.settings import Settings
from v6mockserver.state.world import World

from .network import Server

REAL = os.environ.get("V6_REAL_SERVER_URL", "").rstrip("/")
REAL_SETTINGS = json.loads(os.environ.get("V6_REAL_SERVER_SETTINGS", "{}"))


def mock(**settings):
    """Return the WSGI application of a fresh mock."""
    world = World.fresh(settings=Settings(**settings))

    def answer(environ, start_response):
        environ[WORLD] = world
        environ[OUTGOING] = requests.Session
        return application()(environ, start_response)

    return answer


@pytest.fixture(scope="session")
def session():
    """A session that reaches what listens on a port."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def settings(request):
    """The settings that a test is about."""
    marker = request.node.get_closest_marker("configured")
    return marker.kwargs if marker else {}


@pytest.fixture
def in_process(settings):
    """A mock of this test's own."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", WSGIAdapter(mock(**settings)))
    return Server(session, "http://mock.invalid/api")


@pytest.fixture(scope="session")
def standing(session):
    """A mock that listens on a loopback port for as long as tests run."""
    server = LiveServer(mock())
    yield Server(session, f"http://{server.host}:{server.port}/api")
    server.stop()


@pytest.fixture
def live(request, session, settings):
    """A mock that listens on a loopback port: one of this test's own if it is about settings."""
    if not settings:
        yield request.getfixturevalue("standing")
        return
    server = LiveServer(mock(**settings))
    yield Server(session, f"http://{server.host}:{server.port}/api")
    server.stop()


@pytest.fixture(scope="session")
def standing_real(session):
    """The real server."""
    return Server(session, REAL, is_real=True)


@pytest.fixture
def real(request, settings):
    """The real server, if there is one with the settings that the test is about."""
    if not REAL:
        pytest.skip("no real server: V6_REAL_SERVER_URL is not set")
    if settings != REAL_SETTINGS:
        pytest.skip(f"the real server has other settings: {REAL_SETTINGS}")
    return request.getfixturevalue("standing_real")


@pytest.fixture(params=["in_process", "live", "real"])
def server(request):
    """A server that knows user root."""
    mock_only = request.node.get_closest_marker("mock_only")
    if mock_only and request.param == "real":
        pytest.skip(f"mock only: {mock_only.args[0]}")
    return request.getfixturevalue(request.param)
