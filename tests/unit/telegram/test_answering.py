"""Answers on their way into chats: shown while they grow, said once at their end."""

from datetime import timedelta
from uuid import UUID

import pytest

from adapters.memory.system import START
from application.ports.chat import ModelError, ModelFailure
from application.ports.sending import Refused
from application.telegram.growing import End, Ended
from application.telegram.wording import AnswerWording
from domain.chat import Citation
from domain.telegram import AnswerId, Button, ChatAnswer, EditText, EntityKind, SendDraft, SendText, split
from tests.unit.telegram.answers import ADA, BOT, GROUP, SECOND, TENTH, AnswerWorld, PlainStyle

BROKEN = ModelError(ModelFailure.BROKEN, "the line went dead")


@pytest.fixture
def world() -> AnswerWorld:
    return AnswerWorld()


async def test_answer_grows_as_a_draft_and_is_said_once(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        await world.passes(SECOND)
        world.says.say("Stops **limit** ")
        await world.passes(SECOND)
        world.says.say("losses.")
        await world.passes(SECOND)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert world.shown() == ["hm", "Stops limit", "Stops limit losses."]
    drafts = [each for each in world.notifier.sent if isinstance(each, SendDraft)]
    assert len(drafts) == 3
    assert len({draft.draft_id for draft in drafts}) == 1
    (final,) = world.final()
    assert isinstance(final, SendText)
    assert final.text.text == "Stops limit losses."
    assert [entity.kind for entity in final.text.entities] == [EntityKind.BOLD]


async def test_answer_grows_in_an_edited_message_where_drafts_are_refused(world: AnswerWorld) -> None:
    world.notifier.answer(Refused("sendMessageDraft: Not Found"), chat_id=ADA)
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        await world.passes(SECOND)
        world.says.say("Stops ")
        await world.passes(2 * SECOND)
        world.says.say("limit.")
        await world.passes(2 * SECOND)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert world.shown() == ["hm", "Stops …", "Stops limit. …"]
    (final,) = world.final()
    assert final == EditText(chat_id=ADA, message_id=1, text=world.renderer.render("Stops limit."))


async def test_answer_that_ends_at_once_is_only_said(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    world.says.say("Yes.", None)
    async with world.at_work():
        await world.owe(reply)
        await world.settle()

    assert world.notifier.tried == []
    assert world.final_texts() == ["Yes."]
    assert not world.waiting()


async def test_answer_newest_text_is_shown_and_none_queues(world: AnswerWorld) -> None:
    world.notifier.answer(Refused("no drafts"), chat_id=ADA)
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        for number in range(100):
            world.says.say(f"{number} ")
            await world.passes(TENTH)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())
        shown = len(world.notifier.tried)
        await world.passes(10 * SECOND)

    assert shown == len(world.notifier.tried), "nothing was left to be shown"
    assert 8 <= shown <= 14, "about one a second"
    assert world.shown()[-1].startswith("0 1 2 3 "), "the last one was of late"
    assert int(world.shown()[-1].split()[-2]) >= 85
    assert world.final_texts() == [" ".join(map(str, range(100)))]


async def test_answer_in_a_group_is_edited_every_four_seconds(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply, GROUP, reply_to=5, thread_id=8)
        for number in range(80):
            world.says.say(f"{number} ")
            await world.passes(TENTH * 5)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    assert 9 <= len(world.notifier.sent) <= 12
    first = world.notifier.sent[0]
    assert isinstance(first, SendText)
    assert (first.reply_to, first.thread_id) == (5, 8)
    assert all(isinstance(each, EditText) for each in world.notifier.sent[1:])


async def test_answer_draft_that_would_fade_is_shown_again(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("Wait")
        await world.passes(45 * SECOND, SECOND)

    assert world.shown() == ["Wait", "Wait", "Wait"]


async def test_answer_that_waits_its_turn_does_not_hide_the_one_before_it(world: AnswerWorld) -> None:
    ada, session, first = await world.begin()
    second = await world.ask(ada, session, "And then?")
    async with world.at_work():
        await world.owe(first)
        await world.owe(second)
        world.says.say("One ")
        await world.passes(5 * SECOND)
        assert world.shown() == ["One"]
        world.says.say("more.", None)
        world.says.say("Two.", to=1)
        await world.passes(5 * SECOND)
        world.says.say(None, to=1)
        await world.comes_to(lambda: not world.waiting())

    assert world.final_texts() == ["One more.", "Two."]
    assert world.shown()[-1] == "Two."


async def test_answer_refused_draft_is_remembered_for_all_chats_for_an_hour(world: AnswerWorld) -> None:
    world.notifier.answer(Refused("no drafts"), chat_id=ADA)
    replies = [(await world.begin())[2] for _ in range(3)]
    async with world.at_work():
        for chat, reply in zip((ADA, 502, 503), replies, strict=True):
            await world.owe(reply, chat)
            await world.passes(SECOND)
            if chat == 502:
                await world.passes(timedelta(hours=1), timedelta(minutes=1))

    drafts = {each.chat_id for each in world.notifier.tried if isinstance(each, SendDraft)}
    assert drafts == {ADA, 503}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((BROKEN,), "sorry"),
        (("Half ", BROKEN), "Half\n\nbroke off"),
        (("**Half** ", BROKEN), "Half\n\nbroke off"),
        ((None,), "sorry"),
        (("```\n\n```", None), "sorry"),
        (("&nbsp;", None), "sorry"),
        (("[](https://x.y)", None), "sorry"),
        (("\u200b\n\u2060", None), "sorry"),
        (("# ", BROKEN), "broke off"),
    ],
    ids=[
        *("fails", "breaks-off", "breaks-off-formatted", "empty", "empty-code", "a-space", "a-link-of-nothing"),
        *("nothing-to-see", "breaks-off-blank"),
    ],
)
async def test_answer_that_fails_says_so_in_the_words_of_the_bot(
    world: AnswerWorld, words: tuple[object, ...], said: str
) -> None:
    _, _, reply = await world.begin()
    world.says.say(*words)  # type: ignore[arg-type]
    async with world.at_work():
        await world.owe(reply)
        await world.comes_to(lambda: not world.waiting())

    assert world.final_texts() == [said]


