"""The bot's workers on SQLite with a trivial handler, told by lines what to take in.

`python -m tests.benchmarks.telegram.product FOLDER URL TOKEN CHATS STREAMS`. A line `SECONDS COUNT` is a round: an
update every hundredth of a second, the chats by turns, while answers grow in the last COUNT chats of STREAMS. When all
was taken in it is answered by a line of JSON: the time each update was committed at, by its text.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import msgspec
from dependency_injector import providers

from application.ports.chat import LanguageModel, ModelEvent, ModelRequest, ReplyEnd, TextDelta
from application.ports.inbox import Handled, UpdateHandler
from application.telegram.handling import UpdateWorker
from domain.chat import LLMProvider, SessionSnapshot
from domain.identity import Actor, TelegramProfile
from domain.telegram import AnswerId, ChatAnswer, Incoming, IncomingMessage, Outgoing, RichText, SendText
from entrypoints.container import Container, sql_container
from entrypoints.runtime import _loop_factory
from entrypoints.settings import LimitSettings, Secret, Settings, TelegramSettings
from entrypoints.telegram_bot.answers import BotAnswerStyle
from tests.support.telegram_updates import message, update

PAUSE_SECONDS = 0.01
PIECE_SECONDS = 0.1
ASK = "ask "


class PacedModel(LanguageModel):
    """Answers with a word every tenth of a second, for as many seconds as the question says."""

    @property
    def default_model(self) -> str:
        """Its name."""
        return "paced"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """The answer."""
        seconds = float(request.messages[-1].content)
        for number in range(round(seconds / PIECE_SECONDS)):
            await asyncio.sleep(PIECE_SECONDS)
            yield TextDelta(f"**word** {number} ")
        yield ReplyEnd(1)

    async def is_healthy(self) -> bool:
        """Always."""
        return True


class Handler(UpdateHandler):
    """Says what it hears; `ask SECONDS` lets an answer grow for so long."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self.sessions: dict[int, tuple[Actor, SessionSnapshot]] = {}

    async def handle(self, bot_id: int, incoming: Incoming) -> Handled:
        """Trivially."""
        if not isinstance(incoming, IncomingMessage):
            raise TypeError("expected a message")
        chat, text, container = incoming.chat.id, incoming.text, self._container
        if not text.startswith(ASK):
            return Handled([SendText(chat_id=chat, text=RichText(text))])
        actor, session = self.sessions[chat]
        posted = await container.message_service().post(actor, session.id, text.removeprefix(ASK))
        key, now = AnswerId(container.ids().new()), container.clock().now()
        return Handled(answers=[ChatAnswer(key, bot_id, chat, now, message_id=posted.reply_id)])

    async def apologise(self, incoming: Incoming) -> Sequence[Outgoing]:
        """In words that nobody expects."""
        return []


class Product:
    """The bot at work, and what it takes in."""

    def __init__(self, container: Container, chats: Sequence[int], streams: Sequence[int]) -> None:
        self._container = container
        self._chats, self._streams = chats, streams
        self._bot_id = container.settings().telegram.bot_id or 0
        self._next_id = 1
        self._committed: dict[str, float] = {}

    async def run(self) -> None:
        """Until there are no more lines."""
        container, handler = self._container, Handler(self._container)
        await container.migrator().upgrade()
        for chat in self._streams:
            actor = await container.telegram_accounts().seen(TelegramProfile(chat, None, "Somebody", None))
            handler.sessions[chat] = actor, await container.chat_session_service().create(actor)
        updates = UpdateWorker(
            container.unit_of_work,
            container.update_decoder(),
            handler,
            container.bus(),
            container.clock(),
            container.ids(),
            container.telegram_metrics(),
            self._bot_id,
        )
        answers = container.answer_streamer()(style=BotAnswerStyle("a_bot"))
        workers = [updates, answers, container.outgoing_worker(), container.reply_worker()]
        running = [asyncio.create_task(worker.run()) for worker in workers]
        while line := await asyncio.to_thread(sys.stdin.readline):
            seconds, count = line.split()
            await self._round(float(seconds), self._streams[len(self._streams) - int(count) :])
            print(json.dumps(self._committed), flush=True)
        for task in running:
            task.cancel()
        await asyncio.wait(running)
        await container.bot_connection().close()
        await container.database().dispose()

    async def _round(self, seconds: float, streams: Sequence[int]) -> None:
        self._committed = {}
        for chat in streams:
            await self._take_in(chat, f"{ASK}{seconds}")
        loop = asyncio.get_running_loop()
        began, taking = loop.time(), set()
        for number in range(round(seconds / PAUSE_SECONDS)):
            await asyncio.sleep(max(0.0, began + number * PAUSE_SECONDS - loop.time()))
            chat = self._chats[number % len(self._chats)]
            taking.add(asyncio.create_task(self._take_in(chat, f"{time.time()}")))
        await asyncio.wait(taking)

    async def _take_in(self, chat: int, text: str) -> None:
        number, self._next_id = self._next_id, self._next_id + 1
        person = {"id": chat, "type": "private", "first_name": "Somebody"}
        body = message(text, person, **{"from": {"id": chat, "is_bot": False, "first_name": "Somebody"}})
        raw = msgspec.json.encode(update("message", body, number))
        await self._container.update_intake().receive(self._bot_id, [raw])
        self._committed[text] = time.time()


def main(folder: Path, url: str, token: str, chats: list[int], streams: list[int]) -> None:
    """Work until the lines end."""
    settings = Settings(
        data_dir=folder,
        telegram=TelegramSettings(bot_token=Secret(token), api_base_url=url),
        limits=LimitSettings(messages_per_minute=0, sessions_per_hour=0),
    )
    container = sql_container(settings)
    container.language_models.override(providers.Object({LLMProvider.LOCAL: PacedModel()}))
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(Product(container, chats, streams).run())


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], json.loads(sys.argv[4]), json.loads(sys.argv[5]))
