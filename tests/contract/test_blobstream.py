"""Blobs: large inputs and results, which runs name instead of having them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from v6client._crypto import RSACryptor

from .network import CREATED, DENIED, INPUT, MISSING, OK, REFUSED, made, outcome
from .work import Work

pytestmark = pytest.mark.validated("4.15.2")
with_store = pytest.mark.configured(large_result_store=True)

ABSENT = "00000000-0000-4000-8000-000000000000"
UNAVAILABLE, FORBIDDEN, LOST = (501, ["msg"]), (403, ["msg"]), (500, ["msg"])
KEY = Path(__file__).parents[2] / "fixtures/keys/insecure-test-key-01.pem"
PAYLOAD = b'{"method": "f", "args": [], "kwargs": {}}'
PIECES = [b"", b"a", b"\x00\xff" * 3, b"x" * 70_000, b"end"]


@pytest.fixture
def work(server):
    """Three organizations, two collaborations."""
    return Work(server)


def upload(caller, content=b"e30="):
    """Store a blob and return its name."""
    return made(caller.request("POST", "/blobstream", data=content))["uuid"]


def task(work, uuid=None, *, by=None, **columns):
    """Create a task at Alpha whose input is a blob."""
    uuid = uuid or upload(work.researcher)
    return work.task(by=by, organizations=[{"id": work.alpha["id"], "input": uuid}], **columns)


def test_without_a_store(work):
    """The server says that it has none, and takes and gives no blobs."""
    # No other run has the same input, so that it names this one.
    input_ = b64encode(work.server.name().encode()).decode()
    own = work.task(organizations=[{"id": work.alpha["id"], "input": input_}])
    (run,) = work.runs(own)
    for caller in (work.researcher, work.node(work.alpha), work.container(own, work.alpha)):
        assert made(caller.get("/blobstream/status")) == {"blob_store_enabled": False}
        assert outcome(caller.request("POST", "/blobstream", data=b"x")) == UNAVAILABLE
        assert outcome(caller.get(f"/blobstream/{ABSENT}")) == MISSING
        assert outcome(caller.get(f"/blobstream/{run['input']}")) == UNAVAILABLE
    assert outcome(work.user(work.gamma).get(f"/blobstream/{run['input']}")) == DENIED
    assert outcome(work.server.nobody.get("/blobstream/status")) == DENIED


@with_store
def test_with_a_store(work):
    """The server says so."""
    assert made(work.researcher.get("/blobstream/status")) == {"blob_store_enabled": True}


@with_store
@pytest.mark.parametrize(
    ("rules", "status"),
    [(["task CREATE COLLABORATION"], CREATED), (["task CREATE GLOBAL"], CREATED), (["task VIEW GLOBAL"], 401)],
)
def test_who_may_upload(work, rules, status):
    """Users who may create tasks; where does not matter yet."""
    assert work.user(work.gamma, *rules).request("POST", "/blobstream", data=b"x").status_code == status


@with_store
def test_nodes_and_containers_upload(work):
    """Nodes always, a container as long as its task runs."""
    parent = task(work)
    container = work.container(parent, work.alpha)

    assert upload(work.node(work.beta))
    assert upload(container)
    work.complete(work.runs(parent)[0])
    assert outcome(container.request("POST", "/blobstream", data=b"x")) == FORBIDDEN


@with_store
@pytest.mark.parametrize("content", [b"", b"e30=", bytes(range(256)), b"x" * 3_000_000], ids=len)
def test_a_blob_comes_back(work, content):
    """Whatever is in it, once a run names it."""
    uuid = upload(work.researcher, content)
    task(work, uuid)

    answer = work.researcher.get(f"/blobstream/{uuid}")

    assert answer.content == content
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == f"attachment; filename=result_{uuid}.bin"


@with_store
@pytest.mark.mock_only("its development server cannot read chunks")
def test_chunked_uploads(work):
    """An upload may come in pieces of any size, as all official clients send it."""
    uuid = upload(work.researcher, iter(PIECES))
    task(work, uuid)

    assert work.researcher.get(f"/blobstream/{uuid}").content == b"".join(PIECES)


@with_store
def test_streamed_downloads(work):
    """A download can be read piece by piece."""
    content = bytes(range(256)) * 10_000
    uuid = upload(work.researcher, content)
    task(work, uuid)

    with work.researcher.request("GET", f"/blobstream/{uuid}", stream=True) as answer:
        pieces = list(answer.iter_content(100_000))

    assert len(pieces) > 1
    assert b"".join(pieces) == content


@with_store
def test_who_may_download(work):
    """Whoever may view the run that names it; before one does, nobody."""
    uuid = upload(work.researcher)
    assert outcome(work.researcher.get(f"/blobstream/{uuid}")) == MISSING

    own = task(work, uuid)
    callers = [
        (work.server.root, OK),
        (work.researcher, OK),
        (work.node(work.alpha), OK),
        (work.node(work.beta), OK),
        (work.container(own, work.alpha), OK),
        (work.user(work.alpha, "run VIEW ORGANIZATION"), OK),
        (work.user(work.beta, "run VIEW COLLABORATION"), OK),
        (work.user(work.beta, "run VIEW ORGANIZATION"), 401),
        (work.user(work.gamma, "run VIEW COLLABORATION"), 401),
        (work.user(work.alpha, "run VIEW OWN"), 401),
        (work.user(work.alpha), 401),
    ]
    assert [caller.get(f"/blobstream/{uuid}").status_code for caller, _ in callers] == [one for _, one in callers]


@with_store
@pytest.mark.parametrize(
    ("input_", "expected"),
    [
        (ABSENT, 201),
        (ABSENT.replace("-", ""), 201),
        (f"{{{ABSENT.upper()}}}", 201),
        (INPUT, 400),
        ("", 400),
    ],
)
def test_inputs_are_names_of_blobs(work, input_, expected):
    """Anything that is a UUID will do; server quirk: it need not be the name of a blob that is there."""
    body = work.body(organizations=[{"id": work.alpha["id"], "input": input_}])

    assert work.researcher.post("/task", body).status_code == expected


@with_store
def test_encryption_is_not_looked_at(work):
    """Server quirk: what is in a blob may be readable in an encrypted collaboration."""
    place = work.collaboration(work.alpha, encrypted=True)

    assert task(work, ABSENT, collaboration_id=place["id"])["id"]


@with_store
def test_refused_inputs_come_last(work):
    """First everything else about the task is looked at."""
    stranger = work.user(work.gamma, "task CREATE COLLABORATION")
    body = work.body(organizations=[{"id": work.alpha["id"], "input": "x"}])

    assert outcome(work.researcher.post("/task", body)) == REFUSED
    assert outcome(stranger.post("/task", body)) == DENIED


@with_store
def test_runs_and_results_name_blobs(work):
    """They have the name, and say that it is one; a result is told like an input."""
    own = task(work)
    (run,) = work.runs(own)
    uuid = upload(work.node(work.alpha), b"eyJyIjogMX0=")
    work.complete(run, result=uuid)
    result = made(work.researcher.get(f"/result/{run['id']}"))

    assert (run["blob_storage_used"], result["blob_storage_used"], result["result"]) == (True, True, uuid)
    assert work.researcher.get(f"/blobstream/{uuid}").content == b"eyJyIjogMX0="


@with_store
def test_a_name_of_nothing(work):
    """Server quirk: a run may name a blob that was never stored; asking for it is a 500."""
    task(work, ABSENT)

    assert outcome(work.researcher.get(f"/blobstream/{ABSENT}")) == LOST


@with_store
def test_blobs_go_with_their_run(work):
    """Deleting the task deletes them; another run that named the same one has lost it."""
    uuid = upload(work.researcher)
    first = task(work, uuid)
    task(work, uuid)

    work.server.root.delete(f"/task/{first['id']}")

    assert outcome(work.researcher.get(f"/blobstream/{uuid}")) == LOST


@with_store
def test_plain_blobs(work):
    """The bytes are base64 text of the payload."""
    uuid = upload(work.researcher, b64encode(PAYLOAD))
    task(work, uuid)

    assert b64decode(work.researcher.get(f"/blobstream/{uuid}").content) == PAYLOAD


@with_store
def test_encrypted_blobs(work):
    """Key and IV are text as in a run, the ciphertext after them is not."""
    cryptor = RSACryptor.from_file(KEY)
    key, iv, body = cryptor.encrypt(PAYLOAD, cryptor.public_key).split("$")
    uuid = upload(work.researcher, f"{key}${iv}$".encode() + b64decode(body))
    task(work, uuid)

    key, iv, body = work.researcher.get(f"/blobstream/{uuid}").content.split(b"$", 2)

    assert cryptor.decrypt(b"$".join([key, iv, b64encode(body)]).decode()) == PAYLOAD
