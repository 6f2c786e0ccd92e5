"""Uses of the mock's public API that both type checkers must accept; nothing here runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import v6mockserver
from v6mockserver import Egress, Mail, MockServer, Plan, Settings, SimulatedNode, split

if TYPE_CHECKING:
    import pandas as pd
    import requests

    from v6client import UserClient


version: str = v6mockserver.__version__
misspelled = v6mockserver.MockSever  # type: ignore[attr-defined]  # names are loaded late, and checked all the same


def worlds() -> list[MockServer]:
    """A server starts from nothing, a mapping, a file, or the demo."""
    return [
        MockServer(),
        MockServer({"organizations": []}, random_seed=3),
        MockServer(Path("seed.yaml")),
        MockServer(version="4.0", settings=Settings(two_factor_auth=True, inactivation_minutes=0.5)),
        MockServer.demo(),
        MockServer.load(MockServer().dump(), execution="thread", passwords={"root": "root"}),
    ]


def use(server: MockServer) -> tuple[UserClient, requests.Session, SimulatedNode, bool]:
    """What a test does with one."""
    with server as live:
        url: str = live.url
    server.algorithms.register("image", {"count": len})
    server.clock.advance(60)
    snapshot = server.snapshot()
    server.restore(snapshot)
    server.reset()
    server.start(control=True).stop()
    node = server.nodes["North"]
    node.add_database("default", Path("data.csv"), type="csv")
    node.go_offline()
    allowed = bool(server.explain("root", "view", "task", organization=1))
    return server.client("root", password="root"), server.session(), node, allowed and bool(url)


def observe(server: MockServer) -> int:
    """What a test asks of the journal, and scripts of faults."""
    exchange = server.journal.where(method="POST", path="/task", caller="root", status=range(200, 300)).last
    who: str = str(exchange.caller)
    took: float = exchange.duration.total_seconds()
    fault = server.faults.on(path=re.compile("/task.*"), times=None, after=1).answer(503, body={"msg": who})
    with server.faults as faults:
        faults.on(caller=who).delay(took, real=True)
        faults.on().reset(acted=True)
    server.faults.verify()
    return fault.hits + len(server.journal[-1:])


def arrange(server: MockServer, frame: pd.DataFrame) -> tuple[str, int | None, pd.DataFrame]:
    """What a test arranges at nodes, and looks at afterwards."""
    node = server.nodes["North"]
    for part in split(frame, n=["North", "South"], skew=0.5).values():
        node.add_database("default", part, environment={"user": "nora"})
    node.allow(algorithms=[r"harbor\..*"], users=[3], either=True)
    plan: Plan = node.plan("crash", run=2, method="partial", log="error > no\n")
    server.nodes.verify()
    entries: list[Egress] = server.ledger[1:]
    return f"{plan} {node.peek(1).log}", entries[0].smallest, server.ledger.to_frame()


def mailed(server: MockServer) -> tuple[list[str], str | None]:
    """Mails are a sequence, and one of them may have a token."""
    last: Mail = server.outbox.where(to="nora@north.org").last
    return [mail.subject for mail in server.outbox[:2]] + [server.outbox[0].text], last.token
