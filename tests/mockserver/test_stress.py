"""Sixty-four threads on one live server: nothing is lost, and what happened could have happened in one thread."""

from __future__ import annotations

import http.client
import json
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from random import Random
from threading import Barrier
from time import monotonic

import pytest

from v6mockserver import MockServer

HOSPITALS = 8
SECONDS = 10.0
REQUESTS = 2_000
"""The bounds of the load of each thread: whichever comes first."""

PATIENCE = 60
COLUMNS = ("domain", "address1", "address2", "zipcode")
SWITCHED = range(10, 18)
"""Rules that are put into and taken out of one role, each by a thread of its own."""


@dataclass
class Caller:
    """Somebody with a token and a connection, who notes what the server acknowledged."""

    host: str
    port: int
    token: str
    number: int
    deadline: float
    statuses: Counter = field(default_factory=Counter)
    kept: dict = field(default_factory=dict)
    """What the server must know in the end, by what it is about; None where something was taken away."""

    def __post_init__(self):
        self.random = Random(self.number)  # noqa: S311 -- a load that can be repeated
        self.connection = http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None):
        """Send one request, and return status and answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        self.connection.request(method, f"/api/{path}", body and json.dumps(body), headers)
        response = self.connection.getresponse()
        answer = json.loads(response.read())
        self.statuses[response.status] += 1
        return response.status, answer

    def rounds(self):
        """Count rounds as long as the load may last."""
        for number in count():
            if monotonic() > self.deadline or self.statuses.total() >= REQUESTS:
                return
            yield number


def edit(caller):
    """Write one column of an organization that others write other columns of."""
    organization, column = 2 + caller.number % HOSPITALS, COLUMNS[caller.number // HOSPITALS % len(COLUMNS)]
    for number in caller.rounds():
        status, _ = caller.ask("PATCH", f"organization/{organization}", {column: f"{number}"})
        assert status == 200
        caller.kept["organization", organization, column] = f"{number}"


def switch(caller):
    """Put a rule into a role that others put other rules into, and take it out again."""
    rule = SWITCHED[caller.number % len(SWITCHED)]
    for number in caller.rounds():
        method, expected = ("DELETE", 200) if number % 2 else ("POST", 201)
        status, _ = caller.ask(method, f"role/{ROLE}/rule/{rule}")
        assert status == expected
        caller.kept["rule", rule] = None if number % 2 else rule


def hire(caller):
    """Create users and roles, change them, and delete every third."""
    for number in caller.rounds():
        name = f"user-{caller.number}-{number}"
        body = {"username": name, "email": f"{name}@x.org", "password": "Secret-42!", "firstname": "a", "lastname": "b"}
        status, user = caller.ask("POST", "user", body)
        assert status == 201
        caller.ask("POST", "role", {"name": name, "description": "", "rules": [1, 2]})
        caller.ask("GET", "user?per_page=5&sort=-id")
        caller.ask("PATCH", f"user/{user['id']}", {"firstname": name, "roles": [1]})
        caller.kept["user", user["id"]] = name
        if number % 3 == 0:
            assert caller.ask("DELETE", f"user/{user['id']}")[0] == 200
            caller.kept["user", user["id"]] = None


def research(caller):
    """Create tasks, look at them, kill some and delete some."""
    for number in caller.rounds():
        chosen = caller.random.sample(range(2, 2 + HOSPITALS), 3)
        wanted = [{"id": id_, "input": "eyJ4IjogMX0="} for id_ in chosen]
        status, task = caller.ask("POST", "task", {"image": "image", "collaboration_id": 1, "organizations": wanted})
        assert status == 201
        caller.kept["task", task["id"]] = "image"
        caller.ask("GET", f"task?init_user_id=1&page={1 + number % 3}")
        caller.ask("GET", f"task/{task['id']}/status")
        if number % 4 == 1:
            caller.ask("POST", "kill/task", {"id": task["id"]})
        elif number % 4 == 2:
            assert caller.ask("DELETE", f"task/{task['id']}")[0] == 200
            caller.kept["task", task["id"]] = None


def compute(caller):
    """Take the open runs of a node whose other threads take them as well, and report on them."""
    for number in caller.rounds():
        _, runs = caller.ask("GET", f"run?state=open&node_id={2 + caller.number % HOSPITALS}&per_page=5")
        for run in runs["data"]:
            caller.ask("PATCH", f"run/{run['id']}", {"status": "active", "started_at": "2026-01-01T12:00:00.000000"})
            result = {"status": "completed", "result": "MQ==", "finished_at": "2026-01-01T12:00:01.000000"}
            status, answer = caller.ask("PATCH", f"run/{run['id']}", result | {"log": f"{caller.number} {number}"})
            if status == 200:
                # Only one thread may be told that it was the one that ended a run.
                assert ("run", run["id"]) not in caller.kept
                caller.kept["run", run["id"]] = answer["log"]


WORK = (edit, edit, edit, switch, hire, research, compute, compute)
THREADS = 8 * len(WORK)
ROLE = 8


@pytest.fixture
def restless():
    """Threads that take turns every few bytecodes, and not once in several requests."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(2e-5)
    yield
    sys.setswitchinterval(interval)


