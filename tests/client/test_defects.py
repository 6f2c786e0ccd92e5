"""
What goes wrong with the official client 4.15.2, and not with ours.

The mock is made to do what shows it; each comment says what the official client does then. `tests/official` has the
proof for most of it.
"""

from __future__ import annotations

import json
import logging
import socket

import pytest

from v6client import UserClient
from v6client.exceptions import (
    ConnectionFailedError,
    ConnectionTimeoutError,
    KeyMismatchError,
    MalformedAnswerError,
    NoPrivateKeyError,
    NotFoundError,
    PermissionDeniedError,
    ServerFailedError,
    TaskFailedError,
    WrongKeyError,
)

UNKNOWN = 99


def start(client, organizations, method="count"):
    """Create a task in the encrypted collaboration, and return its id."""
    return client.task.create(1, organizations, "counting", "count", "", {"method": method}, "default")["id"]


def hospitals(client, number):
    """Return the ids of the first few organizations of the encrypted collaboration."""
    return [row["id"] for row in client.organization.iter(collaboration=1)][:number]


@pytest.fixture
def olga(server, root):
    """The client of Hospital 2's administrator and researcher, without a key."""
    roles = [row["id"] for row in root.role.iter() if row["name"] in {"Organization Admin", "Researcher"}]
    root.user.create("olga", "Olga", "O", "Secret-42", "olga@example.org", organization=3, roles=roles)
    return server.client("olga", "Secret-42")


@pytest.fixture
def address(server):
    """Where the mock listens, for clients that make their own connections."""
    with server:
        yield server.url


def test_waiting_for_a_task_that_is_missing(nora, capsys):
    """It is not found, and nothing says that it has completed."""
    # Official: prints that the task completed in 0 seconds, and then fails with KeyError: 'data'.
    with pytest.raises(NotFoundError):
        nora.wait_for_results(UNKNOWN)

    assert "completed" not in "".join(capsys.readouterr())


def test_waiting_for_a_task_that_one_may_not_see(server, root, nora, capsys):
    """The refusal is what one gets, and nothing says that the task has completed."""
    # Official: as above; a status that cannot be read counts as finished.
    task = start(nora, hospitals(nora, 1))
    root.user.create("zoe", "Zoe", "Z", "Secret-42", "zoe@example.org", organization=2)

    with pytest.raises(PermissionDeniedError):
        server.client("zoe", "Secret-42").wait_for_results(task)

    assert "completed" not in "".join(capsys.readouterr())


def test_waiting_for_a_status_that_nobody_knows(server, nora):
    """It is an error, and not taken for an end."""
    # Official: any status that it does not know is an end.
    task = start(nora, hospitals(nora, 1))

    with server.faults:
        server.faults.on(path=f"/task/{task}/status").answer(200, body={"status": "sleeping"})
        with pytest.raises(MalformedAnswerError, match="sleeping"):
            nora.wait_for_results(task)


def test_waiting_for_a_task_that_fails(nora, capsys):
    """It is an exception with the log of what went wrong."""
    # Official: says that the task completed, and returns a result that is None.
    task = start(nora, hospitals(nora, 1), "broken")

    with pytest.raises(TaskFailedError, match="ValueError: on purpose"):
        nora.wait_for_results(task)

    assert "completed" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("call", ["wait_for_results", "result.from_task", "run.from_task"])
def test_eleven_organizations_give_eleven_results(nora, call):
    """However many rows the server puts on a page."""
    # Official: asks for one page, and returns the 10 rows on it.
    task = start(nora, hospitals(nora, 11))
    part, _, method = call.rpartition(".")

    rows = getattr(getattr(nora, part) if part else nora, method)(task)["data"]

    assert len(rows) == 11


def test_results_tell_whose_they_are(nora):
    """They come in the server's order, which is not that of the request, but are to be had by organization."""
    # Official: results by position; its mock has them in the order of the request, the server newest first.
    first, second, third = hospitals(nora, 3)
    task = start(nora, [third, first, second])

    in_order = [json.loads(row["result"]) for row in nora.wait_for_results(task)["data"]]

    assert in_order == [1, 0, 2]
    assert nora.result.by_organization(task) == {"Hospital 1": 0, "Hospital 2": 1, "Hospital 3": 2}


def test_a_server_that_hangs(server, address):
    """Every call has a time limit."""
    # Official: waits for ever.
    server.faults.on(path="/token/user").delay(30, real=True)

    with UserClient(address, timeout=0.1) as client, pytest.raises(ConnectionTimeoutError, match="timeout="):
        client.authenticate("root", "root")


