"""
The audit: which rules decided about requests, and which ones a user could not have done without.

Followed requests are kept with the world as it was before each of them. So they can be tried again, with other rules,
as often as one likes: a copy of a world costs next to nothing. That is how the smallest role is found, and it holds for
whatever a view does with rules: a narrower one is good if the answer is still the same.
"""

from __future__ import annotations

import sys
from collections import Counter, deque
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from typing import TYPE_CHECKING, Any

from v6mockserver._app import application
from v6mockserver._errors import MockUsageError
from v6mockserver._explaining import user_named
from v6mockserver._journal import Exchange
from v6mockserver.api._routes import ADMIT, OUTGOING, WORLD
from v6mockserver.state.permissions import SCOPES, RuleKey

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable

    from _typeshed.wsgi import WSGIEnvironment
    from typing_extensions import Self

    from v6mockserver.state.permissions import Caller, Decision
    from v6mockserver.state.world import World

    Rules = frozenset[RuleKey]
    Pair = tuple[str, str]

LIMIT = 10_000
"""How many requests are kept, as in the journal."""

NARROW_TO_WIDE = [
    *sorted(
        (chosen for size in range(len(SCOPES)) for chosen in combinations(SCOPES[:-1], size)),
        key=lambda chosen: [*map(SCOPES.index, reversed(chosen))],
    ),
    SCOPES[-1:],
]
"""The sets of scopes to try, from none to GLOBAL; one with a wider scope in it comes later."""

ERRORS = 400
"""The lowest status of an answer that refuses."""


class Audited:
    """
    One request, with all that it takes to send it again.

    Attributes
    ----------
    exchange : Exchange
        What went over the wire.
    username : str or None
        The user who sent it; None if it was nobody, a node or a container.
    held : frozenset of RuleKey
        The rules that its sender held.
    decisions : list of Decision
        What was decided, in order.
    """

    def __init__(self, environ: WSGIEnvironment, exchange: Exchange) -> None:
        self.exchange = exchange
        self.username: str | None = None
        self.held: Rules = frozenset()
        self.decisions: list[Decision] = []
        self._tried: list[Decision] = []
        self._variables = {name: value for name, value in environ.items() if isinstance(value, str)}
        # An exchange leaves a body there in memory, to be read again.
        self._body: bytes = environ["wsgi.input"].getvalue() if int(environ.get("CONTENT_LENGTH") or 0) else b""
        self._asked_others = False
        self._outgoing = environ[OUTGOING]
        environ |= {OUTGOING: self._ask_others, ADMIT: self._admit}

    def _ask_others(self) -> Any:
        self._asked_others = True
        return self._outgoing()

    def _admit(self, world: World, caller: Caller) -> Caller:
        self._world = world.copy()
        self.held = frozenset(key for key, id_ in world.rule_ids.items() if id_ in caller.rules)
        if caller.user_id is not None:
            self.username = world.user[caller.user_id].username
        return replace(caller, decisions=self.decisions)

    @property
    def was_allowed(self) -> bool:
        """
        Whether it was answered with a success.
        """
        return self.exchange.status is not None and self.exchange.status < ERRORS

    def consults(self, pair: Pair) -> bool:
        """
        Tell whether rules of a kind were looked at, then or in a trial.
        """
        keys = (key for one in self.decisions + self._tried for key in (one.rule, *one.would_allow))
        return any(key is not None and (key.resource, key.operation) == pair for key in keys)

    def is_answered_alike(self, rules: Rules) -> bool:
        """
        Tell whether it would have been answered as it was, had its sender held these rules.
        """
        if self._asked_others:
            # It is not sent again, or others would hear of it twice. What allowed it then is what allows it.
            return {one.rule for one in self.decisions if one.rule} <= rules
        again = self._sent_with(rules)
        # What a change answers has new tokens and times in it; that it is allowed is enough.
        is_told = self.exchange.method == "GET"
        return again.status == self.exchange.status and (not is_told or _told(again) == _told(self.exchange))

    def _sent_with(self, rules: Rules) -> Exchange:
        world = self._world.copy()
        ids = frozenset(world.rule_ids[key] for key in rules)
        environ: WSGIEnvironment = {
            **self._variables,
            "wsgi.input": BytesIO(self._body),
            "wsgi.errors": sys.stderr,
            WORLD: world,
            ADMIT: lambda _, caller: replace(caller, rules=ids, decisions=self._tried),
        }
        exchange = Exchange(environ)
        for chunk in application(world.release.version)(environ, exchange.starting(_ignore)):
            exchange.note(chunk)
        return exchange


