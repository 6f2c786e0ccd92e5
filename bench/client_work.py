"""
Does one piece of a client's work and prints what it took, as JSON; a process of its own, so that its memory is its own.

    <environment>/bin/python bench/client_work.py KIND WORK ORDER

KIND is `official` or `ours`, WORK a function below, ORDER its arguments as JSON. Memory is what the process needed at
most, beyond what it had in use before.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

MEBIBYTE = 1 << 20


def encrypt(kind: str, *, key: str, mebibytes: int, way: str = "") -> dict[str, float]:
    """
    Encrypt random bytes for one organization, piece by piece or into one text.
    """
    data = os.urandom(mebibytes * MEBIBYTE)
    if kind == "official":
        from vantage6.common.encryption import RSACryptor

        cryptor = RSACryptor(Path(key))
        return taken(partial(cryptor.encrypt_bytes_to_str, data, cryptor.public_key_str))
    from v6client._crypto import RSACryptor as Ours

    ours = Ours.from_file(key)
    if way == "whole":
        return taken(lambda: ours.text(data, ours.public_key).whole())
    return taken(lambda: sum(map(len, ours.text(data, ours.public_key))))


def create(kind: str, *, port: int, key: str, organizations: list[int], mebibytes: int) -> dict[str, float]:
    """
    Create a task with one large input for many organizations; the login is done before.
    """
    client = logged_in(kind, port, key)
    input_ = {"method": "f", "args": ["x" * mebibytes * MEBIBYTE]}
    task = {"name": "bench", "image": "bench", "description": "", "input_": input_}
    asked = counting()
    found = taken(partial(client.task.create, collaboration=1, organizations=organizations, **task), check="id")
    return {**found, "requests": len(asked)}


def load(kind: str, *, use: bool = False) -> dict[str, float]:
    """
    Import the client, and make one that is told where its server is.
    """
    names = {"official": ("vantage6.client", "UserClient"), "ours": ("v6client", "UserClient")}
    module, name = names.get(kind, ("requests", "Session"))

    def work() -> None:
        imported = getattr(import_module(module), name)
        if use:
            imported(*(("http://127.0.0.1", 1) if kind in names else ()))

    return taken(work)


def logged_in(kind: str, port: int, key: str) -> Any:
    """
    Return a client of either kind, with its key.
    """
    if kind == "official":
        from vantage6.client import UserClient

        client = UserClient("http://127.0.0.1", port, "/api", log_level="critical")
    else:
        from v6client import UserClient as Ours

        client = Ours("http://127.0.0.1", port, timeout=600)
    client.authenticate("root", "root")
    client.setup_encryption(key)
    return client


def counting() -> list[str]:
    """
    Return a list that grows by every request that is sent from here on.
    """
    import requests

    asked: list[str] = []
    send = requests.Session.send

    def counted(session: requests.Session, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        asked.append(f"{request.method} {request.path_url}")
        return send(session, request, **options)

    requests.Session.send = counted  # type: ignore[method-assign]
    return asked


def taken(work: Callable[[], Any], *, check: str = "") -> dict[str, float]:
    """
    Return the seconds that some work takes, those of them in which this process computed, and the memory.
    """
    # Linux forgets the peak so far, which may be that of the process that this one was forked from.
    Path("/proc/self/clear_refs").write_text("5")
    before = memory("VmRSS")
    started, worked = perf_counter(), process_time()
    outcome = work()
    seconds, own = perf_counter() - started, process_time() - worked
    assert not check or check in outcome, outcome
    return {"seconds": seconds, "own": own, "mebibytes": memory("VmHWM") - before}


def memory(which: str) -> float:
    """
    Return what Linux says about the memory of this process: `VmRSS` is that in use, `VmHWM` the most so far.
    """
    rows = (line.split() for line in Path("/proc/self/status").read_text().splitlines())
    return next(int(row[1]) for row in rows if row[0] == f"{which}:") / 1024


if __name__ == "__main__":
    kind, work, order = sys.argv[1:]
    # The official client talks on stdout; what was taken is on the last line.
    print("\n" + json.dumps({"encrypt": encrypt, "create": create, "load": load}[work](kind, **json.loads(order))))
