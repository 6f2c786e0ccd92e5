"""
One suite for three servers: the mock in process, the mock on a port, and a real server.

The real one takes part when `V6_REAL_SERVER_URL` names its API, such as http://127.0.0.1:5000/api, and root can
log in there with the password root. Tests only add to it, under names of their own.

Each test is labelled: `validated("4.15.2")` has agreed with that server, `mock_only("why")` cannot be asked of a
real one; one without a label is not validated yet.
"""

from __future__ import annotations

import os

import pytest
import requests

from v6mockserver._app import application
from v6mockserver._live import LiveServer
from v6mockserver._wsgi import WSGIAdapter
from v6mockserver.api._routes import WORLD
from v6mockserver.state.world import World

from .network import Server

REAL = os.environ.get("V6_REAL_SERVER_URL", "").rstrip("/")


def mock():
    """Return the WSGI application of a fresh mock."""
    world = World.fresh()

    def answer(environ, start_response):
        environ[WORLD] = world
        return application()(environ, start_response)

    return answer


@pytest.fixture(scope="session")
def session():
    """A session that reaches what listens on a port."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def in_process():
    """A mock of this test's own."""
    session = requests.Session()
    session.trust_env = False
    session.mount("http://", WSGIAdapter(mock()))
    return Server(session, "http://mock.invalid/api")


@pytest.fixture(scope="session")
def live(session):
    """A mock that listens on a loopback port for as long as tests run."""
    server = LiveServer(mock())
    yield Server(session, f"http://{server.host}:{server.port}/api")
    server.stop()


@pytest.fixture(scope="session")
def real(session):
    """The real server."""
    if not REAL:
        pytest.skip("no real server: V6_REAL_SERVER_URL is not set")
    return Server(session, REAL, is_real=True)


@pytest.fixture(params=["in_process", "live", "real"])
def server(request):
    """A server that knows user root."""
    mock_only = request.node.get_closest_marker("mock_only")
    if mock_only and request.param == "real":
        pytest.skip(f"mock only: {mock_only.args[0]}")
    return request.getfixturevalue(request.param)
