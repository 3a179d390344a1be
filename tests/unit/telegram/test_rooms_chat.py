"""The assistant in the bot: questions, conversations, stopping."""

from pathlib import Path

import pytest

from application.chat.sessions import SessionChanges
from application.ports.chat import SessionFilter
from application.ports.inbox import Handled
from domain.chat import ChatSessionId, MessageStatus
from domain.identity import TelegramProfile
from domain.telegram import Chat, ChatKind, SendText
from entrypoints.settings import LimitSettings
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.room import PAGE
from entrypoints.telegram_bot.texts import CATALOGUES, ENGLISH
from tests.unit.telegram.bot_world import ADA, BOB, BOT, GROUP, BotWorld, notes, reply_ids, texts

CHAT = ENGLISH.chat


@pytest.fixture
def world(tmp_path: Path) -> BotWorld:
    return BotWorld(tmp_path)


async def sessions(world: BotWorld, telegram_id: int = ADA.telegram_id) -> list[ChatSessionId]:
    """A member's, newest first."""
    page = await world.container.chat_session_service().page(await world.actor(telegram_id), SessionFilter())
    return [each.id for each in page.items]


async def contents(world: BotWorld, session_id: ChatSessionId) -> list[str]:
    """What stands in a session, replies too."""
    page = await world.container.chat_session_service().messages(await world.actor(), session_id)
    return [each.content for each in page.messages]


async def test_question_in_private_begins_a_session_and_waits_for_the_reply(world: BotWorld) -> None:
    handled = await world.says("How much should I risk?\non one trade")

    (session_id,) = await sessions(world)
    session = await world.container.chat_session_service().get(await world.actor(), session_id)
    assert session.title == "How much should I risk? on one trade"
    (answer,) = handled.answers
    page = await world.container.chat_session_service().messages(await world.actor(), session_id)
    assert answer.message_id == page.messages[-1].id
    assert (answer.bot_id, answer.chat_id, answer.question, answer.reply_to) == (BOT.id, ADA.telegram_id, None, None)
    assert answer.language == "en"
    assert texts(handled) == []
    await world.says("/ask and on a bad day?")
    assert await sessions(world) == [session_id]
    assert [each for each in await contents(world, session_id) if each][1] == "and on a bad day?"


async def test_question_handled_twice_is_asked_once(world: BotWorld) -> None:
    world.repeats = True
    first = await world.says("How much?")
    second = await world.says("How much?")
    (session_id,) = await sessions(world)
    assert reply_ids(first) != reply_ids(second)
    assert [each for each in await contents(world, session_id) if each] == ["How much?", "How much?"]


async def test_question_handled_again_after_another_session_was_chosen_is_asked_once(world: BotWorld) -> None:
    await world.says("first")
    (one,) = await sessions(world)
    await world.says("/new")
    handled = await world.says("second")
    await world.presses(callback("chat", one))

    world.update_id -= 2
    again = await world.says("second")

    assert reply_ids(again) == reply_ids(handled)
    assert [each for each in await contents(world, one) if each] == ["first"]


async def test_ask_without_words_explains_itself_everywhere(world: BotWorld) -> None:
    assert texts(await world.says("/ask")) == [CHAT.ask_usage]
    assert texts(await world.says("/ask", chat=GROUP)) == [CHAT.ask_usage]
    assert await sessions(world) == []


async def test_ask_too_long_is_refused_and_begins_nothing(world: BotWorld) -> None:
    (said,) = texts(await world.says(f"/ask {'x' * 10_001}"))
    assert "10,000" in said or "10000" in said
    assert await sessions(world) == []


async def test_ask_in_a_group_waits_for_an_answer_and_registers_nobody(world: BotWorld) -> None:
    handled = await world.says("/ask How much?", chat=GROUP, sender=BOB)

    (answer,) = handled.answers
    assert (answer.question, answer.message_id, answer.chat_id, answer.reply_to) == ("How much?", None, GROUP.id, 1)
    assert handled.command == "ask"
    assert await world.member_count() == 0
    mentioned = await world.says("@guild_bot why?", chat=GROUP, mentions=frozenset({"guild_bot"}))
    assert [each.question for each in mentioned.answers] == ["why?"]


async def test_ask_in_a_group_too_often_is_told_once_and_then_passed_over(tmp_path: Path) -> None:
    world = BotWorld(tmp_path, limits=LimitSettings(messages_per_minute=2))
    answered = [await world.says(f"/ask {number}", chat=GROUP, sender=BOB) for number in range(5)]

    assert [len(each.answers) for each in answered] == [1, 1, 0, 0, 0]
    assert [bool(texts(each)) for each in answered] == [False, False, True, False, False]
    assert (await world.says("/ask x", chat=GROUP, sender=ADA)).answers
    for number in range(40):
        last = await world.says(f"/ask {number}", chat=GROUP, sender=TelegramProfile(1_000 + number))
    assert last == Handled()


@pytest.mark.parametrize("text", ["/help", "/ask", "@guild_bot", "/stats", "/link ABCDEFGH", "/nonsense@guild_bot"])
async def test_group_that_asks_for_anything_too_often_is_told_once_and_then_passed_over(
    world: BotWorld, text: str
) -> None:
    named = frozenset({"guild_bot"}) if text.startswith("@") else frozenset[str]()
    answered = [
        await world.says(text, chat=GROUP, sender=TelegramProfile(1_000 + number), mentions=named)
        for number in range(30)
    ]

    said = [texts(each) for each in answered]
    assert all(said[:20])
    assert said[20] == [ENGLISH.errors["too_many_requests"].format(retry_after="1 min")]
    assert not any(said[21:])
    assert (await world.says("/ask x", chat=Chat(-200, ChatKind.GROUP))).answers


