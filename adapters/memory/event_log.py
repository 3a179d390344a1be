"""The log of every channel."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from adapters.memory.store import ChannelLog, MemoryStore
from application.ports.realtime import EventLog, LoggedEvent, LogSlice
from application.realtime.events import event_payload
from domain.events import Channel, Event
from domain.identity import Role


def append_events(
    store: MemoryStore, events: Iterable[Event], now: datetime, ended: Iterable[Channel] = ()
) -> list[LoggedEvent]:
    """Write the events into the logs of their channels, each with the channel's next offset; all of them or none.

    What stood in the logs of ended channels before is forgotten.
    """
    encoded = [(event, msgspec.json.encode(event_payload(event))) for event in events]
    for channel in ended:
        store.logs.setdefault(channel, ChannelLog()).events = []
    logged: list[LoggedEvent] = []
    for event, payload in encoded:
        for channel in event.channels():
            log = store.logs.setdefault(channel, ChannelLog())
            log.last += 1
            row = LoggedEvent(channel, log.last, event.type, payload, Role(event.minimum_role()), now)
            log.events.append(row)
            logged.append(row)
    return logged


class InMemoryEventLog(EventLog):
    """Reads and prunes what units of work have logged."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def epoch(self) -> str:
        return self._store.epoch

    async def positions(self, channels: Sequence[Channel]) -> Mapping[Channel, int]:
        return {channel: self._log(channel).last for channel in channels}

    async def read(self, channel: Channel, after: int, limit: int) -> LogSlice:
        log = self._log(channel)
        forgotten = log.last - len(log.events)
        if not forgotten <= after <= log.last:
            return LogSlice((), complete=False)
        start = after - forgotten
        return LogSlice(tuple(log.events[start : start + limit]), complete=True)

    async def prune(self, before: datetime, limit: int) -> int:
        old = sorted(
            (event for log in self._store.logs.values() for event in log.events if event.created_at < before),
            key=lambda event: (event.created_at, event.channel, event.offset),
        )[:limit]
        ends: dict[Channel, int] = {}
        for event in old:
            ends[event.channel] = max(event.offset, ends.get(event.channel, 0))
        for channel, end in ends.items():
            log = self._store.logs[channel]
            log.events = [event for event in log.events if event.offset > end]
        return len(old)

    def _log(self, channel: Channel) -> ChannelLog:
        return self._store.logs.get(channel, ChannelLog())
