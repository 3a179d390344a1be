"""Replies to come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Update, bindparam, delete, exists, insert, or_, select, update

from adapters.sql.tables import chat_replies
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.chat import ReplyJob, ReplyQueue
from domain.chat import ChatMessageId, ChatSessionId
from domain.errors import Conflict

_other = chat_replies.alias("other")
# Only the first of a session may be claimed, so whoever skips a locked one does not take its successor.
_FREE = (
    select(chat_replies.c.position)
    .where(
        chat_replies.c.claim.is_(None),
        ~exists().where(
            _other.c.session_id == chat_replies.c.session_id,
            or_(_other.c.position < chat_replies.c.position, _other.c.claim.is_not(None)),
        ),
    )
    .order_by(chat_replies.c.position)
    .limit(1)
)


def _claiming(free: Any) -> Update:
    return (
        update(chat_replies)
        .where(chat_replies.c.position == free.scalar_subquery(), chat_replies.c.claim.is_(None))
        .values(claim=bindparam("new_claim"), lease_until=bindparam("new_lease"))
        .returning(chat_replies)
    )


_CLAIM = {True: _claiming(_FREE), False: _claiming(_FREE.with_for_update(skip_locked=True))}
_HELD = (chat_replies.c.message_id == bindparam("b_message_id"), chat_replies.c.claim == bindparam("b_claim"))
_RENEW = (
    update(chat_replies)
    .where(
        chat_replies.c.message_id.in_(bindparam("messages", expanding=True)),
        chat_replies.c.claim.in_(bindparam("claims", expanding=True)),
    )
    .values(lease_until=bindparam("new_lease"))
    .returning(chat_replies.c.message_id, chat_replies.c.claim)
)
_RELEASE = update(chat_replies).where(*_HELD).values(claim=None, lease_until=None)
_FINISH = delete(chat_replies).where(*_HELD)
_CANCEL = delete(chat_replies).where(chat_replies.c.message_id == bindparam("b_message_id"))
_EXPIRED = (
    select(chat_replies)
    .where(chat_replies.c.lease_until <= bindparam("now"))
    .order_by(chat_replies.c.position)
    .limit(bindparam("count"))
)
_TRIES = 5


class SqlReplyQueue(ReplyQueue):
    """A row a job; a partial unique index allows one claimed job a session."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def put(self, job: ReplyJob, now: datetime) -> None:
        await self._transaction.execute(
            insert(chat_replies),
            {
                "message_id": job.message_id,
                "session_id": job.session_id,
                "generation": job.generation,
                "queued_at": now,
            },
        )

    async def claim(self, claim: UUID, now: datetime, lease_until: datetime) -> ReplyJob | None:
        parameters = {"new_claim": claim, "new_lease": lease_until}
        for _ in range(_TRIES):
            try:
                result = await self._transaction.attempt(_CLAIM[self._transaction.is_sqlite], parameters)
            except Conflict:
                # Another claimer took this session's job in the same moment; look again.
                continue
            row = result.first()
            return None if row is None else _from_row(row)
        return None

    async def renew(self, jobs: Sequence[ReplyJob], lease_until: datetime) -> Sequence[ReplyJob]:
        claimed = [job for job in jobs if job.claim is not None]
        held = {
            "messages": [job.message_id for job in claimed],
            "claims": [job.claim for job in claimed],
            "new_lease": lease_until,
        }
        rows = await self._transaction.all(_RENEW, held) if claimed else ()
        renewed = {(row.message_id, row.claim) for row in rows}
        return [job for job in jobs if (job.message_id, job.claim) not in renewed]

    async def finish(self, job: ReplyJob) -> bool:
        return await self._held(_FINISH, job)

    async def release(self, job: ReplyJob) -> bool:
        return await self._held(_RELEASE, job)

    async def cancel(self, message_id: ChatMessageId) -> None:
        await self._transaction.execute(_CANCEL, {"b_message_id": message_id})

    async def expired(self, now: datetime, limit: int) -> Sequence[ReplyJob]:
        rows = await self._transaction.all(_EXPIRED, {"now": now, "count": limit})
        return [_from_row(row) for row in rows]

    async def _held(self, statement: Any, job: ReplyJob) -> bool:
        if job.claim is None:
            return False
        key = {"b_message_id": job.message_id, "b_claim": job.claim}
        return (await self._transaction.execute(statement, key)).rowcount == 1


def _from_row(row: AnyRow) -> ReplyJob:
    return ReplyJob(ChatMessageId(row.message_id), ChatSessionId(row.session_id), row.generation, row.claim)
