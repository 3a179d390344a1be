"""Showing one answer in its chat while it grows."""

import logging
from datetime import datetime, timedelta

from application.ports.sending import (
    Ambiguous,
    Blocked,
    Delivery,
    HeldBack,
    Migrated,
    Refused,
    RetryAt,
    Sent,
)
from application.telegram.growing import Growing
from application.telegram.saying import said
from application.telegram.screen import AnswerScreen
from application.telegram.waking import within
from application.telegram.working import Job
from domain.telegram import ChatAnswer, EditText, Priority, SendDraft, SendText

_log = logging.getLogger(__name__)


class ChatClosed(Exception):
    """The chat wants to hear nothing more of the bot."""


class GivenBack(Exception):
    """The process stops: whoever goes on finds all that was shown written down."""


class AnswerView:
    """One answer in its chat: a draft in a private chat, where there are drafts, else a message that is edited.

    There is never a queue: whoever gets the chat's slot shows the newest text. What is on its way when the answer ends
    is waited for, so that it cannot overtake the end. Nothing is shown once the lease has ended, until it is renewed:
    another process may show it by then, or have said its end.
    """

    def __init__(self, screen: AnswerScreen, job: Job, answer: ChatAnswer, growing: Growing) -> None:
        self._screen = screen
        self._job = job
        self._answer = answer
        self._growing = growing
        self._shown = None if answer.telegram_message_id is None else ""
        self._shown_at: datetime | None = None
        self._is_given_up = False
        self.is_speaking = False

    async def until_end(self) -> None:
        """Show it until it ends. Raises `ChatClosed`, `AnswerLost` when another process has it now, and `GivenBack`
        after what was on its way when the process began to stop.
        """
        try:
            await self._until_end()
        finally:
            for chat_id in [chat for chat, view in self._screen.drafting.items() if view is self]:
                del self._screen.drafting[chat_id]

    async def _until_end(self) -> None:
        growing, screen = self._growing, self._screen
        if self._answer.telegram_message_id is None:
            await growing.unless_ended(screen.clock.sleep(screen.times.grace.total_seconds()))
        while growing.ended is None:
            if self._is_given_up:
                await growing.change()
            elif self._is_due():
                if self._is_draft:
                    screen.drafting[self._answer.chat_id] = self
                if await growing.unless_ended(self._slot()) and self._may_speak:
                    await self._speak()
            else:
                await self._wait()

    async def farewell(self) -> None:
        """Nobody waits any more: what grew here is not left half-written."""
        if self._answer.telegram_message_id is not None:
            screen = self._screen
            await screen.pacer.slot(self._answer.chat_id, Priority.STREAM)
            await said(screen.notifier, screen.clock, screen.wording.gone(self._answer))

    @property
    def _is_draft(self) -> bool:
        is_private = self._answer.chat_id > 0
        return is_private and self._answer.telegram_message_id is None and self._screen.has_drafts()

    def _is_due(self) -> bool:
        if not self._is_draft:
            return self._growing.text != self._shown
        if not self._growing.text and self._screen.drafting.get(self._answer.chat_id, self) is not self:
            return False  # it waits its turn, and so would only hide the draft of the answer before it
        return self._growing.text != self._shown or self._fades_in() <= timedelta()

    def _fades_in(self) -> timedelta:
        since = self._screen.clock.now() - self._shown_at if self._shown_at else timedelta()
        return self._screen.times.refresh - since

    async def _wait(self) -> None:
        """Until it has grown or ended, or a draft is about to fade."""
        if not self._is_draft:
            await self._growing.change()
            return
        await self._growing.unless_ended(self._growth_or_fading())

    async def _growth_or_fading(self) -> None:
        try:
            await within(self._screen.clock, max(timedelta(), self._fades_in()), self._growing.change())
        except TimeoutError:
            return

    async def _slot(self) -> None:
        screen = self._screen
        if self._answer.chat_id < 0 and self._shown_at is not None:
            since = screen.clock.now() - self._shown_at
            await screen.clock.sleep((screen.times.group_pause - since).total_seconds())
        await screen.pacer.slot(self._answer.chat_id, Priority.STREAM)
        while not self._may_speak:
            await screen.clock.sleep(screen.times.grace.total_seconds())

    @property
    def _may_speak(self) -> bool:
        """Asked again right before it does: others may have come first."""
        screen = self._screen
        return screen.under_way < screen.calls and screen.clock.now() < self._job.lease_until

    async def _speak(self) -> None:
        self.is_speaking = True
        try:
            await self._show()
        finally:
            self.is_speaking = False
        if self._screen.is_closing and self._growing.ended is None:
            raise GivenBack

    async def _show(self) -> None:
        screen, text = self._screen, self._growing.text
        wording = screen.wording
        content = wording.draft(self._answer, text) if self._is_draft else wording.growing(self._answer, text)
        screen.under_way += 1
        try:
            delivery = await said(screen.notifier, screen.clock, content)
        finally:
            screen.under_way -= 1
        self._shown_at = screen.clock.now()
        if isinstance(delivery, Sent):
            self._shown = text
        await self._take(content, delivery)

    async def _take(self, content: SendText | EditText | SendDraft, delivery: Delivery) -> None:
        """What comes of what was said."""
        screen = self._screen
        match delivery:
            case Sent(message_id=message_id) if isinstance(content, SendText):
                self._answer.telegram_message_id = message_id
                await screen.rows.save(self._answer)
            case RetryAt(time=time, held=held):
                screen.pacer.hold(time, self._answer.chat_id if held is HeldBack.CHAT else None)
            case Migrated(to_chat=to_chat):
                self._shown = self._shown_at = None
                await screen.rows.moved(self._answer, to_chat)
            case Blocked(reason=reason):
                raise ChatClosed(reason)
            case Refused():
                await self._refused(content, delivery)
            case Ambiguous(reason=reason):
                _log.warning("answer_not_shown", extra={"answer": str(self._answer.id), "reason": reason})
                # A new message may be there or not: better none than two that begin the same.
                self._is_given_up = isinstance(content, SendText)

    async def _refused(self, content: SendText | EditText | SendDraft, refused: Refused) -> None:
        if isinstance(content, SendDraft):
            _log.warning("drafts_refused", extra={"reason": refused.reason})
            self._screen.drafts_refused()
            return
        _log.warning("answer_not_shown", extra={"answer": str(self._answer.id), "reason": refused.reason})
        # It is said at its end all the same, and in a message of its own where the one that grew was removed.
        self._is_given_up = True
        if refused.is_gone:
            self._answer.telegram_message_id = None
            await self._screen.rows.save(self._answer)
