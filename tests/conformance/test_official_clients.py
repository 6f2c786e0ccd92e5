"""
Every method of the official clients gives the same with the mock as with the real server of its version.

The client runs in an environment of its own, that of the real server, which holds it as well. What it does there is in
`tests/official`: `play.py` makes the calls and writes down what each came to.
"""

from __future__ import annotations

import json
import subprocess
from contextlib import ExitStack
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from v6mockserver import MockServer, Settings

from . import deviations
from .algorithm_store import AlgorithmStore
from .servers import CAN_MAIL, TOP, VERSIONS, RealServer, environment

if TYPE_CHECKING:
    from pathlib import Path

PLAY = TOP / "tests" / "official" / "play.py"
KEYS = TOP / "fixtures" / "keys"
SECONDS = 300

AT_A_STORE = ("algorithm.", "store.role.", "store.rule.", "store.user.", "store.policy.", "store.review.")
"""Methods that talk to an algorithm store and to no vantage6 server."""
NO_CALL = {"generate_path_to"}
"""Methods that send nothing and ask nobody."""

BOOLEANS = "root.collaboration.list(scope='global', name='s%', encrypted=True)"
DEVIATIONS = {
    ("4.15", BOOLEANS): "encryption-as-word",
    ("4.0", BOOLEANS): "encryption-as-word",
    ("4.15", "root.study.create('Nowhere', [2], 9999)"): "unknown-study",
    ("4.0", "root.user.list(rule=3)"): "failing-filters",
}
"""What is known to differ: version and call, with the row of docs/fidelity.md that says why."""


class Outcome(NamedTuple):
    """
    What a client came to: its methods, what its calls came to with the real server, and with the mock.
    """

    version: str
    methods: list[str]
    real: list[dict[str, Any]]
    mock: list[dict[str, Any]]


def start_play(version: str, servers: list[Any], store: str, out: Path) -> subprocess.Popen[str]:
    """
    Start the official client with two servers, the second of which asks for a second factor.
    """
    options = {
        "--url": servers[0].url,
        "--second-factor-url": servers[1].url,
        "--store": store,
        "--secret": secret_of(servers[0]),
        "--second-secret": secret_of(servers[1]),
        "--public-key": str(public_key(out.parent)),
        "--private-key": str(KEYS / "insecure-test-key-01.pem"),
        "--out": str(out),
    }
    words = [word for option in options.items() for word in option]
    command = [str(environment(version)), "-W", "ignore", str(PLAY), *words]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=out.parent)


def public_key(folder: Path) -> Path:
    """
    Write the public half of a test key to a folder.
    """
    private = load_pem_private_key((KEYS / "insecure-test-key-02.pem").read_bytes(), password=None)
    file = folder / "public.pem"
    file.write_bytes(private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return file


def secret_of(server: Any) -> str:
    """
    Return what a server signs tokens with, which here stands for the mail that would bring one.
    """
    return server.secret if isinstance(server, RealServer) else server.dump()["server"]["secret"]


def finish(play: subprocess.Popen[str], out: Path) -> dict[str, Any]:
    """
    Wait for a client, and return what it wrote.
    """
    try:
        _, errors = play.communicate(timeout=SECONDS)
    finally:
        play.kill()
    assert play.returncode == 0, errors[-2000:]
    return json.loads(out.read_text())


@pytest.fixture(scope="module", params=VERSIONS)
def outcome(request, _oracles, tmp_path_factory):
    """What the client of a version came to, with both servers at once."""
    version, folder = request.param, tmp_path_factory.mktemp("official")
    with ExitStack() as stack:
        store = stack.enter_context(AlgorithmStore())
        second = {"two_factor_auth": True}
        real = [stack.enter_context(RealServer(version, CAN_MAIL | more)) for more in ({}, second)]
        mock = [stack.enter_context(MockServer(version=version, settings=Settings(**more))) for more in ({}, second)]
        outs = [folder / "real.json", folder / "mock.json"]
        plays = [start_play(version, servers, store.url, out) for servers, out in zip((real, mock), outs, strict=True)]
        with_real, with_mock = [finish(play, out) for play, out in zip(plays, outs, strict=True)]
    return Outcome(version, with_real["methods"], with_real["calls"], with_mock["calls"])


def test_every_call_gives_the_same(outcome):
    """What it returns or raises, and which requests were answered how on the way."""
    known = {call for version, call in DEVIATIONS if version == outcome.version}
    pairs = zip_longest(outcome.real, outcome.mock)
    differ = [(real, mock) for real, mock in pairs if real != mock]

    assert [pair for pair in differ if pair[0] is None or pair[0]["call"] not in known] == []
    assert {real["call"] for real, _ in differ} == known


def test_every_method_is_called(outcome):
    """The programs leave no method out that asks the server something."""
    called = {call["call"].split("(")[0].partition(".")[2] for call in outcome.real}
    methods = {name for name in outcome.methods if not name.startswith(AT_A_STORE)}

    assert methods - called == NO_CALL


def test_what_differs_has_its_reason():
    """Every call that is known to differ names a row of the table of deviations."""
    assert set(DEVIATIONS.values()) <= {row.name for row in deviations.DEVIATIONS}
