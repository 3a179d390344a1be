"""An answer of the assistant on its way into a chat."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from domain.chat import ChatMessageId

AnswerId = NewType("AnswerId", UUID)


@dataclass(slots=True, eq=False)
class ChatAnswer:
    """What a chat waits for: the reply `message_id` of a chat session, or, in a group, an answer to `question` that
    is kept nowhere else. Exactly one of the two is set.

    It is shown while it grows and written down whole at its end, by whoever holds the lease; a process that dies
    leaves it to the next one. `telegram_message_id` is the message that grows by edits, once there is one.
    """

    id: AnswerId
    bot_id: int
    chat_id: int
    created_at: datetime
    message_id: ChatMessageId | None = None
    generation: int = 1
    question: str | None = None
    reply_to: int | None = None
    thread_id: int | None = None
    language: str | None = None
    telegram_message_id: int | None = None
    claim: UUID | None = None
    lease_until: datetime | None = None
