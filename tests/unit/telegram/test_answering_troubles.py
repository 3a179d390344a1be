"""Answers on their way into chats while something is wrong: with a chat, with Telegram, with a process."""

import asyncio
from datetime import timedelta

import pytest

from adapters.text.telegram_markdown import TelegramMarkdown
from application.ports.realtime import ReplyDelta
from application.ports.sending import Ambiguous, Blocked, HeldBack, Migrated, Refused, RetryAt
from application.telegram.answering import AnswerLimits
from application.telegram.saying import DEADLINE
from domain.errors import Unavailable
from domain.identity import TelegramProfile
from domain.telegram import EditText, RichText, SendText
from tests.unit.telegram.answers import ADA, GROUP, SECOND, TENTH, AnswerWorld, Line

NO_DRAFTS = Refused("no drafts")


@pytest.fixture
def world() -> AnswerWorld:
    return AnswerWorld()


async def test_answer_in_a_chat_that_hangs_delays_no_other(world: AnswerWorld) -> None:
    world.notifier.answer(NO_DRAFTS, chat_id=ADA)
    replies = [(await world.begin())[2] for _ in range(20)]
    async with world.at_work():
        await world.owe(replies[0], ADA)
        world.says.say("One ")
        await world.passes(SECOND)
        world.notifier.hang(ADA)
        world.says.say("more.")
        for number in range(1, 20):
            await world.owe(replies[number], ADA + number)
            world.says.say("Quick ", to=number)
        await world.passes(3 * SECOND)
        for number in range(20):
            world.says.say("done.", None, to=number)
        await world.settle()
        assert [world.final_texts(ADA + number) for number in range(1, 20)] == [["Quick done."]] * 19
        assert [world.shown(ADA + number) for number in range(1, 20)] == [["Quick …"]] * 19
        assert world.final_texts(ADA) == [], "the end waits for what is on its way: it could overtake it"
        world.notifier.release(ADA)
        await world.settle()

    assert world.final_texts(ADA) == ["One more.done."]


async def test_answer_in_a_chat_that_never_answers_is_said_after_the_deadline(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    world.notifier.hang(GROUP)
    async with world.at_work():
        await world.owe(reply, GROUP)
        world.says.say("One")
        await world.passes(SECOND)
        world.says.say(None)
        began = world.clock.now()
        await world.comes_to(lambda: not world.waiting(), SECOND)

    assert world.final(GROUP) == [SendText(chat_id=GROUP, text=world.renderer.render("One"))]
    assert world.clock.now() - began <= DEADLINE + SECOND


async def test_answer_429_holds_the_chat_and_the_newest_text_follows(world: AnswerWorld) -> None:
    until = world.clock.now() + timedelta(seconds=7)
    world.notifier.answer(RetryAt(until, HeldBack.CHAT), chat_id=ADA)
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        for _ in range(6):
            world.says.say("word ")
            await world.passes(SECOND)
        assert world.shown() == []
        assert len(world.notifier.tried) == 1
        await world.passes(3 * SECOND)

    assert world.shown() == ["word word word word word word"]


async def test_answer_in_a_blocked_chat_ends_and_is_remembered(world: AnswerWorld) -> None:
    await world.accounts.seen(TelegramProfile(ADA, "ada", "Ada", None))
    world.notifier.answer(Blocked("Forbidden: bot was blocked by the user"), chat_id=ADA)
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)

    assert not world.waiting()
    assert world.rows() == []
    member = await world.members.by_telegram_id(ADA, world.clock.now())
    assert member is not None
    assert member.telegram is not None
    assert member.telegram.has_blocked_bot


async def test_answer_in_a_group_that_moved_goes_along(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP, reply_to=5)
        world.says.say("One ")
        await world.passes(SECOND)
        world.notifier.answer(Migrated(-1_007), chat_id=GROUP)
        world.says.say("two ")
        await world.passes(5 * SECOND)
        world.says.say("three.")
        await world.passes(5 * SECOND)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert world.shown(-1_007) == ["One two …", "One two three. …"]
    assert world.final(GROUP) == []
    (final,) = world.final(-1_007)
    assert isinstance(final, EditText)
    assert final.message_id == 2
    new = next(each for each in world.notifier.sent if each.chat_id == -1_007)
    assert isinstance(new, SendText)
    assert new.reply_to is None, "messages have other numbers there"


