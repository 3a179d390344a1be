"""What the sending methods read alike: text, caption, markup and the message that is replied to."""

from typing import Any

from adapters.testing.telegram.access import chat_to_read
from adapters.testing.telegram.arguments import Arguments
from adapters.testing.telegram.chats import Chat, Post
from adapters.testing.telegram.entities import read_entities, trimmed, utf16_length
from adapters.testing.telegram.errors import Json, bad_request
from adapters.testing.telegram.formatting import parse
from adapters.testing.telegram.keyboards import check_markup
from adapters.testing.telegram.state import BotState

MAX_TEXT = 4096
MAX_CAPTION = 1024


def read_text(arguments: Arguments, *, too_long: str = "message is too long") -> Json:
    """`text` and `entities` of a text message: 1 to 4,096 UTF-16 code units after parsing."""
    if not arguments.text("text"):
        raise bad_request("Message text is empty")
    text, entities = _formatted(arguments, "text", "entities")
    if not text:
        raise bad_request("text must be non-empty")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request(too_long)
    return {"text": text} | ({"entities": entities} if entities else {})


def read_caption(arguments: Arguments) -> Json:
    """`caption` and `caption_entities`: at most 1,024 UTF-16 code units after parsing; nothing for none."""
    text, entities = _formatted(arguments, "caption", "caption_entities")
    if utf16_length(text) > MAX_CAPTION:
        raise bad_request("message caption is too long")
    if not text:
        return {}
    return {"caption": text} | ({"caption_entities": entities} if entities else {})


def read_draft(arguments: Arguments) -> tuple[str, list[Json]]:
    """The text of a draft, which may be empty, and its entities."""
    text, entities = _formatted(arguments, "text", "entities")
    if utf16_length(text) > MAX_TEXT:
        raise bad_request("MESSAGE_TOO_LONG")
    return text, entities


def check_preview(arguments: Arguments) -> None:
    """`link_preview_options` is an object, when it is there at all."""
    given = arguments.json("link_preview_options", "link preview options")
    if given is not None and not isinstance(given, dict):
        raise bad_request("Object expected as link preview options")


def read_markup(arguments: Arguments) -> Json | None:
    """The reply markup, when there is any."""
    value = arguments.json("reply_markup", "reply keyboard markup")
    return None if value is None else check_markup(value)


def replied_to(state: BotState, arguments: Arguments, chat: Chat) -> Post | None:
    """The message that a new one answers; raises `ApiError` unless it is there or `allow_sending_without_reply`."""
    given = arguments.json("reply_parameters", "reply parameters")
    if given is None:
        lenient = arguments.boolean("allow_sending_without_reply")
        wanted: Any = arguments.integer("reply_to_message_id")
        where = chat
    else:
        if not isinstance(given, dict):
            raise bad_request("Object expected as reply parameters")
        lenient = bool(given.get("allow_sending_without_reply"))
        wanted = given.get("message_id", 0)
        other = given.get("chat_id")
        where = chat if other is None else chat_to_read(state.world, Arguments({"chat_id": str(other)}))
    if not wanted:
        return None
    post = where.message(wanted) if type(wanted) is int else None
    if post is None and not lenient:
        raise bad_request("message to be replied not found")
    return post


def read_topic(state: BotState, arguments: Arguments, chat: Chat, replied: Post | None) -> int:
    """The topic that a new message stands in: the one that is named, else that of the message it answers; 0 for none.

    Raises `ApiError` where it is not there, or closed.
    """
    topic = arguments.integer("message_thread_id") or (0 if replied is None else replied.topic)
    if topic and topic not in chat.topics:
        raise bad_request("message thread not found")
    is_admin = chat.membership(state.bot).status in {"administrator", "creator"}
    if topic and not chat.topics[topic] and not is_admin:
        raise bad_request("TOPIC_CLOSED")
    return topic


def shown(post: Post) -> Json:
    """A message as a call gives it back."""
    return dict(post.content)


def _formatted(arguments: Arguments, name: str, entities_name: str) -> tuple[str, list[Json]]:
    text, entities = parse(arguments.text(name), arguments.text("parse_mode"))
    if arguments.text("parse_mode").lower() in {"", "none"} and arguments.text(entities_name):
        entities = read_entities(arguments.lenient_json(entities_name), text)
    return trimmed(text, entities)
