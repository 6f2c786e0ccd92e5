"""Results."""

from __future__ import annotations

import json

import pytest

from v6client.exceptions import (
    MissingResultError,
    NoPrivateKeyError,
    NotFoundError,
    PermissionDeniedError,
    WrongKeyError,
)

from .network import ALPHA, ALPHA_OPEN, BETA, BETA_OPEN, BETA_SEALED, IMAGE, INPUT, KEYS, OPEN, SEALED, UNKNOWN
from .work import sealed, wire

MEAN = {"mean": 53.5, "unit": "år"}


@pytest.fixture
def secret(nora, node):
    """A task in the sealed collaboration, whose run 1 was completed by Beta."""
    nora.setup_encryption(KEYS[ALPHA])
    task = nora.task.create(SEALED, [BETA], "average", IMAGE, "", INPUT)["id"]
    worker = node(BETA_SEALED)
    public_key = worker.request("GET", f"organization/{ALPHA}")["public_key"]
    worker.complete(1, sealed(MEAN, public_key))
    return task


def test_get(on, nora, node):
    """One by its id, as JSON text."""
    nora.task.create(OPEN, [BETA], "average", IMAGE, "", INPUT)
    node(BETA_OPEN).complete(1, wire(MEAN))

    assert json.loads(nora.result.get(1)["result"]) == MEAN
    with pytest.raises(NotFoundError):
        nora.result.get(UNKNOWN)
    with pytest.raises(PermissionDeniedError):
        on.client("gus").result.get(1)


def test_get_decrypted(nora, secret):
    """What was encrypted for us is readable."""
    assert json.loads(nora.result.get(1)["result"]) == MEAN


def test_from_task(root, nora, node):
    """All of a task, however many there are; what is not there yet is empty."""
    crowd = [root.organization.create(f"Small {number}", "", "", "", "", "")["id"] for number in range(11)]
    collaboration = root.collaboration.create("Crowd", [ALPHA, *crowd])["id"]
    for organization in (ALPHA, *crowd):
        root.node.create(collaboration, organization, f"small {organization}")
    task = nora.task.create(collaboration, [ALPHA, *crowd], "average", IMAGE, "", INPUT)["id"]

    results = nora.result.from_task(task)["data"]

    assert [result["run"]["id"] for result in results] == [*range(12, 0, -1)]
    assert {result["result"] for result in results} == {None}


def test_from_task_decrypted(nora, secret):
    """What was encrypted for us is readable."""
    assert [json.loads(result["result"]) for result in nora.result.from_task(secret)["data"]] == [MEAN]


def test_with_another_key(on, secret):
    """It is an error, never ciphertext."""
    ada = on.client("ada")
    ada.setup_encryption(KEYS[BETA], overwrite=True)

    with pytest.raises(WrongKeyError):
        ada.result.from_task(secret)


def test_without_a_key(on, secret):
    """It is an error, never ciphertext."""
    with pytest.raises(NoPrivateKeyError):
        on.client("nora").result.from_task(secret)


@pytest.fixture
def partial(nora, node):
    """A task that Alpha has done and Beta has failed in."""
    task = nora.task.create(OPEN, [ALPHA, BETA], "average", IMAGE, "", INPUT)["id"]
    node(ALPHA_OPEN).complete(1, wire(MEAN))
    node(BETA_OPEN).crash(2, "no such column")
    return task


def test_by_organization(nora, partial):
    """Each result is that of whom it came from, and who has none is told apart."""
    results = nora.result.by_organization(partial)

    assert dict(results) == {"Alpha": MEAN}
    assert results[ALPHA] == MEAN
    assert [run["organization"] for run in results.missing] == ["Beta"]


def test_to_frame(nora, partial):
    """A row for each organization; a missing one has to be allowed."""
    with pytest.raises(MissingResultError, match="Beta"):
        nora.result.to_frame(partial)

    frame = nora.result.to_frame(partial, allow_missing=True)

    assert frame.loc["Alpha"].to_dict() == MEAN
    assert frame.loc["Beta"].isna().all()
