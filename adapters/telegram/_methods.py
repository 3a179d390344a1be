"""What we say as calls of the Bot API. Importing this is slow: see `connection`."""

from collections.abc import Sequence

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, MessageEntity, ReplyParameters

from adapters.telegram._client import Client
from domain.telegram import AnswerButton, EditText, Keyboard, Outgoing, RichText, SendDraft, SendText


async def perform(client: Client, content: Outgoing | SendDraft) -> int | None:
    """The message's number, None for what is no message. Raises `TelegramError`."""
    match content:
        case SendText():
            return await _send(client, content)
        case EditText():
            await client.edit_message_text(
                content.text.text,
                chat_id=content.chat_id,
                message_id=content.message_id,
                entities=_entities(content.text),
                reply_markup=_markup(content.keyboard),
            )
            return content.message_id
        case AnswerButton():
            await client.answer_callback_query(content.query_id, text=content.text, show_alert=content.is_alert)
            return None
        case SendDraft():
            await client.send_message_draft(
                content.chat_id,
                content.draft_id,
                content.text.text,
                message_thread_id=content.thread_id,
                entities=_entities(content.text),
            )
            return None


async def _send(client: Client, content: SendText) -> int:
    answered = content.reply_to
    sent = await client.send_message(
        content.chat_id,
        content.text.text,
        entities=_entities(content.text),
        reply_markup=_markup(content.keyboard),
        message_thread_id=content.thread_id,
        reply_parameters=(None if answered is None else ReplyParameters(answered, allow_sending_without_reply=True)),
    )
    return sent.message_id


def _entities(text: RichText) -> Sequence[MessageEntity] | None:
    if not text.entities:
        return None
    return [
        MessageEntity(each.kind.value, each.offset, each.length, url=each.url, language=each.language)
        for each in text.entities
    ]


def _markup(keyboard: Keyboard) -> InlineKeyboardMarkup | None:
    rows = [
        [InlineKeyboardButton(each.text, callback_data=each.data, url=each.url) for each in row] for row in keyboard
    ]
    return InlineKeyboardMarkup(rows) if rows else None
