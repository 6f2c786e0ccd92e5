"""The watch over logs that all tests are under finds what is planted."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PLANTED = """
import logging

import pytest

from v6mockserver import MockServer

log = logging.getLogger("somebody.else")


@pytest.fixture
def server():
    server = MockServer.demo()
    server.algorithms.register("long", {"long": lambda df: {"words": "a result to be found"}})
    return server


@pytest.fixture
def client(server):
    client = server.client("root")
    client.setup_encryption(None)
    client.user.create("eve", "Eve", "E", "Eves-Secret-42", "eve@x.org", organization=2)
    return client


@pytest.fixture
def result(server):
    client = server.client("researcher")
    client.setup_encryption(server.private_keys["Cleveland"])
    (first, *_) = client.organization.list(collaboration=1)["data"]
    task = client.task.create(1, [first["id"]], "n", "long", "", {"method": "long"}, databases="default")
    return client.wait_for_results(task["id"])["data"][0]["result"]


def test_innocent(server, client, result):
    log.debug("nothing to see")


def test_password(client):
    log.debug("%s", {"password": "Eves-Secret-42"})


def test_access_token(client):
    logging.debug("Authorization: Bearer %s", client.token)


def test_refresh_token(client):
    log.info(client.connection.tokens)
    log.info(client.connection.tokens.refresh)


def test_api_key(server, client):
    organization = client.organization.create("New", "", "", "", "NL", "")["id"]
    client.connection.request("POST", "collaboration/1/organization", json={"id": organization})
    log.debug(client.node.create(1, organization)["api_key"])


def test_private_key(server):
    log.debug(server.private_keys["Cleveland"].read_text())


def test_result(result):
    log.warning("got %s", result)


def test_traceback(client):
    try:
        raise ValueError("Eves-Secret-42")
    except ValueError:
        log.exception("oh")


def test_handler_left_behind():
    logging.getLogger().addHandler(logging.NullHandler())
"""


@pytest.mark.slow
def test_planted_leaks_are_found(tmp_path):
    """Each of them, in whatever logger, and nothing else."""
    here, there = Path(__file__).parents[1], tmp_path / "tests"
    there.mkdir()
    for name in ("conftest.py", "leaks.py"):
        shutil.copy(here / name, there)
    (there / "test_planted.py").write_text(PLANTED)

    command = [sys.executable, "-m", "pytest", "-q", "-rE", "--import-mode=importlib", "--rootdir=.", "tests"]
    shown = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True).stdout

    assert set(re.findall(r"^ERROR \S+::test_(\w+)", shown, re.MULTILINE)) == {
        "password",
        "access_token",
        "refresh_token",
        "api_key",
        "private_key",
        "result",
        "traceback",
        "handler_left_behind",
    }, shown
