"""A bot that brings answers into chats, in memory: the model says what the test dictates."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from adapters.memory.bot import InMemoryAnswerQueries
from adapters.memory.bus import InMemoryBus
from adapters.memory.notifier import InMemoryNotifier
from adapters.memory.pacer import InMemoryPacer
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from adapters.text.telegram_markdown import TelegramMarkdown
from application.chat.asking import Ask
from application.chat.running import RunningReplyRegistry
from application.guides.search import PassageFinder
from application.identity.telegram_accounts import TelegramAccounts
from application.ports.answering import AnswerStyle, AnswerTexts, CitedGuide
from application.ports.chat import LanguageModel, ModelError, ModelEvent, ModelRequest, ReplyEnd, TextDelta
from application.ports.realtime import AnswerOwed, Bus
from application.telegram.answering import AnswerLimits, AnswerStreamer
from domain.chat import ChatMessageId, ChatSessionId, LLMProvider
from domain.errors import Unavailable
from domain.identity import Actor
from domain.telegram import AnswerId, Button, ChatAnswer, EditText, Outgoing, OutgoingMessage, SendDraft, SendText
from tests.support.analyzer import ANALYZER
from tests.unit.chat.conftest import ChatWorld

BOT = 99
ADA = 501
GROUP = -77
GRACE = timedelta(milliseconds=400)
SECOND = timedelta(seconds=1)
TENTH = timedelta(milliseconds=100)

TEXTS = AnswerTexts(
    placeholder="hm", interrupted="broke off", cancelled="stopped", failed="sorry", replaced="anew", gone="deleted"
)


class PlainStyle(AnswerStyle):
    """Texts of one word; buttons that tell what they were made of."""

    def texts(self, language: str | None) -> AnswerTexts:
        return TEXTS

    def citation_button(self, guide: CitedGuide, *, is_private: bool) -> Button:
        text = f"{list(guide.numbers)} {guide.title}"
        return Button(text, data=f"open:{guide.guide_id}") if is_private else Button(text, url="https://t.me/bot")


class DictatedModel(LanguageModel):
    """Says what it is told to, to each request in turn: pieces, then None for the end, or an error."""

    def __init__(self) -> None:
        self.asked: list[ModelRequest] = []
        self._words: list[asyncio.Queue[str | ModelError | None]] = []

    @property
    def default_model(self) -> str:
        return "dictated"

    def say(self, *words: str | ModelError | None, to: int = 0) -> None:
        """The next words of the answer to a request, by its number."""
        for each in words:
            self._queue(to).put_nowait(each)

    def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        self.asked.append(request)
        return self._play(self._queue(len(self.asked) - 1))

    async def is_healthy(self) -> bool:
        return True

    def _queue(self, number: int) -> "asyncio.Queue[str | ModelError | None]":
        while len(self._words) <= number:
            self._words.append(asyncio.Queue())
        return self._words[number]

    async def _play(self, words: "asyncio.Queue[str | ModelError | None]") -> AsyncGenerator[ModelEvent, None]:
        while (said := await words.get()) is not None:
            if isinstance(said, ModelError):
                raise said
            yield TextDelta(said)
        yield ReplyEnd(3)


class Away(InMemoryUnitOfWork):
    """Nothing can be committed."""

    async def commit(self) -> None:
        raise Unavailable("The database does not answer.")


class Line:
    """One process's line to the database."""

    is_cut = False


