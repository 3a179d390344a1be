"""Answers given before."""

from datetime import timedelta

import pytest

from application.ports.chat import IDEMPOTENCY_LIFETIME
from domain.chat import ChatMessage
from domain.errors import Conflict
from domain.identity import MemberId
from tests.support.backend import Backend
from tests.support.given import posted, stored_member, stored_session
from tests.support.racing import race


async def message_of(backend: Backend, name: str = "ada") -> ChatMessage:
    return await posted(backend, await stored_session(backend, await stored_member(backend, name)))


async def put(backend: Backend, message: ChatMessage, key: str = "a key", fingerprint: str = "a print") -> None:
    async with backend.unit_of_work() as work:
        await work.idempotency_keys.put(message.author_id, key, fingerprint, message.id, backend.clock.now())
        await work.commit()


async def find(backend: Backend, member_id: MemberId, key: str = "a key") -> tuple[str, object] | None:
    async with backend.unit_of_work() as work:
        return await work.idempotency_keys.find(member_id, key, backend.clock.now() - IDEMPOTENCY_LIFETIME)


async def test_idempotency_key_put_before_is_found(backend: Backend) -> None:
    message = await message_of(backend)
    await put(backend, message)
    assert await find(backend, message.author_id) == ("a print", message.id)


@pytest.mark.parametrize("key", ["another", "A KEY", "a key "])
async def test_idempotency_key_of_another_text_is_not_found(backend: Backend, key: str) -> None:
    message = await message_of(backend)
    await put(backend, message)
    assert await find(backend, message.author_id, key) is None


async def test_idempotency_key_is_each_members_own(backend: Backend) -> None:
    mine, theirs = await message_of(backend, "ada"), await message_of(backend, "grace")
    await put(backend, mine)
    assert await find(backend, theirs.author_id) is None
    await put(backend, theirs, fingerprint="another print")
    assert await find(backend, mine.author_id) == ("a print", mine.id)
    assert await find(backend, theirs.author_id) == ("another print", theirs.id)


async def test_idempotency_key_expires_after_its_lifetime(backend: Backend) -> None:
    message = await message_of(backend)
    await put(backend, message)
    backend.clock.advance(IDEMPOTENCY_LIFETIME - timedelta(microseconds=1))
    assert await find(backend, message.author_id) is not None
    backend.clock.advance(timedelta(microseconds=1))
    assert await find(backend, message.author_id) is None


async def test_idempotency_key_expired_is_replaced(backend: Backend) -> None:
    message = await message_of(backend)
    await put(backend, message)
    backend.clock.advance(IDEMPOTENCY_LIFETIME)
    await put(backend, message, fingerprint="another print")
    assert await find(backend, message.author_id) == ("another print", message.id)


async def test_idempotency_key_still_standing_raises_conflict(backend: Backend) -> None:
    message = await message_of(backend)
    await put(backend, message)
    backend.clock.advance(IDEMPOTENCY_LIFETIME - timedelta(seconds=1))
    with pytest.raises(Conflict):
        await put(backend, message, fingerprint="another print")
    assert await find(backend, message.author_id) == ("a print", message.id)


async def test_idempotency_key_of_racing_requests_lets_one_win(backend: Backend) -> None:
    message = await message_of(backend)

    async def request(number: int) -> None:
        await put(backend, message, fingerprint=f"print {number}")

    results = await race(4, request)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3
    winner = results.index(None)
    assert await find(backend, message.author_id) == (f"print {winner}", message.id)


async def test_idempotency_key_of_a_rolled_back_request_is_free(backend: Backend) -> None:
    message = await message_of(backend)
    async with backend.unit_of_work() as work:
        await work.idempotency_keys.put(message.author_id, "a key", "lost", message.id, backend.clock.now())
    await put(backend, message)
    assert await find(backend, message.author_id) == ("a print", message.id)
