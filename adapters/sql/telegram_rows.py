"""Rows of the bot's tables and what they stand for."""

from collections.abc import Mapping
from typing import Any

import msgspec

from adapters.sql.types import AnyRow, storable
from domain.chat import ChatMessageId
from domain.telegram import (
    AnswerButton,
    AnswerId,
    Button,
    ChatAnswer,
    EditText,
    Entity,
    EntityKind,
    InboxUpdate,
    Keyboard,
    Outgoing,
    OutgoingId,
    OutgoingMessage,
    OutgoingState,
    Priority,
    RichText,
    SendText,
    UpdateKey,
    UpdateState,
)

_KINDS = {SendText: "send_text", EditText: "edit_text", AnswerButton: "answer_button"}


def update_from_row(row: AnyRow) -> InboxUpdate:
    """An update of the inbox."""
    return InboxUpdate(
        key=UpdateKey(row.id),
        bot_id=row.bot_id,
        update_id=row.update_id,
        kind=row.kind,
        lane=row.lane,
        is_urgent=row.is_urgent,
        raw=bytes(row.raw),
        received_at=row.received_at,
        due_at=row.due_at,
        expires_at=row.expires_at,
        state=UpdateState(row.state),
        attempts=row.attempts,
        error_message=row.error_message,
        handler_response_time_ms=row.handler_response_time_ms,
        handled_at=row.handled_at,
        claim=row.claim,
        lease_until=row.lease_until,
    )


def update_to_row(update: InboxUpdate) -> dict[str, object]:
    """What of an update changes while it is handled. Who says what is only ever forgotten, and not by its handler."""
    return {
        "due_at": update.due_at,
        "expires_at": update.expires_at,
        "state": int(update.state),
        "attempts": update.attempts,
        "error_message": update.error_message,
        "handler_response_time_ms": update.handler_response_time_ms,
        "handled_at": update.handled_at,
        "claim": update.claim,
        "lease_until": update.lease_until,
    }


def outgoing_from_row(row: AnyRow) -> OutgoingMessage:
    """A row to send."""
    return OutgoingMessage(
        id=OutgoingId(row.id),
        bot_id=row.bot_id,
        content=content_from_json(row.kind, row.chat_id, row.content),
        priority=Priority(row.priority),
        created_at=row.created_at,
        due_at=row.due_at,
        caused_by=None if row.caused_by is None else UpdateKey(row.caused_by),
        state=OutgoingState(row.state),
        attempts=row.attempts,
        error_message=row.error_message,
        telegram_message_id=row.telegram_message_id,
        sent_at=row.sent_at,
        claim=row.claim,
        lease_until=row.lease_until,
    )


def outgoing_to_row(message: OutgoingMessage) -> dict[str, object]:
    """All columns but the position."""
    return {
        **outgoing_place(message),
        "id": message.id,
        "bot_id": message.bot_id,
        "priority": int(message.priority),
        "state": message.state.value,
        "created_at": message.created_at,
        "due_at": message.due_at,
        "caused_by": message.caused_by,
        "attempts": message.attempts,
        "error_message": message.error_message,
        "telegram_message_id": message.telegram_message_id,
        "sent_at": message.sent_at,
        "claim": message.claim,
        "lease_until": message.lease_until,
    }


def outgoing_place(message: OutgoingMessage) -> dict[str, object]:
    """What is said, and where."""
    return {
        "chat_id": message.content.chat_id,
        "lane": message.lane,
        "kind": _KINDS[type(message.content)],
        "content": content_to_json(message.content),
    }


def answer_from_row(row: AnyRow) -> ChatAnswer:
    """An answer that a chat waits for."""
    return ChatAnswer(
        id=AnswerId(row.id),
        bot_id=row.bot_id,
        chat_id=row.chat_id,
        created_at=row.created_at,
        message_id=None if row.message_id is None else ChatMessageId(row.message_id),
        generation=row.generation,
        question=row.question,
        reply_to=row.reply_to,
        thread_id=row.thread_id,
        language=row.language,
        telegram_message_id=row.telegram_message_id,
        claim=row.claim,
        lease_until=row.lease_until,
    )


def answer_to_row(answer: ChatAnswer) -> dict[str, object]:
    """All columns."""
    return {name: getattr(answer, name) for name in ChatAnswer.__slots__}


def answer_place(answer: ChatAnswer) -> dict[str, object]:
    """Where it stands, which is all that changes while it is held. The lease is renewed meanwhile: not from here."""
    return {name: getattr(answer, name) for name in ("chat_id", "reply_to", "telegram_message_id")}


def content_to_json(content: Outgoing) -> dict[str, Any]:
    """All that is said but the chat, which has a column; what no engine can store becomes U+FFFD of the same length."""
    plain = msgspec.to_builtins(content)
    del plain["chat_id"]
    return {name: _storable(value) for name, value in plain.items()}


def content_from_json(kind: str, chat_id: int, content: Mapping[str, Any]) -> Outgoing:
    """The same again."""
    fields = dict(content)
    if "keyboard" in fields:
        fields["keyboard"] = _keyboard(fields["keyboard"])
    if kind == "answer_button":
        return AnswerButton(chat_id=chat_id, **fields)
    fields["text"] = _rich_text(fields["text"])
    return (SendText if kind == "send_text" else EditText)(chat_id=chat_id, **fields)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, Mapping):
        return {name: _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list | tuple) else value


def _keyboard(rows: list[list[dict[str, Any]]]) -> Keyboard:
    return tuple(tuple(Button(**button) for button in row) for row in rows)


def _rich_text(text: Mapping[str, Any]) -> RichText:
    entities = (Entity(**{**entity, "kind": EntityKind(entity["kind"])}) for entity in text["entities"])
    return RichText(text["text"], tuple(entities))
