"""What becomes of planned runs is the same on real servers and on the mock: the same nodes drive both."""

from __future__ import annotations

from contextlib import ExitStack
from typing import NamedTuple

import pytest
import requests

from v6client import UserClient
from v6client.exceptions import InvalidInputError, TaskFailedError, TaskTimeoutError
from v6mockserver import MockServer, _keys
from v6mockserver.nodes.algorithms import Algorithms
from v6mockserver.nodes.fleet import Nodes
from v6mockserver.nodes.plans import COURSES

from .servers import VERSIONS, RealServer

NAMES = ("North", "South", "West")
IMAGE = "example.org/count:1"
PASSWORD = "Secret-42!"
ONE_OF_EACH = {course.status: what for what, course in COURSES.items()}.values()
PLAYED = [(version, what) for version in VERSIONS for what in (COURSES if version == VERSIONS[0] else ONE_OF_EACH)]
"""What is played: of the older version one course for each status, since that is where the versions differ."""

ARGUMENTS = {"slow": {"seconds": 60.0}, "complete": {"result": 2}}


class Channel:
    """The event channel of a real server, as far as nodes use it: the test says what happens."""

    def __init__(self):
        self._members = []

    def connect(self, token, handler, events):  # noqa: ARG002 -- the test knows who is who, and tells all
        """Take a node in."""
        member = Member(self, handler)
        self._members.append(member)
        handler("sync", {})
        return member

    def leave(self, member):
        """Let a node go."""
        self._members = [one for one in self._members if one is not member]

    def tell(self, event, data):
        """Tell all nodes, in the order of their ids, as the mock does."""
        for member in sorted(self._members, key=lambda member: member.handler.__self__.id):
            member.handler(event, data)


class Member:
    """A node's place in it."""

    def __init__(self, channel, handler):
        self._channel = channel
        self.handler = handler

    def share(self, settings):
        """Drop what a node tells of itself: it is no part of what is compared."""

    def attend(self, *, is_attentive):
        """Hear all, as always."""

    def close(self):
        """Leave."""
        self._channel.leave(self)

    vanish = close


class Side(NamedTuple):
    """A server with a researcher and three nodes in each of two collaborations: 1 is plain, 2 encrypted."""

    client: UserClient
    nodes: Nodes
    new_task: object
    restore: object

    def run(self, what):
        """Plan a course at South, create a task, and return what users see of it."""
        self.restore()
        collaboration = 2 if what == "wrong key" else 1
        node = self.nodes[f"South {collaboration}"]
        node.plans.clear()
        node.go_online()
        node.plan(what, **ARGUMENTS.get(what, {}))
        input_ = {"method": "count"}
        self.client.setup_encryption(_keys.path(0) if collaboration == 2 else None)
        task = self.client.task.create(collaboration, [2, 3, 4], "n", IMAGE, "", input_, [])["id"]
        self.new_task(task)
        return self.seen(task)

    def seen(self, task):
        """Return what users see of a task: its runs, how waiting for it ends, its status, and what a kill does."""
        try:
            self.client.wait_for_results(task, timeout=0.01)
            ended = "without an error"
        except (TaskFailedError, TaskTimeoutError) as error:
            # Only a failure tells the status of the task; nothing is known of one that is still at work.
            status = getattr(error, "status", None)
            ended = (type(error).__name__, status, [(run["organization"], run["status"]) for run in error.runs])
        runs = self.client.run.from_task(task)["data"]
        rows = [(run["status"], *(bool(run[key]) for key in ("log", "started_at", "finished_at"))) for run in runs]
        results = [row["result"] for row in self.client.result.from_task(task)["data"]]
        return rows, results, ended, self.is_killed(task)

    def is_killed(self, task):
        """Kill a task; return its status before and after, or that it is too late."""
        before = self.client.task.get(task)["status"]
        try:
            self.client.task.kill(task)
        except InvalidInputError as error:
            return before, error.status
        return before, self.client.task.get(task)["status"]


def people(root):
    """Make the world of these tests; return the api keys of its nodes."""
    keys = [_keys.public_text(_keys.load(_keys.path(number))) for number in range(3)]
    for name, key in zip(NAMES, keys, strict=True):
        root.organization.create(name, "", "", "", "", "", public_key=key)
    roles = [role["id"] for role in root.role.iter(name="Root")]
    root.user.create("nora", "Nora", "N", PASSWORD, "nora@example.org", organization=2, roles=roles)
    api_keys = []
    for number, is_encrypted in enumerate((False, True), start=1):
        root.collaboration.create(f"All {number}", [2, 3, 4], encrypted=is_encrypted)
        for id_, name in enumerate(NAMES, start=2):
            node = root.node.create(number, organization=id_, name=f"{name} {number}")
            api_keys.append((node["api_key"], id_ - 2 if is_encrypted else None))
    return api_keys


def start(nodes, api_keys):
    """Start all nodes with an algorithm."""
    nodes.algorithms.register(IMAGE, {"count": lambda: 2})
    for api_key, number in api_keys:
        nodes.start(api_key, private_key=None if number is None else _keys.path(number))


@pytest.fixture(scope="module")
def sides(_oracles):
    """A real server of each version, and the mock in the same world."""
    with ExitStack() as stack:
        yield {version: sides_of(stack.enter_context(RealServer(version)), stack) for version in VERSIONS}


def sides_of(real, stack):
    """Return a real server and the mock in the same world."""
    with UserClient(real.url, None, progress=False, log_level="warn") as root:
        root.authenticate("root", "root")
        api_keys = people(root)
    mock = MockServer.load(real.dump(), passwords={"nora": PASSWORD})
    channel = Channel()
    nodes = Nodes(
        url=f"{real.url}/api",
        session=lambda: stack.enter_context(requests.Session()),
        channel=channel,
        algorithms=Algorithms(),
        now=mock.clock.now,
        advance=mock.clock.advance,
        execution="inline",
    )
    for side in (nodes, mock.nodes):
        start(side, api_keys)
    client = stack.enter_context(UserClient(real.url, None, progress=False, log_level="warn"))
    client.authenticate("nora", PASSWORD)
    real.save("fresh")
    fresh = mock.snapshot()

    def tell(task):
        channel.tell("new_task", {"id": task, "parent_id": None})

    return (
        Side(client, nodes, tell, lambda: real.restore("fresh")),
        Side(mock.client("nora"), mock.nodes, lambda task: None, lambda: mock.restore(fresh)),
    )


@pytest.mark.parametrize(("version", "what"), PLAYED)
def test_a_plan_is_seen_alike(sides, version, what):
    """Status of the task and of its runs, those of siblings, results, the client's exception, and what a kill does."""
    real, mock = sides[version]

    assert real.run(what) == mock.run(what)
