"""The channels' log: appended by commits, read by whoever missed something."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import and_, bindparam, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.database import Database
from adapters.sql.errors import translated
from adapters.sql.finishing import to_its_end
from adapters.sql.tables import channel_events, channels, instance
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.realtime import EventLog, LoggedEvent, LogSlice
from application.realtime.events import event_payload
from domain.events import Channel, Event
from domain.identity import Role

_EPOCH = select(instance.c.epoch)
_POSITIONS = select(channels.c.channel, channels.c.last_offset).where(
    channels.c.channel.in_(bindparam("names", expanding=True))
)
_READ = (
    select(channels.c.last_offset, channels.c.pruned_through, channel_events)
    .select_from(
        channels.outerjoin(
            channel_events,
            and_(channel_events.c.channel == channels.c.channel, channel_events.c.offset > bindparam("after")),
        )
    )
    .where(channels.c.channel == bindparam("name"))
    .order_by(channel_events.c.offset)
    .limit(bindparam("count"))
)
_OLDEST = (
    select(channel_events.c.channel, channel_events.c.offset)
    .where(channel_events.c.created_at < bindparam("before"))
    .order_by(channel_events.c.created_at, channel_events.c.channel, channel_events.c.offset)
    .limit(bindparam("count"))
)
_PRUNED = (
    update(channels)
    .where(channels.c.channel == bindparam("name"), channels.c.pruned_through < bindparam("through"))
    .values(pruned_through=bindparam("through"))
)
_FORGET = delete(channel_events).where(
    channel_events.c.channel == bindparam("name"), channel_events.c.offset == bindparam("at")
)
_FORGET_THROUGH = delete(channel_events).where(
    channel_events.c.channel == bindparam("name"), channel_events.c.offset <= bindparam("through")
)
_INSERT = channel_events.insert()
# Engines take some 32,000 parameters in a statement; a channel needs three.
_CHANNELS_AT_ONCE = 5_000


class SqlEventLog(EventLog):
    """Reads each channel in one statement, so that an answer is of one moment."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def epoch(self) -> str:
        async with self._database.read() as connection:
            return str((await connection.execute(_EPOCH)).scalar_one())

    async def positions(self, channels: Sequence[Channel]) -> Mapping[Channel, int]:
        found = dict.fromkeys(channels, 0)
        if not found:
            return found
        async with self._database.read() as connection:
            for name, offset in await connection.execute(_POSITIONS, {"names": list(found)}):
                found[Channel(name)] = offset
        return found

    async def read(self, channel: Channel, after: int, limit: int) -> LogSlice:
        async with self._database.read() as connection:
            rows = (await connection.execute(_READ, {"name": channel, "after": after, "count": limit})).all()
        if not rows:
            return LogSlice((), complete=after == 0)
        complete = rows[0].pruned_through <= after <= rows[0].last_offset
        return LogSlice(tuple(_from_row(row) for row in rows if row.offset is not None), complete)

    async def prune(self, before: datetime, limit: int) -> int:
        return await to_its_end(self._prune(before, limit))

    async def _prune(self, before: datetime, limit: int) -> int:
        with translated():
            async with self._database.writer.begin() as connection:
                oldest = (await connection.execute(_OLDEST, {"before": before, "count": limit})).all()
                if not oldest:
                    return 0
                last: dict[str, int] = {}
                for name, offset in oldest:
                    last[name] = max(offset, last.get(name, 0))
                await connection.execute(_PRUNED, [{"name": name, "through": last[name]} for name in sorted(last)])
                await connection.execute(_FORGET, [{"name": name, "at": offset} for name, offset in oldest])
                return len(oldest)


async def append_events(transaction: Transaction, now: datetime) -> list[LoggedEvent]:
    """Write the transaction's events with the next offsets of their channels, and forget what stood in ended ones.

    Channels are moved in the order of their names, so that two commits cannot deadlock.
    """
    events, transaction.events = transaction.events, []
    ended, transaction.ended = transaction.ended, set()
    counts = Counter(channel for event in events for channel in event.channels())
    counts.update(dict.fromkeys(ended, 0))
    if not counts:
        return []
    next_offset: dict[Channel, int] = {}
    insert = sqlite.insert(channels) if transaction.is_sqlite else postgresql.insert(channels)
    names = sorted(counts)
    for start in range(0, len(names), _CHANNELS_AT_ONCE):
        some = names[start : start + _CHANNELS_AT_ONCE]
        rows = [{"channel": name, "last_offset": counts[name], "pruned_through": 0} for name in some]
        moved = await transaction.execute(
            insert.values(rows)
            .on_conflict_do_update(
                index_elements=[channels.c.channel],
                set_={"last_offset": channels.c.last_offset + insert.excluded.last_offset},
            )
            .returning(channels.c.channel, channels.c.last_offset)
        )
        for row in moved:
            next_offset[Channel(row.channel)] = row.last_offset - counts[row.channel] + 1
    if before := [{"name": name, "through": next_offset[name] - 1} for name in sorted(ended)]:
        await transaction.execute(_PRUNED, before)
        await transaction.execute(_FORGET_THROUGH, before)
    logged = []
    for event in events:
        payload = msgspec.json.encode(event_payload(event))
        for channel in event.channels():
            logged.append(_logged(event, channel, next_offset[channel], payload, now))
            next_offset[channel] += 1
    if logged:
        await transaction.execute(_INSERT, [_to_row(entry) for entry in logged])
    return logged


def _logged(event: Event, channel: Channel, offset: int, payload: bytes, now: datetime) -> LoggedEvent:
    return LoggedEvent(channel, offset, event.type, payload, Role(event.minimum_role()), now)


def _to_row(event: LoggedEvent) -> dict[str, object]:
    return {
        "channel": event.channel,
        "offset": event.offset,
        "type": event.type,
        "payload": event.payload.decode(),
        "minimum_role": int(event.minimum_role),
        "created_at": event.created_at,
    }


def _from_row(row: AnyRow) -> LoggedEvent:
    return LoggedEvent(
        Channel(row.channel), row.offset, row.type, row.payload.encode(), Role(row.minimum_role), row.created_at
    )
