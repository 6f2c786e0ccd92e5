"""
The event channel: how a server tells its nodes that there is something to do.

It stands for the Socket.IO namespace `/tasks` of the real server, within one process. Who connects is known by an
access token, hears what is said in the rooms of its collaboration, and counts as online until it leaves. Events tell
little; a node asks for the rest over HTTP.

Who is connected is taken to give a sign of life all the time, as real nodes do every minute. Who is online and gives
none is set offline by the watchdog. That looks at the clock before each request, not from a thread: nobody sees the
server in between, and a test that moves the clock knows what it gets.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from v6mockserver.state import node as nodes
from v6mockserver.state import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping
    from datetime import datetime

    from v6mockserver.state.world import Event, World

    Handler = Callable[[str, Any], None]

WATCH = timedelta(seconds=65)
"""How long the watchdog waits between two looks; who was not seen since the look before is offline."""


class EventChannel:
    """
    The event channel of one server.

    Parameters
    ----------
    world : callable
        Returns the server's world as it is now.
    """

    def __init__(self, world: Callable[[], World]) -> None:
        self._world = world
        self._members: dict[int, Membership] = {}
        # Who hears an event in a room, in the order of ids; made again when that changes.
        self._audiences: dict[tuple[str, str], list[Membership]] = {}
        self._watch_from(world().clock.now())

    def connect(self, token: str, handler: Handler, events: Container[str]) -> Membership:
        """
        Take a node in: it is online from now on, and is told to synchronise.

        Parameters
        ----------
        token : str
            The node's access token.
        handler : callable
            Called with the name and the data of each event.
        events : container of str
            The names of the events that it is called with, unless the node is attentive.

        Returns
        -------
        Membership
            What the node leaves by.

        Raises
        ------
        UnauthorizedError
            If the token is refused.
        """
        world = self._world()
        with world.lock:
            caller = tokens.authenticate(world, f"Bearer {token}", ("node",))
            nodes.set_status(world, caller.id, nodes.ONLINE)
        room = f"collaboration_{caller.collaboration_id}"
        member = self._members[caller.id] = Membership(self, caller.id, room, handler, events)
        self._audiences = {}
        handler("sync", {})
        return member

    def members(self) -> dict[int, Membership]:
        """
        Return who is connected, by the node's id.
        """
        return self._members.copy()

    def seat(self, members: Mapping[int, Membership]) -> None:
        """
        Have exactly these connected; nobody is told, and nothing is noted.
        """
        self._members, self._audiences = dict(members), {}
        self._watch_from(self._world().clock.now())

    def _watch_from(self, now: datetime) -> None:
        self._watched_since, self._next_look = now, now + WATCH

    def watch(self, now: datetime) -> None:
        """
        Set the nodes offline that have given no sign of life, if it is time to look after them.

        Parameters
        ----------
        now : datetime
            The server's time.
        """
        if self._watched_since <= now < self._next_look:
            return
        if now < self._watched_since:  # the clock was set back
            self._watch_from(now)
            return
        world = self._world()
        with world.lock:
            last_look = self._watched_since + (now - self._watched_since) // WATCH * WATCH
            self._next_look = last_look + WATCH
            # Nodes know nothing of presence on this channel, so nobody is told. The real server tells nobody either.
            nodes.watch(world, self._members, seen_since=last_look - WATCH)

    def deliver(self, events: Iterable[Event], order: Callable[[list[Membership]], list[Membership]] = list) -> None:
        """
        Tell everybody in the rooms of these events.

        Parameters
        ----------
        events : iterable of Event
            What to tell.
        order : callable, optional
            Returns the nodes in the order in which they hear of it; by default that of their ids.
        """
        for event in events:
            for member in order(self._audience(event.room, event.name)):
                member.handler(event.name, event.data)

    def _audience(self, room: str, event: str) -> list[Membership]:
        audiences = self._audiences  # threads may forget it meanwhile
        if (room, event) not in audiences:
            members = [member for _, member in sorted(self._members.items()) if member.room == room]
            audiences[room, event] = [one for one in members if one.is_attentive or event in one.events]
        return audiences[room, event]

    def _share(self, node_id: int, settings: Iterable[tuple[str, str]]) -> None:
        world = self._world()
        with world.lock:
            nodes.share_configuration(world, node_id, settings)

    def _leave(self, member: Membership) -> None:
        if not self._lose(member):
            return
        world = self._world()
        with world.lock:
            if member.node_id in world.node:
                nodes.set_status(world, member.node_id, nodes.OFFLINE)

    def _lose(self, member: Membership) -> bool:
        if self._members.get(member.node_id) is not member:
            return False
        del self._members[member.node_id]
        self._audiences = {}
        return True


class Membership:
    """
    One node's place in the event channel.
    """

    __slots__ = ("_channel", "events", "handler", "is_attentive", "node_id", "room")

    def __init__(
        self, channel: EventChannel, node_id: int, room: str, handler: Handler, events: Container[str]
    ) -> None:
        self._channel = channel
        self.node_id = node_id
        self.room = room
        self.handler = handler
        self.events = events
        self.is_attentive = False

    def share(self, settings: Iterable[tuple[str, str]]) -> None:
        """
        Tell the server about the node's configuration, as pairs of key and value; replaces what it was told before.
        """
        self._channel._share(self.node_id, settings)  # noqa: SLF001 -- a membership is part of its channel

    def attend(self, *, is_attentive: bool) -> None:
        """
        Hear all events from now on, or only those that the node knows.
        """
        self.is_attentive = is_attentive
        self._channel._audiences = {}  # noqa: SLF001 -- a membership is part of its channel

    def close(self) -> None:
        """
        Leave; the node is offline from now on. Leaving twice does no harm.
        """
        self._channel._leave(self)  # noqa: SLF001 -- a membership is part of its channel

    def vanish(self) -> None:
        """
        Be gone without leaving: the server takes the node for online until it misses its signs of life.
        """
        self._channel._lose(self)  # noqa: SLF001 -- a membership is part of its channel
