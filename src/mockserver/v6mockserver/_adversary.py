"""
The adversary: takes every liberty that a real server, its nodes and the wire have, and that a mock does not need.

What it does is nothing that a real network may not do, and nothing that a client has a right to:

- objects of JSON have their keys in any order, and so are the methods of links and the rows of lists that the server
  does not sort;
- a page has as many rows as it likes, unless the request says how many;
- nodes hear of their work in any order, so that runs end in any order;
- some nodes are slow by the server's clock, and of some a request breaks once, which they send again;
- access tokens of users and nodes expire after a few requests.

Every decision is drawn from the seed and from what it is about, not from a stream: what other threads do meanwhile
changes nothing, and the same seed brings the same again.
"""

from __future__ import annotations

import random
from collections import Counter
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, TypeVar

import orjson

from v6mockserver import _messages as messages
from v6mockserver._effects import JSON, Answer, Passage, Reset
from v6mockserver.api._links import API_PATH
from v6mockserver.api._routes import PAGE_SIZE

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from v6mockserver._effects import Effect, Reply
    from v6mockserver._journal import Exchange

Item = TypeVar("Item")

MOST_ROWS = 9
"""The most rows of a page; the real server's default is one more."""

MOST_USES = 12
"""How many requests a token is good for at most."""

EARLY = 8
"""Among how many of its first requests about runs the one of a node is that breaks."""

MOST_SECONDS = 60
"""How long a slow node takes at most, until its report arrives."""

LASTING = ("user", "node")
"""Whose tokens can be renewed."""

LOGINS = ("token", "recover", "password")
"""What is asked for without an access token."""

UNSORTED = frozenset(
    f"{API_PATH}/{noun}"
    for noun in (
        "algorithmstore",
        "collaboration",
        "node",
        "organization",
        "port",
        "role",
        "rule",
        "study",
        "user",
    )
)
"""The lists without an order of their own; those of tasks, runs and results begin with the newest."""

EXPIRED = Answer(401, {"msg": messages.TOKEN_EXPIRED}, acted=False)
BROKEN = Reset(acted=False)


class Adversary:
    """
    Takes liberties.

    Parameters
    ----------
    seed : int
        What its decisions are drawn from.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._lock = Lock()
        self._seen: Counter[Hashable] = Counter()
        self._uses_left: dict[str, int] = {}
        self._never = Event()

    def chance(self, *about: Hashable) -> random.Random:
        """
        Return a source of decisions about something, the same at each call.
        """
        return random.Random(f"{self.seed} {about}")  # noqa: S311 -- no secret

    def ordered(self, nodes: Iterable[Item]) -> list[Item]:
        """
        Return nodes in the order in which they hear of something.
        """
        mixed = list(nodes)
        self.chance("order", self._count("order")).shuffle(mixed)
        return mixed

    def answer(
        self, application: WSGIApplication, exchange: Exchange, environ: WSGIEnvironment, start: StartResponse
    ) -> Iterable[bytes]:
        """
        Answer a request.
        """
        passage = Passage(application, environ, self._never)
        effect = self._effect(exchange, environ)
        if effect is not None:
            exchange.fault = f"adversary: {'token expired' if effect is EXPIRED else effect}"
            reply = effect(passage)
        else:
            environ[PAGE_SIZE] = self.chance("page").randint(1, MOST_ROWS)
            reply = passage.act()
            self._dawdle(exchange, passage)
            self._shuffle(exchange, environ, reply)
        start(reply.status, list(reply.headers))
        return [reply.body]

    def _count(self, *what: Hashable) -> int:
        with self._lock:
            self._seen[what] += 1
            return self._seen[what]

    def _effect(self, exchange: Exchange, environ: WSGIEnvironment) -> Effect | None:
        caller, noun = exchange.caller, _noun(exchange)
        if caller is None or caller.kind not in LASTING or noun in LOGINS:
            return None
        if self._is_used_up(environ["HTTP_AUTHORIZATION"], str(caller)):
            return EXPIRED
        if caller.kind == "node" and noun == "run" and self._count("run", caller) == self._breaking(caller):
            return BROKEN
        return None

    def _is_used_up(self, token: str, caller: str) -> bool:
        with self._lock:
            if token not in self._uses_left:
                self._seen["token", caller] += 1
                uses = self.chance("token", caller, self._seen["token", caller]).randint(2, MOST_USES)
                self._uses_left[token] = uses
            self._uses_left[token] -= 1
            return self._uses_left[token] < 0

    def _breaking(self, caller: Hashable) -> int | None:
        chance = self.chance("breaks", str(caller))
        return chance.randint(1, EARLY) if chance.random() < 1 / 2 else None

    def _dawdle(self, exchange: Exchange, passage: Passage) -> None:
        """
        Let time pass while a slow node reports; not for those who have stopped the clock.
        """
        caller = exchange.caller
        if caller is None or caller.kind != "node" or exchange.method != "PATCH" or passage.clock.is_frozen:
            return
        chance = self.chance("slow", str(caller))
        if chance.random() < 1 / 3:
            passage.clock.advance(chance.uniform(1, MOST_SECONDS))

    def _shuffle(self, exchange: Exchange, environ: WSGIEnvironment, reply: Reply) -> None:
        if not reply.body or not reply.headers.get("Content-Type", "").startswith(JSON):
            return
        content = orjson.loads(reply.body)
        about = exchange.method, exchange.path
        chance = self.chance("answer", *about, self._count(*about))
        if exchange.path in UNSORTED and isinstance(content, dict) and "sort=" not in environ["QUERY_STRING"]:
            chance.shuffle(content.get("data", []))
        reply.body = orjson.dumps(_mixed(content, chance))
        reply.headers["Content-Length"] = str(len(reply.body))


def _noun(exchange: Exchange) -> str:
    return exchange.path.removeprefix(f"{API_PATH}/").partition("/")[0]


def _mixed(value: Any, chance: random.Random) -> Any:
    """
    Return the same value of JSON with all keys in another order, and the methods of links.
    """
    if isinstance(value, list):
        return [_mixed(item, chance) for item in value]
    if not isinstance(value, dict):
        return value
    names = list(value)
    chance.shuffle(names)
    mixed = {name: _mixed(value[name], chance) for name in names}
    if isinstance(methods := mixed.get("methods"), list):
        chance.shuffle(methods)
    return mixed
