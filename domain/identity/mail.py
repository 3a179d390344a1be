"""Mail that is owed to somebody. The secret in it is made when it is sent, so that none waits in the database."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

MailJobId = NewType("MailJobId", UUID)

MAIL_LIFETIME = timedelta(hours=1)
FIRST_RETRY, LAST_RETRY = timedelta(seconds=10), timedelta(minutes=10)


class MailPurpose(StrEnum):
    """What the mail is about."""

    RESET_PASSWORD = "reset_password"
    VERIFY_EMAIL = "verify_email"
    PASSWORD_CHANGED = "password_changed"
    EMAIL_CHANGED = "email_changed"


@dataclass(slots=True, eq=False)
class MailJob:
    """One mail to `address`, as it was typed: whether an account has it is found out when it is sent.

    It is tried with growing pauses until it is an hour old. `held_until` is when the lease ends under which a worker
    holds it, and tells that worker's claim from every other one; the queue sets it.
    """

    id: MailJobId
    purpose: MailPurpose
    address: str
    created_at: datetime
    due_at: datetime
    attempts: int = 0
    held_until: datetime | None = None

    def failed(self, now: datetime) -> bool:
        """An attempt failed. True when another one is worth while; the job is then due later."""
        self.attempts += 1
        self.due_at = now + min(FIRST_RETRY * 2 ** (self.attempts - 1), LAST_RETRY)
        return self.due_at < self.created_at + MAIL_LIFETIME

    def is_too_old(self, now: datetime) -> bool:
        """Whether nobody waits for it any more."""
        return now >= self.created_at + MAIL_LIFETIME
