"""What is too long for one message, as several."""

from dataclasses import replace

from domain.telegram.outgoing import AnswerButton, Outgoing, SendText
from domain.telegram.rich_text import MAX_ENTITIES, MAX_TEXT, utf16_length
from domain.telegram.splitting import split

# In UTF-16 code units. https://core.telegram.org/bots/api#answercallbackquery
MAX_NOTE = 200


def in_pieces(content: Outgoing) -> list[Outgoing]:
    """The same in messages that Telegram takes: what it answers is on the first one, the keyboard on the last.

    Of an edit the first piece stays in place, the others follow as messages. The note of a button is cut.
    """
    if isinstance(content, AnswerButton):
        note = content.text or ""
        if utf16_length(note) <= MAX_NOTE:
            return [content]
        cut = note.encode("utf-16-le", "surrogatepass")[: 2 * (MAX_NOTE - 1)].decode("utf-16-le", "ignore")
        return [replace(content, text=f"{cut}…")]
    if content.text.length <= MAX_TEXT and len(content.text.entities) <= MAX_ENTITIES:
        return [content]
    first, *others = split(content.text) or [content.text]
    if not others:
        return [replace(content, text=first)]
    following = [SendText(chat_id=content.chat_id, text=piece, thread_id=content.thread_id) for piece in others]
    following[-1] = replace(following[-1], keyboard=content.keyboard)
    return [replace(content, text=first, keyboard=()), *following]
