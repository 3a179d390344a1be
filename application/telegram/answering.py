"""The worker that brings answers into chats: claims them, keeps their leases, shows them and says them at their end."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from application.chat.asking import Ask
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.answering import AnswerQueries, AnswerStyle
from application.ports.realtime import Announcement, AnswerOwed, Bus, RunningReplies
from application.ports.sending import Notifier, Pacer, RichTextRenderer
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.telegram.answer_rows import AnswerRows
from application.telegram.bringing import AnswerBringer, Held
from application.telegram.following import ReplyFollower
from application.telegram.questions import QuestionAnswerer
from application.telegram.screen import AnswerScreen, ShowingTimes
from application.telegram.waking import Doorbell
from application.telegram.wording import AnswerWording
from domain.errors import Unavailable

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """How many answers are followed at once, how long a lease lasts, and how often the rows are looked at unasked."""

    answers: int = 512
    lease: timedelta = timedelta(seconds=15)
    poll: timedelta = timedelta(seconds=1)


class AnswerStreamer:
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
        self._unit_of_work = unit_of_work
        self._bus = bus
        self._clock = clock
        self._ids = ids
        self._bot_id = bot_id
        self._limits = limits or AnswerLimits()
        rows, wording = AnswerRows(unit_of_work, clock, ids), AnswerWording(renderer, style)
        self._screen = AnswerScreen(notifier, pacer, wording, rows, clock, times)
        self._follower = ReplyFollower(queries, running, bus, clock, self._limits.poll)
        self._bringer = AnswerBringer(self._screen, self._follower, QuestionAnswerer(ask, clock), accounts)
        self._tasks: dict[asyncio.Task[None], Held] = {}
        self._doorbell = Doorbell(clock)
        self._stopping = False

    async def run(self) -> None:
        """Work until cancelled; what is worked on then is given back. `stop` ends it well."""
        unlisten = self._bus.listen(self._hear)
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._follower.run())
                loops.create_task(self._claim_all())
                loops.create_task(self._keep_leases())
        finally:
            unlisten()
            await self._cut(set())

    async def stop(self, deadline: timedelta) -> None:
        """Take no more, give back what grows, and let what is being said or written down end until the deadline."""
        self._stopping = self._screen.is_closing = True
        claims = {held.claim for held in self._tasks.values()}
        await _cancelled({task for task, held in self._tasks.items() if not held.is_busy})
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=deadline.total_seconds())
        await self._cut(claims)

    async def _cut(self, claims: set[UUID]) -> None:
        """End all that is left, and give back what these claims hold."""
        claims |= {held.claim for held in self._tasks.values()}
        await _cancelled(set(self._tasks))
        if not claims:
            return
        try:
            async with self._unit_of_work() as work:
                for claim in claims:
                    await work.telegram_answers.release(claim)
                await work.commit()
        except Unavailable as error:  # the leases end by themselves
            _log.warning("answers_not_given_back", extra={"reason": error.message})

    def _hear(self, announcement: Announcement) -> None:
        if isinstance(announcement, AnswerOwed) and announcement.bot_id == self._bot_id:
            self._doorbell.ring()

    async def _claim_all(self) -> None:
        while True:
            self._doorbell.reset()
            try:
                for held in await self._claim():
                    task = asyncio.create_task(self._bringer.bring(held))
                    self._tasks[task] = held
                    task.add_done_callback(self._ended)
            except Unavailable as error:
                _log.warning("answer_streamer_waits", extra={"reason": error.message})
            except Exception:  # noqa: BLE001 - the rows outlast whatever it is
                _log.exception("answer_streamer_failed")
            await self._doorbell.wait(self._limits.poll)

    async def _claim(self) -> Sequence[Held]:
        room = self._room()
        if self._stopping or room <= 0:
            return []
        now, claim = self._clock.now(), self._ids.new()
        async with self._unit_of_work() as work:
            answers = await work.telegram_answers.claim(self._bot_id, claim, now, now + self._limits.lease, room)
            if answers:
                await work.commit()
        return [Held(answer, claim) for answer in answers]

    def _room(self) -> int:
        return self._limits.answers - len(self._tasks)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if self._room() <= 0:  # there is a place again for one that waits
            self._doorbell.ring()
        held = self._tasks.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("answer_dropped", extra={"answer": str(held.answer.id)}, exc_info=error)

    async def _keep_leases(self) -> None:
        while True:
            await self._clock.sleep((self._limits.lease / 3).total_seconds())
            claims = {held.claim for held in self._tasks.values()}
            if not claims:
                continue
            try:
                async with self._unit_of_work() as work:
                    for claim in claims:
                        await work.telegram_answers.renew(claim, self._clock.now() + self._limits.lease)
                    await work.commit()
            except Unavailable as error:
                _log.warning("answer_leases_not_renewed", extra={"reason": error.message})
            except Exception:  # noqa: BLE001 - the next renewal may do; whoever lost a lease writes nothing
                _log.exception("answer_leases_not_renewed")


async def _cancelled(tasks: set[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