@pytest.fixture
def server():
    """A server with eight hospitals in one collaboration, whose clock stands still."""
    server = MockServer()
    server.clock.freeze()
    root = server.client()
    hospitals = [root.organization.create(f"hospital {n}", "", "", "", "", "")["id"] for n in range(HOSPITALS)]
    root.collaboration.create("all", [1, *hospitals])
    server.keys = [root.node.create(1, id_)["api_key"] for id_ in hospitals]
    assert root.role.create("switched", "", [1])["id"] == ROLE
    server.journal.limit, server.journal.limit_bytes = 1_000_000, 2**30
    return server


def tokens(server):
    """Return the token that each thread uses: root's, or a node's."""
    url, session = f"{server.url}/api/token", server.session()
    root = session.post(f"{url}/user", json={"username": "root", "password": "root"}).json()["access_token"]
    nodes = [session.post(f"{url}/node", json={"api_key": key}).json()["access_token"] for key in server.keys]
    return [nodes[n % HOSPITALS] if WORK[n // 8] is compute else root for n in range(THREADS)]


def load(server, tokens):
    """Let all threads work at once, and return who did what."""
    together = Barrier(THREADS)

    def work(number):
        together.wait(timeout=PATIENCE)
        caller = Caller(live.host, live.port, tokens[number], number, monotonic() + SECONDS)
        with closing(caller.connection):
            WORK[number // 8](caller)
        return caller

    with server, ThreadPoolExecutor(THREADS) as pool:
        live = server._live
        return list(pool.map(work, range(THREADS), timeout=SECONDS + PATIENCE))


def acknowledged(callers):
    """Return what the server must know, by kind."""
    known = {}
    for caller in callers:
        for (kind, *key), value in caller.kept.items():
            assert tuple(key) not in known.setdefault(kind, {}), f"{kind} {key} was acknowledged twice"
            known[kind][tuple(key)] = value
    return known


def found(world):
    """Return the same, as the world has it."""
    return {
        "organization": {(row.id, column): getattr(row, column) for row in world.organization for column in COLUMNS},
        "rule": {(id_,): id_ for id_ in world.role_rule.rights(ROLE)},
        "user": {(row.id,): row.firstname for row in world.user},
        "task": {(row.id,): row.image for row in world.task},
        "run": {(row.id,): row.log for row in world.run},
    }


def replay(beginning, exchanges, tokens):
    """Send the same requests one after the other, in the order in which they were acted on, and return the server."""
    server = MockServer.load(beginning)
    session = server.session()
    names = {str(owner(server, token)): token for token in tokens}
    for exchange in sorted(exchanges, key=lambda exchange: exchange.turn):
        headers = {"Authorization": f"Bearer {names[str(exchange.caller)]}", "Content-Type": "application/json"}
        url = f"{server.url}{exchange.path}?{exchange.query_string}"
        answer = session.request(exchange.method, url, headers=headers, data=exchange._body)
        assert (answer.status_code, answer.content) == (exchange.status, b"".join(exchange._answer)), exchange
    return server


def owner(server, token):
    """Return whose token this is."""
    from v6mockserver.state import tokens

    return tokens.owner(server._world, f"Bearer {token}")


@pytest.mark.slow
def test_sixty_four_threads(server, restless):
    """Ten seconds of mixed writes: no error, nothing lost, nothing twice; the same in one thread gives the same."""
    given = tokens(server)
    beginning = server.dump()
    server.journal.clear()

    callers = load(server, given)

    exchanges = list(server.journal)
    statuses = sum((caller.statuses for caller in callers), Counter())
    print(f"{len(exchanges)} requests: {dict(sorted(statuses.items()))}")
    # Nobody was answered anything else than is in the journal, and nobody met a failure of the server.
    assert Counter(exchange.status for exchange in exchanges) == statuses
    assert set(statuses) <= {200, 201, 400, 404}
    assert min(caller.statuses.total() for caller in callers) > 0
    # What the server acknowledged is there, and nothing else has come into being.
    known, there = acknowledged(callers), found(server._world)
    created = [key for key, value in known["task"].items() if value]
    assert sorted(there["task"]) == sorted(created)
    assert len(there["run"]) == 3 * len(created)
    # A run goes with its task.
    known["run"] = {key: log for key, log in known["run"].items() if key in there["run"]}
    for kind, values in known.items():
        assert {key: there[kind].get(key) for key in values} == values, kind
    # And it is what one thread makes of the same requests, answer by answer, to the last byte of the state.
    turns = [exchange.turn for exchange in exchanges]
    assert sorted(turns) == list(range(min(turns), min(turns) + len(turns)))
    assert replay(beginning, exchanges, given).dump() == server.dump()
