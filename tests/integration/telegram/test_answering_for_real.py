"""The bot on SQLite against the fake Bot API: people ask, answers grow in their chats and are said once."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from dependency_injector import providers

from adapters.testing.telegram import faults
from adapters.testing.telegram.chats import Post
from adapters.testing.telegram.fake import FakeTelegram
from application.guides.library import GuideDraft
from application.ports.chat import LanguageModel, ModelEvent, ModelRequest, ReplyEnd, TextDelta
from domain.chat import LLMProvider
from domain.identity import OPERATOR
from entrypoints.container import Container, sql_container
from entrypoints.settings import Secret, Settings, TelegramSettings
from entrypoints.telegram_bot.bot import Bot, create_bot

WORDS = [f"**word{number}** " for number in range(8)]
PLAIN = " ".join(f"word{number}" for number in range(8))
NO_DRAFTS = faults.document(404, {"ok": False, "error_code": 404, "description": "Not Found"})


class PacedModel(LanguageModel):
    """Says the same words to everybody, with a pause before each; with a guide at hand it cites it."""

    def __init__(self, pause_seconds: float) -> None:
        self.pause_seconds = pause_seconds

    @property
    def default_model(self) -> str:
        return "paced"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        for word in WORDS:
            await asyncio.sleep(self.pause_seconds)
            yield TextDelta(word)
        if request.passages:
            yield TextDelta("[1]")
        yield ReplyEnd(8)

    async def is_healthy(self) -> bool:
        return True


@pytest.fixture
def model() -> PacedModel:
    return PacedModel(0.3)


@pytest.fixture
async def container(telegram: FakeTelegram, tmp_path: Path, model: PacedModel) -> AsyncIterator[Container]:
    bot = TelegramSettings(bot_token=Secret(telegram.token), api_base_url=telegram.url)
    container = sql_container(Settings(data_dir=tmp_path, telegram=bot))
    container.language_models.override(providers.Object({LLMProvider.LOCAL: model}))
    await container.migrator().upgrade()
    yield container
    await container.bot_connection().close()
    await container.database().dispose()


@asynccontextmanager
async def at_work(container: Container) -> AsyncIterator[Bot]:
    """While the bot and the worker of replies run."""
    bot, replies = create_bot(container), container.reply_worker()
    tasks = [asyncio.create_task(bot.run()), asyncio.create_task(replies.run())]
    try:
        yield bot
    finally:
        await bot.stop(timedelta(seconds=2))
        tasks[1].cancel()
        await asyncio.wait(tasks)


def is_said(words: str, *posts: Post) -> bool:
    """Whether one of the messages is the whole answer."""
    return any(post.text == words for post in posts)


async def test_answer_in_a_private_chat_grows_as_a_draft(telegram: FakeTelegram, container: Container) -> None:
    ada = telegram.user("Ada", started=True)

    async with at_work(container):
        ada.sends("Why?")
        await telegram.until(lambda: is_said(PLAIN, *telegram.said_to(ada)), within=15)

    drafts = [draft for draft in ada.chat.drafts if draft.text.startswith("word")]
    assert len(drafts) >= 2
    assert [len(each.text) for each in drafts] == sorted({len(each.text) for each in drafts})
    assert all(PLAIN.startswith(draft.text) for draft in drafts)
    assert drafts[-1].entities[0]["type"] == "bold"
    (said,) = telegram.said_to(ada)
    assert len(said.content["entities"]) == 8
    assert len(telegram.calls("sendMessage")) == 1
    assert telegram.calls("editMessageText") == []


async def test_answer_in_a_private_chat_without_drafts_grows_by_edits(
    telegram: FakeTelegram, container: Container
) -> None:
    telegram.fail(NO_DRAFTS, "sendMessageDraft", times=None)
    ada, bea = telegram.user("Ada", started=True), telegram.user("Bea", started=True)

    async with at_work(container):
        ada.sends("Why?")
        await telegram.until(lambda: is_said(PLAIN, *telegram.said_to(ada)), within=15)
        bea.sends("Why?")
        await telegram.until(lambda: is_said(PLAIN, *telegram.said_to(bea)), within=15)

    for user in (ada, bea):
        (said,) = telegram.said_to(user)
        grown = [earlier["text"] for earlier in said.history]
        assert 2 <= len(grown) <= 6
        assert all(text.endswith(" …") and PLAIN.startswith(text.removesuffix(" …")) for text in grown[1:])
    assert len(telegram.calls("sendMessageDraft")) == 1, "what is refused is not asked for again"


async def test_question_in_a_group_is_answered_by_an_edited_reply(telegram: FakeTelegram, container: Container) -> None:
    await container.guide_library().create(
        OPERATOR, GuideDraft(title="Stops", category="risk", body="A stop order limits what a position may lose.")
    )
    ada = telegram.user("Ada")
    group = telegram.group("Traders", [ada])

    async with at_work(container):
        asked = ada.sends("/ask What does a stop order limit?", in_=group)
        await telegram.until(lambda: is_said(f"{PLAIN} [1]", *telegram.said_to(group)), within=15)

    (said,) = telegram.said_to(group)
    assert said.content["reply_to_message"]["message_id"] == asked.id
    assert len(said.history) >= 1
    (button,) = said.buttons
    assert button["text"] == "[1] Stops"
    assert button["url"].startswith(f"https://t.me/{telegram.bot.username}?start=guide_")


async def test_answer_cites_guides_that_open_under_it(
    telegram: FakeTelegram, container: Container, model: PacedModel
) -> None:
    model.pause_seconds = 0.0
    await container.guide_library().create(
        OPERATOR, GuideDraft(title="Stops", category="risk", body="A stop order limits what a position may lose.")
    )
    ada = telegram.user("Ada", started=True)

    async with at_work(container):
        ada.sends("What does a stop order limit?")
        await telegram.until(lambda: is_said(f"{PLAIN} [1]", *telegram.said_to(ada)), within=15)
        press = ada.presses(telegram.said_to(ada)[0], "[1] Stops")
        await telegram.until(lambda: len(telegram.said_to(ada)) == 2, within=10)

    assert press.answer is not None
    assert "limits what a position may lose" in telegram.said_to(ada)[1].text
    assert telegram.said_to(ada)[0].text == f"{PLAIN} [1]", "the answer stays"


async def test_answer_in_a_topic_stays_there_even_where_its_growing_message_was_deleted(
    telegram: FakeTelegram, container: Container
) -> None:
    ada = telegram.user("Ada")
    group = telegram.group("Traders", [ada])
    topic = group.opens_topic("Risk")

    async with at_work(container):
        asked = ada.sends("/ask Why?", in_=group, topic=topic)
        await telegram.until(lambda: telegram.said_to(group), within=10)
        (growing,) = telegram.said_to(group)
        growing.is_deleted = True
        await telegram.until(lambda: is_said(PLAIN, *telegram.said_to(group)), within=15)

    whole = telegram.said_to(group)[-1]
    assert [growing.topic, whole.topic] == [topic, topic]
    assert whole.content["reply_to_message"]["message_id"] == asked.id


async def test_answer_in_a_chat_that_hangs_lets_every_other_come_to_its_end(
    telegram: FakeTelegram, container: Container, model: PacedModel
) -> None:
    telegram.fail(NO_DRAFTS, "sendMessageDraft", times=None)
    model.pause_seconds = 0.15
    people = [telegram.user(f"Member {number}", started=True) for number in range(15)]
    slow = telegram.user("Slow", started=True)

    async with at_work(container):
        script = telegram.fail(faults.slow(20), "editMessageText", in_=slow, times=None)
        slow.sends("Why?")
        await telegram.until(lambda: script.hits, within=10)
        for user in people:
            user.sends("Why?")
        await telegram.until(lambda: all(is_said(PLAIN, *telegram.said_to(user)) for user in people), within=60)
        grown = {call["chat_id"] for call in telegram.calls("editMessageText")}

    assert grown >= {str(user.id) for user in people}, "each grew while it was waited for elsewhere"


async def test_answer_under_way_at_a_stop_is_said_once_by_the_next_process(
    telegram: FakeTelegram, container: Container
) -> None:
    telegram.fail(NO_DRAFTS, "sendMessageDraft", times=None)
    ada = telegram.user("Ada", started=True)
    replies = asyncio.create_task(container.reply_worker().run())

    def said() -> list[Post]:
        return telegram.said_to(ada)

    for ends in (lambda: len(telegram.calls("editMessageText")) == 1, lambda: is_said(PLAIN, *said())):
        bot = create_bot(container)
        working = asyncio.create_task(bot.run())
        if not said():
            ada.sends("Why?")
        await telegram.until(ends, within=15)
        await bot.stop(timedelta(seconds=2))
        await working
    replies.cancel()
    await asyncio.wait({replies})

    assert len(said()) == 1
    assert len(telegram.calls("sendMessage")) == 1
