"""Who is in a session: told to its sockets, and agreed on between processes."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import msgspec

from adapters.websocket.connection import WebSocketConnection
from adapters.websocket.frames import frame, session_id_of
from adapters.websocket.hubs import HUBS
from adapters.websocket.rooms import Rooms
from adapters.websocket.roster import Roster
from adapters.websocket.typists import Typists
from application.ports.realtime import Bus, Transient
from application.ports.system import Clock
from domain.events import Channel
from domain.identity import MemberId

TOLD, ASKED, ENDED = "presence_told", "presence_asked", "presence_ended"
CHANNELS_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PresenceTimes:
    """`grace` is how short an absence nobody is told of, to the next look, every `look_seconds`.

    A process repeats every `repeat_seconds` who is present with it; what was not repeated for `lease` has ended. When
    it goes away in good order, its sockets have `handover` to come back to another one.
    `collect_seconds` is how long changes are gathered before they are told to the other processes.
    """

    grace: timedelta = timedelta(seconds=3)
    lease: timedelta = timedelta(seconds=25)
    handover: timedelta = timedelta(seconds=5)
    look_seconds: float = 1.0
    repeat_seconds: float = 10.0
    collect_seconds: float = 0.05


class _Told(msgspec.Struct):
    process: str
    present: dict[Channel, frozenset[MemberId]] = {}


@dataclass(frozen=True, slots=True)
class _Lease:
    members: frozenset[MemberId]
    until: datetime


class Presence:
    """A member is present in a session while one of their sockets, of whichever process, is subscribed to it.

    Each process announces on the bus who is present with it: a channel's members whole, when they change and again
    and again. So a lost announcement is made good by the next one, and whoever is silent for too long is forgotten.
    """

    def __init__(
        self, process: str, rooms: Rooms, typists: Typists, bus: Bus, clock: Clock, times: PresenceTimes
    ) -> None:
        self._process = process
        self._rooms = rooms
        self._typists = typists
        self._bus = bus
        self._clock = clock
        self._times = times
        self._roster = Roster(times.grace)
        self._here: dict[Channel, dict[str, MemberId]] = {}
        self._leases: dict[tuple[str, Channel], _Lease] = {}
        self._changed: dict[Channel, None] = {}
        self._wake = asyncio.Event()

    def enter(self, connection: WebSocketConnection, channel: Channel) -> None:
        """A socket is about to hear a channel: the others are told of a new member, the socket who is there."""
        if not channel.startswith("session:"):
            return
        self._here.setdefault(channel, {})[connection.connection_id] = connection.user_id
        self._announce([channel])
        self._joined(channel, connection.user_id, connection.connection_id)
        fields = {"session_id": session_id_of(channel), "user_ids": self._roster.present(channel)}
        connection.outbox.put(frame("presence", channel=channel, **fields))

    def leave(self, connection: WebSocketConnection, channel: Channel) -> None:
        """A socket no longer hears a channel; one that did not is fine."""
        sockets = self._here.get(channel, {})
        if sockets.pop(connection.connection_id, None) is None:
            return
        if not sockets:
            del self._here[channel]
        self._announce([channel])
        self._left(channel, connection.user_id, connection.connection_id)

    def hear_told(self, event: Transient) -> None:
        """Another process said who is present with it."""
        if not self._is_own(event):
            told = msgspec.convert(event.payload, _Told)
            for channel, members in told.present.items():
                self._lease(told.process, channel, members)

    def hear_asked(self, event: Transient) -> None:
        """Another process has just begun and knows nobody."""
        if not self._is_own(event):
            self._announce(self._here)

    def hear_ended(self, event: Transient) -> None:
        """Another process goes away: what it told ends soon."""
        process = msgspec.convert(event.payload, _Told).process
        soon = self._clock.now() + self._times.handover
        for key, lease in self._leases.items():
            if key[0] == process:
                self._leases[key] = replace(lease, until=min(lease.until, soon))
        self._leases = dict(sorted(self._leases.items(), key=lambda item: item[1].until))

    def begin(self) -> None:
        """Ask the other processes who is there."""
        self._bus.publish(Transient(HUBS, ASKED, {"process": self._process}))

    def end(self) -> None:
        """Tell the other processes that this one goes away."""
        self._bus.publish(Transient(HUBS, ENDED, {"process": self._process}))

    async def run(self) -> None:
        """Tell the other processes of changes, for ever."""
        while True:
            await self._wake.wait()
            await self._clock.sleep(self._times.collect_seconds)
            self._wake.clear()
            await self._tell_processes()

    async def repeat(self) -> None:
        """Tell the other processes all of it again."""
        self._announce(self._here)

    async def look(self) -> None:
        """End what no process repeated, and tell of those who stayed away."""
        now = self._clock.now()
        while self._leases:
            (process, channel), lease = next(iter(self._leases.items()))
            if lease.until > now:
                break
            self._lease(process, channel, frozenset())
        for channel, member_id in self._roster.gone(now):
            self._tell(channel, "user_left", member_id)

    def _lease(self, process: str, channel: Channel, members: frozenset[MemberId]) -> None:
        before = self._leases.pop((process, channel), None)
        known = before.members if before else frozenset()
        if members:
            # Taken out and put in again, so that they stand in the order in which they end.
            self._leases[process, channel] = _Lease(members, self._clock.now() + self._times.lease)
        for member_id in members - known:
            self._joined(channel, member_id, process)
        for member_id in known - members:
            self._left(channel, member_id, process)

    def _joined(self, channel: Channel, member_id: MemberId, holder: str) -> None:
        if self._roster.enter(channel, member_id, holder):
            self._tell(channel, "user_joined", member_id)

    def _left(self, channel: Channel, member_id: MemberId, holder: str) -> None:
        if self._roster.leave(channel, member_id, holder, self._clock.now()):
            self._typists.end(channel, member_id)

    def _tell(self, channel: Channel, kind: str, member_id: MemberId) -> None:
        fields = {"session_id": session_id_of(channel), "user_id": member_id}
        self._rooms.pass_on(channel, kind, fields)

    def _is_own(self, event: Transient) -> bool:
        return event.payload.get("process") == self._process

    def _announce(self, channels: Iterable[Channel]) -> None:
        self._changed.update(dict.fromkeys(channels))
        self._wake.set()

    async def _tell_processes(self) -> None:
        channels = list(self._changed)
        self._changed.clear()
        for start in range(0, len(channels), CHANNELS_AT_ONCE):
            some = channels[start : start + CHANNELS_AT_ONCE]
            present = {channel: sorted({str(member) for member in self._of(channel)}) for channel in some}
            self._bus.publish(Transient(HUBS, TOLD, {"process": self._process, "present": present}))
            await asyncio.sleep(0)

    def _of(self, channel: Channel) -> Iterable[MemberId]:
        return self._here.get(channel, {}).values()
