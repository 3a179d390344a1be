"""What is written down of answers while a process holds them."""

import logging
from collections.abc import Sequence

from application.ports.realtime import OutgoingOwed
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.errors import Unavailable
from domain.telegram import ChatAnswer, Outgoing, OutgoingId, OutgoingMessage, Priority

PAUSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class AnswerLost(Exception):
    """Another process holds the answer now, or nobody waits for it any more: nothing of it may be written here."""


class AnswerRows:
    """The rows of answers, each under its claim. While the database does not answer it is tried again."""

    def __init__(self, unit_of_work: UnitOfWorkFactory, clock: Clock, ids: Ids) -> None:
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._ids = ids

    async def save(self, answer: ChatAnswer) -> None:
        """Keep which message grows; raises `AnswerLost`."""
        while True:
            try:
                return await self._save(answer, None)
            except Unavailable as error:
                await self._wait(answer, error)

    async def moved(self, answer: ChatAnswer, to_chat: int) -> None:
        """The group has another id: the answer goes there, with all that waits to be said in it. Numbers of messages
        are others there. Raises `AnswerLost`.
        """
        from_chat, answer.chat_id = answer.chat_id, to_chat
        answer.telegram_message_id = answer.reply_to = None
        while True:
            try:
                return await self._save(answer, from_chat)
            except Unavailable as error:
                await self._wait(answer, error)

    async def conclude(self, answer: ChatAnswer, contents: Sequence[Outgoing] = ()) -> None:
        """The end: nobody waits any more, and this is to be said, in one transaction. Raises `AnswerLost`."""
        while True:
            try:
                return await self._conclude(answer, contents)
            except Unavailable as error:
                await self._wait(answer, error)

    async def _save(self, answer: ChatAnswer, from_chat: int | None) -> None:
        async with self._unit_of_work() as work:
            if not await work.telegram_answers.save(answer):
                raise AnswerLost
            if from_chat is not None:
                await work.outgoing_messages.moved(answer.bot_id, from_chat, answer.chat_id)
            await work.commit()

    async def _conclude(self, answer: ChatAnswer, contents: Sequence[Outgoing]) -> None:
        now = self._clock.now()
        async with self._unit_of_work() as work:
            if answer.claim is None or not await work.telegram_answers.finish(answer.id, answer.claim):
                raise AnswerLost
            if contents:
                await work.outgoing_messages.add(
                    [
                        OutgoingMessage(OutgoingId(self._ids.new()), answer.bot_id, each, Priority.REPLY, now, now)
                        for each in contents
                    ]
                )
                work.announce(OutgoingOwed(answer.bot_id))
            await work.commit()

    async def _wait(self, answer: ChatAnswer, error: Unavailable) -> None:
        _log.warning("answer_waits", extra={"answer": str(answer.id), "reason": error.message})
        await self._clock.sleep(PAUSE_SECONDS)