async def test_answer_whose_growing_message_was_removed_is_said_anew(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP, reply_to=5)
        world.says.say("One ")
        await world.passes(SECOND)
        world.notifier.answer(Refused("message to edit not found", is_gone=True), chat_id=GROUP)
        for _ in range(5):
            world.says.say("two ")
            await world.passes(5 * SECOND)
        tried = len(world.notifier.tried)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert tried == 2, "whoever removed it is left in peace"
    assert world.final(GROUP) == [
        SendText(chat_id=GROUP, text=world.renderer.render("One two two two two two"), reply_to=5)
    ]


@pytest.mark.parametrize("trouble", [Ambiguous("502"), Refused("message is too odd")], ids=["ambiguous", "refused"])
async def test_answer_whose_first_message_may_or_may_not_be_there_is_not_begun_twice(
    world: AnswerWorld, trouble: Ambiguous | Refused
) -> None:
    world.notifier.answer(trouble, chat_id=GROUP)
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP)
        for _ in range(5):
            world.says.say("word ")
            await world.passes(5 * SECOND)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert len(world.notifier.tried) == 1
    assert world.final_texts(GROUP) == ["word word word word word"]


async def test_answer_edit_that_may_be_lost_is_repeated(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP)
        world.says.say("One ")
        await world.passes(SECOND)
        world.notifier.answer(Ambiguous("502"), chat_id=GROUP)
        world.says.say("two ")
        await world.passes(10 * SECOND)

    assert [each.text.text for each in world.notifier.tried] == ["One …", "One two …", "One two …"]  # type: ignore[union-attr]


async def test_answer_that_cannot_be_formatted_is_said_as_it_is_stored(world: AnswerWorld) -> None:
    class Raising(TelegramMarkdown):
        def render(self, markdown: str) -> RichText:
            raise RuntimeError(f"a defect at {markdown[:1]}")

    world.renderer = Raising()
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        await world.passes(SECOND)
        world.says.say("*One* ")
        await world.passes(3 * SECOND)
        world.says.say("two.", None)
        await world.comes_to(lambda: not world.waiting())

    assert world.shown() == ["hm"]
    assert world.final_texts() == ["*One* two."]


async def test_answer_notifier_that_raises_loses_nothing(world: AnswerWorld) -> None:
    async def raises(_content: object) -> None:
        raise Unavailable("no bot")

    world.notifier.send = raises  # type: ignore[assignment,method-assign]
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(3 * SECOND)
        world.says.say("two.", None)
        await world.comes_to(lambda: not world.waiting())

    assert world.final_texts() == ["One two."]


async def test_answer_of_another_process_is_followed_in_the_database(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work(elsewhere=True):
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(3 * SECOND)
        assert world.shown() == ["hm", "One"]
        world.says.say("two.")
        await world.passes(2 * SECOND)
        assert world.shown() == ["hm", "One", "One two."]
        world.says.say(None)
        await world.passes(SECOND)

    assert world.final_texts() == ["One two."]
    assert not world.waiting()


async def test_answer_piece_that_was_lost_is_caught_up_at_once(world: AnswerWorld) -> None:
    _, session, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)
        listeners = dict(world.bus._listeners)
        world.bus._listeners.clear()
        world.says.say("two ")
        await world.passes(TENTH)
        world.bus._listeners.update(listeners)
        world.bus.publish(ReplyDelta(session, reply, 2, 0, "of another generation"))
        world.says.say("three")
        await world.passes(6 * TENTH)

    assert world.shown()[-1] == "One two three"


