"""Answers that chats wait for, the mirrored commands, and the conversations of private chats."""

from dataclasses import replace
from datetime import timedelta

import pytest

from application.ports.telegram import CommandRow
from domain.chat import ChatMessageId, ChatSessionId
from domain.errors import Conflict
from domain.identity import Role
from domain.telegram import AnswerId, ChatAnswer
from tests.support.backend import Backend
from tests.support.bot import BOT, LEASE, fields_of
from tests.support.given import asked, stored_member, stored_session


def question(backend: Backend, chat_id: int = -5, **fields: object) -> ChatAnswer:
    now = backend.clock.now()
    return ChatAnswer(AnswerId(backend.ids.new()), BOT, chat_id, now, question="Why?", **fields)  # type: ignore[arg-type]


async def owed(backend: Backend, *answers: ChatAnswer) -> None:
    async with backend.unit_of_work() as work:
        for answer in answers:
            await work.telegram_answers.add(answer)
        await work.commit()


async def taken(backend: Backend, limit: int = 99, bot_id: int = BOT) -> list[ChatAnswer]:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        found = await work.telegram_answers.claim(bot_id, backend.ids.new(), now, now + LEASE, limit)
        await work.commit()
    return list(found)


async def finished(backend: Backend, answer: ChatAnswer) -> bool:
    assert answer.claim is not None
    async with backend.unit_of_work() as work:
        was_held = await work.telegram_answers.finish(answer.id, answer.claim)
        await work.commit()
    return was_held


async def saved(backend: Backend, answer: ChatAnswer) -> bool:
    async with backend.unit_of_work() as work:
        was_held = await work.telegram_answers.save(answer)
        await work.commit()
    return was_held


