"""Owing somebody a mail, in the transaction of what causes it."""

from application.ports.mailing import Mailer
from application.ports.realtime import MailOwed
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork
from domain.errors import Unavailable
from domain.identity import MailJob, MailJobId, MailPurpose


class MailRequests:
    """Adds mail to the queue. An instance without a mail server owes none."""

    def __init__(self, mailer: Mailer, clock: Clock, ids: Ids) -> None:
        self._mailer = mailer
        self._clock = clock
        self._ids = ids

    @property
    def can_send(self) -> bool:
        """Whether mail can be sent at all."""
        return self._mailer.can_send

    def require_mail(self) -> None:
        """Raise `Unavailable` where no mail can be sent."""
        if not self.can_send:
            raise Unavailable("This instance sends no mail; ask its operator for help.", is_public=True)

    async def add(self, work: UnitOfWork, purpose: MailPurpose, address: str | None) -> None:
        """Owe a mail to this address; nothing where there is none, or no mail server."""
        if address is None or not self.can_send:
            return
        now = self._clock.now()
        await work.mail_queue.add(MailJob(MailJobId(self._ids.new()), purpose, address, created_at=now, due_at=now))
        work.announce(MailOwed())
