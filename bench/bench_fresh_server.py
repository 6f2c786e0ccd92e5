"""
What a fresh server costs: a test that wants its own world makes one and asks it something.

The baseline is one request to a server that is there already.
"""

from __future__ import annotations

from timing import measure, print_table

from v6mockserver import MockServer
from v6mockserver.state.world import World


def main() -> None:
    """
    Compare a request to a standing server with making a world, a server, and a demo federation with its nodes.
    """
    session, url = standing()

    def request() -> None:
        assert session.get(url).ok

    def fresh_server() -> None:
        server = MockServer()
        assert server.session().get(f"{server.url}/api/version").ok

    world = World.fresh()
    subjects = {
        "one request to a standing server": request,
        "copy of a world": world.copy,
        "new server and one request": fresh_server,
        "demo federation, four nodes online": MockServer.demo,
    }
    print_table("fresh server", measure(subjects))


def standing() -> tuple:
    """
    Return a session of a server, and a URL to ask.
    """
    server = MockServer()
    return server.session(), f"{server.url}/api/version"
