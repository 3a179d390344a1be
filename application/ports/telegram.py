"""What the bot needs beyond its inbox and its sending."""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.chat import ChatSessionId
from domain.identity import Role
from domain.telegram import AnswerId, ChatAnswer


class AnswerRepository(Protocol):
    """Answers of the assistant that chats wait for, in a unit of work. A finished one is removed."""

    async def add(self, answer: ChatAnswer) -> None:
        """Insert; one for the same reply, generation and chat changes nothing."""
        ...

    async def claim(
        self, bot_id: int, claim: UUID, now: datetime, lease_until: datetime, limit: int
    ) -> Sequence[ChatAnswer]:
        """Take up to `limit` that nobody holds, by age."""
        ...

    async def save(self, answer: ChatAnswer) -> bool:
        """Store where it stands (`chat_id`, `reply_to`, `telegram_message_id`) and nothing of its lease, if it is still
        held under its claim; False when it is not.
        """
        ...

    async def renew(self, claim: UUID, lease_until: datetime) -> Set[AnswerId]:
        """Extend every lease under this claim; which they are."""
        ...

    async def finish(self, answer_id: AnswerId, claim: UUID) -> bool:
        """Remove it; False when it is no longer held under this claim, and then nothing may be written."""
        ...

    async def release(self, claim: UUID) -> None:
        """Give back all that is held under this claim."""
        ...

    async def count(self, bot_id: int) -> int:
        """How many are waited for, whoever holds them."""
        ...

    async def forget_chat(self, chat_id: int) -> int:
        """Remove all that this chat waits for; how many there were."""
        ...


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command of the registry as the table `telegram_commands` mirrors it."""

    command: str
    description: str
    category: str
    required_role: Role
    aliases: tuple[str, ...] = ()
    is_hidden: bool = False
    usage_count: int = 0


class CommandRepository(Protocol):
    """The mirror of the command registry, in a unit of work."""

    async def mirror(self, commands: Sequence[CommandRow]) -> None:
        """Make the table say what the registry says; counts of commands that stay are kept, others are removed."""
        ...

    async def count_use(self, command: str, times: int = 1) -> None:
        """It ran so many times more; an unknown one is a no-op."""
        ...

    async def all(self) -> Sequence[CommandRow]:
        """By name."""
        ...


class ConversationRepository(Protocol):
    """Which chat session a private chat goes on in, in a unit of work."""

    async def current(self, telegram_id: int) -> ChatSessionId | None:
        """None when none was chosen or it is gone."""
        ...

    async def choose(self, telegram_id: int, session_id: ChatSessionId, now: datetime) -> None:
        """Go on in this one."""
        ...

    async def leave(self, telegram_id: int) -> None:
        """In none: the next message begins a new one."""
        ...


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who the bot is at Telegram."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class WebhookInfo:
    """What Telegram says of the webhook. `url` is empty where there is none."""

    url: str
    pending_update_count: int
    last_error_date: datetime | None = None
    last_error_message: str | None = None
    max_connections: int | None = None
    allowed_updates: tuple[str, ...] = ()
    ip_address: str | None = None


class BotApi(Protocol):
    """The Bot API beyond sending. Raises `Unavailable` when Telegram does not answer, `InvalidToken` for a token that
    it does not know.
    """

    async def me(self) -> BotIdentity:
        """Who the token belongs to."""
        ...

    async def updates(self, offset: int | None, timeout_seconds: int, limit: int) -> Sequence[bytes]:
        """The next updates, raw, after a long poll; `offset` confirms all before it. `allowed_updates` names every kind
        that is used. Raises `Conflict` while a webhook is set or another process polls.
        """
        ...

    async def set_webhook(self, url: str, secret: str | None, max_connections: int) -> None:
        """Raises `Invalid` when Telegram refuses the address."""
        ...

    async def delete_webhook(self, *, drop_pending: bool = False) -> None:
        """What waits is kept unless it is to be dropped."""
        ...

    async def webhook_info(self) -> WebhookInfo:
        """What is set."""
        ...

    async def set_commands(self, commands: Sequence[CommandRow]) -> None:
        """The menu that Telegram shows in private chats."""
        ...
