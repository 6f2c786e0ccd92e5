"""
The event channel: how a server tells its nodes that there is something to do.

It stands for the Socket.IO namespace `/tasks` of the real server, within one process. Who connects is known by an
access token, hears what is said in the rooms of its collaboration, and counts as online until it leaves. Events tell
little; a node asks for the rest over HTTP.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from v6mockserver.state import node as nodes
from v6mockserver.state import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from v6mockserver.state.world import Event, World

    Handler = Callable[[str, Any], None]


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

    def connect(self, token: str, handler: Handler) -> Membership:
        """
        Take a node in: it is online from now on, and is told to synchronise.

        Parameters
        ----------
        token : str
            The node's access token.
        handler : callable
            Called with the name and the data of each event.

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
        member = self._members[caller.id] = Membership(self, caller.id, room, handler)
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
        self._members = dict(members)

    def deliver(self, events: Iterable[Event]) -> None:
        """
        Tell everybody in the rooms of these events, in the order of their ids.
        """
        for event in events:
            for _, member in sorted(self._members.items()):
                if member.room == event.room:
                    member.handler(event.name, event.data)

    def _share(self, node_id: int, settings: Iterable[tuple[str, str]]) -> None:
        world = self._world()
        with world.lock:
            nodes.share_configuration(world, node_id, settings)

    def _leave(self, member: Membership) -> None:
        if self._members.get(member.node_id) is not member:
            return
        del self._members[member.node_id]
        world = self._world()
        with world.lock:
            if member.node_id in world.node:
                nodes.set_status(world, member.node_id, nodes.OFFLINE)


class Membership:
    """
    One node's place in the event channel.
    """

    __slots__ = ("_channel", "handler", "node_id", "room")

    def __init__(self, channel: EventChannel, node_id: int, room: str, handler: Handler) -> None:
        self._channel = channel
        self.node_id = node_id
        self.room = room
        self.handler = handler

    def share(self, settings: Iterable[tuple[str, str]]) -> None:
        """
        Tell the server about the node's configuration, as pairs of key and value; replaces what it was told before.
        """
        self._channel._share(self.node_id, settings)  # noqa: SLF001 -- a membership is part of its channel

    def close(self) -> None:
        """
        Leave; the node is offline from now on. Leaving twice does no harm.
        """
        self._channel._leave(self)  # noqa: SLF001 -- a membership is part of its channel
