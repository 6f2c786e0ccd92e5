"""The official clients drive the mock. Needs an environment with one of them: `tox -e official-4.15,official-4.0`."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

pytest.importorskip("vantage6.client", reason="needs an official client: tox -e official-4.15,official-4.0")

from vantage6.client import UserClient


@pytest.fixture(scope="module")
def served():
    """What `v6mock serve` prints, and the command running while the tests do."""
    command = [sys.executable, "-m", "v6mockserver", "serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        lines = [process.stdout.readline() for _ in range(7)]
        yield "".join(lines)
        process.terminate()
    assert process.returncode == 0


@pytest.fixture
def client(served):
    """The official client, logged in as the researcher and with the key of the researcher's organization."""
    host, port = re.search(r"(http://127\.0\.0\.1):(\d+)", served).groups()
    client = UserClient(host, int(port), "/api", log_level="warn")
    client.authenticate(*re.search(r"user (researcher), password (\S+)", served).groups())
    client.setup_encryption(re.search(r"private key of Cleveland: (.+)", served).group(1))
    return client


def test_official_client_runs_the_demo(client):
    """It logs in, sets up encryption, creates the task and reads the decrypted result."""
    (collaboration,) = client.collaboration.list(scope="organization")["data"]
    task = client.task.create(
        collaboration=collaboration["id"],
        organizations=[client.whoami.organization_id],
        name="average",
        image="v6-average",
        description="",
        input_={"method": "central_average", "kwargs": {"column": "age"}},
        databases=[{"label": "default"}],
    )

    (result,) = client.wait_for_results(task["id"])["data"]

    outcome = json.loads(result["result"])
    assert round(outcome["mean"], 4) == 53.5109
    assert outcome["rows"] == 920


def test_official_client_sees_a_failure(client):
    """A crashed run reaches it with the status and the log that the node reported."""
    task = client.task.create(
        collaboration=1,
        organizations=[client.whoami.organization_id],
        name="average",
        image="v6-average",
        description="",
        input_={"method": "partial_average", "kwargs": {"column": "shoe size"}},
        databases=[{"label": "default"}],
    )
    client.wait_for_results(task["id"])

    (run,) = client.run.from_task(task["id"])["data"]

    assert run["status"] == "crashed"
    assert "shoe size" in run["log"]


def test_official_client_lists_what_is_there(client):
    """Lists come in the envelope that it expects."""
    organizations = client.organization.list(per_page=2)

    assert [one["name"] for one in organizations["data"]] == ["Cleveland", "Budapest"]
    assert "next" in organizations["links"]
