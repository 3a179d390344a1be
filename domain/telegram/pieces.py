"""What is too long for one message, as several."""

from dataclasses import replace

from domain.telegram.outgoing import AnswerButton, Outgoing, SendText
from domain.telegram.rich_text import MAX_ENTITIES, MAX_TEXT
from domain.telegram.splitting import split

MAX_NOTE = 200


def in_pieces(content: Outgoing) -> list[Outgoing]:
    """The same in messages that Telegram takes: what it answers is on the first one, the keyboard on the last.

    Of an edit the first piece stays in place, the others follow as messages. The note of a button is cut.
    """
    if isinstance(content, AnswerButton):
        is_long = content.text is not None and len(content.text) > MAX_NOTE
        return [replace(content, text=f"{(content.text or '')[: MAX_NOTE - 1]}…") if is_long else content]
    if content.text.length <= MAX_TEXT and len(content.text.entities) <= MAX_ENTITIES:
        return [content]
    first, *others = split(content.text) or [content.text]
    if not others:
        return [replace(content, text=first)]
    following = [SendText(chat_id=content.chat_id, text=piece, thread_id=content.thread_id) for piece in others]
    following[-1] = replace(following[-1], keyboard=content.keyboard)
    return [replace(content, text=first, keyboard=()), *following]
