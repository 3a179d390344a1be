"""The same words with less around them, for what Telegram does not take as it is."""

from dataclasses import replace

from domain.telegram import AnswerButton, EditText, Keyboard, Outgoing, SendDraft, SendText

_TOPIC_GONE = ("thread not found", "topic_closed", "topic_deleted", "topic_id_invalid", "message_thread")
_OF_BUTTONS = ("button", "keyboard", "reply markup", "reply_markup")


def plainer(content: Outgoing | SendDraft, reason: str) -> Outgoing | SendDraft | None:
    """Without what the refusal names: the formatting, the buttons that open addresses (or else all), the topic.

    None where it names nothing that may be left out.
    """
    said = reason.lower()
    if isinstance(content, AnswerButton):
        return None
    if "entit" in said and content.text.entities:
        return replace(content, text=content.text.plain)
    if isinstance(content, SendText | EditText) and content.keyboard and any(words in said for words in _OF_BUTTONS):
        return replace(content, keyboard=_without_addresses(content.keyboard))
    if isinstance(content, SendText) and content.thread_id is not None and any(each in said for each in _TOPIC_GONE):
        return replace(content, thread_id=None)
    return None


def _without_addresses(keyboard: Keyboard) -> Keyboard:
    rows = (tuple(button for button in row if button.url is None) for row in keyboard)
    kept = tuple(row for row in rows if row)
    return () if kept == keyboard else kept
