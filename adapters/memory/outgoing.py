"""Rows to send, staged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.lanes import Waiting, free_lanes, next_due
from adapters.memory.store import QueuedMessage
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.sending import OutgoingRepository
from domain.telegram import OutgoingId, OutgoingMessage, OutgoingState

_WAITS = (OutgoingState.WAITING, OutgoingState.SENDING)


class InMemoryOutgoingRepository(OutgoingRepository):
    """A row a message; `position` counts up."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, messages: Sequence[OutgoingMessage]) -> None:
        tables = self._transaction.tables
        for message in messages:
            require_free(message.id in tables.outgoing, "row to send", "id")
            if message.caused_by is not None:
                require_row(tables.updates, message.caused_by, "update")
            # Rows are removed, and a position is never given twice.
            position = tables.outgoing_position[0] = tables.outgoing_position.get(0, 0) + 1
            tables.outgoing[message.id] = QueuedMessage(replace(message), position)

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[OutgoingMessage]:
        claimed = []
        for lane in free_lanes(self._waiting(bot_id), now)[:limit]:
            message = replace(lane[0].row.message)
            message.begin(claim, lease_until)
            self._write(message)
            claimed.append(message)
        return claimed

    async def save(self, message: OutgoingMessage, claim: UUID | None) -> bool:
        stored = self._transaction.tables.outgoing.get(message.id)
        if stored is None or stored.message.claim != claim:
            return False
        self._write(message)
        return True

    async def save_each(self, messages: Sequence[tuple[OutgoingMessage, UUID]]) -> set[OutgoingId]:
        return {message.id for message, claim in messages if await self.save(message, claim)}

    async def renew(self, claim: UUID, lease_until: datetime) -> set[OutgoingId]:
        held = [row.message for row in self._transaction.tables.outgoing.values() if row.message.claim == claim]
        for message in held:
            self._write(replace(message, lease_until=lease_until))
        return {message.id for message in held}

    async def moved(self, bot_id: int, from_chat: int, to_chat: int) -> int:
        waiting = [
            row.message
            for row in self._transaction.tables.outgoing.values()
            if row.message.bot_id == bot_id
            and row.message.state is OutgoingState.WAITING
            and row.message.content.chat_id == from_chat
        ]
        for message in waiting:
            moved = replace(message)
            moved.moved(to_chat)
            self._write(moved)
        return len(waiting)

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        return next_due(self._waiting(bot_id), now)

    async def forget(self, before: datetime, limit: int) -> int:
        rows = self._transaction.tables.outgoing
        over = [row.message.id for row in rows.values() if _ended_before(row.message, before)][:limit]
        for key in over:
            del rows[key]
        return len(over)

    async def forget_chat(self, chat_id: int) -> int:
        rows = self._transaction.tables.outgoing
        gone = [row.message.id for row in rows.values() if row.message.content.chat_id == chat_id]
        for key in gone:
            del rows[key]
        return len(gone)

    def _waiting(self, bot_id: int) -> list[Waiting[QueuedMessage]]:
        return [
            Waiting(
                row,
                row.message.lane,
                row.position,
                int(row.message.priority),
                row.message.due_at,
                row.position,
                row.message.lease_until,
            )
            for row in self._transaction.tables.outgoing.values()
            if row.message.bot_id == bot_id and row.message.state in _WAITS
        ]

    def _write(self, message: OutgoingMessage) -> None:
        rows = self._transaction.tables.outgoing
        rows[message.id] = replace(rows[message.id], message=replace(message))


def _ended_before(message: OutgoingMessage, before: datetime) -> bool:
    return message.state not in _WAITS and (message.sent_at or message.due_at) < before
