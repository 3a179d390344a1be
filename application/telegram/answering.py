"""The worker that brings answers into chats: claims them, shows them and says them at their end."""

import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from application.chat.asking import Ask
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.answering import AnswerQueries, AnswerStyle
from application.ports.realtime import Announcement, AnswerOwed, Bus, RunningReplies
from application.ports.sending import Notifier, Pacer, RichTextRenderer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from application.telegram.answer_rows import AnswerRows
from application.telegram.bringing import AnswerBringer, Held
from application.telegram.following import ReplyFollower
from application.telegram.questions import QuestionAnswerer
from application.telegram.screen import AnswerScreen, ShowingTimes
from application.telegram.wording import AnswerWording
from application.telegram.working import Leased, LeasedWorker
from domain.errors import Unavailable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How many answers are followed at once, how many calls to show them are under way at a time, how long a lease
    lasts, and how often the rows are looked at unasked.
    """

    answers: int = 512
    calls: int = 96
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)


class AnswerStreamer(LeasedWorker[Held]):
    """Brings one bot's answers into their chats until it is stopped. Any number of them share one database.

    Each answer has a task of its own: a chat that is slow or hangs delays no other. While it grows it is shown as well
    as the chat allows; its whole text is a row to send, committed with the end of the waiting. A process that dies
    leaves its leases to end, and the next one goes on: what is shown may be repeated, the whole text is said once.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: AnswerQueries,
        running: RunningReplies,
        ask: Ask,
        notifier: Notifier,
        pacer: Pacer,
        renderer: RichTextRenderer,
        accounts: TelegramAccounts,
        bus: Bus,
        clock: Clock,
        ids: Ids,
        style: AnswerStyle,
        bot_id: int,
        limits: AnswerLimits | None = None,
        times: ShowingTimes | None = None,
    ) -> None:
        self._limits = limits or AnswerLimits()
        super().__init__(unit_of_work, bus, clock, ids, bot_id, lease=self._limits.lease, poll=self._limits.poll)
        rows, wording = AnswerRows(unit_of_work, clock, ids), AnswerWording(renderer, style)
        self._screen = AnswerScreen(notifier, pacer, wording, rows, clock, self._limits.calls, times)
        self._follower = ReplyFollower(queries, running, bus, clock, self._poll)
        self._bringer = AnswerBringer(self._screen, self._follower, QuestionAnswerer(ask, clock), accounts)

    async def stop(self, deadline: timedelta) -> None:
        """Take no more, give back what grows, and let what is being said or written down end until the deadline."""
        self._screen.is_closing = True
        await super().stop(deadline)

    def _loops(self) -> Sequence[Callable[[], Coroutine[Any, Any, None]]]:
        return [self._follower.run, *super()._loops()]

    def _tells_of_work(self, announcement: Announcement) -> bool:
        return isinstance(announcement, AnswerOwed) and announcement.bot_id == self._bot_id

    def _rows(self, work: UnitOfWork) -> Leased:
        return work.telegram_answers

    def _room(self) -> int:
        return self._limits.answers - len(self._tasks)

    async def _claim(self, room: int) -> tuple[Sequence[Held], timedelta]:
        async with self._unit_of_work() as work:
            now, claim = self._clock.now(), self._ids.new()
            until = now + self._lease
            answers = await work.telegram_answers.claim(self._bot_id, claim, now, until, room)
            if answers:
                await work.commit()
        return [Held(claim=claim, lease_until=until, answer=answer) for answer in answers], self._poll

    async def _work_on(self, job: Held) -> None:
        await self._bringer.bring(job)

    def _may_have_more(self, ended: Held) -> bool:
        """Only where there was no place for one that waits."""
        return self._room() <= 1

    def _drops(self, job: Held) -> bool:
        """Another process shows it and says its end. What is ending may end: a farewell is nobody else's."""
        return not job.is_ending

    async def _settle(self, claims: set[UUID]) -> None:
        """Give back what these claims hold."""
        if not claims:
            return
        try:
            async with self._unit_of_work() as work:
                for claim in claims:
                    await work.telegram_answers.release(claim)
                await work.commit()
        except Unavailable as error:  # the leases end by themselves
            _log.warning("answers_not_given_back", extra={"reason": error.message})