async def test_answer_of_a_process_that_died_goes_on_in_the_same_message(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    writing = asyncio.create_task(world.worker.run())
    async with world.at_work(dies=True):
        await world.owe(reply, GROUP)
        world.says.say("One ")
        await world.passes(2 * SECOND)
    assert world.shown(GROUP) == ["One …"]
    (held,) = world.waiting().values()
    assert held.claim is not None, "it left its lease"
    async with world.at_work(dies=True):
        world.says.say("two.", None)
        await world.comes_to(lambda: not world.waiting(), SECOND)
    writing.cancel()
    await asyncio.wait({writing})

    assert world.final(GROUP) == [EditText(chat_id=GROUP, message_id=1, text=world.renderer.render("One two."))]
    assert sum(isinstance(each, SendText) for each in world.notifier.sent) == 1


async def test_answer_is_given_back_by_a_stop_and_taken_up_at_once(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work() as streamer:
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)
        await streamer.stop(5 * SECOND)
        assert [each.claim for each in world.waiting().values()] == [None]
        await world.passes(3 * SECOND)
        assert [each.claim for each in world.waiting().values()] == [None], "it takes no more"
        async with world.at_work(dies=True):
            await world.passes(SECOND)
            world.says.say("two.", None)
            await world.passes(TENTH)

    assert world.final_texts() == ["One two."]


async def test_answer_whose_first_message_is_on_its_way_at_a_stop_goes_on_in_it(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work() as streamer:
        world.notifier.hang(GROUP)
        await world.owe(reply, GROUP)
        world.says.say("One ")
        await world.passes(SECOND)
        stopping = asyncio.create_task(streamer.stop(5 * SECOND))
        await world.settle()
        assert not stopping.done()
        world.notifier.release(GROUP)
        await stopping
        (given_back,) = world.waiting().values()
        assert (given_back.telegram_message_id, given_back.claim) == (1, None)
        async with world.at_work(dies=True):
            world.says.say("two.", None)
            await world.comes_to(lambda: not world.waiting())

    assert world.final(GROUP) == [EditText(chat_id=GROUP, message_id=1, text=world.renderer.render("One two."))]


async def test_answer_whose_end_cannot_be_stored_is_stored_when_the_database_is_back(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)
        world.is_away = True
        world.says.say("two.", None)
        await world.passes(5 * SECOND)
        assert world.rows() == []
        world.is_away = False
        await world.passes(2 * SECOND)

    assert world.final_texts() == ["One two."]


async def test_answer_of_a_holder_that_slept_too_long_is_left_to_the_next(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    writing = asyncio.create_task(world.worker.run())
    async with world.at_work(elsewhere=True, dies=True):
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)
        world.is_away = True  # of the first one only: it renews nothing
        await world.passes(14 * SECOND)
        world.clock.advance(3 * SECOND)
        world.is_away = False
        async with world.at_work(dies=True):
            await world.passes(2 * SECOND)
            (held,) = world.waiting().values()
            world.says.say("two.", None)
            await world.passes(5 * SECOND)
    writing.cancel()
    await asyncio.wait({writing})

    assert held.lease_until is not None
    assert world.final_texts() == ["One two."], "once"


async def test_answer_of_a_holder_whose_line_is_cut_is_shown_by_the_next_one_only(world: AnswerWorld) -> None:
    line = Line()
    async with world.at_work(line=line):
        await world.owe(None, GROUP, question="Why?")
        world.says.say("Lost ")
        await world.comes_to(lambda: "Lost …" in world.shown(GROUP))
        line.is_cut = True
        async with world.at_work(dies=True):
            await world.comes_to(lambda: len(world.says.asked) == 2)
            before = len(world.shown(GROUP))
            world.says.say("Because ", to=1)
            for number in range(10):
                world.says.say(f"{number} ")
                await world.passes(SECOND)
            world.says.say("so.", None, to=1)
            await world.passes(TENTH)
            for number in range(10):
                world.says.say(f"{number} ")
                await world.passes(SECOND)

    assert set(world.shown(GROUP)[before:]) == {"Because …"}
    assert world.final_texts(GROUP) == ["Because so."]


async def test_answer_that_another_process_holds_makes_room_when_the_line_is_back(world: AnswerWorld) -> None:
    one, line = AnswerLimits(answers=1), Line()
    async with world.at_work(limits=one, line=line):
        await world.owe(None, GROUP, question="Why?")
        await world.passes(SECOND)
        line.is_cut = True
        async with world.at_work(limits=one, dies=True):
            await world.comes_to(lambda: len(world.says.asked) == 2)
            line.is_cut = False
            await world.owe(None, GROUP - 1, question="How?")
            await world.passes(7 * SECOND)
            assert len(world.says.asked) == 3
            assert [turn.content for turn in world.says.asked[2].messages] == ["How?"]


async def test_answer_whose_line_comes_back_in_time_grows_on(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    line = Line()
    async with world.at_work(line=line):
        await world.owe(reply)
        world.says.say("One ")
        await world.passes(SECOND)
        line.is_cut = True
        await world.passes(20 * SECOND)
        world.says.say("two ")
        await world.passes(SECOND)
        assert world.shown()[-1] == "One", "nobody knows who holds it"
        line.is_cut = False
        await world.comes_to(lambda: world.shown()[-1] == "One two")
        world.says.say("three.", None)
        await world.comes_to(lambda: not world.waiting())

    assert world.final_texts() == ["One two three."]


async def test_answers_beyond_the_calls_at_a_time_wait_for_one_to_end(world: AnswerWorld) -> None:
    async with world.at_work(limits=AnswerLimits(calls=2), dies=True):
        for number in range(6):
            world.notifier.hang(GROUP - number)
            await world.owe(None, GROUP - number, question="Why?")
        await world.passes(3 * SECOND)
        assert len(world.notifier.tried) == 2
        for number in range(6):
            world.notifier.release(GROUP - number)
        await world.comes_to(lambda: len({each.chat_id for each in world.notifier.sent}) == 6)


async def test_answer_that_was_asked_for_anew_says_so(world: AnswerWorld) -> None:
    ada, _, reply = await world.begin()
    world.says.say("First.", None)
    writing = asyncio.create_task(world.worker.run())
    await world.settled(ada, reply)
    await world.messages.regenerate(ada, reply)
    async with world.at_work(dies=True):
        await world.owe(reply, generation=1)
        await world.owe(reply, 502, generation=2)
        world.says.say("Second.", None, to=1)
        await world.comes_to(lambda: not world.waiting())
    writing.cancel()
    await asyncio.wait({writing})

    assert world.final_texts() == ["anew"]
    assert world.final_texts(502) == ["Second."]


async def test_answer_of_a_deleted_conversation_is_not_left_half_written(world: AnswerWorld) -> None:
    ada, session, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP)
        world.says.say("One ")
        await world.passes(2 * SECOND)
        await world.sessions.delete(ada, session)
        await world.passes(5 * SECOND)

    assert world.shown(GROUP) == ["One …", "deleted"]
    assert world.rows() == []
    assert not world.waiting()


async def test_answers_beyond_the_limit_wait_for_a_place(world: AnswerWorld) -> None:
    replies = [(await world.begin())[2] for _ in range(3)]
    async with world.at_work(limits=AnswerLimits(answers=2)):
        for number, reply in enumerate(replies):
            await world.owe(reply, ADA + number)
        await world.passes(2 * SECOND)
        assert sum(each.claim is not None for each in world.waiting().values()) == 2
        for number in range(3):
            world.says.say("Yes.", None, to=number)
        await world.settle()

    assert [world.final_texts(ADA + number) for number in range(3)] == [["Yes."]] * 3


async def test_answer_nobody_announced_is_found_within_a_second(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    world.says.say("Yes.", None)
    async with world.at_work(elsewhere=True):
        await world.passes(SECOND)
        await world.owe(reply)
        await world.passes(timedelta(seconds=1.1))

    assert world.final_texts() == ["Yes."]
