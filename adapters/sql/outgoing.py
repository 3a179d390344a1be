"""Rows to send."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select, update

from adapters.sql.lane_statements import Shape
from adapters.sql.lanes import Lanes
from adapters.sql.tables import outgoing_messages
from adapters.sql.tables.telegram import OUTGOING_IS_HELD, OUTGOING_IS_OVER, OUTGOING_IS_SENT, OUTGOING_WAITS
from adapters.sql.telegram_rows import outgoing_from_row, outgoing_place, outgoing_to_row
from adapters.sql.transaction import Transaction
from application.ports.sending import OutgoingRepository
from domain.telegram import OutgoingId, OutgoingMessage, OutgoingState, Priority

_LANES = Lanes(
    Shape(
        table=outgoing_messages,
        waits=OUTGOING_WAITS.text,
        is_held=OUTGOING_IS_HELD.text,
        place="position",
        rank="priority",
        ranks=tuple(str(int(priority)) for priority in sorted(Priority)),
        tie="position",
    )
)
_c = outgoing_messages.c
_INSERT = insert(outgoing_messages)
_SAVE = update(outgoing_messages).where(
    _c.id == bindparam("b_id"), _c.claim.is_not_distinct_from(bindparam("b_claim", type_=_c.claim.type))
)
_WAITING_IN = (
    select(outgoing_messages)
    .where(
        _c.bot_id == bindparam("b_bot"),
        _c.chat_id == bindparam("b_from"),
        _c.state == OutgoingState.WAITING.value,
    )
    .order_by(_c.position)
    .with_for_update()
)
_MOVE = update(outgoing_messages).where(_c.id == bindparam("b_id"))
_OVER = tuple(
    select(_c.position)
    .where(time < bindparam("before"), is_over)
    .order_by(time)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
    for time, is_over in ((_c.sent_at, OUTGOING_IS_SENT), (_c.due_at, OUTGOING_IS_OVER))
)
_REMOVE = delete(outgoing_messages).where(_c.position == bindparam("b_position"))
_REMOVE_CHAT = delete(outgoing_messages).where(_c.chat_id == bindparam("b_chat"))


class SqlOutgoingRepository(OutgoingRepository):
    """A row a message; the chat has a column of its own, so that a group that moves takes its rows along."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, messages: Sequence[OutgoingMessage]) -> None:
        if messages:
            await self._transaction.execute(_INSERT, [outgoing_to_row(message) for message in messages])

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[OutgoingMessage]:
        values = {"state": OutgoingState.SENDING.value, "claim": claim, "lease_until": lease_until}
        claimed_lanes = await _LANES.claim(self._transaction, bot_id, values, now, lanes=limit, per_lane=1)
        claimed = [outgoing_from_row(row) for lane in claimed_lanes for row in lane]
        for each in claimed:
            each.begin(claim, lease_until)
        return claimed

    async def save(self, message: OutgoingMessage, claim: UUID | None) -> bool:
        values = {**outgoing_to_row(message), "b_id": message.id, "b_claim": claim}
        return (await self._transaction.execute(_SAVE, values)).rowcount == 1

    async def save_each(self, messages: Sequence[tuple[OutgoingMessage, UUID]]) -> frozenset[OutgoingId]:
        rows = [(message.id, claim, outgoing_to_row(message)) for message, claim in messages]
        return frozenset(map(OutgoingId, await _LANES.save_each(self._transaction, rows)))

    async def renew(self, claim: UUID, lease_until: datetime) -> frozenset[OutgoingId]:
        return frozenset(map(OutgoingId, await _LANES.renew(self._transaction, claim, lease_until)))

    async def moved(self, bot_id: int, from_chat: int, to_chat: int) -> int:
        rows = await self._transaction.all(_WAITING_IN, {"b_bot": bot_id, "b_from": from_chat})
        waiting = [outgoing_from_row(row) for row in rows]
        for message in waiting:
            message.moved(to_chat)
        if waiting:
            places = [{**outgoing_place(message), "b_id": message.id} for message in waiting]
            await self._transaction.execute(_MOVE, places)
        return len(waiting)

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        return await _LANES.next_due(self._transaction, bot_id, now)

    async def forget(self, before: datetime, limit: int) -> int:
        count = 0
        for over in _OVER:
            rows = await self._transaction.all(over, {"before": before, "count": limit - count})
            if rows:
                await self._transaction.execute(_REMOVE, [{"b_position": row.position} for row in rows])
            count += len(rows)
        return count

    async def forget_chat(self, chat_id: int) -> int:
        return (await self._transaction.execute(_REMOVE_CHAT, {"b_chat": chat_id})).rowcount
