"""The example of somebody else's project passes on real servers, as far as it says that it may run there."""

from __future__ import annotations

import pytest

from v6client import UserClient
from v6mockserver import _keys

from ..downstream.project import run  # noqa: TID252 -- tests are no package that could be named
from .servers import VERSIONS, RealServer

PASSWORD = "Federated-1"
KEY = _keys.path(0)


@pytest.fixture(params=VERSIONS)
def server(_oracles, request):
    """A real server with an encrypted collaboration of two hospitals, and a researcher in the first."""
    with RealServer(request.param) as server, UserClient(server.url, progress=False) as root:
        root.authenticate("root", "root")
        public_key = _keys.public_text(_keys.load(KEY))
        hospitals = [
            root.organization.create(name, "", "", "", "NL", "", public_key=public_key)["id"]
            for name in ("North", "South")
        ]
        collaboration = root.collaboration.create("study", hospitals, encrypted=True)
        root.node.create(collaboration["id"], hospitals[0])
        (role,) = root.role.list(name="Researcher")["data"]
        root.user.create(
            "researcher", "Nora", "North", PASSWORD, "nora@example.org", organization=hospitals[0], roles=[role["id"]]
        )
        yield server


def test_on_a_real_server(server, tmp_path):
    """What is marked for it runs, and the rest is skipped."""
    counts = run(
        tmp_path,
        f"--v6-server={server.url}",
        V6CLIENT_USERNAME="researcher",
        V6CLIENT_PASSWORD=PASSWORD,
        V6CLIENT_PRIVATE_KEY=str(KEY),
    )

    assert counts == {"passed": 3, "skipped": 7}  # one of them asks for no server