async def test_answers_keep_every_field_and_are_taken_by_age(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    first = question(backend, reply_to=2**33, thread_id=4, language="de", generation=3)
    backend.clock.advance(timedelta(seconds=1))
    second = replace(question(backend), question=None, message_id=reply.id)
    await owed(backend, second, first)
    found = await taken(backend)
    for answer in (first, second):
        answer.claim, answer.lease_until = found[0].claim, backend.clock.now() + LEASE
    assert [fields_of(answer) for answer in found] == [fields_of(first), fields_of(second)]


async def test_answers_for_the_same_reply_generation_and_chat_are_one(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    answer = replace(question(backend), question=None, message_id=reply.id)
    again = replace(answer, id=AnswerId(backend.ids.new()))
    others = [
        replace(answer, id=AnswerId(backend.ids.new()), generation=2),
        replace(answer, id=AnswerId(backend.ids.new()), chat_id=6),
        question(backend),
        question(backend),
    ]
    await owed(backend, answer, again, *others)
    assert {each.id for each in await taken(backend)} == {answer.id, *(each.id for each in others)}


async def test_answers_to_a_message_that_is_not_there_conflict(backend: Backend) -> None:
    with pytest.raises(Conflict):
        await owed(backend, replace(question(backend), question=None, message_id=ChatMessageId(backend.ids.new())))


async def test_answers_go_with_their_session(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    await owed(backend, replace(question(backend), question=None, message_id=reply.id))
    async with backend.unit_of_work() as work:
        await work.chat_sessions.delete(await work.chat_sessions.get(session.id))
        await work.commit()
    assert await taken(backend) == []


async def test_answers_are_held_until_the_lease_ends(backend: Backend) -> None:
    await owed(backend, question(backend), question(backend))
    (one,) = await taken(backend, 1)
    (other,) = await taken(backend)
    assert one.id != other.id
    assert await taken(backend) == []
    backend.clock.advance(LEASE - timedelta(seconds=1))
    async with backend.unit_of_work() as work:
        assert await work.telegram_answers.renew(other.claim, backend.clock.now() + LEASE) == {other.id}
        await work.commit()
    backend.clock.advance(timedelta(seconds=1))
    (again,) = await taken(backend)
    assert again.id == one.id
    assert not await finished(backend, one)
    assert not await saved(backend, one)
    assert await finished(backend, again)
    assert not await finished(backend, again)


async def test_answers_keep_the_message_that_grows(backend: Backend) -> None:
    await owed(backend, question(backend))
    (answer,) = await taken(backend)
    answer.telegram_message_id = 2**40
    assert await saved(backend, answer)
    async with backend.unit_of_work() as work:
        await work.telegram_answers.release(answer.claim)
        await work.commit()
    assert not await saved(backend, answer)
    assert [each.telegram_message_id for each in await taken(backend)] == [2**40]


async def test_answers_saved_after_a_renewal_are_held_as_long_as_renewed(backend: Backend) -> None:
    await owed(backend, question(backend, reply_to=3))
    (answer,) = await taken(backend)
    until = backend.clock.now() + 2 * LEASE
    async with backend.unit_of_work() as work:
        assert await work.telegram_answers.renew(answer.claim, until) == {answer.id}
        await work.commit()
    answer.chat_id, answer.reply_to, answer.telegram_message_id = -6, None, 9
    assert await saved(backend, answer)
    backend.clock.advance(2 * LEASE - timedelta(seconds=1))
    assert await taken(backend) == []
    backend.clock.advance(timedelta(seconds=1))
    (again,) = await taken(backend)
    assert (again.id, again.chat_id, again.reply_to, again.telegram_message_id) == (answer.id, -6, None, 9)


async def test_answers_of_another_bot_or_a_forgotten_chat_are_not_taken(backend: Backend) -> None:
    await owed(backend, question(backend), question(backend, 7))
    assert await taken(backend, bot_id=2) == []
    async with backend.unit_of_work() as work:
        assert [await work.telegram_answers.count(bot_id) for bot_id in (BOT, 2)] == [2, 0]
        assert await work.telegram_answers.forget_chat(7) == 1
        assert await work.telegram_answers.count(BOT) == 1
        await work.commit()
    assert [answer.chat_id for answer in await taken(backend)] == [-5]


async def commands(backend: Backend, *mirrored: CommandRow, used: tuple[str, ...] = ()) -> list[CommandRow]:
    async with backend.unit_of_work() as work:
        await work.telegram_commands.mirror(mirrored)
        for name in used:
            await work.telegram_commands.count_use(name)
            await work.telegram_commands.count_use(name, 3)
        found = await work.telegram_commands.all()
        await work.commit()
    return list(found)


async def test_commands_mirror_the_registry_and_keep_their_counts(backend: Backend) -> None:
    ask = CommandRow("ask", "Ask", "chat", Role.PUBLIC, ("question", "frage"))
    ban = CommandRow("ban", "Ban", "admin", Role.ADMIN, is_hidden=True)
    assert await commands(backend, ban, ask) == [ask, ban]
    assert await commands(backend, ban, ask, used=("ask", "ask", "nothing")) == [replace(ask, usage_count=8), ban]
    changed, new = replace(ask, description="Ask me", aliases=()), CommandRow("start", "Begin", "help", Role.PUBLIC)
    assert await commands(backend, changed, new) == [replace(changed, usage_count=8), new]
    assert await commands(backend) == []


async def test_conversations_go_on_where_they_were_chosen(backend: Backend) -> None:
    member = await stored_member(backend)
    sessions = [await stored_session(backend, member) for _ in range(2)]
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        assert await work.telegram_conversations.current(2**40) is None
        for session in sessions:
            await work.telegram_conversations.choose(2**40, session.id, now)
        await work.telegram_conversations.choose(7, sessions[0].id, now)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert await work.telegram_conversations.current(2**40) == sessions[1].id
        await work.telegram_conversations.leave(7)
        assert await work.telegram_conversations.current(7) is None
        await work.chat_sessions.delete(await work.chat_sessions.get(sessions[1].id))
        await work.commit()
    async with backend.unit_of_work() as work:
        assert await work.telegram_conversations.current(2**40) is None


async def test_conversations_in_a_session_that_is_not_there_conflict(backend: Backend) -> None:
    with pytest.raises(Conflict):
        async with backend.unit_of_work() as work:
            await work.telegram_conversations.choose(7, ChatSessionId(backend.ids.new()), backend.clock.now())
