"""What we say at Telegram, kept until it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import NewType
from uuid import UUID

from domain.errors import Conflict, Invalid
from domain.telegram.rich_text import RichText
from domain.telegram.updates import MAX_ERROR_MESSAGE, UpdateKey

OutgoingId = NewType("OutgoingId", UUID)

MAX_CALLBACK_DATA = 64
MAX_SENDING_ATTEMPTS = 10
FIRST_RETRY = timedelta(seconds=1)


class Priority(IntEnum):
    """Who goes first where all cannot: payments and replies, then edits of a streaming answer, then bulk."""

    REPLY = 0
    STREAM = 1
    BULK = 2


@dataclass(frozen=True, slots=True)
class Button:
    """A button under a message: `data` comes back when it is pressed, `url` is opened. Exactly one of them is set."""

    text: str
    data: str | None = None
    url: str | None = None

    def __post_init__(self) -> None:
        """Raise `Invalid` for a button that Telegram would refuse."""
        if (self.data is None) == (self.url is None):
            raise Invalid.of("button", "expected either data or a url")
        if self.data is not None and not 1 <= len(self.data.encode()) <= MAX_CALLBACK_DATA:
            raise Invalid.of("button", f"expected data of 1 to {MAX_CALLBACK_DATA} bytes")


Keyboard = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendText:
    """A new message. `reply_to` is the message that it answers; it is sent all the same when that one is gone."""

    chat_id: int
    text: RichText
    keyboard: Keyboard = ()
    reply_to: int | None = None
    thread_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditText:
    """Another text and keyboard for a message of ours. Unchanged ones are fine; where it cannot be edited any more,
    `as_new` is sent, to `reply_to` and in the topic `thread_id`.
    """

    chat_id: int
    message_id: int
    text: RichText
    keyboard: Keyboard = ()
    reply_to: int | None = None
    thread_id: int | None = None

    def as_new(self) -> SendText:
        """The same as a message of its own."""
        return SendText(
            chat_id=self.chat_id,
            text=self.text,
            keyboard=self.keyboard,
            reply_to=self.reply_to,
            thread_id=self.thread_id,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerButton:
    """The answer to a pressed button: nothing, a note, or with `is_alert` a window. Soon nobody waits for it."""

    chat_id: int
    query_id: str
    text: str | None = None
    is_alert: bool = False


Outgoing = SendText | EditText | AnswerButton


@dataclass(frozen=True, slots=True, kw_only=True)
class SendDraft:
    """The part of an answer that is there so far, shown while it grows; only in private chats, and never kept."""

    chat_id: int
    draft_id: int
    text: RichText
    thread_id: int | None = None


class OutgoingState(StrEnum):
    """Where a row to send stands."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    BLOCKED = "blocked"
    FAILED = "failed"


TRANSITIONS: Mapping[OutgoingState, frozenset[OutgoingState]] = {
    OutgoingState.WAITING: frozenset({OutgoingState.SENDING}),
    # To itself when the lease ended and another worker takes it over.
    OutgoingState.SENDING: frozenset(OutgoingState),
    OutgoingState.SENT: frozenset(),
    OutgoingState.BLOCKED: frozenset(),
    OutgoingState.FAILED: frozenset(),
}


@dataclass(slots=True, eq=False)
class OutgoingMessage:
    """One thing to say, committed with what caused it. In one chat rows leave in the order they were made, bulk and
    the others each by themselves.

    Sent at least once: a process that dies while it sends leaves the row to the next one, which may repeat it.
    `claim` is the fence: whoever holds another one may no longer write.
    """

    id: OutgoingId
    bot_id: int
    content: Outgoing
    priority: Priority
    created_at: datetime
    due_at: datetime
    caused_by: UpdateKey | None = None
    state: OutgoingState = OutgoingState.WAITING
    attempts: int = 0
    error_message: str | None = None
    telegram_message_id: int | None = None
    sent_at: datetime | None = None
    claim: UUID | None = None
    lease_until: datetime | None = None

    @property
    def lane(self) -> str:
        """Rows of one lane leave one after the other: those of a chat, but its bulk has a lane beside them, so that no
        reply waits behind it. An answer to a button has one of its own.
        """
        if isinstance(self.content, AnswerButton):
            return f"button:{self.id}"
        return f"{'bulk' if self.priority is Priority.BULK else 'chat'}:{self.content.chat_id}"

    def begin(self, claim: UUID, lease_until: datetime) -> None:
        """A worker takes it, under a lease; also from one whose lease ended."""
        self._move(OutgoingState.SENDING)
        self.claim, self.lease_until = claim, lease_until
        self.attempts += 1

    def sent(self, message_id: int | None, now: datetime) -> None:
        """Telegram has it."""
        self._end(OutgoingState.SENT, None)
        self.telegram_message_id, self.sent_at = message_id, now

    def blocked(self, reason: str) -> None:
        """The recipient does not want it."""
        self._end(OutgoingState.BLOCKED, reason)

    def failed(self, reason: str) -> None:
        """It will not be tried again."""
        self._end(OutgoingState.FAILED, reason)

    def postponed(self, until: datetime) -> None:
        """It was not sent and is due later; this does not count as an attempt."""
        self._end(OutgoingState.WAITING, self.error_message)
        self.due_at, self.attempts = until, self.attempts - 1

    def retry(self, reason: str, now: datetime) -> bool:
        """It may or may not have been sent. True when it is due again later, False after the last attempt."""
        if self.attempts >= MAX_SENDING_ATTEMPTS:
            self.failed(reason)
            return False
        self._end(OutgoingState.WAITING, reason)
        self.due_at = now + FIRST_RETRY * 2 ** (self.attempts - 1)
        return True

    def moved(self, chat_id: int) -> None:
        """The chat has another id now. Numbers of messages and topics are others there: an edit is a new message."""
        content = self.content.as_new() if isinstance(self.content, EditText) else self.content
        if isinstance(content, SendText):
            content = replace(content, reply_to=None, thread_id=None)
        self.content = replace(content, chat_id=chat_id)

    def _end(self, state: OutgoingState, reason: str | None) -> None:
        self._move(state)
        self.claim = self.lease_until = None
        self.error_message = None if reason is None else reason[:MAX_ERROR_MESSAGE]

    def _move(self, to: OutgoingState) -> None:
        if to not in TRANSITIONS[self.state]:
            raise Conflict(f"A row that is {self.state.value} cannot become {to.value}.", state=self.state.value)
        self.state = to
