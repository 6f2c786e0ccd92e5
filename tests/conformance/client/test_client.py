"""The client itself: logins, keys, and waiting."""

from __future__ import annotations

import json

import pytest

from v6client.exceptions import (
    AuthenticationError,
    KeyMismatchError,
    NotAuthenticatedError,
    NotFoundError,
    TaskFailedError,
    TaskTimeoutError,
)

from .network import (
    ALPHA,
    ALPHA_OPEN,
    BETA,
    BETA_OPEN,
    BETA_SEALED,
    FAR,
    GAMMA_FAR,
    IMAGE,
    INPUT,
    KEYS,
    NORA,
    OPEN,
    SEALED,
    UNKNOWN,
)
from .targets import PASSWORD
from .work import sealed, wire

MEAN = {"mean": 53.5}


@pytest.fixture
def task(nora):
    """A task for Alpha and Beta, with runs 1 and 2."""
    return nora.task.create(OPEN, [ALPHA, BETA], "average", IMAGE, "", INPUT)["id"]


def test_authenticate(on):
    """Afterwards the client knows who it is; before, calls say that a login is needed."""
    client = on.stranger()
    with pytest.raises(NotAuthenticatedError, match="authenticate"):
        client.user.list()

    client.authenticate("nora", PASSWORD)

    assert client.whoami == ("user", NORA, "Nora", "Alpha", ALPHA)
    assert client.user.get()["username"] == "nora"


def test_authenticate_with_a_wrong_password(on):
    """It is an error of its own, and nobody is logged in."""
    client = on.stranger()

    with pytest.raises(AuthenticationError):
        client.authenticate("nora", "Wrong-Pass-1")

    assert client.token is None


def test_setup_encryption(on):
    """The key fits the one on the server; another one does not get there."""
    nora = on.client("nora")
    before = nora.organization.get()["public_key"]

    nora.setup_encryption(KEYS[ALPHA])

    assert nora.cryptor.public_key == before
    with pytest.raises(KeyMismatchError):
        nora.setup_encryption(KEYS[BETA])
    assert nora.organization.get()["public_key"] == before


def test_setup_encryption_with_another_key(on):
    """It takes the place of the one on the server when that is asked for."""
    ada = on.client("ada")

    ada.setup_encryption(KEYS[BETA], overwrite=True)

    assert ada.organization.get()["public_key"] == ada.cryptor.public_key


def test_wait_for_results(nora, node, task):
    """All results come, decoded, once the last run has ended."""
    node(ALPHA_OPEN).complete(1, wire(MEAN))
    with pytest.raises(TaskTimeoutError):
        nora.wait_for_results(task, 0.01, timeout=0.01)
    node(BETA_OPEN).complete(2, wire(None))

    results = nora.wait_for_results(task, interval=0.01)["data"]

    assert [json.loads(result["result"]) for result in results] == [None, MEAN]


def test_wait_for_results_decrypted(nora, node):
    """What was encrypted for us is readable."""
    nora.setup_encryption(KEYS[ALPHA])
    task = nora.task.create(SEALED, [BETA], "average", IMAGE, "", INPUT)["id"]
    node(BETA_SEALED).complete(1, sealed(MEAN, nora.cryptor.public_key))

    assert [json.loads(result["result"]) for result in nora.wait_for_results(task)["data"]] == [MEAN]


def test_wait_for_results_that_never_come(nora, node, task):
    """The error has the logs of the run that failed."""
    node(BETA_OPEN).complete(2, wire(MEAN))
    node(ALPHA_OPEN).crash(1, "no such column")

    with pytest.raises(TaskFailedError, match=r"Alpha is 'crashed':\n +no such column"):
        nora.wait_for_results(task)
    assert [result["result"] for result in nora.wait_for_results(task, raise_on_failure=False)["data"]][1] in {None, ""}


def test_wait_for_results_of_an_unknown_task(nora):
    """It is not found, at once."""
    with pytest.raises(NotFoundError):
        nora.wait_for_results(UNKNOWN)


def test_close(nora):
    """Nothing can be asked afterwards."""
    nora.close()

    with pytest.raises(NotAuthenticatedError):
        nora.user.list()


def test_setup_collaboration(root):
    """Calls that are not given a collaboration are about this one; one that is not there is not chosen."""
    root.setup_collaboration(FAR)

    assert [node["id"] for node in root.node.list()["data"]] == [GAMMA_FAR]
    with pytest.raises(NotFoundError):
        root.setup_collaboration(UNKNOWN)
    assert [row["name"] for row in root.organization.list()["data"]] == ["Gamma"]


def test_request(root):
    """What has no method of its own can be asked all the same."""
    role = root.role.create("Watcher", "", [1], ALPHA)["id"]

    root.request(f"/role/{role}/rule/2", method="post")

    assert [rule["id"] for rule in root.request("rule", params={"role_id": role, "page": None})["data"]] == [1, 2]
    with pytest.raises(NotFoundError):
        root.request("role/9999")


def test_check_if_blob_store_enabled(root):
    """These servers have no blob store; those of 4.0 do not know what one is."""
    assert root.check_if_blob_store_enabled() is False


def test_wait_for_task_completion(nora, node, task):
    """It returns when the last run has ended, and does not fetch results."""
    node(ALPHA_OPEN).complete(1, wire(MEAN))
    with pytest.raises(TaskTimeoutError):
        nora.wait_for_task_completion(None, task, 0.01, timeout=0.01)
    node(BETA_OPEN).complete(2, wire(None))

    assert nora.wait_for_task_completion(None, task, 0.01) is None
