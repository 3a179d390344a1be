"""Replies to come, staged."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from adapters.memory.store import QueuedReply
from adapters.memory.transaction import Transaction, require_free, require_row
from application.ports.chat import ReplyJob, ReplyQueue
from domain.chat import ChatMessageId


class InMemoryReplyQueue(ReplyQueue):
    """One reply at a time per session, in the order they were asked for."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, job: ReplyJob, now: datetime) -> None:
        rows = self._transaction.tables.replies
        require_free(job.message_id in rows, "reply to come", "message_id")
        require_row(self._transaction.tables.chat_messages, job.message_id, "message")
        place = max((row.place for row in rows.values()), default=0) + 1
        rows[job.message_id] = QueuedReply(replace(job, claim=None), place)

    async def claim(self, claim: UUID, now: datetime, lease_until: datetime) -> ReplyJob | None:
        rows = self._transaction.tables.replies
        busy = {row.job.session_id for row in rows.values() if row.claim is not None}
        free = [row for row in rows.values() if row.job.session_id not in busy]
        if not free:
            return None
        row = min(free, key=lambda row: row.place)
        rows[row.job.message_id] = replace(row, claim=claim, lease_until=lease_until)
        return replace(row.job, claim=claim)

    async def renew(self, jobs: Sequence[ReplyJob], lease_until: datetime) -> Sequence[ReplyJob]:
        lost = []
        for job in jobs:
            row = self._held(job)
            if row is None:
                lost.append(job)
            else:
                self._transaction.tables.replies[job.message_id] = replace(row, lease_until=lease_until)
        return lost

    async def finish(self, job: ReplyJob) -> bool:
        if self._held(job) is None:
            return False
        del self._transaction.tables.replies[job.message_id]
        return True

    async def release(self, job: ReplyJob) -> bool:
        row = self._held(job)
        if row is None:
            return False
        self._transaction.tables.replies[job.message_id] = replace(row, claim=None, lease_until=None)
        return True

    async def cancel(self, message_id: ChatMessageId) -> None:
        self._transaction.tables.replies.pop(message_id, None)

    async def expired(self, now: datetime, limit: int) -> Sequence[ReplyJob]:
        rows = self._transaction.tables.replies.values()
        ended = sorted((row for row in rows if row.lease_until and row.lease_until <= now), key=lambda row: row.place)
        return [replace(row.job, claim=row.claim) for row in ended[:limit]]

    def _held(self, job: ReplyJob) -> QueuedReply | None:
        row = self._transaction.tables.replies.get(job.message_id)
        return row if row is not None and job.claim is not None and row.claim == job.claim else None
