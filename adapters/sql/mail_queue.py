"""Mail that is owed."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from adapters.sql.tables import mail_jobs
from adapters.sql.transaction import Transaction
from adapters.sql.types import AnyRow
from application.ports.mailing import MailQueue
from domain.identity import MailJob, MailJobId, MailPurpose

_IS_FREE = or_(mail_jobs.c.held_until.is_(None), mail_jobs.c.held_until <= bindparam("now"))
_DUE = (
    select(mail_jobs)
    .where(mail_jobs.c.due_at <= bindparam("now"), _IS_FREE)
    .order_by(mail_jobs.c.due_at, mail_jobs.c.id)
    .limit(bindparam("count"))
    .with_for_update(skip_locked=True)
)
_HOLD = update(mail_jobs).where(mail_jobs.c.id == bindparam("b_id")).values(held_until=bindparam("until"))
_ITS_CLAIM = (
    mail_jobs.c.id == bindparam("b_id"),
    mail_jobs.c.held_until.is_not_distinct_from(bindparam("b_held_until", type_=mail_jobs.c.held_until.type)),
)
_SAVE = update(mail_jobs).where(*_ITS_CLAIM)
_REMOVE = delete(mail_jobs).where(*_ITS_CLAIM)
_ADDRESSES = select(mail_jobs.c.id, mail_jobs.c.address)
_FORGET = delete(mail_jobs).where(mail_jobs.c.id == bindparam("b_id"))
_NEXT_DUE = select(
    select(func.min(mail_jobs.c.due_at)).where(_IS_FREE).scalar_subquery().label("due"),
    select(func.min(mail_jobs.c.held_until))
    .where(mail_jobs.c.held_until > bindparam("now"))
    .scalar_subquery()
    .label("free"),
)


class SqlMailQueue(MailQueue):
    """A row a job. PostgreSQL skips rows that another claimer has locked; SQLite has one writer."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, job: MailJob) -> None:
        await self._transaction.execute(insert(mail_jobs), {**_to_row(job), "held_until": None})

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[MailJob]:
        rows = await self._transaction.all(_DUE, {"now": now, "count": limit})
        until = now + lease
        if rows:
            await self._transaction.execute(_HOLD, [{"b_id": row.id, "until": until} for row in rows])
        return [_from_row(row, until) for row in rows]

    async def save(self, job: MailJob) -> None:
        key = {"b_id": job.id, "b_held_until": job.held_until}
        await self._transaction.execute(_SAVE, {**_to_row(job), "held_until": None, **key})

    async def remove(self, job: MailJob) -> None:
        await self._transaction.execute(_REMOVE, {"b_id": job.id, "b_held_until": job.held_until})

    async def forget(self, address: str) -> None:
        # Case is folded here, by one rule for every engine; what is owed at any time is little.
        rows = await self._transaction.all(_ADDRESSES, {})
        keys = [{"b_id": row.id} for row in rows if row.address.casefold() == address.casefold()]
        if keys:
            await self._transaction.execute(_FORGET, keys)

    async def next_due(self, now: datetime) -> datetime | None:
        row = await self._transaction.first(_NEXT_DUE, {"now": now})
        return None if row is None else min((time for time in row if time is not None), default=None)


def _to_row(job: MailJob) -> dict[str, object]:
    return {
        "id": job.id,
        "purpose": job.purpose.value,
        "address": job.address,
        "created_at": job.created_at,
        "due_at": job.due_at,
        "attempts": job.attempts,
    }


def _from_row(row: AnyRow, held_until: datetime) -> MailJob:
    return MailJob(
        id=MailJobId(row.id),
        purpose=MailPurpose(row.purpose),
        address=row.address,
        created_at=row.created_at,
        due_at=row.due_at,
        attempts=row.attempts,
        held_until=held_until,
    )
