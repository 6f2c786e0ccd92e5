"""A server for the client to talk to."""

from __future__ import annotations

import signal

import pytest

from v6mockserver import MockServer


def count(df):
    """Return the number of rows."""
    return len(df)


def words(df):
    """Return what no message looks like that a wrong key happens to open."""
    return "word " * 8


def broken(df):
    """Fail."""
    raise ValueError("on purpose")


@pytest.fixture(autouse=True)
def _no_keyring(monkeypatch):
    """Whoever runs the tests keeps their keyring to themselves."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")


@pytest.fixture
def interruptible():
    """Who runs the tests in the background ignores Ctrl-C, and what they start would, too."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def seed():
    """Twelve organizations in one collaboration, with a researcher in the first of them."""
    import pandas as pd

    names = [f"Hospital {number}" for number in range(1, 13)]
    person = {"username": "nora", "password": "Secret-42", "firstname": "Nora", "roles": ["Researcher"]}
    return {
        "organizations": [{"name": name, "users": [person] if name == names[0] else []} for name in names],
        "collaborations": [
            {
                "name": "All",
                "encrypted": True,
                "participants": [
                    {"name": name, "node": name, "databases": {"default": pd.DataFrame({"x": range(number)})}}
                    for number, name in enumerate(names)
                ],
            },
            {"name": "Plain", "encrypted": False, "participants": [{"name": name} for name in names[:2]]},
        ],
    }


@pytest.fixture
def server(seed):
    """A mock with that world and two algorithms."""
    server = MockServer(seed)
    server.algorithms.register("count", {"count": count, "broken": broken, "words": words})
    return server


@pytest.fixture
def old_server(seed):
    """The same world on the oldest release."""
    return MockServer(seed, version="4.0")


@pytest.fixture(params=["4.0", "4.15"])
def anywhere(seed, request):
    """Root's client on each release."""
    return MockServer(seed, version=request.param).client("root")


@pytest.fixture
def root(server):
    """Root's client."""
    return server.client("root")


@pytest.fixture
def nora(server):
    """The researcher's client, with the key of her organization."""
    client = server.client("nora")
    client.setup_encryption(server.private_keys["Hospital 1"])
    return client
