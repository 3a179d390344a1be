"""Who is writing where, until they stop or fall silent."""

from datetime import datetime, timedelta

import msgspec

from adapters.websocket.frames import session_id_of
from adapters.websocket.rooms import Rooms
from application.ports.realtime import Transient
from application.ports.system import Clock
from domain.events import Channel
from domain.identity import MemberId

TYPING = "typing_indicator"


class _Typing(msgspec.Struct):
    user_id: MemberId
    is_typing: bool


class Typists:
    """Tells a session's sockets who writes. Who does not repeat it within `patience`, or leaves, has stopped."""

    def __init__(self, rooms: Rooms, clock: Clock, patience: timedelta) -> None:
        self._rooms = rooms
        self._clock = clock
        self._patience = patience
        self._writing: dict[tuple[Channel, MemberId], datetime] = {}

    def hear(self, event: Transient) -> None:
        """Somebody writes, or stopped."""
        typing = msgspec.convert(event.payload, _Typing)
        key = event.channel, typing.user_id
        self._writing.pop(key, None)
        if typing.is_typing:
            # Taken out and put in again, so that they stand in the order in which they end.
            self._writing[key] = self._clock.now() + self._patience
        self._rooms.on_transient(event)

    def end(self, channel: Channel, member_id: MemberId) -> None:
        """Whoever wrote there has stopped; who did not is fine."""
        if self._writing.pop((channel, member_id), None) is not None:
            fields = {"session_id": session_id_of(channel), "user_id": member_id, "is_typing": False}
            self._rooms.pass_on(channel, TYPING, fields)

    async def look(self) -> None:
        """End what was not repeated."""
        now = self._clock.now()
        while self._writing:
            (channel, member_id), until = next(iter(self._writing.items()))
            if until > now:
                return
            self.end(channel, member_id)
