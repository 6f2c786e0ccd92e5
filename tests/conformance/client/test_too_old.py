"""What servers of 4.0 lack is an error that says so."""

from __future__ import annotations

from operator import attrgetter

import pytest

from v6client.exceptions import ServerTooOldError

from .methods import exercised
from .network import ALPHA, GAMMA, IMAGE, INPUT, OPEN

CALLS = [
    ("collaboration.list", (), {"algorithm_store": 1}),
    ("node.list", (), {"study": 1}),
    ("organization.list", (), {"study": 1}),
    ("organization.delete", (GAMMA,), {}),
    ("store.create", ("https://store.example.org", "Shop", OPEN), {}),
    ("store.delete", (1,), {}),
    ("store.get", (1,), {}),
    ("store.iter", (), {}),
    ("store.list", (), {}),
    ("store.set", (1,), {}),
    ("store.table", (), {}),
    ("store.update", (1, "Shop"), {}),
    ("study.add_organization", (ALPHA, 1), {}),
    ("study.create", ("Pilot", [ALPHA], OPEN), {}),
    ("study.delete", (1,), {}),
    ("study.get", (1,), {}),
    ("study.iter", (), {}),
    ("study.list", (), {}),
    ("study.remove_organization", (ALPHA, 1), {}),
    ("study.table", (), {}),
    ("study.update", (1, "Main"), {}),
    ("task.create", (OPEN, [ALPHA], "average", IMAGE, "", INPUT), {"study": 1}),
    ("task.create", (OPEN, [ALPHA], "average", IMAGE, "", INPUT), {"store": 1}),
    ("task.create", (OPEN, [ALPHA], "average", IMAGE, "", INPUT), {"server_url": "https://server.example.org"}),
    ("task.list", (), {"study": 1}),
    ("task.list", (), {"store": 1}),
]
"""Methods, and arguments, that came after 4.0."""


@pytest.mark.only_on("4.0")
@pytest.mark.parametrize(("method", "args", "kwargs"), CALLS)
def test_what_the_server_lacks(root, method, args, kwargs):
    """The client tells it, and says which version would do."""
    with pytest.raises(ServerTooOldError, match=r"needs a server of version 4\.\d+ or later"):
        attrgetter(method)(root)(*args, **kwargs)


def test_every_newer_method_is_tried(request):
    """None that is tested for newer servers only is left out of the table."""
    newer = {exercised(test) for test in request.session.items if test.get_closest_marker("only_on")}

    assert newer - {None} <= {method for method, _, _ in CALLS}
