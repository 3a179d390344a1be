"""Posting: what is refused, what is repeated, and who may."""

import pytest

from application.chat.sessions import SessionChanges
from domain.chat import LLMProvider, SessionSettings
from domain.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from domain.identity import GUEST
from tests.unit.chat.conftest import ChatWorld


@pytest.mark.parametrize("content", ["", "   \n ", "x" * 10_001, "nul\x00", "\ud800"])
async def test_message_content_out_of_bounds_is_refused(world: ChatWorld, content: str) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)

    with pytest.raises(Invalid) as refusal:
        await world.messages.post(ann, session.id, content)

    assert [error.field for error in refusal.value.fields] == ["content"]


async def test_message_same_key_same_body_gives_the_same_answer(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)

    first = await world.messages.post(ann, session.id, "Hello", idempotency_key="k1")
    again = await world.messages.post(ann, session.id, "Hello ", idempotency_key="k1")

    assert again == first
    assert (await world.sessions.get(ann, session.id)).message_count == 2


async def test_message_same_key_other_body_conflicts(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    await world.messages.post(ann, session.id, "Hello", idempotency_key="k1")

    with pytest.raises(Conflict, match="Idempotency-Key"):
        await world.messages.post(ann, session.id, "Something else", idempotency_key="k1")


async def test_message_without_the_assistant_asks_for_no_reply(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)

    posted = await world.messages.post(ann, session.id, "A note", ask_assistant=False, idempotency_key="k")
    again = await world.messages.post(ann, session.id, "A note", ask_assistant=False, idempotency_key="k")

    assert posted.reply_id is None
    assert again == posted


async def test_message_into_somebody_elses_session_is_not_found(world: ChatWorld) -> None:
    ann, bob = await world.member("ann"), await world.member("bob")
    session = await world.sessions.create(ann)
    posted = await world.messages.post(ann, session.id, "Mine")
    assert posted.reply_id is not None

    with pytest.raises(NotFound):
        await world.messages.post(bob, session.id, "Hello")
    with pytest.raises(NotFound):
        await world.messages.cancel(bob, posted.reply_id)
    with pytest.raises(NotFound):
        await world.sessions.delete(bob, session.id)


async def test_message_by_a_guest_is_not_allowed(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)

    with pytest.raises(NotAllowed):
        await world.messages.post(GUEST, session.id, "Hello")


async def test_message_into_a_closed_session_conflicts(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    await world.sessions.update(ann, session.id, SessionChanges(is_active=False))

    with pytest.raises(Conflict, match="closed"):
        await world.messages.post(ann, session.id, "Hello")


async def test_session_provider_that_is_not_configured_is_refused(world: ChatWorld) -> None:
    ann = await world.member("ann")

    with pytest.raises(Invalid, match="OPENROUTER is not configured"):
        await world.sessions.create(ann, llm_provider=LLMProvider.OPENROUTER)


async def test_session_settings_out_of_range_name_each_field(world: ChatWorld) -> None:
    ann = await world.member("ann")

    with pytest.raises(Invalid) as refusal:
        await world.sessions.create(ann, settings=SessionSettings(temperature=2.1, max_tokens=0))

    assert [error.field for error in refusal.value.fields] == ["settings.temperature", "settings.max_tokens"]


async def test_session_changed_since_it_was_read_is_stale(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    await world.sessions.update(ann, session.id, SessionChanges(title="One"), expected_version=session.version)

    with pytest.raises(StaleVersion):
        await world.sessions.update(ann, session.id, SessionChanges(title="Two"), expected_version=session.version)

    assert (await world.sessions.get(ann, session.id)).title == "One"


async def test_messages_page_names_the_place_in_the_log_that_continues_it(world: ChatWorld) -> None:
    ann = await world.member("ann")
    session = await world.sessions.create(ann)
    for number in range(3):
        await world.messages.post(ann, session.id, f"message {number}", ask_assistant=False)

    page = await world.sessions.messages(ann, session.id, limit=2)

    assert [message.content for message in page.messages] == ["message 1", "message 2"]
    assert (page.offset, page.has_more) == (3, True)
