"""How often a member posts, searches and begins sessions."""

from datetime import timedelta

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from application.allowances import Allowance
from application.chat.exporting import ConversationExport, ExportFormat
from application.chat.messages import MessageService
from application.chat.sessions import ChatSessionService
from application.ports.limits import Limit
from domain.chat import ChatSessionId
from domain.errors import Conflict, Invalid, NotFound, TooManyRequests
from tests.support.limits import exports
from tests.unit.chat.conftest import ChatWorld


class Limited:
    """Services that let a member do each thing twice a minute."""

    def __init__(self, world: ChatWorld) -> None:
        limiter = InMemoryRateLimiter(world.clock)
        self.messages = MessageService(
            world.unit_of_work,
            world.queries,
            world.running,
            world.clock,
            world.ids,
            world.metrics,
            _twice(limiter, "messages"),
        )
        self.sessions = ChatSessionService(
            world.unit_of_work,
            world.queries,
            world.event_log,
            world.models,
            world.running,
            world.clock,
            world.ids,
            _twice(limiter, "sessions"),
            _twice(limiter, "searches"),
        )


def _twice(limiter: InMemoryRateLimiter, what: str) -> Allowance:
    return Allowance(limiter, what, Limit(2, timedelta(minutes=1)))


async def test_limit_of_messages_refuses_the_next_and_writes_nothing(world: ChatWorld) -> None:
    limited, ann, bob = Limited(world), await world.member("ann"), await world.member("bob")
    session = await world.sessions.create(ann)
    for _ in range(2):
        await limited.messages.post(ann, session.id, "Hello", ask_assistant=False)

    with pytest.raises(TooManyRequests) as refusal:
        await limited.messages.post(ann, session.id, "Once more", ask_assistant=False)

    assert refusal.value.retry_after == timedelta(minutes=1)
    assert (await world.sessions.get(ann, session.id)).message_count == 2
    other = await world.sessions.create(bob)
    assert (await limited.messages.post(bob, other.id, "Hello")).message.seq == 1


async def test_limit_of_messages_over_it_a_message_written_already_is_acknowledged(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    session = await world.sessions.create(ann)
    first = await limited.messages.post(ann, session.id, "Hello", idempotency_key="k-1")
    await limited.messages.post(ann, session.id, "And this", idempotency_key="k-2")

    again = await limited.messages.post(ann, session.id, "Hello", idempotency_key="k-1")

    assert again == first
    with pytest.raises(TooManyRequests):
        await limited.messages.post(ann, session.id, "New", idempotency_key="k-3")
    with pytest.raises(Conflict):
        await limited.messages.post(ann, session.id, "Another text", idempotency_key="k-1")


async def test_limit_of_messages_counts_replies_asked_for_again(working: ChatWorld) -> None:
    world, limited = working, Limited(working)
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    reply_id = (await limited.messages.post(ann, session.id, "Hello")).reply_id
    assert reply_id is not None
    await world.settled(ann, reply_id)
    again = await limited.messages.regenerate(ann, reply_id)
    await world.settled(ann, reply_id)

    with pytest.raises(TooManyRequests):
        await limited.messages.regenerate(ann, reply_id)

    assert (await world.reply(ann, reply_id)).generation == again.generation


async def test_limit_of_messages_does_not_count_what_holds_no_message(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    session = await world.sessions.create(ann)
    for _ in range(5):
        with pytest.raises(Invalid):
            await limited.messages.post(ann, session.id, " ")

    assert (await limited.messages.post(ann, session.id, "Hello")).message.seq == 1


async def test_limit_of_messages_is_not_met_by_one_that_is_sent_again(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    session = await world.sessions.create(ann)
    first = await limited.messages.post(ann, session.id, "Hello", idempotency_key="k")
    for _ in range(3):
        assert await limited.messages.post(ann, session.id, "Hello", idempotency_key="k") == first
    await limited.messages.post(ann, session.id, "And now?")

    assert await limited.messages.post(ann, session.id, "Hello", idempotency_key="k") == first
    with pytest.raises(TooManyRequests):
        await limited.messages.post(ann, session.id, "Hello", idempotency_key="another")


async def test_limit_of_messages_does_not_count_what_is_refused_for_another_reason(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    session = await world.sessions.create(ann)
    reply_id = (await limited.messages.post(ann, session.id, "Hello")).reply_id
    assert reply_id is not None
    for _ in range(3):
        with pytest.raises(NotFound):
            await limited.messages.post(ann, ChatSessionId(world.ids.new()), "Hello")
        with pytest.raises(Conflict):
            await limited.messages.regenerate(ann, reply_id)

    assert (await limited.messages.post(ann, session.id, "Hello")).message.seq == 3


async def test_limit_of_messages_lets_a_reply_be_stopped(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    session = await world.sessions.create(ann)
    replies = [(await limited.messages.post(ann, session.id, "Hello")).reply_id for _ in range(2)]
    assert replies[0] is not None

    assert (await limited.messages.cancel(ann, replies[0])).status == "cancelled"


async def test_limit_of_sessions_refuses_the_next(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    for _ in range(2):
        await limited.sessions.create(ann)

    with pytest.raises(TooManyRequests, match="sessions"):
        await limited.sessions.create(ann)

    world.clock.advance(timedelta(minutes=1))
    assert (await limited.sessions.create(ann)).user_id == ann.member_id


async def test_limit_of_searches_refuses_the_next(world: ChatWorld) -> None:
    limited, ann = Limited(world), await world.member("ann")
    for _ in range(2):
        assert await limited.sessions.search(ann, "risk") == []

    with pytest.raises(TooManyRequests, match="searches"):
        await limited.sessions.search(ann, "risk")


async def test_limit_of_exports_holds_for_conversations(world: ChatWorld) -> None:
    service, ann = ConversationExport(world.sessions, exports()), await world.member("ann")
    session = await world.sessions.create(ann)
    await world.messages.post(ann, session.id, "Hello", ask_assistant=False)
    _, first = await service.export(ann, session.id, ExportFormat.MARKDOWN)

    with pytest.raises(TooManyRequests):
        await service.export(ann, session.id, ExportFormat.JSON)

    assert "Hello" in "".join([piece async for piece in first])
    _, second = await service.export(ann, session.id, ExportFormat.JSON)
    assert '"Hello"' in "".join([piece async for piece in second])


async def test_export_of_no_session_leaves_the_next_one_free(world: ChatWorld) -> None:
    service, ann = ConversationExport(world.sessions, exports()), await world.member("ann")
    with pytest.raises(NotFound):
        await service.export(ann, ChatSessionId(world.ids.new()), ExportFormat.JSON)
    session = await world.sessions.create(ann)

    _, pieces = await service.export(ann, session.id, ExportFormat.JSON)

    assert "".join([piece async for piece in pieces]).endswith("]}\n")
