"""Saying something to people and groups, at a pace that they and Telegram bear."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from domain.telegram import Outgoing, OutgoingId, OutgoingMessage, Priority, RichText, SendDraft


class OutgoingRepository(Protocol):
    """Rows to send, in a unit of work."""

    async def add(self, messages: Sequence[OutgoingMessage]) -> None:
        """Insert; in one chat they leave in this order."""
        ...

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[OutgoingMessage]:
        """Begin the first row of up to `limit` chats in which none is held, by priority, then by how long it is due.

        A chat's bulk counts as a chat of its own. One whose first row is not due yet is left alone; answers to buttons
        wait for no other row. A row whose lease has ended counts as waiting. Concurrent claimers get different chats.
        """
        ...

    async def save(self, message: OutgoingMessage, claim: UUID | None) -> bool:
        """Update, if it is still held under this claim (None: by nobody); False when it is not."""
        ...

    async def save_each(self, messages: Sequence[tuple[OutgoingMessage, UUID]]) -> Set[OutgoingId]:
        """Update those that are still held under the claim beside them; which they were."""
        ...

    async def renew(self, claim: UUID, lease_until: datetime) -> Set[OutgoingId]:
        """Extend every lease under this claim; which they are."""
        ...

    async def moved(self, bot_id: int, from_chat: int, to_chat: int) -> int:
        """A group has another id: rows that wait for the old one go to the new one; how many."""
        ...

    async def next_due(self, bot_id: int, now: datetime) -> datetime | None:
        """When there may be something to claim again, None when nothing waits."""
        ...

    async def forget(self, before: datetime, limit: int) -> int:
        """Remove up to `limit` rows that ended before that time; how many there were."""
        ...

    async def forget_chat(self, chat_id: int) -> int:
        """Remove all that was said or is to be said there; how many rows there were."""
        ...


class HeldBack(StrEnum):
    """Whom a 429 names."""

    CHAT = "chat"
    BOT = "bot"


@dataclass(frozen=True, slots=True)
class Sent:
    """Telegram has it. `message_id` is None for what is no message."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Blocked:
    """The recipient blocked the bot, left, removed it, or is gone."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAt:
    """Not sent: not before that time, to this chat or to anybody."""

    time: datetime
    held: HeldBack


@dataclass(frozen=True, slots=True)
class Migrated:
    """Not sent: the group has another id now."""

    to_chat: int


@dataclass(frozen=True, slots=True)
class Refused:
    """Not sent, and it never will be as it is. `is_gone` says that the message to edit cannot be edited any more."""

    reason: str
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Sent or not, nobody knows: the answer did not come, or was an error of the server's."""

    reason: str


Delivery = Sent | Blocked | RetryAt | Migrated | Refused | Ambiguous


class Notifier(Protocol):
    """Says something to a person or a group. Never raises for what the other side answers: it is in the result."""

    async def send(self, content: Outgoing | SendDraft) -> Delivery:
        """Once; no retries. Ends within the notifier's own deadline."""
        ...


class Pacer(Protocol):
    """A slot in time for each thing said by one bot.

    Bulk about 30 a second; in one private chat 1 a second with a small burst, in one group 20 a minute. Replies go
    ahead of edits, edits ahead of bulk; replies and edits are not held by the limit of bulk.
    """

    async def slot(self, chat_id: int, priority: Priority) -> None:
        """Return when it may be sent. Cancelling gives the place up. A chat below 0 is a group."""
        ...

    def hold(self, until: datetime, chat_id: int | None = None) -> None:
        """Telegram said 429: nothing to this chat, or with None to anybody, before that time."""
        ...

    def wait(self, chat_id: int, priority: Priority) -> float:
        """How many seconds a slot asked for now would be waited for, about; 0 when it is free."""
        ...


class RichTextRenderer(Protocol):
    """Makes Telegram's entities of Markdown."""

    def render(self, markdown: str) -> RichText:
        """Any text, finished or cut anywhere; never raises. What Telegram cannot show is shown as text."""
        ...
