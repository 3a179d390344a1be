"""Questions of groups: answered as anybody may read, kept nowhere, and asked again by whoever takes over."""

from datetime import timedelta

import pytest

from application.guides.library import GuideDraft
from application.ports.chat import ModelError, ModelFailure
from domain.identity import OPERATOR, Role
from domain.telegram import EditText, SendText
from tests.unit.telegram.answers import GROUP, SECOND, AnswerWorld

BROKEN = ModelError(ModelFailure.BROKEN, "the line went dead")


@pytest.fixture
def world() -> AnswerWorld:
    return AnswerWorld()


async def test_question_is_answered_where_it_was_asked(world: AnswerWorld) -> None:
    async with world.at_work():
        await world.owe(None, GROUP, question="Why?", reply_to=5, thread_id=8)
        await world.passes(SECOND)
        world.says.say("Because ")
        await world.passes(5 * SECOND)
        world.says.say("so.", None)
        await world.settle()

    (first, *edits) = world.notifier.sent
    assert isinstance(first, SendText)
    assert (first.text.text, first.reply_to, first.thread_id) == ("hm", 5, 8)
    assert [each.text.text for each in edits if isinstance(each, EditText)] == ["Because …"]
    said = world.renderer.render("Because so.")
    assert world.final(GROUP) == [EditText(chat_id=GROUP, message_id=1, text=said, reply_to=5, thread_id=8)]
    assert [turn.content for turn in world.says.asked[0].messages] == ["Why?"]
    assert not world.store.tables.chat_messages, "nothing of it is kept"


async def test_question_answered_at_once_is_one_message(world: AnswerWorld) -> None:
    world.says.say("So.", None)
    async with world.at_work():
        await world.owe(None, GROUP, question="Why?", reply_to=5)
        await world.settle()

    assert world.notifier.tried == []
    assert world.final(GROUP) == [SendText(chat_id=GROUP, text=world.renderer.render("So."), reply_to=5)]


async def test_question_is_answered_from_what_everybody_may_read(world: AnswerWorld) -> None:
    for title, role in (("Stops for all", Role.PUBLIC), ("Stops for few", Role.SUBSCRIBER)):
        draft = GuideDraft(title=title, category="risk", body="Stops limit losses.", minimum_role=role)
        await world.library.create(OPERATOR, draft)
    world.says.say("They limit losses [1].", None)
    async with world.at_work():
        await world.owe(None, GROUP, question="What do stops limit?")
        await world.settle()

    assert [passage.guide_title for passage in world.says.asked[0].passages] == ["Stops for all"]
    (said,) = world.final(GROUP)
    assert isinstance(said, SendText)
    assert [button.text for (button,) in said.keyboard] == ["[1] Stops for all"]


@pytest.mark.parametrize(
    ("words", "said"),
    [((BROKEN,), "sorry"), (("Half ", BROKEN), "Half\n\nbroke off"), ((None,), "sorry")],
    ids=["fails", "breaks-off", "empty"],
)
async def test_question_whose_answer_fails_says_so(world: AnswerWorld, words: tuple[object, ...], said: str) -> None:
    world.says.say(*words)  # type: ignore[arg-type]
    async with world.at_work():
        await world.owe(None, GROUP, question="Why?")
        await world.comes_to(lambda: not world.waiting())

    assert world.final_texts(GROUP) == [said]


async def test_question_to_a_model_that_hangs_ends_after_two_minutes(world: AnswerWorld) -> None:
    world.says.say("Half ")
    async with world.at_work():
        await world.owe(None, GROUP, question="Why?")
        await world.passes(timedelta(seconds=119), SECOND)
        assert world.waiting()
        await world.passes(2 * SECOND, SECOND)

    assert world.final_texts(GROUP) == ["Half\n\nbroke off"]


async def test_question_no_model_would_take_is_not_answered_for_ever(world: AnswerWorld) -> None:
    async with world.at_work():
        await world.owe(None, GROUP, question="x" * 10_001)
        await world.settle()

    assert world.final_texts(GROUP) == ["sorry"]


async def test_question_held_back_longer_than_a_lease_is_asked_and_answered_once(world: AnswerWorld) -> None:
    world.pacer.hold(world.clock.now() + 20 * SECOND, GROUP)
    async with world.at_work():
        await world.owe(None, GROUP, question="Why?")
        world.says.say("Because ")
        await world.comes_to(lambda: world.shown(GROUP))
        await world.passes(20 * SECOND)
        world.says.say("so.", None)
        await world.passes(SECOND)

    assert len(world.says.asked) == 1
    assert world.final_texts(GROUP) == ["Because so."]


async def test_question_of_a_process_that_died_is_asked_anew_in_the_same_message(world: AnswerWorld) -> None:
    async with world.at_work(dies=True):
        await world.owe(None, GROUP, question="Why?")
        world.says.say("Lost ")
        await world.passes(2 * SECOND)
    async with world.at_work(dies=True):
        world.says.say("Because.", to=1)
        await world.comes_to(lambda: len(world.says.asked) == 2, SECOND)
        await world.passes(2 * SECOND)
        world.says.say(None, to=1)
        await world.settle()

    assert world.shown(GROUP) == ["Lost …", "Because. …"]
    assert world.final(GROUP) == [EditText(chat_id=GROUP, message_id=1, text=world.renderer.render("Because."))]
