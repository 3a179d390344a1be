"""Mail that is owed, staged."""

from dataclasses import replace
from datetime import datetime, timedelta

from adapters.memory.transaction import Transaction, require_free
from application.ports.mailing import MailQueue
from domain.identity import MailJob


class InMemoryMailQueue(MailQueue):
    """A claim is known by the end of its lease, which only ever moves on."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def add(self, job: MailJob) -> None:
        rows = self._transaction.tables.mail_jobs
        require_free(job.id in rows, "mail", "id")
        rows[job.id] = replace(job, held_until=None)

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[MailJob]:
        rows = self._transaction.tables.mail_jobs
        due = sorted((row for row in rows.values() if row.due_at <= now and not _is_held(row, now)), key=_place)
        claimed = [replace(row, held_until=now + lease) for row in due[:limit]]
        rows.update({row.id: replace(row) for row in claimed})
        return claimed

    async def save(self, job: MailJob) -> None:
        if self._is_its_claim(job):
            self._transaction.tables.mail_jobs[job.id] = replace(job, held_until=None)

    async def remove(self, job: MailJob) -> None:
        if self._is_its_claim(job):
            del self._transaction.tables.mail_jobs[job.id]

    async def forget(self, address: str) -> None:
        rows = self._transaction.tables.mail_jobs
        for key in [row.id for row in rows.values() if row.address.casefold() == address.casefold()]:
            del rows[key]

    async def next_due(self, now: datetime) -> datetime | None:
        rows = self._transaction.tables.mail_jobs.values()
        times = (row.held_until if row.held_until and _is_held(row, now) else row.due_at for row in rows)
        return min(times, default=None)

    def _is_its_claim(self, job: MailJob) -> bool:
        row = self._transaction.tables.mail_jobs.get(job.id)
        return row is not None and row.held_until == job.held_until


def _is_held(job: MailJob, now: datetime) -> bool:
    return job.held_until is not None and job.held_until > now


def _place(job: MailJob) -> tuple[datetime, object]:
    return job.due_at, job.id
