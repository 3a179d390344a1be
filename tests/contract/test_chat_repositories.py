"""Chat sessions and their messages."""

from datetime import timedelta

import pytest

from application.ports.chat import Arrived, ReplyJob
from domain.chat import (
    ChatMessage,
    ChatMessageId,
    ChatSessionId,
    Citation,
    LLMProvider,
    MessageRole,
    MessageStatus,
    SessionSettings,
)
from domain.errors import Conflict, NotFound, StaleVersion
from domain.events import session_channel, user_channel
from tests.support.backend import Backend
from tests.support.given import asked, begun, new_member, new_session, posted, stored_member, stored_session
from tests.support.racing import race


async def test_chat_session_repository_added_session_is_found_whole(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = new_session(backend, owner, "Über «risk»", provider=LLMProvider.OPENROUTER, model="a/b:free")
    session.settings = SessionSettings("Be brief.\n", 0.25, 100, grounding=False)
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.chat_sessions.get(session.id)
    assert found.snapshot() == session.snapshot()
    assert (found.participants, found.last_seq, found.is_active) == ((owner.id,), 0, True)


async def test_chat_session_repository_unknown_session_raises_not_found(backend: Backend) -> None:
    session_id = ChatSessionId(backend.ids.new())
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.chat_sessions.get(session_id)
        with pytest.raises(NotFound):
            await work.chat_sessions.allocate_seq(session_id, 1, backend.clock.now())


async def test_chat_session_repository_session_of_unknown_member_raises_conflict(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.chat_sessions.add(new_session(backend, new_member(backend, username="nobody")))


async def test_chat_session_repository_saved_changes_are_kept(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    backend.clock.advance(timedelta(hours=1))
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        settings = SessionSettings(temperature=2.0)
        loaded.revise(backend.clock.now(), title="Another", llm_model="other", settings=settings, is_active=False)
        await work.chat_sessions.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.chat_sessions.get(session.id)
    assert (found.title, found.llm_model, found.is_active, found.version) == ("Another", "other", False, 2)
    assert (found.settings.temperature, found.updated_at) == (2.0, backend.clock.now())
    assert found.created_at == session.created_at


async def test_chat_session_repository_save_leaves_the_message_count(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        await work.chat_sessions.allocate_seq(session.id, 3, backend.clock.now())
        loaded.revise(backend.clock.now(), title="Another")
        await work.chat_sessions.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.chat_sessions.get(session.id)).last_seq == 3


async def test_chat_session_repository_changed_participants_are_kept_in_order(backend: Backend) -> None:
    owner, guest = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    session = await stored_session(backend, owner)
    for participants in ((guest.id, owner.id), (owner.id,)):
        async with backend.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.participants = participants
            loaded.revise(backend.clock.now())
            await work.chat_sessions.save(loaded)
            await work.commit()
        async with backend.unit_of_work() as work:
            assert (await work.chat_sessions.get(session.id)).participants == participants


async def test_chat_session_repository_sessions_of_a_member_are_theirs_and_those_they_take_part_in(
    backend: Backend,
) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    own, shared, foreign = [await stored_session(backend, owner) for owner in (ada, grace, grace)]
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(shared.id)
        loaded.participants = (grace.id, ada.id)
        loaded.revise(backend.clock.now())
        await work.chat_sessions.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.chat_sessions.of_member(ada.id)
        assert [session.snapshot() for session in found] == [own.snapshot(), loaded.snapshot()]
        assert [session.id for session in await work.chat_sessions.of_member(grace.id)] == [shared.id, foreign.id]
        assert list(await work.chat_sessions.of_member(new_member(backend, username="nobody").id)) == []


async def test_chat_session_repository_member_who_left_takes_part_no_more(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    session = await stored_session(backend, ada)
    for leave in (False, True):
        async with backend.unit_of_work() as work:
            (loaded,) = await work.chat_sessions.of_member(ada.id)
            loaded.participants = loaded.participants if leave else (ada.id, grace.id)
            loaded.member_left(grace.id) if leave else loaded.revise(backend.clock.now())
            await work.chat_sessions.save(loaded)
            await work.commit()
    async with backend.unit_of_work() as work:
        kept = await work.chat_sessions.get(session.id)
        assert (kept.participants, kept.version) == ((ada.id,), 3)
        assert list(await work.chat_sessions.of_member(grace.id)) == []
    last = (await backend.event_log.read(session_channel(session.id), 1, 10)).events
    assert [event.type for event in last] == ["session_updated"]


async def test_chat_session_repository_save_of_stale_session_raises_stale_version(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    async with backend.unit_of_work() as work:
        stale = await work.chat_sessions.get(session.id)
    async with backend.unit_of_work() as work:
        fresh = await work.chat_sessions.get(session.id)
        fresh.revise(backend.clock.now(), title="First")
        await work.chat_sessions.save(fresh)
        await work.commit()
    stale.revise(backend.clock.now(), title="Second")
    async with backend.unit_of_work() as work:
        with pytest.raises(StaleVersion):
            await work.chat_sessions.save(stale)


async def test_chat_session_repository_allocated_places_follow_each_other(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    backend.clock.advance(timedelta(minutes=5))
    async with backend.unit_of_work() as work:
        first = await work.chat_sessions.allocate_seq(session.id, 2, backend.clock.now())
        second = await work.chat_sessions.allocate_seq(session.id, 1, backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        third = await work.chat_sessions.allocate_seq(session.id, 1, backend.clock.now())
        found = await work.chat_sessions.get(session.id)
    assert (first, second, third) == (1, 3, 4)
    assert (found.updated_at, found.version) == (backend.clock.now(), 1)


async def test_chat_session_repository_racing_posts_have_no_gaps_or_repeats(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)

    async def post(number: int) -> int:
        return (await posted(backend, session, f"Message {number}")).seq

    assert sorted(await race(6, post)) == [1, 2, 3, 4, 5, 6]
    messages = await backend.chat.messages(session.id, before=None, after=None, limit=10)
    assert [message.seq for message in messages] == [1, 2, 3, 4, 5, 6]
    logged = (await backend.event_log.read(session_channel(session.id), 0, 10)).events
    assert [event.offset for event in logged] == [1, 2, 3, 4, 5, 6]


async def test_chat_session_repository_delete_takes_all_that_belongs_to_it(backend: Backend) -> None:
    owner = await stored_member(backend)
    session, other = await stored_session(backend, owner), await stored_session(backend, owner)
    message, reply, kept = await posted(backend, session), await asked(backend, session), await posted(backend, other)
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        await work.reply_queue.put(ReplyJob(reply.id, session.id, 1), now)
        await work.idempotency_keys.put(owner.id, "a key", "a fingerprint", message.id, now)
        await work.commit()
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.delete()
        await work.chat_sessions.delete(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.chat_messages.get(message.id)
        assert await work.reply_queue.claim(backend.ids.new(), now, now + timedelta(seconds=1)) is None
        assert await work.idempotency_keys.find(owner.id, "a key", now - timedelta(days=1)) is None
        assert (await work.chat_messages.get(kept.id)).content == kept.content
    stats = await backend.chat.stats(owner.id, now)
    assert (stats.total_sessions, stats.total_messages) == (1, 1)


async def test_chat_session_repository_delete_tells_both_channels(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.delete()
        await work.chat_sessions.delete(loaded)
        await work.commit()
    for channel in (session_channel(session.id), user_channel(owner.id)):
        last = (await backend.event_log.positions([channel]))[channel]
        (event,) = (await backend.event_log.read(channel, last - 1, 10)).events
        assert event.type == "session_updated"
        assert b'"change":"deleted"' in event.payload


async def test_chat_session_repository_delete_leaves_nothing_of_the_session_in_its_log(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await posted(backend, session, "A secret")
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.revise(backend.clock.now(), title="A telling title")
        await work.chat_sessions.save(loaded)
        await work.commit()
    before = (await backend.event_log.positions([session_channel(session.id)]))[session_channel(session.id)]
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.delete()
        await work.chat_sessions.delete(loaded)
        await work.commit()
    assert not (await backend.event_log.read(session_channel(session.id), before - 1, 10)).complete
    left = await backend.event_log.read(session_channel(session.id), before, 10)
    assert [(event.offset, event.type) for event in left.events] == [(before + 1, "session_updated")]
    assert left.complete
    assert b"telling" not in left.events[0].payload
    everything = (await backend.event_log.read(session_channel(session.id), 0, 10)).events
    assert b"secret" not in b"".join(event.payload for event in everything)


async def test_chat_message_repository_members_message_is_found_whole(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    message = await posted(backend, session, "Line one\n\tline 'two' \\ \u202e \U0001f9ee \u0301")
    async with backend.unit_of_work() as work:
        found = await work.chat_messages.get(message.id)
    assert found.snapshot() == message.snapshot()
    assert (found.author_id, found.role, found.status) == (owner.id, MessageRole.USER, MessageStatus.COMPLETE)


async def test_chat_message_repository_completed_reply_is_found_whole(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await begun(backend, await asked(backend, session))
    backend.clock.advance(timedelta(milliseconds=1234))
    citation = Citation(1, backend.ids.new(), "A guide", "A «heading»", 12, 'A "quote"\nover two lines')
    async with backend.unit_of_work() as work:
        loaded = await work.chat_messages.get(reply.id)
        assert loaded.started_at == reply.started_at
        loaded.complete(
            "The answer [1].",
            backend.clock.now(),
            citations=[citation],
            tokens_used=77,
            first_token_at=backend.clock.now() - timedelta(milliseconds=1000),
            llm_provider=LLMProvider.OPENROUTER,
            llm_model="another",
        )
        await work.chat_messages.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = (await work.chat_messages.get(reply.id)).snapshot()
    assert (found.content, found.citations, found.tokens_used) == ("The answer [1].", (citation,), 77)
    assert (found.response_time_ms, found.time_to_first_token_ms) == (1234, 234)
    assert (found.llm_provider, found.llm_model) == (LLMProvider.OPENROUTER, "another")
    assert (found.status, found.is_streaming, found.version) == (MessageStatus.COMPLETE, False, 3)


async def test_chat_message_repository_failed_reply_keeps_its_error(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await begun(backend, await asked(backend, session))
    async with backend.unit_of_work() as work:
        loaded = await work.chat_messages.get(reply.id)
        loaded.fail("Sorry.", "unreachable: refused", backend.clock.now())
        await work.chat_messages.save(loaded)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.chat_messages.get(reply.id)
    assert (found.status, found.content, found.error_message) == (
        MessageStatus.FAILED,
        "Sorry.",
        "unreachable: refused",
    )


async def test_chat_message_repository_unknown_message_raises_not_found(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.chat_messages.get(ChatMessageId(backend.ids.new()))


async def test_chat_message_repository_taken_place_raises_conflict(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    await posted(backend, session)
    again = ChatMessage.by_member(
        ChatMessageId(backend.ids.new()), session.id, 1, session.user_id, "again", backend.clock.now()
    )
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.chat_messages.add(again)


async def test_chat_message_repository_message_of_unknown_session_raises_conflict(backend: Backend) -> None:
    owner = await stored_member(backend)
    stray = ChatMessage.by_member(
        ChatMessageId(backend.ids.new()), ChatSessionId(backend.ids.new()), 1, owner.id, "stray", backend.clock.now()
    )
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.chat_messages.add(stray)


async def test_chat_message_repository_save_of_stale_message_raises_stale_version(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await asked(backend, session)
    stale = await begun(backend, reply)
    async with backend.unit_of_work() as work:
        fresh = await work.chat_messages.get(reply.id)
        fresh.cancel("", backend.clock.now())
        await work.chat_messages.save(fresh)
        await work.commit()
    stale.complete("Too late.", backend.clock.now())
    async with backend.unit_of_work() as work:
        with pytest.raises(StaleVersion):
            await work.chat_messages.save(stale)


async def test_chat_message_repository_racing_endings_let_one_win(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await begun(backend, await asked(backend, session))

    async def end(number: int) -> None:
        async with backend.unit_of_work() as work:
            message = await work.chat_messages.get(reply.id)
            message.cancel(f"Ended by {number}", backend.clock.now())
            await work.chat_messages.save(message)
            await work.commit()

    results = await race(4, end)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


async def test_chat_message_repository_checkpoint_keeps_text_outside_the_version(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await begun(backend, await asked(backend, session))
    before = await backend.event_log.positions([session_channel(session.id)])
    async with backend.unit_of_work() as work:
        await work.chat_messages.checkpoint([Arrived(reply.id, 1, "So far")])
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.chat_messages.get(reply.id)
        found.complete("So far, so good.", backend.clock.now())
        await work.chat_messages.save(found)
    assert (found.snapshot().version, reply.version) == (3, 2)
    assert await backend.event_log.positions([session_channel(session.id)]) == before
    assert (await backend.chat.message(session.user_id, reply.id)).content == "So far"


async def test_chat_message_repository_checkpoint_of_another_generation_is_left_alone(backend: Backend) -> None:
    owner = await stored_member(backend)
    session, other = await stored_session(backend, owner), await stored_session(backend, owner)
    reply, last = await begun(backend, await asked(backend, session)), await begun(backend, await asked(backend, other))
    future = Arrived(reply.id, 2, "From the future")
    nowhere = Arrived(ChatMessageId(backend.ids.new()), 1, "Nowhere")
    async with backend.unit_of_work() as work:
        await work.chat_messages.checkpoint([])
        await work.chat_messages.checkpoint([future, nowhere, Arrived(last.id, 1, "So far")])
        await work.commit()
    assert (await backend.chat.message(owner.id, reply.id)).content == ""
    assert (await backend.chat.message(owner.id, last.id)).content == "So far"


async def test_chat_message_repository_checkpoint_after_the_end_is_left_alone(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    reply = await begun(backend, await asked(backend, session))
    async with backend.unit_of_work() as work:
        found = await work.chat_messages.get(reply.id)
        found.complete("The whole answer.", backend.clock.now())
        await work.chat_messages.save(found)
        await work.chat_messages.checkpoint([Arrived(reply.id, 1, "The who")])
        await work.commit()
    assert (await backend.chat.message(session.user_id, reply.id)).content == "The whole answer."


@pytest.mark.parametrize(("before", "limit", "expected"), [(6, 2, [4, 5]), (3, 10, [1, 2]), (1, 10, []), (100, 1, [5])])
async def test_chat_message_repository_history_is_the_last_before_a_place(
    backend: Backend, before: int, limit: int, expected: list[int]
) -> None:
    owner = await stored_member(backend)
    session, other = await stored_session(backend, owner), await stored_session(backend, owner)
    for _ in range(5):
        await posted(backend, session)
        await posted(backend, other)
    async with backend.unit_of_work() as work:
        history = await work.chat_messages.history(session.id, before, limit)
    assert [message.seq for message in history] == expected
    assert {message.session_id for message in history} <= {session.id}
