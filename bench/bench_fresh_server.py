"""
What a fresh server costs: a test that wants its own world makes one, or restores one, and asks it something.

The baseline is one request to a server that is there already.
"""

from __future__ import annotations

from timing import measure, print_table

from v6mockserver import MockServer
from v6mockserver.state.world import World


def main() -> None:
    """
    Compare a request to a standing server with making or restoring a world, a server, and a demo federation.
    """
    server = MockServer()
    session = server.session()
    headers = {"Authorization": f"Bearer {server.client().token}"}
    snapshot, world, demo = server.snapshot(), World.fresh(), MockServer.demo()

    def request() -> None:
        assert session.get(f"{server.url}/api/version").ok

    def request_with_token() -> None:
        # It notes when the user was last seen: the first change to a world that was copied.
        assert session.get(f"{server.url}/api/organization", headers=headers).ok

    def fresh_server() -> None:
        server = MockServer()
        assert server.session().get(f"{server.url}/api/version").ok

    def restored_server() -> None:
        server.restore(snapshot)
        request()

    def restored_server_with_token() -> None:
        server.restore(snapshot)
        request_with_token()

    subjects = {
        "one request to a standing server": request,
        "new server and one request": fresh_server,
        "restored server and one request": restored_server,
        "copy of a world": world.copy,
        "snapshot of a server": server.snapshot,
        "demo federation, four nodes online": MockServer.demo,
        "reset of the demo federation": demo.reset,
    }
    print_table("fresh server", measure(subjects))
    subjects = {
        "one request with a token": request_with_token,
        "restored server and one request": restored_server_with_token,
    }
    print_table("first change", measure(subjects))