def test_a_server_that_is_gone():
    """It is an error, after a few attempts within a second."""
    # Official: tries again every second, for ever.
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"

    with UserClient(url) as client, pytest.raises(ConnectionFailedError, match="Is the server up"):
        client.util.get_server_version()


@pytest.mark.parametrize("body", [{"msg": "out of order"}, "<h1>out of order</h1>"])
def test_a_task_is_sent_once(server, address, body):
    """A server that fails may have created it all the same."""
    # Official: refreshes its token after any error, and sends the task again.
    with UserClient(address, progress=False) as client:
        client.authenticate("nora", "Secret-42")
        server.faults.on(method="POST", path="/task").answer(500, body=body)

        with pytest.raises(ServerFailedError):
            client.task.create(2, [2], "counting", "count", "", {"method": "count"})

    assert len(server.journal.where(method="POST", path="/task")) == 1
    assert len(server.journal.where(path="/token/refresh")) == 0


def test_a_page_of_a_proxy(server, nora):
    """It is an error with the status, and says where such a page comes from."""
    # Official: JSONDecodeError.
    server.faults.on(path="/task", times=None).answer(502, body="<h1>Bad Gateway</h1>")

    with pytest.raises(ServerFailedError, match=r"status 502.*proxy"):
        nora.task.list()


def test_what_is_not_there(nora):
    """It is an exception."""
    # Official: returns {"msg": ...}, as if that were the task.
    with pytest.raises(NotFoundError):
        nora.task.get(UNKNOWN)


def test_two_organizations_in_one_process(server, nora, olga):
    """Each client reads with its own key, whichever was set first."""
    # Official: the key of the first client serves all others, so the second gets ciphertext.
    olga.setup_encryption(server.private_keys["Hospital 2"])
    tasks = {client: start(client, [3], "words") for client in (nora, olga)}

    results = [client.wait_for_results(task)["data"][0]["result"] for client, task in tasks.items()]

    assert [json.loads(result).split()[0] for result in results] == ["word", "word"]
    with pytest.raises(WrongKeyError):
        olga.result.from_task(tasks[nora])


def test_a_key_that_does_not_match_is_not_published(server, olga):
    """The organization's nodes and users go on with the key that they have."""
    # Official: uploads the public half of whatever key it is given.
    before = olga.organization.get()["public_key"]

    with pytest.raises(KeyMismatchError):
        olga.setup_encryption(server.private_keys["Hospital 3"])

    assert olga.organization.get()["public_key"] == before
    assert len(server.journal.where(method="PATCH")) == 0


def test_the_wrong_key_is_an_error(server, nora, olga):
    """Ciphertext is no result."""
    # Official: returns the ciphertext unchanged.
    task = start(nora, hospitals(nora, 1), "words")
    olga.setup_encryption(server.private_keys["Hospital 2"])

    with pytest.raises(WrongKeyError, match=r"result of run 1 cannot be read: .*encrypted for another key"):
        olga.wait_for_results(task)


def test_no_key_is_an_error(server, nora):
    """Both before a task is sent whose results nobody could read, and before ciphertext is taken for a result."""
    # Official: sends the task unencrypted, and returns the bytes of what it took for base64.
    task = start(nora, hospitals(nora, 1))
    keyless = server.client("nora")

    with pytest.raises(NoPrivateKeyError):
        keyless.result.from_task(task)
    with pytest.raises(NoPrivateKeyError):
        start(keyless, hospitals(nora, 1))


def test_the_logs_of_others_are_left_alone(server, capsys):
    """The root logger keeps its handlers and its level, and nothing is printed."""
    # Official: drops the root logger's handlers for one of its own, and prints a banner.
    logger, handler = logging.getLogger(), logging.NullHandler()
    logger.addHandler(handler)
    before = (logger.handlers[:], logger.level)

    UserClient(server.url, session=server.session(), log_level="info").authenticate("root", "root")

    after = (logger.handlers[:], logger.level)
    logger.removeHandler(handler)
    assert after == before
    assert capsys.readouterr() == ("", "")


def test_results_are_not_logged(nora, caplog):
    """Neither what goes out nor what comes in, however much is to be told."""
    # Official: at level info, every result that it fetches.
    task = start(nora, hospitals(nora, 12))

    with caplog.at_level(logging.DEBUG):
        results = nora.wait_for_results(task)["data"]

    assert len(results) == 12
    for secret in ('"result"', "'result'", "counting", nora.token):
        assert secret not in caplog.text