async def test_answer_that_begins_with_nothing_to_see_is_shown_as_begun(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        for word, shown in (("```\n", "hm"), ("\u200b", "hm"), ("Risk", "\u200bRisk")):
            world.says.say(word)
            await world.passes(2 * SECOND)
            assert world.shown()[-1] == shown


async def test_answer_that_is_cancelled_keeps_what_arrived(world: AnswerWorld) -> None:
    ada, _, reply = await world.begin()
    async with world.at_work():
        await world.owe(reply)
        world.says.say("Half ")
        await world.passes(SECOND)
        await world.messages.cancel(ada, reply)
        await world.settle()

    assert world.final_texts() == ["Half\n\nstopped"]


async def test_answer_too_long_for_a_message_becomes_several_in_the_topic(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    paragraphs = [f"**{number}** {'word ' * 120}" for number in range(16)]
    async with world.at_work():
        await world.owe(reply, GROUP, thread_id=8)
        world.says.say("\n\n".join(paragraphs))
        await world.passes(SECOND)
        world.says.say(None)
        await world.comes_to(lambda: not world.waiting())

    first, *others = world.final(GROUP)
    assert isinstance(first, EditText)
    assert len(others) == 2
    assert all(isinstance(each, SendText) and each.thread_id == 8 for each in others)
    assert [each.text for each in (first, *others)] == split(world.renderer.render("\n\n".join(paragraphs)))  # type: ignore[union-attr]
    assert world.shown(GROUP)[-1].startswith("12 word"), "the last words were shown, within one message"


async def test_answer_cites_each_guide_once_by_a_button(world: AnswerWorld) -> None:
    guides = [UUID(int=number) for number in range(7)]
    numbered = [*enumerate(guides, 1), (8, guides[0])]
    cites = [Citation(number, guide, f"Guide {guides.index(guide)}", "Part", 1, "…") for number, guide in numbered]

    private = AnswerWording(world.renderer, PlainStyle()).final(_answer(ADA), Ended(End.COMPLETE, "So [1].", cites))
    group = AnswerWording(world.renderer, PlainStyle()).final(_answer(GROUP), Ended(End.COMPLETE, "So [1].", cites[:1]))

    (said,) = private
    assert isinstance(said, SendText)
    assert [button.text for (button,) in said.keyboard] == [
        "[1, 8] Guide 0",
        *(f"[{n}] Guide {n - 1}" for n in range(2, 6)),
    ]
    assert said.keyboard[0][0].data == f"open:{guides[0]}"
    assert isinstance(group[0], SendText)
    assert group[0].keyboard == ((Button("[1] Guide 0", url="https://t.me/bot"),),)


async def test_answer_of_another_bot_is_left_alone(world: AnswerWorld) -> None:
    _, _, reply = await world.begin()
    world.says.say("Yes.", None)
    async with world.at_work():
        key = await world.owe(reply, bot_id=BOT + 1)
        await world.passes(3 * SECOND)

    assert list(world.waiting()) == [key]
    assert world.rows() == []


def _answer(chat_id: int) -> ChatAnswer:
    return ChatAnswer(AnswerId(UUID(int=9)), BOT, chat_id, START, question="Why?")