def _ignore(*_: Any) -> Callable[[bytes], object]:
    return lambda chunk: chunk


def _told(exchange: Exchange) -> Any:
    """
    Return what an answer tells, but for the caller's own rules: those differ, and nothing follows from that.
    """
    answer = exchange.answer
    return {**answer, "permissions": None} if isinstance(answer, dict) else answer


class Audit:
    """
    The rules that decided about the requests to one server.

    It is off until it is started: what it writes down costs a tenth of a millisecond a request.

    Examples
    --------
    >>> from v6mockserver import MockServer
    >>> server = MockServer()
    >>> _ = server.audit.start()
    >>> _ = server.client("root").organization.create("North", "", "", "", "", "")
    >>> [str(rule) for rule in server.audit.smallest_role("root")]
    ['organization CREATE GLOBAL', 'organization VIEW ORGANIZATION']
    """

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._kept: deque[Audited] = deque(maxlen=LIMIT)
        self._is_on = False

    def start(self) -> Self:
        """
        Follow the requests from now on.

        Returns
        -------
        Audit
            Itself.
        """
        self._is_on = True
        return self

    def stop(self) -> None:
        """
        Follow no more; what is known stays.
        """
        self._is_on = False

    def clear(self) -> None:
        """
        Forget all requests.
        """
        self._kept.clear()

    def follow(self, environ: WSGIEnvironment, exchange: Exchange) -> None:
        """
        Write down what is decided about a request, if the audit is on.
        """
        if self._is_on:
            self._kept.append(Audited(environ, exchange))

    def exercised(self, username: str | None = None) -> Counter[RuleKey]:
        """
        Return the rules that allowed something, with how often.

        Parameters
        ----------
        username : str, optional
            The user who was allowed to; by default anybody, nodes and containers too.

        Returns
        -------
        Counter
            How often by rule; `str(rule)` is what seeds call it.
        """
        requests = list(self._kept) if username is None else self._of(username)
        return Counter(one.rule for request in requests for one in request.decisions if one.rule is not None)

    @property
    def usernames(self) -> list[str]:
        """
        The users of whom some request was allowed.
        """
        return sorted({one.username for one in list(self._kept) if one.username is not None and one.was_allowed})

    def smallest_role(self, username: str, exchanges: Iterable[Exchange] | None = None) -> tuple[RuleKey, ...]:
        """
        Return the rules that a user could not have done without, each as narrow as it may be.

        With these rules alone, all requests of theirs that were allowed would have been answered alike. That is tried,
        with the world as it was before each request; nothing happens to the server.

        Parameters
        ----------
        username : str
            The user.
        exchanges : iterable of Exchange, optional
            Which of their requests count, as a part of the journal; by default all.

        Returns
        -------
        tuple of RuleKey
            The rules, sorted; `str(rule)` is what seeds call it.

        Raises
        ------
        MockUsageError
            If there is no such user, or no request of theirs was allowed while the audit was on.
        """
        chosen = None if exchanges is None else {*map(id, exchanges)}
        own = [one for one in self._of(username) if chosen is None or id(one.exchange) in chosen]
        allowed = [one for one in own if one.was_allowed]
        if not allowed:
            state = "on" if self._is_on else "off: server.audit.start() starts it"
            raise MockUsageError(f"no request of {username!r} is known that was allowed; the audit is {state}")
        return tuple(sorted(_smallest(allowed, frozenset(self._world().rule_ids))))

    def _of(self, username: str) -> list[Audited]:
        own = [one for one in list(self._kept) if one.username == username]
        if not own:
            user_named(self._world(), username)  # so that a slip of the pen is told apart from somebody idle
        return own


def _smallest(requests: Collection[Audited], existing: Rules) -> Rules:
    """
    Return the rules that are left when each kind of them is narrowed as far as it goes, one after the other.
    """
    rules = frozenset[RuleKey]().union(*(one.held for one in requests))
    for pair in sorted({(key.resource, key.operation) for key in rules}):
        concerned = [one for one in requests if one.consults(pair)]
        others = frozenset(key for key in rules if (key.resource, key.operation) != pair)
        choices = (others | {RuleKey(*pair, scope) for scope in scopes} for scopes in NARROW_TO_WIDE)
        good = (one for one in choices if one <= existing and all(each.is_answered_alike(one) for each in concerned))
        rules = next(good, rules)
    return rules
