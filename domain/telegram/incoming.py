"""What somebody did in a chat, in our own words: Telegram, the console and tests all speak them."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.identity import TelegramProfile

# What ends a sentence may stand behind the name, and a colon before what is asked for.
_COMMAND = re.compile(r"/([A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{3,64}))?(?:[.,:;!?…]*(?=\s|\Z)|:)\s*(.*)", re.DOTALL)


class ChatKind(StrEnum):
    """What kind of chat it is, as Telegram names them."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat. `thread_id` is the topic in a forum; None outside of one."""

    id: int
    kind: ChatKind
    thread_id: int | None = None

    @property
    def is_private(self) -> bool:
        """Whether nobody but one person reads it."""
        return self.kind is ChatKind.PRIVATE

    @property
    def is_group(self) -> bool:
        """Whether several people talk in it."""
        return self.kind in (ChatKind.GROUP, ChatKind.SUPERGROUP)


@dataclass(frozen=True, slots=True)
class CommandCall:
    """A command as typed: `/name@bot argument`. The name is in lower case; `bot` is None when nobody is named."""

    name: str
    bot: str | None
    argument: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IncomingMessage:
    """A message that somebody wrote. `text` is the text or the caption, empty for anything else.

    `mentions` are the user names it names, in lower case, and `replies_to` is whose message it answers, by Telegram's
    id: in a group they tell whether it speaks to us. `sender` is None where nobody signs.
    """

    update_id: int
    message_id: int
    chat: Chat
    sender: TelegramProfile | None
    text: str
    sent_at: datetime
    is_from_bot: bool = False
    is_forwarded: bool = False
    mentions: frozenset[str] = frozenset()
    replies_to: int | None = None

    @property
    def command(self) -> CommandCall | None:
        """The command, if it is one; a forwarded command is somebody else's."""
        found = None if self.is_forwarded else _COMMAND.fullmatch(self.text.strip())
        if found is None:
            return None
        return CommandCall(found[1].lower(), found[2], found[3].strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class ButtonPress:
    """Somebody pressed a button under a message of ours. Telegram waits for an answer to each press.

    `chat` and `message_id` are None where the message is too old or was sent inline.
    """

    update_id: int
    query_id: str
    sender: TelegramProfile
    chat: Chat | None
    message_id: int | None
    data: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockChanged:
    """Somebody blocked the bot in their private chat, or let it in again."""

    update_id: int
    sender: TelegramProfile
    is_blocked: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """Anything else: kept in the inbox, answered by nobody. `kind` is Telegram's name of it."""

    update_id: int
    kind: str


Incoming = IncomingMessage | ButtonPress | BlockChanged | Ignored
