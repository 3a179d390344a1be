"""Updates that wait for the bot, in order, until they are confirmed, delivered or too old."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from adapters.testing.telegram.errors import Json
from application.ports.system import Clock

KINDS = (
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "inline_query",
    "chosen_inline_result",
    "callback_query",
    "shipping_query",
    "pre_checkout_query",
    "poll",
    "poll_answer",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
    "chat_boost",
    "removed_chat_boost",
    "message_reaction",
    "message_reaction_count",
    "business_connection",
    "business_message",
    "edited_business_message",
    "deleted_business_messages",
    "purchased_paid_media",
    "managed_bot",
    "guest_message",
)
# What is sent unless a bot asks for it by name.
_ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
BY_DEFAULT = frozenset(KINDS) - _ON_REQUEST
_A_DAY = timedelta(days=1)
# Queries are worth nothing once their answer is too late.
_LIVES = {"callback_query": timedelta(seconds=150), "pre_checkout_query": timedelta(seconds=150)}


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that waits. Within a lane, a webhook gets them one at a time."""

    update_id: int
    body: Json
    lane: str
    expires_at: datetime


class UpdateQueue:
    """What happened and was not yet taken. `changed` is set whenever something comes.

    Without a `first_id` ids begin at the clock's milliseconds, as those of Telegram above all that came before: a bot
    that remembers them takes a second server's updates for new ones.
    """

    def __init__(self, clock: Clock, first_id: int | None = None) -> None:
        self._clock = clock
        self._pending: list[Pending] = []
        self._next_id = int(clock.now().timestamp() * 1_000) if first_id is None else first_id
        self.allowed = BY_DEFAULT
        self.changed = asyncio.Event()

    def push(self, kind: str, content: Json, lane: str) -> int | None:
        """Queue an update; gives its id back, or nothing when the bot did not ask for this kind."""
        if kind not in self.allowed:
            return None
        return self.push_raw({kind: content}, lane, _LIVES.get(kind, _A_DAY))

    def push_raw(self, body: Json, lane: str, lives: timedelta = _A_DAY) -> int:
        """Queue whatever it is. With an `update_id` it keeps its own, even one that came before."""
        update_id = int(body.get("update_id", self._next_id))
        self._next_id = max(self._next_id, update_id + 1)
        whole = {"update_id": update_id} | body
        self._pending.append(Pending(update_id, whole, lane, self._clock.now() + lives))
        self.changed.set()
        return update_id

    def allow(self, kinds: object) -> None:
        """Take a request's `allowed_updates`: absent or malformed changes nothing, an empty list is the default."""
        if not isinstance(kinds, list) or not all(isinstance(kind, str) for kind in kinds):
            return
        known = frozenset(kind.lower() for kind in kinds) & frozenset(KINDS)
        self.allowed = known or BY_DEFAULT

    def pending(self) -> list[Pending]:
        """What waits, oldest first."""
        now = self._clock.now()
        self._pending = [one for one in self._pending if one.expires_at >= now]
        return list(self._pending)

    def confirm_before(self, update_id: int) -> None:
        """Forget everything with a lower id."""
        self._pending = [one for one in self._pending if one.update_id >= update_id]

    def keep_last(self, count: int) -> None:
        """Forget all but the last so many."""
        self._pending = self._pending[-count:] if count else []

    def drop(self, gone: Iterable[Pending]) -> None:
        """Forget these."""
        identities = {id(one) for one in gone}
        self._pending = [one for one in self._pending if id(one) not in identities]
