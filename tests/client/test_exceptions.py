"""The tree of errors: it is drawn as it is, its errors travel, and they keep secrets."""

from __future__ import annotations

import copy
import pickle
import re
import traceback
from pathlib import Path

import pytest
import requests

from v6client import exceptions
from v6client.exceptions import MissingResultError, ServerRefusedError, TaskFailedError, TaskTimeoutError, V6ClientError
from v6mockserver import MockServer

RUN = {"id": 3, "organization": "North", "status": "crashed", "log": "boom", "node": "N", "node_status": "online"}
KINDS = [getattr(exceptions, name) for name in exceptions.__all__]


def made(kind):
    """Return an error of this kind."""
    if issubclass(kind, ServerRefusedError):
        return kind("POST", "task", 400, {"msg": "no", "errors": {"name": ["too long"]}}, requests.Response())
    if issubclass(kind, TaskFailedError):
        return kind(1, "failed", [RUN])
    if issubclass(kind, TaskTimeoutError):
        return kind(1, 2.5, [RUN])
    if issubclass(kind, MissingResultError):
        return kind(1, [RUN])
    return kind("what, and what next")


def test_the_tree_is_drawn_as_it_is():
    """Names and nesting in the module's docstring are those of the classes."""
    lines = re.findall(r"^([│ ]*)[├└]── (\w+)", exceptions.__doc__, re.MULTILINE)
    drawn = [(len(indent) // 4 + 1, name) for indent, name in lines]

    def walked(kind, depth=1):
        for child in kind.__subclasses__():
            yield depth, child.__name__
            yield from walked(child, depth + 1)

    assert drawn == list(walked(V6ClientError))


def test_the_documentation_has_the_same_tree():
    """Line by line."""
    drawn = "\n".join(line for line in exceptions.__doc__.splitlines() if "──" in line)

    assert drawn in (Path(__file__).parents[2] / "docs" / "connections-and-errors.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])  # noqa: S301 -- our own
def test_errors_travel(kind, travel):
    """They come out of the processes of a pool as they went in, notes included; an exchange stays where it was."""
    error = made(kind)
    error.__notes__ = ["while testing"]

    arrived = travel(error)

    assert type(arrived) is kind
    assert str(arrived) == str(error)
    assert {**arrived.__dict__} == {**error.__dict__} | ({"response": None} if "response" in error.__dict__ else {})


def refused(call):
    """Return the error that a call raises."""
    with pytest.raises(V6ClientError) as caught:
        call()
    return caught.value


def test_errors_keep_secrets():
    """No password, token or second factor shows in an error, in what it carries, or in its traceback."""
    server = MockServer()
    client = server.client("root")
    token = client.token
    wrong, new = "Wrong-Secret-1", "weak"
    calls = [
        lambda: client.authenticate("root", wrong),
        lambda: client.util.change_my_password(wrong, new),
        lambda: client.user.create("x" * 500, "", "", new, "no address", 1),
    ]

    for error in map(refused, calls):
        shown = "".join(traceback.format_exception(error)) + repr(error) + repr(error.args)
        carried = pickle.dumps(error) + repr(vars(error.request)).encode()
        assert error.request.method in {"POST", "PATCH"}
        for secret in (wrong, f"'{new}'", token):
            assert secret not in shown
            assert secret.encode() not in carried


def test_the_secret_of_a_second_factor_is_not_shown():
    """It is in the body of the answer, for who has to set the factor up, and nowhere else."""
    error = exceptions.AuthenticationError("POST", "token/user", 200, {"qr_uri": "otpauth://x", "otp_secret": "S3"})

    assert error.body["otp_secret"] == "S3"
    assert "S3" not in str(error) + repr(error)


def test_what_the_transport_raised_keeps_secrets():
    """The cause of an error is at hand, without what was sent."""
    server = MockServer()
    client = server.client("root")
    server.faults.on(path="/token/user").reset()

    error = refused(lambda: client.authenticate("root", "Secret-42"))

    assert error.__cause__.request.url.endswith("/api/token/user")
    assert "Secret-42" not in repr(vars(error.__cause__.request))


NORTH = ("North", "", "", "", "NL", "")
CONFLICTS = {
    "organization": lambda client: client.organization.create(*NORTH),
    "renamed": lambda client: client.organization.update(2, name="root"),
    "collaboration": lambda client: client.collaboration.create("All", [2]),
    "username": lambda client: client.user.create("root", "", "", "Strong-Pass-1", "new@example.org", 2),
    "address": lambda client: client.user.create("new", "", "", "Strong-Pass-1", "root@domain.ext", 2),
    "dependents": lambda client: client.connection.request("DELETE", "collaboration/1"),
    "ended task": lambda client: client.task.kill(1),
}
FAULTY = {
    "a field": lambda client: client.organization.create("", *NORTH[1:]),
    "an organization that is no member": lambda client: client.node.create(1, 1),
}


@pytest.fixture(params=["4.15", "4.0"])
def root(request):
    """Root's client, of one organization in one collaboration, where a task has ended."""
    ended = {"image": "one", "runs": [{"organization": "North", "status": "completed", "result": 1}]}
    everyone = {"name": "All", "encrypted": False, "participants": [{"name": "North"}], "tasks": [ended]}
    return MockServer(
        {"organizations": [{"name": "North"}], "collaborations": [everyone]}, version=request.param
    ).client()


@pytest.mark.parametrize("name", CONFLICTS)
def test_what_is_there_already_is_a_conflict(root, name):
    """The server has no status for it, but in these calls nothing else is refused like that."""
    assert type(refused(lambda: CONFLICTS[name](root))) is exceptions.ConflictError


@pytest.mark.parametrize("name", FAULTY)
def test_what_may_be_a_mistake_is_invalid_input(root, name):
    """Only what is certain is called a conflict; who catches invalid input catches both."""
    assert type(refused(lambda: FAULTY[name](root))) is exceptions.InvalidInputError
    assert issubclass(exceptions.ConflictError, exceptions.InvalidInputError)


def test_of_a_long_log_the_end_is_shown():
    """That is where the error usually is; `runs` has all of it."""
    log = "\n".join(f"line {number}" for number in range(30))

    shown = str(TaskFailedError(1, "crashed", [{**RUN, "log": log}])).splitlines()

    assert [line.strip() for line in shown[2:]] == [f"line {number}" for number in range(20, 30)]
