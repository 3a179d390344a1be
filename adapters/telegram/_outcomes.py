"""What the Bot API's answers mean for a message. Importing this is slow: see `connection`.

Telegram documents its error codes and no texts, so texts are matched by the few words that have stayed.
"""

import httpx
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, TelegramError

from adapters.telegram._client import Flooded
from application.ports.sending import Ambiguous, Blocked, Delivery, Migrated, Refused, Sent
from domain.telegram import EditText, Outgoing, SendDraft

_UNCHANGED = "message is not modified"
_UNEDITABLE = (
    "message to edit not found",
    "message can't be edited",
    "message_id_invalid",
    "message identifier is not specified",
    "no text in the message to edit",
)
_UNREACHABLE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "group chat was deactivated",
    "not enough rights to send",
    "have no rights to send",
    "chat_write_forbidden",
    "need administrator rights",
    "chat_restricted",
)
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def final(error: TelegramError, content: Outgoing | SendDraft) -> Delivery | None:
    """What it comes to; None where it is only too early: a flood, nobody who listens, a token that is not known."""
    match error:
        case Flooded():
            return None
        case ChatMigrated():
            return Migrated(error.new_chat_id)
        case Forbidden():
            return Blocked(error.message)
        case InvalidToken():
            return _unknown_method(error, content)
        case BadRequest():
            return _refused(error.message, content)
        case _:
            return None if isinstance(error.__cause__, _UNSENT) else Ambiguous(error.message)


def is_crowded(error: TelegramError) -> bool:
    """Whether all our own connections were taken: that says nothing of Telegram."""
    return isinstance(error.__cause__, httpx.PoolTimeout)


def _unknown_method(error: InvalidToken, content: Outgoing | SendDraft) -> Delivery | None:
    """404 is both a token that is not known and a method that the server does not have."""
    is_unknown = isinstance(content, SendDraft) and "not found" in error.message.lower()
    return Refused(f"sendMessageDraft: {error.message}") if is_unknown else None


def _refused(message: str, content: Outgoing | SendDraft) -> Delivery:
    said = message.lower()
    if isinstance(content, EditText):
        if _UNCHANGED in said:
            return Sent(content.message_id)
        if any(words in said for words in _UNEDITABLE):
            return Refused(message, is_gone=True)
    if any(words in said for words in _UNREACHABLE):
        return Blocked(message)
    return Refused(message)
