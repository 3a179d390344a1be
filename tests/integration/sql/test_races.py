"""Twenty racers over two sets of engines, as two processes would be."""

import asyncio
from datetime import timedelta
from uuid import UUID

from adapters.observability.metrics import NullMetrics
from application.chat.messages import MessageService
from application.chat.running import RunningReplyRegistry
from application.ports.chat import ReplyJob
from domain.chat import ChatMessage, ChatMessageId, MessageStatus
from domain.errors import Conflict, InvalidToken
from domain.events import session_channel
from domain.identity import Actor, OneTimeToken, OneTimeTokenId, Role, TokenPurpose
from tests.support.backend import Backend
from tests.support.given import asked, new_member, posted, stored_member, stored_session
from tests.support.limits import unlimited
from tests.support.racing import race

RACERS = 20


async def test_races_for_places_in_a_session_leave_no_gap_or_repeat(backend: Backend, second: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))

    async def post(number: int) -> int:
        return (await posted((backend, second)[number % 2], session, f"Message {number}")).seq

    places = [place for place in await race(RACERS, post) if isinstance(place, int)]
    assert sorted(places) == list(range(1, RACERS + 1))
    messages = await backend.chat.messages(session.id, before=None, after=None, limit=RACERS)
    logged = (await second.event_log.read(session_channel(session.id), 0, RACERS)).events
    assert [event.offset for event in logged] == list(range(1, RACERS + 1))
    assert [str(message.id) in logged[index].payload.decode() for index, message in enumerate(messages)] == [
        True
    ] * RACERS


async def test_races_for_one_email_let_one_register(backend: Backend, second: Backend) -> None:
    async def register(number: int) -> None:
        racer = (backend, second)[number % 2]
        member = new_member(racer, email="ADA@example.org" if number % 3 else "ada@EXAMPLE.org")
        async with racer.unit_of_work() as work:
            await work.members.add(member, racer.clock.now())
            await work.commit()

    results = await race(RACERS, register)
    refused = [result for result in results if isinstance(result, Conflict)]
    assert results.count(None) == 1
    assert len(refused) == RACERS - 1
    assert {error.details.get("field") for error in refused} == {"email"}
    assert len((await backend.members.page("", None, 10, backend.clock.now())).items) == 1


async def test_races_for_one_time_token_let_one_use_it(backend: Backend, second: Backend) -> None:
    member, now = await stored_member(backend), backend.clock.now()
    token = OneTimeToken(
        OneTimeTokenId(backend.ids.new()), TokenPurpose.SIGN_IN, member.id, "hash", now, now + timedelta(minutes=15)
    )
    async with backend.unit_of_work() as work:
        await work.one_time_tokens.add(token)
        await work.commit()

    async def use(number: int) -> None:
        racer = (backend, second)[number % 2]
        async with racer.unit_of_work() as work:
            found = await work.one_time_tokens.by_hash("hash")
            assert found is not None
            found.use(now)
            await work.one_time_tokens.save(found)
            await work.commit()

    results = await race(RACERS, use)
    assert results.count(None) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == RACERS - 1


async def test_races_for_replies_give_each_to_one_claimer_and_one_per_session(
    backend: Backend, second: Backend
) -> None:
    owner = await stored_member(backend)
    sessions = [await stored_session(backend, owner) for _ in range(4)]
    for session in sessions * 3:
        reply = await asked(backend, session)
        async with backend.unit_of_work() as work:
            await work.reply_queue.put(ReplyJob(reply.id, session.id, 1), backend.clock.now())
            await work.commit()

    async def claim(number: int) -> ReplyJob | None:
        racer, now = (backend, second)[number % 2], backend.clock.now()
        async with racer.unit_of_work() as work:
            job = await work.reply_queue.claim(UUID(int=number + 1), now, now + timedelta(minutes=1))
            await work.commit()
        return job

    results = await race(RACERS, claim)
    claimed = [job for job in results if isinstance(job, ReplyJob)]
    assert results.count(None) == RACERS - len(claimed)
    assert sorted(str(job.session_id) for job in claimed) == sorted(str(session.id) for session in sessions)
    for job in claimed:
        message = await backend.chat.message(owner.id, job.message_id)
        assert message is not None
        assert message.seq == 1


async def test_races_for_one_idempotency_key_let_one_answer(backend: Backend, second: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)

    async def post(number: int) -> None:
        racer, now = (backend, second)[number % 2], backend.clock.now()
        async with racer.unit_of_work() as work:
            seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
            message = ChatMessage.by_member(ChatMessageId(racer.ids.new()), session.id, seq, owner.id, "Hi", now)
            await work.chat_messages.add(message)
            await work.idempotency_keys.put(owner.id, "key", "fingerprint", message.id, now)
            await work.commit()

    results = await race(RACERS, post)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == RACERS - 1
    assert [m.seq for m in await backend.chat.messages(session.id, before=None, after=None, limit=50)] == [1]


async def test_races_of_checkpoints_and_reads_lose_no_update(backend: Backend, second: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)

    async def rename(number: int) -> None:
        racer = (backend, second)[number % 2]
        async with racer.unit_of_work() as work:
            loaded = await work.chat_sessions.get(session.id)
            loaded.revise(racer.clock.now(), title=f"{loaded.title} {number}")
            await work.chat_sessions.save(loaded)
            await work.commit()

    assert await race(RACERS, rename) == [None] * RACERS
    snapshot = await second.chat.session(owner.id, session.id)
    assert snapshot is not None
    assert snapshot.version == 1 + RACERS
    assert {word for word in snapshot.title.split() if word.isdigit()} == {str(number) for number in range(RACERS)}


async def test_races_to_cancel_and_regenerate_never_wait_for_a_second_connection(backend: Backend) -> None:
    member = await stored_member(backend)
    actor = Actor(member.id, Role.PUBLIC)
    service = MessageService(
        backend.unit_of_work,
        backend.chat,
        RunningReplyRegistry(backend.bus),
        backend.clock,
        backend.ids,
        NullMetrics(),
        unlimited(),
    )
    replies = []
    for _ in range(2 * RACERS):
        reply_id = (await service.post(actor, (await stored_session(backend, member)).id, "Hello?")).reply_id
        assert reply_id is not None
        replies.append(reply_id)

    async def again(number: int) -> MessageStatus:
        await service.cancel(actor, replies[number])
        return (await service.regenerate(actor, replies[number])).status

    async with asyncio.timeout(8):
        results = await race(len(replies), again)
    assert results == [MessageStatus.STREAMING] * len(replies)
