"""Bringing one answer into its chat, from its first word to its last."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from application.identity.telegram_accounts import TelegramAccounts
from application.telegram.answer_rows import AnswerLost
from application.telegram.following import ReplyFollower
from application.telegram.growing import End, Ended, Growing
from application.telegram.questions import QuestionAnswerer
from application.telegram.screen import AnswerScreen
from application.telegram.showing import AnswerView, ChatClosed, GivenBack
from application.telegram.working import Job
from domain.telegram import ChatAnswer, Outgoing

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Held(Job):
    """An answer that is worked on under a claim; `is_ending` once there is nothing to wait for but its last words."""

    answer: ChatAnswer
    view: AnswerView | None = None
    is_ending: bool = False

    @property
    def rows(self) -> Set[UUID]:
        return {self.answer.id}

    @property
    def name(self) -> str:
        return f"answer {self.answer.id}"

    @property
    def is_busy(self) -> bool:
        return self.is_ending or (self.view is not None and self.view.is_speaking)


class AnswerBringer:
    """Follows an answer, shows it as well as the chat allows, and writes its whole text down at its end."""

    def __init__(
        self, screen: AnswerScreen, follower: ReplyFollower, questions: QuestionAnswerer, accounts: TelegramAccounts
    ) -> None:
        self._screen = screen
        self._follower = follower
        self._questions = questions
        self._accounts = accounts

    async def bring(self, held: Held) -> None:
        """Until nobody waits for it any more, another process has it, or this one stops."""
        answer, rows = held.answer, self._screen.rows
        try:
            ended = await self._until_end(held)
            held.is_ending = True
            await rows.conclude(answer, [] if ended is None else self._final(answer, ended))
        except GivenBack:
            return
        except AnswerLost:
            _log.info("answer_lost", extra={"answer": str(answer.id)})

    async def _until_end(self, held: Held) -> Ended | None:
        """How it ended; None where nothing is to be said of it: the chat is closed, or the conversation is gone."""
        async with self._growing(held.answer) as growing:
            held.view = view = AnswerView(self._screen, held, held.answer, growing)
            try:
                await self._shown(view, growing, held.answer)
            except ChatClosed:
                if held.answer.chat_id > 0:
                    await self._accounts.blocked(held.answer.chat_id)
                return None
            if growing.ended is None or growing.ended.how is not End.GONE:
                return growing.ended
            held.is_ending = True
            await view.farewell()
            return None

    async def _shown(self, view: AnswerView, growing: Growing, answer: ChatAnswer) -> None:
        try:
            await view.until_end()
        except (ChatClosed, AnswerLost, GivenBack):
            raise
        except Exception:  # noqa: BLE001 - it is said at its end all the same
            _log.exception("answer_not_shown", extra={"answer": str(answer.id)})
            await growing.over()

    def _final(self, answer: ChatAnswer, ended: Ended) -> Sequence[Outgoing]:
        try:
            return self._screen.wording.final(answer, ended)
        except Exception:  # noqa: BLE001 - an answer is not lost to its formatting
            _log.exception("answer_not_formatted", extra={"answer": str(answer.id)})
            return self._screen.wording.plain(answer, ended)

    @asynccontextmanager
    async def _growing(self, answer: ChatAnswer) -> AsyncIterator[Growing]:
        """The answer as it comes: with its reply, or to the question of a group, asked now."""
        if answer.message_id is not None:
            with self._follower.follow(answer.message_id, answer.generation) as growing:
                yield growing
            return
        growing = Growing()
        asking = asyncio.create_task(self._questions.answer(answer.question or "", growing))
        try:
            yield growing
        finally:
            asking.cancel()
            await asyncio.wait({asking})
