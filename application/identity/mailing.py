"""Sending the mail that is owed."""

import asyncio
import logging
from datetime import datetime, timedelta

from application.identity._mail_texts import compose
from application.identity.passwords import reset_subject
from application.ports.identity import TokenIssuer
from application.ports.mailing import Mail, Mailer, MailNotSent
from application.ports.realtime import Announcement, Bus, MailOwed
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.identity import (
    LIFETIMES,
    MailJob,
    MailPurpose,
    Member,
    OneTimeToken,
    OneTimeTokenId,
    TokenPurpose,
)

LEASE = timedelta(minutes=3)
BATCH = 5
LONGEST_SLEEP = timedelta(minutes=1)

_log = logging.getLogger(__name__)


class MailWorker:
    """Delivers mail: makes the secret in it at that moment, tries again with growing pauses, gives up after an hour.

    A mail is sent at least once: a worker that dies between sending and saying so leaves the job to the next one, whose
    mail has a secret of its own. What an address gets depends on the account that has it when the mail leaves.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        mailer: Mailer,
        tokens: TokenIssuer,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        base_url: str,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._mailer = mailer
        self._tokens = tokens
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._base_url = base_url
        self._wake = asyncio.Event()

    async def run(self) -> None:
        """Deliver whatever is due, until cancelled. A database that is away raises; start it again."""
        stop_listening = self._bus.listen(self._hear)
        try:
            while True:
                self._wake.clear()
                if not await self.deliver():
                    await self._sleep()
        finally:
            stop_listening()

    async def deliver(self) -> int:
        """Try what is due now, once each; how much that was."""
        async with self._unit_of_work() as work:
            jobs = await work.mail_queue.claim(self._clock.now(), LEASE, BATCH)
            await work.commit()
        await asyncio.gather(*(self._deliver(job) for job in jobs))
        return len(jobs)

    async def _deliver(self, job: MailJob) -> None:
        now = self._clock.now()
        if job.is_too_old(now):
            await self._drop(job, "nobody waits for it any more")
            return
        async with self._unit_of_work() as work:
            mail = await self._composed(work, job, now)
            if mail is None:
                await work.mail_queue.remove(job)
            await work.commit()
        if mail is None:
            return
        try:
            await self._mailer.send(mail)
        except MailNotSent as error:
            await self._after_failure(job, error)
            return
        async with self._unit_of_work() as work:
            await work.mail_queue.remove(job)
            await work.commit()

    async def _after_failure(self, job: MailJob, error: MailNotSent) -> None:
        if error.permanent or not job.failed(self._clock.now()):
            await self._drop(job, str(error))
            return
        fields = {"purpose": job.purpose.value, "attempts": job.attempts, "reason": str(error)}
        _log.warning("mail_delayed", extra=fields)
        async with self._unit_of_work() as work:
            await work.mail_queue.save(job)
            await work.commit()

    async def _drop(self, job: MailJob, reason: str) -> None:
        """Give up. The log does not say whose mail it was."""
        _log.error("mail_dropped", extra={"purpose": job.purpose.value, "attempts": job.attempts, "reason": reason})
        async with self._unit_of_work() as work:
            await work.mail_queue.remove(job)
            await work.commit()

    async def _composed(self, work: UnitOfWork, job: MailJob, now: datetime) -> Mail | None:
        """The mail, its secret already stored; None when no account has the address any more, or needs none.

        That an address was given up is told to it although no account has it any more.
        """
        if job.purpose is MailPurpose.EMAIL_CHANGED:
            return compose(job.purpose, job.address, self._base_url)
        member = await work.members.by_email(job.address)
        if member is None or member.user is None or member.user.email is None or not member.is_active:
            return None
        to = member.user.email
        match job.purpose:
            case MailPurpose.PASSWORD_CHANGED:
                return compose(job.purpose, to, self._base_url)
            case MailPurpose.VERIFY_EMAIL:
                if member.user.email_verified:
                    return None
                secret = await self._secret(work, member, TokenPurpose.VERIFY_EMAIL, to, now)
            case MailPurpose.RESET_PASSWORD:
                subject = reset_subject(self._tokens, member.user)
                secret = await self._secret(work, member, TokenPurpose.RESET_PASSWORD, subject, now)
        return compose(job.purpose, to, self._base_url, secret, member.user.username)

    async def _secret(
        self, work: UnitOfWork, member: Member, purpose: TokenPurpose, subject: str, now: datetime
    ) -> str:
        secret = self._tokens.opaque()
        token = OneTimeToken(
            OneTimeTokenId(self._ids.new()),
            purpose,
            member.id,
            self._tokens.hashed(secret),
            created_at=now,
            expires_at=now + LIFETIMES[purpose],
            subject=subject,
        )
        await work.one_time_tokens.add(token)
        return secret

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, MailOwed):
            self._wake.set()

    async def _sleep(self) -> None:
        """Until the next mail is due or one is announced; at the longest a minute, since announcements may be lost."""
        async with self._unit_of_work() as work:
            due = await work.mail_queue.next_due(self._clock.now())
        now = self._clock.now()
        until = min(due or now + LONGEST_SLEEP, now + LONGEST_SLEEP)
        sleeping = asyncio.create_task(self._clock.sleep(max(0.0, (until - now).total_seconds())))
        waking = asyncio.create_task(self._wake.wait())
        try:
            await asyncio.wait({sleeping, waking}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeping.cancel()
            waking.cancel()
