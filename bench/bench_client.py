"""
What the client takes, beside the official one: to encrypt, to create a task for many, to be imported, and for a call.

Each piece of work is done in a process of its own, the kinds by turns. The official client is that of the environment
of the real server 4.15.2, which is installed at the first run, as for the conformance tests. Each task is created on a
real server of its own: a server gets slower with every such task that it holds.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import requests
from bench_live import administrator, mock, real
from timing import measure, print_table

from v6client import UserClient
from v6client._crypto import RSACryptor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HERE = Path(__file__).parent
KEY = HERE.parent / "fixtures" / "keys" / "insecure-test-key-01.pem"
MEBIBYTES = 100
ORGANIZATIONS = 50
INPUT = 10
CALLS = 300


def main() -> None:
    """
    Print a table for each piece of work.
    """
    encrypting = {"key": str(KEY), "mebibytes": MEBIBYTES}
    print_work(
        f"encrypt {MEBIBYTES} MiB",
        {
            "official": partial(done, "official", "encrypt", encrypting),
            "ours, into one text": partial(done, "ours", "encrypt", {**encrypting, "way": "whole"}),
            "ours, as it is sent": partial(done, "ours", "encrypt", encrypting),
        },
        rounds=5,
    )
    for title, order in (("import", {}), ("import, and make a client", {"use": True})):
        kinds = ("official", "ours", "requests")
        print_work(title, {kind: partial(done, kind, "load", order) for kind in kinds}, rounds=9)
    print_calls()
    title = f"task for {ORGANIZATIONS} organizations, {INPUT} MiB"
    print_work(title, {kind: partial(created, kind) for kind in ("official", "ours")}, rounds=5)


def print_work(title: str, subjects: Mapping[str, Callable[[], dict[str, float]]], *, rounds: int) -> None:
    """
    Print what each subject takes: the medians of its times, and the most memory.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in subjects}
    for _ in range(rounds):
        for name, subject in subjects.items():
            found[name].append(subject())
    first = next(iter(found))
    baseline = median(one["seconds"] for one in found[first])
    width = max(map(len, [title, *subjects]))
    print(f"{title:<{width}}  {'median':>12}  {'ratio':>7}  {'computing':>12}  {'memory':>10}  requests")
    for name, all_ in found.items():
        seconds, own = (median(one[which] for one in all_) for which in ("seconds", "own"))
        memory = max(one["mebibytes"] for one in all_)
        asked = " ".join(sorted({f"{one['requests']:.0f}" for one in all_ if "requests" in one}))
        print(
            f"{name:<{width}}  {seconds * 1e3:9.1f} ms  {seconds / baseline:7.3f}  {own * 1e3:9.1f} ms  "
            f"{memory:6.1f} MiB  {asked:>8}"
        )
    print()


def done(kind: str, work: str, order: dict[str, Any]) -> dict[str, float]:
    """
    Let a process do some work, and return what it took.
    """
    sys.path.insert(0, str(HERE.parent / "tests"))
    from conformance.servers import environment

    python = environment("4.15") if kind == "official" else sys.executable
    command = [str(python), str(HERE / "client_work.py"), kind, work, json.dumps(order)]
    # As for users: what was imported once is not compiled again.
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    out = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=variables
    ).stdout
    taken: dict[str, float] = json.loads(out.splitlines()[-1])
    return taken


def created(kind: str) -> dict[str, float]:
    """
    Let a process create a task on a new real server, and return what it took.
    """
    with real() as url:
        port = int(url.rpartition(":")[2])
        order = {"port": port, "key": str(KEY), "organizations": federation(url), "mebibytes": INPUT}
        return done(kind, "create", order)


def print_calls() -> None:
    """
    Print what one call takes on a kept connection to a live mock in another process.
    """
    with mock() as url:
        client = UserClient(url)
        client.authenticate("root", "root")
        session = requests.Session()

        def bare() -> None:
            headers = {"Authorization": f"Bearer {client.token}"}
            assert session.get(f"{url}/api/organization/1", headers=headers, timeout=60).json()["id"] == 1

        subjects = {
            "requests.Session.get().json()": bare,
            "client.organization.get()": lambda: client.organization.get(1),
        }
        print_table("one call", measure(subjects, rounds=CALLS))
        print()


def federation(url: str) -> list[int]:
    """
    Make an encrypted collaboration with a node of each organization, and return the organizations.
    """
    post, _ = administrator(url)
    key = RSACryptor.from_file(KEY).public_key
    names: Iterable[str] = (f"Hospital {number}" for number in range(1, ORGANIZATIONS))
    ids = [1, *(post("/organization", {"name": name, "public_key": key})["id"] for name in names)]
    there = post("/collaboration", {"name": "All", "organization_ids": ids, "encrypted": True})["id"]
    for id_ in ids:
        post("/node", {"organization_id": id_, "collaboration_id": there})
    return ids