class AnswerWorld(ChatWorld):
    """A chat, its assistant, and a bot."""

    def __init__(self) -> None:
        super().__init__()
        self.says = DictatedModel()
        self.models[LLMProvider.LOCAL] = self.says  # type: ignore[assignment]
        self.notifier, self.pacer = InMemoryNotifier(), InMemoryPacer(self.clock)
        self.renderer = TelegramMarkdown()
        self.accounts = TelegramAccounts(self.unit_of_work, self.members, self.clock, self.ids)
        self.is_away = False
        self._ask = Ask(PassageFinder(InMemoryPassageQueries(self.store), ANALYZER), self.models)

    def streamer(
        self, *, elsewhere: bool = False, limits: AnswerLimits | None = None, line: Line | None = None
    ) -> AnswerStreamer:
        """Another process's. `elsewhere`: replies run in another one, and nothing is heard of them."""
        bus: Bus = InMemoryBus() if elsewhere else self.bus
        return AnswerStreamer(
            lambda: self._maybe_away(line),
            InMemoryAnswerQueries(self.store),
            RunningReplyRegistry(bus) if elsewhere else self.running,
            self._ask,
            self.notifier,
            self.pacer,
            self.renderer,
            self.accounts,
            bus,
            self.clock,
            self.ids,
            PlainStyle(),
            BOT,
            limits,
        )

    def _maybe_away(self, line: Line | None) -> InMemoryUnitOfWork:
        is_away = self.is_away or (line is not None and line.is_cut)
        return (Away if is_away else InMemoryUnitOfWork)(self.store, self.bus, self.clock)

    @asynccontextmanager
    async def at_work(
        self,
        *,
        elsewhere: bool = False,
        limits: AnswerLimits | None = None,
        dies: bool = False,
        line: Line | None = None,
    ) -> AsyncIterator[AnswerStreamer]:
        """While a streamer and a reply worker run. `dies`: the streamer's process ends without a word."""
        streamer = self.streamer(elsewhere=elsewhere, limits=limits, line=line)
        tasks = [asyncio.create_task(streamer.run())]
        if not dies:
            tasks.append(asyncio.create_task(self.worker.run()))
        try:
            yield streamer
        finally:
            self.is_away = dies
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self.is_away = False

    async def begin(self, content: str = "Why?") -> tuple[Actor, ChatSessionId, ChatMessageId]:
        """Ada asks; her actor, the session and the reply to come."""
        ada = await self.member(f"ada{self.ids.new()}")
        session = await self.sessions.create(ada)
        return ada, session.id, await self.ask(ada, session.id, content)

    async def owe(
        self, message_id: ChatMessageId | None, chat_id: int = ADA, *, generation: int = 1, **fields: object
    ) -> AnswerId:
        """The chat waits for it."""
        key = AnswerId(self.ids.new())
        bot_id = int(str(fields.pop("bot_id", BOT)))
        answer = ChatAnswer(key, bot_id, chat_id, self.clock.now(), message_id, generation, **fields)  # type: ignore[arg-type]
        async with self.unit_of_work() as work:
            await work.telegram_answers.add(answer)
            work.announce(AnswerOwed(BOT))
            await work.commit()
        return key

    async def passes(self, time: timedelta, step: timedelta = TENTH) -> None:
        """Time passes, and everybody does what they do in it."""
        end = self.clock.now() + time
        await self.settle()
        while self.clock.now() < end:
            self.clock.advance(min(step, end - self.clock.now()))
            await self.settle()

    async def settle(self) -> None:
        """Let everybody do what can be done without time passing."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def comes_to(self, holds: Callable[[], object], step: timedelta = TENTH) -> None:
        """Let time pass until it holds."""
        for _ in range(1_200):
            await self.settle()
            if holds():
                return
            self.clock.advance(step)
        raise AssertionError(f"It never came to that: {self.rows()}, {self.notifier.tried[-5:]}")

    def rows(self, chat_id: int | None = None) -> list[OutgoingMessage]:
        """Rows to send, in their order."""
        queued = sorted(self.store.tables.outgoing.values(), key=lambda row: row.position)
        return [row.message for row in queued if chat_id in (None, row.message.content.chat_id)]

    def final(self, chat_id: int = ADA) -> list[Outgoing]:
        """What is to be said to a chat for good."""
        return [row.content for row in self.rows(chat_id)]

    def final_texts(self, chat_id: int = ADA) -> list[str]:
        """Its words."""
        return [each.text.text for each in self.final(chat_id) if isinstance(each, SendText | EditText)]

    def shown(self, chat_id: int = ADA) -> list[str]:
        """What was shown in a chat while it grew."""
        return [
            each.text.text
            for each in self.notifier.sent
            if each.chat_id == chat_id and isinstance(each, SendText | EditText | SendDraft)
        ]

    def waiting(self) -> dict[AnswerId, ChatAnswer]:
        """The answers that chats still wait for."""
        return dict(self.store.tables.answers)
