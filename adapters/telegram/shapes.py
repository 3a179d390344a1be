"""The shapes of updates, as far as they are read. https://core.telegram.org/bots/api#available-types"""

import msgspec


class Id(msgspec.Struct):
    """Whatever has an id."""

    id: int


class Nested(msgspec.Struct):
    """What a pressed button stands under."""

    chat: Id | None = None


class Outside(msgspec.Struct, rename={"sender": "from"}):
    """What tells the lane, wherever the kind keeps it."""

    chat: Id | None = None
    sender: Id | None = None
    user: Id | None = None
    message: Nested | None = None


class SentBy(msgspec.Struct):
    """An account."""

    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None


class InChat(msgspec.Struct):
    """A chat."""

    id: int
    type: str


class Marked(msgspec.Struct):
    """A stretch of the text."""

    type: str
    offset: int
    length: int


class Answered(msgspec.Struct, rename={"sender": "from"}):
    """The message that is answered."""

    sender: Id | None = None


class Message(msgspec.Struct, rename={"sender": "from"}):
    """A message."""

    message_id: int
    date: int
    chat: InChat
    sender: SentBy | None = None
    sender_chat: Id | None = None
    text: str | None = None
    caption: str | None = None
    entities: list[Marked] | None = None
    caption_entities: list[Marked] | None = None
    message_thread_id: int | None = None
    is_topic_message: bool = False
    reply_to_message: Answered | None = None
    forward_origin: dict[str, msgspec.Raw] | None = None


class PressedMessage(msgspec.Struct):
    """The message whose button was pressed; an old one has little more."""

    chat: InChat
    message_id: int
    message_thread_id: int | None = None
    is_topic_message: bool = False


class Press(msgspec.Struct, rename={"sender": "from"}):
    """A pressed button."""

    id: str
    sender: SentBy
    message: PressedMessage | None = None
    data: str = ""


class ChatMember(msgspec.Struct):
    """Where somebody stands in a chat."""

    status: str


class MembershipChanged(msgspec.Struct, rename={"sender": "from"}):
    """The bot's standing in a chat."""

    chat: InChat
    sender: SentBy
    new_chat_member: ChatMember
