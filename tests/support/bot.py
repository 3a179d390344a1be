"""What tests of the bot's storage begin with."""

from datetime import timedelta
from typing import Any

from domain.telegram import (
    InboxUpdate,
    Outgoing,
    OutgoingId,
    OutgoingMessage,
    Priority,
    RichText,
    SendText,
    UpdateKey,
)
from tests.support.backend import Backend

BOT = 1
LEASE = timedelta(seconds=30)


def fields_of(row: Any) -> dict[str, object]:
    """All that stands in it, for comparing."""
    return {name: getattr(row, name) for name in type(row).__slots__}


def new_update(
    backend: Backend,
    update_id: int,
    lane: str = "chat:5",
    *,
    bot_id: int = BOT,
    kind: str = "message",
    raw: bytes = b"{}",
    is_urgent: bool = False,
) -> InboxUpdate:
    """An update that just came and that nobody has stored yet."""
    now, key = backend.clock.now(), UpdateKey(backend.ids.new())
    return InboxUpdate(key, bot_id, update_id, kind, lane, is_urgent, raw, received_at=now, due_at=now)


async def arrived(backend: Backend, *updates: InboxUpdate) -> None:
    """They were taken in."""
    await backend.inbox.commit(updates)


async def stored_update(backend: Backend, key: UpdateKey) -> InboxUpdate:
    """As it is stored."""
    async with backend.unit_of_work() as work:
        return await work.telegram_updates.get(key)


async def claimed(backend: Backend, *, lanes: int = 99, per_lane: int = 99, bot_id: int = BOT) -> list[InboxUpdate]:
    """Begun under a claim of its own."""
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        found = await work.telegram_updates.claim(
            bot_id, backend.ids.new(), now, now + LEASE, lanes=lanes, per_lane=per_lane
        )
        await work.commit()
    return list(found)


async def saved(backend: Backend, update: InboxUpdate, claim: Any) -> bool:
    """Whether it was still held under that claim."""
    async with backend.unit_of_work() as work:
        was_held = await work.telegram_updates.save(update, claim)
        await work.commit()
    return was_held


async def handled(backend: Backend, *updates: InboxUpdate) -> None:
    """They were handled by whoever holds them."""
    for update in updates:
        claim = update.claim
        update.succeed(backend.clock.now(), timedelta(milliseconds=5))
        assert await saved(backend, update, claim)


def new_message(
    backend: Backend,
    content: Outgoing | int = 5,
    priority: Priority = Priority.REPLY,
    **fields: Any,
) -> OutgoingMessage:
    """Something to say that nobody has stored yet: this, or a word to that chat."""
    now, key = backend.clock.now(), OutgoingId(backend.ids.new())
    said = SendText(chat_id=content, text=RichText("Hello")) if isinstance(content, int) else content
    return OutgoingMessage(key, fields.pop("bot_id", BOT), said, priority, now, fields.pop("due_at", now), **fields)
