"""Every fault at every request of a long script: it ends well or in one clear error, and nothing is done twice."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from requests.adapters import BaseAdapter

from v6client import UserClient, exceptions
from v6client._auth import claims
from v6client._session import own_session
from v6mockserver import MockServer

if TYPE_CHECKING:
    from collections.abc import Callable

    from v6mockserver._faults import Script

WRITING = {"POST", "PATCH", "DELETE"}
PAGE = "<html><body>Bad Gateway</body></html>"

NORA = {"username": "nora", "password": "Secret-42", "firstname": "Nora", "roles": ["Researcher"]}
WORLD = {
    "organizations": [{"name": "North", "users": [NORA]}, {"name": "South"}],
    "collaborations": [{"name": "All", "encrypted": False, "participants": [{"name": "North"}, {"name": "South"}]}],
}


def story(made: Callable[[], UserClient]) -> dict[str, Any]:
    """Administer a server and run a task on it; each request that changes something is made once."""
    with made() as root, made() as nora:
        root.authenticate("root", "root")
        west = root.organization.create("West", "", "", "", "NL", "west.example")["id"]
        root.organization.update(west, zipcode="1234 AB")
        some = root.collaboration.create("Some", [2, west])["id"]
        node = root.node.create(some, west)["id"]
        rules = [rule["id"] for rule in root.rule.list(per_page=3)["data"]]
        role = root.role.create("Reader", "reads", rules, west)["id"]
        root.role.update(role, description="may read")
        user = root.user.create("wim", "Wim", "West", "Strong-Pass-1", "wim@west.example", west)["id"]
        root.user.update(user, lastname="Wester")
        root.connection.request("DELETE", f"node/{node}")

        nora.authenticate("nora", "Secret-42")
        members = [row["id"] for row in nora.organization.list(collaboration=1)["data"]]
        nora.node.list(collaboration=1)
        task = nora.task.create(
            collaboration=1, organizations=members, name="t", image="one", description="", input_={"method": "one"}
        )["id"]
        results = nora.wait_for_results(task, timeout=10)["data"]
        logs = [run["log"] for run in nora.run.from_task(task)["data"]]
        again = nora.result.from_task(task)["data"]
        status = nora.task.get(task)["status"]
        nora.task.delete(task)
        nora.util.change_my_password("Secret-42", "Secret-43")
        root.role.delete(role)
        left = [row["name"] for row in root.organization.list()["data"]]
    return {
        "results": sorted(row["result"] for row in results),
        "again": len(again),
        "logs": len(logs),
        "status": status,
        "left": sorted(left),
    }


OUTCOME = {
    "results": ["1", "1"],
    "again": 2,
    "logs": 2,
    "status": "completed",
    "left": ["North", "South", "West", "root"],
}


class Counted(BaseAdapter):
    """An adapter that lets something happen before one request, and counts all of them."""

    def __init__(self, adapter, number, happen):
        super().__init__()
        self.adapter, self.number, self.happen = adapter, number, happen
        self.methods = []

    def send(self, request, **options):
        """Send it on."""
        self.methods.append(request.method)
        if len(self.methods) - 1 == self.number:
            self.happen(caller(request))
        return self.adapter.send(request, **options)

    def close(self):
        """Close what is below."""
        self.adapter.close()


def caller(request):
    """Return who sends a request, for a fault that shall not meet the nodes; None where nobody is logged in."""
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    return (token and {1: "user root", 2: "user nora"}[claims(token)["sub"]]) or None


@dataclass(frozen=True)
class Trouble:
    """What happens to a request, and the error that it may end in; None where the script must not notice."""

    happen: Callable[[Script], object]
    error: type[exceptions.V6ClientError] | None
    retried: bool = False
    """Whether the session of a client gets over it where nothing is changed."""

    def strike(self, server, caller):
        """Happen to the next request of a caller."""
        self.happen(server.faults.on(caller=caller))


class Expiry(Trouble):
    """Access tokens expire."""

    def strike(self, server, caller):  # noqa: ARG002 -- it happens to everybody's
        """Let time pass."""
        server.clock.advance(7 * 3600)


FAILED, BROKEN = exceptions.ServerFailedError, exceptions.MalformedAnswerError
UNREACHED, LATE = exceptions.ConnectionFailedError, exceptions.ConnectionTimeoutError

TROUBLES = {
    "reset before": Trouble(lambda fault: fault.reset(), UNREACHED, retried=True),
    "reset after": Trouble(lambda fault: fault.reset(acted=True), UNREACHED, retried=True),
    "500": Trouble(lambda fault: fault.answer(500), FAILED),
    "500 after": Trouble(lambda fault: fault.answer(500, acted=True), FAILED),
    "502 in HTML": Trouble(lambda fault: fault.answer(502, body=PAGE), FAILED, retried=True),
    "503 once": Trouble(lambda fault: fault.answer(503), FAILED, retried=True),
    "200 in HTML": Trouble(lambda fault: fault.answer(200, body=PAGE), BROKEN),
    "truncated": Trouble(lambda fault: fault.truncate(), BROKEN),
    "nothing": Trouble(lambda fault: fault.empty(), BROKEN),
    "token expires": Expiry(lambda _: None, None),
    "slow": Trouble(lambda fault: fault.delay(61), LATE),
    "slow on a port": Trouble(lambda fault: fault.delay(0.4, real=True), LATE, retried=True),
}


@pytest.fixture
def server():
    """A server whose clock is the test's."""
    server = MockServer(WORLD)
    server.algorithms.register("one", {"one": lambda: 1})
    server.clock.freeze()
    return server


