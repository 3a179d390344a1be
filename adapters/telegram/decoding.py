"""Reading updates as Telegram sends them. Only the few fields that are used are read: the rest may be anything."""

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from adapters.telegram import lenient
from adapters.telegram.kinds import CONTENT, KINDS
from adapters.telegram.shapes import (
    Id,
    InChat,
    Marked,
    MembershipChanged,
    Message,
    Outside,
    Press,
    SentBy,
)
from application.ports.inbox import UpdateDecoder
from domain.errors import Invalid, Malformed
from domain.identity import TelegramProfile
from domain.telegram import (
    CALLBACK_LIFETIME,
    MALFORMED,
    MAX_KIND,
    MAX_UPDATE_ID,
    PRE_CHECKOUT_LIFETIME,
    BlockChanged,
    ButtonPress,
    Chat,
    ChatKind,
    Envelope,
    Ignored,
    Incoming,
    IncomingMessage,
)

_CHAT_KINDS = frozenset(ChatKind)
_KNOWN = frozenset(KINDS)
URGENT = {"callback_query": CALLBACK_LIFETIME, "pre_checkout_query": PRE_CHECKOUT_LIFETIME}
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

_parts = msgspec.json.Decoder(dict[str, msgspec.Raw])
_number = msgspec.json.Decoder(int)
_outside = msgspec.json.Decoder(Outside)
_message = msgspec.json.Decoder(Message)
_press = msgspec.json.Decoder(Press)
_membership = msgspec.json.Decoder(MembershipChanged)


class MsgspecUpdateDecoder(UpdateDecoder):
    """Two steps: the outside, which nothing can break, and what is in it, when it is handled."""

    def envelope(self, raw: bytes) -> Envelope:
        found = _split(raw)
        if found is None:
            return Envelope(None, MALFORMED, MALFORMED)
        update_id, kind, body = found
        outside = _outside_of(body)
        if kind in URGENT:
            who = outside.sender.id if outside.sender else update_id
            return Envelope(update_id, kind, f"urgent:{who}", is_urgent=True, lifetime=URGENT[kind])
        return Envelope(update_id, kind, _lane(outside) or f"update:{update_id}")

    def incoming(self, raw: bytes) -> Incoming:
        found = _split(raw)
        if found is None:
            raise Malformed("This is no update: expected a JSON object with an update_id.")
        update_id, kind, body = found
        try:
            return _incoming(update_id, kind, body)
        except _UNREADABLE as error:
            raise Malformed(f"The {kind} cannot be read: {error}") from error


def _split(raw: bytes) -> tuple[int, str, bytes] | None:
    """(update_id, kind, what is in it); None when it is no update."""
    try:
        parts = _parts_of(raw)
        update_id = _number.decode(parts.pop("update_id"))
    except (*_UNREADABLE, *lenient.UNREADABLE, KeyError):
        return None
    if not 0 <= update_id <= MAX_UPDATE_ID:
        return None
    # An update holds one thing. Should one of days to come hold more, what we know is what we read.
    kind = next((kind for kind in parts if kind in _KNOWN), next(iter(parts), "unknown"))
    return update_id, kind[:MAX_KIND], bytes(parts.get(kind, b"null"))


def _parts_of(raw: bytes) -> dict[str, msgspec.Raw]:
    try:
        raw.decode()  # msgspec steps over what is no UTF-8, and then stumbles over it in the parts
        return _parts.decode(raw)
    except _UNREADABLE:
        return _parts.decode(lenient.written(lenient.read(raw)))


def _outside_of(body: bytes) -> Outside:
    try:
        return _outside.decode(body)
    except _UNREADABLE:
        # A shape of days to come: it has a lane of its own.
        return Outside()


def _lane(outside: Outside) -> str | None:
    chat = outside.chat or (outside.message.chat if outside.message else None)
    if chat is not None:
        return f"chat:{chat.id}"
    user = outside.sender or outside.user
    return None if user is None else f"user:{user.id}"


def _incoming(update_id: int, kind: str, body: bytes) -> Incoming:
    if kind == "message":
        return _spoken(update_id, body)
    if kind == "callback_query":
        return _pressed(update_id, _press.decode(body))
    if kind == "my_chat_member":
        changed = _membership.decode(body)
        if changed.chat.type == ChatKind.PRIVATE and (sender := _profile(changed.sender)) is not None:
            is_blocked = changed.new_chat_member.status in ("kicked", "left")
            return BlockChanged(update_id=update_id, sender=sender, is_blocked=is_blocked)
    return Ignored(update_id=update_id, kind=kind)


def _spoken(update_id: int, body: bytes) -> Incoming:
    message = _message.decode(body)
    chat = _chat(message.chat, message.message_thread_id if message.is_topic_message else None)
    if chat is None:
        return Ignored(update_id=update_id, kind="message")
    if message.text is None and message.caption is None and CONTENT.isdisjoint(_parts.decode(body)):
        return Ignored(update_id=update_id, kind="message")
    text = message.text if message.text is not None else message.caption or ""
    entities = (message.entities if message.text is not None else message.caption_entities) or []
    # A message in the name of a chat, such as an anonymous admin's, is nobody's: its `from` is a stand-in.
    signed = message.sender if message.sender_chat is None else None
    return IncomingMessage(
        update_id=update_id,
        message_id=message.message_id,
        chat=chat,
        sender=_profile(signed) if signed is not None else None,
        text=text,
        sent_at=_time(message.date),
        is_from_bot=message.sender is not None and message.sender.is_bot,
        is_forwarded=message.forward_origin is not None,
        mentions=_mentions(text, entities),
        replies_to=_id(message.reply_to_message.sender) if message.reply_to_message else None,
    )


def _pressed(update_id: int, press: Press) -> Incoming:
    sender = _profile(press.sender)
    if sender is None:
        return Ignored(update_id=update_id, kind="callback_query")
    shown = press.message
    chat = _chat(shown.chat, shown.message_thread_id if shown.is_topic_message else None) if shown else None
    return ButtonPress(
        update_id=update_id,
        query_id=press.id,
        sender=sender,
        chat=chat,
        message_id=shown.message_id if shown is not None and chat is not None else None,
        data=press.data,
    )


def _chat(chat: InChat, thread_id: int | None) -> Chat | None:
    return Chat(chat.id, ChatKind(chat.type), thread_id) if chat.type in _CHAT_KINDS else None


def _profile(user: SentBy) -> TelegramProfile | None:
    try:
        return TelegramProfile(user.id, user.username, user.first_name, user.last_name, user.language_code)
    except Invalid:
        return None


def _id(user: Id | None) -> int | None:
    return None if user is None else user.id


def _time(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError) as error:
        raise msgspec.ValidationError(f"{seconds} is no time") from error


def _mentions(text: str, entities: Sequence[Marked]) -> frozenset[str]:
    named = [entity for entity in entities if entity.type == "mention"]
    if not named:
        return frozenset()
    units = text.encode("utf-16-le", "surrogatepass")
    cut = (units[2 * entity.offset : 2 * (entity.offset + entity.length)] for entity in named if entity.offset >= 0)
    return frozenset(name.decode("utf-16-le", "replace").removeprefix("@").lower() for name in cut)
