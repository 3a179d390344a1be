"""One row on its way to Telegram: its slot, its sending, what comes of it."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from application.identity.telegram_accounts import TelegramAccounts
from application.ports.observability import TelegramMetrics
from application.ports.sending import (
    Ambiguous,
    Blocked,
    Delivery,
    HeldBack,
    Migrated,
    Notifier,
    Pacer,
    Refused,
    RetryAt,
    Sent,
)
from application.ports.system import Clock
from application.telegram.outcomes import OutcomeWriter
from application.telegram.saying import said
from domain.telegram import CALLBACK_LIFETIME, AnswerButton, EditText, OutgoingMessage

LONGEST_WAIT = timedelta(seconds=5)
NOBODY_WAITS = "Nobody waited for the answer to the button any more."
STOPPED = "The process stopped while sending."
_log = logging.getLogger(__name__)


class Deliverer:
    """Says one thing at a time, at the bot's pace.

    Whoever waits long for a slot gives the row back: it is due again about when there is one. Answers to buttons are
    no messages and need no slot; once nobody waits for them they are not sent.
    """

    def __init__(
        self,
        notifier: Notifier,
        pacer: Pacer,
        accounts: TelegramAccounts,
        outcomes: OutcomeWriter,
        clock: Clock,
        metrics: TelegramMetrics,
    ) -> None:
        self._notifier = notifier
        self._pacer = pacer
        self._accounts = accounts
        self._outcomes = outcomes
        self._clock = clock
        self._metrics = metrics

    async def slot(self, row: OutgoingMessage, claim: UUID) -> bool:
        """Wait for the row's slot. False when it will not be sent now, which is written down then."""
        if isinstance(row.content, AnswerButton):
            if self._clock.now() - row.created_at < CALLBACK_LIFETIME:
                return True
            row.failed(NOBODY_WAITS)
            await self._outcomes.write(row, claim)
            return False
        wait = timedelta(seconds=self._pacer.wait(row.content.chat_id, row.priority))
        if wait > LONGEST_WAIT:
            row.postponed(self._clock.now() + wait)
            await self._outcomes.write(row, claim)
            return False
        await self._pacer.slot(row.content.chat_id, row.priority)
        return True

    async def send(self, row: OutgoingMessage, claim: UUID) -> None:
        """Send it once, and write down what came of it. Where an edit has nothing left to edit, a new message."""
        delivery = await said(self._notifier, self._clock, row.content)
        if isinstance(delivery, Refused) and delivery.is_gone and isinstance(row.content, EditText):
            row.content = row.content.as_new()
            await self._pacer.slot(row.content.chat_id, row.priority)
            delivery = await said(self._notifier, self._clock, row.content)
        chat_id = row.content.chat_id
        outcome = _apply(row, delivery, self._clock.now())
        self._metrics.message_sent(outcome)
        if isinstance(delivery, RetryAt):
            self._pacer.hold(delivery.time, chat_id if delivery.held is HeldBack.CHAT else None)
        elif not isinstance(delivery, Sent):
            fields = {"row": str(row.id), "attempts": row.attempts, "outcome": outcome, "reason": row.error_message}
            _log.warning("message_not_sent", extra=fields)
        await self._outcomes.write(row, claim, chat_id if isinstance(delivery, Migrated) else None)
        if isinstance(delivery, Blocked) and chat_id > 0:
            await self._accounts.blocked(chat_id)

    async def give_back(self, row: OutgoingMessage, claim: UUID, *, was_sending: bool) -> None:
        """Let another worker have it at once; one that was being sent may have arrived, so that counts."""
        if was_sending:
            row.retry(STOPPED, self._clock.now())
        else:
            row.postponed(self._clock.now())
        await self._outcomes.write(row, claim)


def _apply(row: OutgoingMessage, delivery: Delivery, now: datetime) -> str:
    """The row as the delivery leaves it; how that is counted."""
    match delivery:
        case Sent():
            row.sent(delivery.message_id, now)
            outcome = "sent"
        case Blocked():
            row.blocked(delivery.reason)
            outcome = "blocked"
        case RetryAt():
            row.postponed(delivery.time)
            outcome = "retry"
        case Migrated():
            row.moved(delivery.to_chat)
            row.postponed(now)
            outcome = "retry"
        case Refused():
            row.failed(delivery.reason)
            outcome = "failed"
        case Ambiguous():
            row.retry(delivery.reason, now)
            outcome = "ambiguous"
    return outcome