@dataclass
class Ending:
    """How the story ended."""

    outcome: dict[str, Any] | None
    error: exceptions.V6ClientError | None
    methods: list[str]


def told(server, session, number=-1, trouble=None, **options):
    """Tell the story, with trouble before one request, and return how it ended."""
    adapter = Counted(session.get_adapter(server.url), number, lambda caller: trouble.strike(server, caller))
    session.mount(server.url, adapter)
    try:
        outcome = story(lambda: UserClient(server.url, session=session, log_level="error", progress=False, **options))
    except exceptions.V6ClientError as error:
        return Ending(None, error, adapter.methods)
    finally:
        session.close()
    return Ending(outcome, None, adapter.methods)


def sent_twice(server):
    """Return the changes that were sent again without a refused token; renewals change nothing."""
    changes = Counter(
        (str(exchange.caller), exchange.method, exchange.path, exchange.query_string, str(exchange.body))
        for exchange in server.journal
        if exchange.method in WRITING and exchange.status != 401 and not exchange.path.endswith("/token/refresh")
    )
    return [change for change, times in changes.items() if times > 1]


def check(ending, trouble, number, *, retried):
    """Check that a story ended as it should, given trouble before one of its requests."""
    survived = trouble.error is None or (retried and trouble.retried and ending.methods[number] == "GET")
    if survived:
        assert (ending.error, ending.outcome) == (None, OUTCOME)
    else:
        assert type(ending.error) is trouble.error
        assert str(ending.error)


def test_the_story_in_peace(server):
    """Without trouble it has its outcome, and does nothing twice."""
    ending = told(server, server.session())

    assert ending.error is None
    assert ending.outcome == OUTCOME
    assert len(ending.methods) >= 25
    assert sent_twice(server) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TROUBLES if name != "slow on a port"])
def test_trouble_at_every_request(server, name):
    """In process, where nothing is tried again but what was refused for its token."""
    trouble = TROUBLES[name]
    for number in range(len(told(server, server.session()).methods)):
        server.reset()
        server.clock.freeze()

        ending = told(server, server.session(), number, trouble)

        check(ending, trouble, number, retried=False)
        assert sent_twice(server) == []
        assert ending.error is None or len(ending.methods) == number + 1


SAMPLE = [
    "reset before",
    "reset after",
    "502 in HTML",
    "503 once",
    "500 after",
    "truncated",
    "token expires",
    "slow on a port",
]


@pytest.mark.slow
@pytest.mark.parametrize("name", SAMPLE)
def test_trouble_on_a_port(server, name):
    """With the session that a client makes itself, which tries again what changes nothing."""
    trouble = TROUBLES[name]
    patience = 0.2 if trouble.error is LATE else 30
    for number in range(SAMPLE.index(name) % 4, len(told(server, server.session()).methods), 4):
        server.reset()
        server.clock.freeze()
        server.start()

        ending = told(server, own_session(server.url), number, trouble, timeout=patience)

        server.stop()
        check(ending, trouble, number, retried=True)
        assert sent_twice(server) == []
