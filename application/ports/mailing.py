"""Mail: what is owed, and what sends it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from domain.identity import MailJob


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail in plain text. `to` is one address; `subject` one line."""

    to: str
    subject: str
    text: str


class MailNotSent(Exception):
    """The mail did not leave. `permanent` says that trying again is no use, as with a refused address.

    The message is for the log: it names the reason and carries neither the mail's text nor a password.
    """

    def __init__(self, reason: str, *, permanent: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Mailer(Protocol):
    """Hands mail over for delivery."""

    @property
    def can_send(self) -> bool:
        """Whether this instance sends mail at all; without that, `send` raises a permanent `MailNotSent`."""
        ...

    async def send(self, mail: Mail) -> None:
        """Returns once the mail is handed over; raises `MailNotSent`."""
        ...


class MailQueue(Protocol):
    """Mail that is owed, committed with what caused it. A claimed job is another worker's until its lease ends.

    A claimed job carries its claim (`held_until`): once another worker has claimed it, the first one's `save` and
    `remove` do nothing.
    """

    async def add(self, job: MailJob) -> None:
        """Insert."""
        ...

    async def claim(self, now: datetime, lease: timedelta, limit: int) -> list[MailJob]:
        """The longest due jobs that nobody holds, oldest first, held until `now + lease`."""
        ...

    async def save(self, job: MailJob) -> None:
        """Update after a failed attempt, and let go of it; a job that is gone stays gone."""
        ...

    async def remove(self, job: MailJob) -> None:
        """Done with; absent is fine."""
        ...

    async def forget(self, address: str) -> None:
        """Remove all that is owed to this address, ignoring case, claimed or not: whose it was is gone."""
        ...

    async def next_due(self, now: datetime) -> datetime | None:
        """When the next job that nobody holds is due, or a lease ends; None when nothing is owed."""
        ...