async def test_link_code_in_a_group_that_is_passed_over_is_spent_all_the_same(world: BotWorld) -> None:
    code = await world.code(await world.web_member())
    for _ in range(25):
        await world.says("/help", chat=GROUP)

    assert await world.says(f"/link {code.code}", chat=GROUP) == Handled()
    (said,) = texts(await world.says(f"/link {code.code}", sender=BOB))
    assert "unknown" in said


async def test_new_leaves_the_conversation_and_the_next_message_begins_one(world: BotWorld) -> None:
    await world.says("first")
    world.repeats = True
    assert texts(await world.says("/new")) == [CHAT.began]
    assert len(await sessions(world)) == 1
    await world.says("second")
    assert len(await sessions(world)) == 2


async def test_history_lists_conversations_and_goes_on_in_the_chosen_one(world: BotWorld) -> None:
    assert texts(await world.says("/history")) == [CHAT.history_empty]
    await world.says("first")
    await world.says("/new")
    await world.says("second")

    await world.says("/history")
    assert [label.split(" ", 1)[0] for label in world.labels] == ["•", "05.01."]
    assert [label.rsplit(" ", 1)[1] for label in world.labels] == ["second", "first"]
    chosen = await world.presses(world.labels[1])
    assert texts(chosen) == [CHAT.chosen.format(title="first")]
    await world.says("third")
    newest, oldest = await sessions(world)
    assert [each for each in await contents(world, oldest) if each] == ["first", "third"]
    assert [each for each in await contents(world, newest) if each] == ["second"]


async def test_history_long_comes_in_pages(world: BotWorld) -> None:
    for number in range(PAGE + 2):
        await world.says("/new")
        await world.says(f"talk {number}")
    await world.says("/history")
    assert len(world.labels) == PAGE + 1
    await world.presses(world.labels[-1])
    assert [label.rsplit(" ", 1)[1] for label in world.labels[:2]] == ["1", "0"]
    (said,) = texts(await world.presses(callback("chats", 50)))
    assert said == f"{CHAT.history}\n{ENGLISH.guides.pages.format(page=2)}"
    assert [label.rsplit(" ", 1)[1] for label in world.labels[:2]] == ["1", "0"]


async def test_history_of_somebody_else_is_not_entered(world: BotWorld) -> None:
    await world.says("mine")
    (mine,) = await sessions(world)
    (note,) = notes(await world.presses(callback("chat", mine), sender=BOB))
    assert note is not None
    assert note.startswith("I could not find that")
    assert notes(await world.presses(callback("chat", "nonsense"))) == [ENGLISH.stale_button]


async def test_conversation_closed_on_the_web_is_not_written_into(world: BotWorld) -> None:
    await world.says("first")
    (first,) = await sessions(world)
    service = world.container.chat_session_service()
    await service.update(await world.actor(), first, SessionChanges(is_active=False))
    await world.says("second")
    assert len(await sessions(world)) == 2
    (note,) = notes(await world.presses(callback("chat", first)))
    assert note is not None
    assert "closed" in note
    await service.delete(await world.actor(), (await sessions(world))[0])
    assert texts(await world.says("/stop")) == [CHAT.nothing_begun]


async def test_stop_cancels_what_runs_and_what_waits_and_keeps_it(world: BotWorld) -> None:
    assert texts(await world.says("/stop")) == [CHAT.nothing_begun]
    await world.says("first")
    await world.says("second")
    world.repeats = True
    assert texts(await world.says("/stop")) == [CHAT.stopped]
    (session_id,) = await sessions(world)
    page = await world.container.chat_session_service().messages(await world.actor(), session_id)
    assert [each.status for each in page.messages] == [
        MessageStatus.COMPLETE,
        MessageStatus.CANCELLED,
        MessageStatus.COMPLETE,
        MessageStatus.CANCELLED,
    ]


async def test_plain_words_lead_where_their_intent_says_and_forwards_to_the_assistant(world: BotWorld) -> None:
    instead = f"\n\n{ENGLISH.basics.ask_instead}"
    assert texts(await world.says("the price")) == [ENGLISH.news.no_plans + instead]
    assert texts(await world.says("any news")) == [ENGLISH.news.newsletter + instead]
    (found,) = texts(await world.says("guide zebra"))
    assert found.endswith(instead)
    assert (await world.says("the price", is_forwarded=True)).answers
    assert texts(await world.says("/shop")) == [ENGLISH.news.no_plans]


@pytest.mark.parametrize("question", ["what is the price of a stop?", "price?", "how do I buy a guide without news"])
async def test_plain_words_that_are_a_question_go_to_the_assistant_whatever_words_they_hold(
    world: BotWorld, question: str
) -> None:
    assert (await world.says(question)).answers


async def test_answers_are_asked_for_in_the_members_language(world: BotWorld) -> None:
    german = TelegramProfile(503, "eva", "Eva", language="de")
    assert [each.language for each in (await world.says("Wieviel?", sender=german)).answers] == ["de"]
    (said,) = (await world.says("/ask", sender=german)).outgoing
    assert isinstance(said, SendText)
    assert said.text.text == CATALOGUES["de"].chat.ask_usage
