"""What a chat reads of an answer: while it grows, and at its end."""

from collections.abc import Sequence
from dataclasses import replace

from application.ports.answering import AnswerStyle, AnswerTexts, CitedGuide
from application.ports.sending import RichTextRenderer
from application.telegram.growing import End, Ended
from domain.chat import Citation
from domain.guides import GuideId
from domain.telegram import (
    MAX_TEXT,
    ChatAnswer,
    EditText,
    EntityKind,
    Keyboard,
    Outgoing,
    RichText,
    SendDraft,
    SendText,
    in_pieces,
    split,
)

MAX_CITATIONS = 5
GROWS = " …"
_DRAFT_IDS = 2**31 - 1


class AnswerWording:
    """Answers as messages. The last words of a growing one are shown, where it is too long for one message."""

    def __init__(self, renderer: RichTextRenderer, style: AnswerStyle) -> None:
        self._renderer = renderer
        self._style = style

    def draft(self, answer: ChatAnswer, text: str) -> SendDraft:
        """What is there so far, shown as being written. The same answer has the same draft wherever it is shown."""
        draft_id = answer.id.int % _DRAFT_IDS + 1
        shown = self._last_words(answer, text)
        return SendDraft(chat_id=answer.chat_id, draft_id=draft_id, text=shown, thread_id=answer.thread_id)

    def growing(self, answer: ChatAnswer, text: str) -> SendText | EditText:
        """What is there so far, in the message that grows; a new one where there is none."""
        shown = self._last_words(answer, text)
        if text.strip():
            shown = RichText.of(shown, GROWS)
        return self._message(answer, shown)

    def gone(self, answer: ChatAnswer) -> SendText | EditText:
        """There is nothing to answer any more."""
        return self._message(answer, RichText(self._texts(answer).gone))

    def final(self, answer: ChatAnswer, ended: Ended) -> list[Outgoing]:
        """All of the answer, in as many messages as it takes; the guides that it cites are buttons of the last one."""
        is_private = answer.chat_id > 0
        keyboard: Keyboard = tuple(
            (self._style.citation_button(guide, is_private=is_private),) for guide in cited(ended.citations)
        )
        return self._pieces(answer, self._said(self._texts(answer), ended), keyboard)

    def plain(self, answer: ChatAnswer, ended: Ended) -> list[Outgoing]:
        """The same without any formatting, as it is stored."""
        text = RichText(ended.text.strip())
        return self._pieces(answer, RichText(self._texts(answer).failed) if text.is_blank else text, ())

    def _said(self, texts: AnswerTexts, ended: Ended) -> RichText:
        rendered = self._renderer.render(ended.text)
        match ended.how:
            case End.COMPLETE:
                notes = [RichText(texts.failed)] if rendered.is_blank else []
            case End.CANCELLED:
                notes = [RichText.formatted(texts.cancelled, EntityKind.ITALIC)]
            case End.INTERRUPTED:
                notes = [RichText.formatted(texts.interrupted, EntityKind.ITALIC)]
            case End.FAILED:
                return RichText(texts.failed)
            case End.REPLACED:
                return RichText(texts.replaced)
            case End.GONE:
                return RichText(texts.gone)
        return RichText.of(*(part for part in (rendered, *notes) if not part.is_blank), separator="\n\n")

    def _pieces(self, answer: ChatAnswer, text: RichText, keyboard: Keyboard) -> list[Outgoing]:
        return in_pieces(replace(self._message(answer, text), keyboard=keyboard))

    def _message(self, answer: ChatAnswer, text: RichText) -> SendText | EditText:
        chat_id, reply_to, thread_id = answer.chat_id, answer.reply_to, answer.thread_id
        if (grows := answer.telegram_message_id) is not None:
            return EditText(chat_id=chat_id, message_id=grows, text=text, reply_to=reply_to, thread_id=thread_id)
        return SendText(chat_id=chat_id, text=text, reply_to=reply_to, thread_id=thread_id)

    def _last_words(self, answer: ChatAnswer, text: str) -> RichText:
        pieces = split(self._renderer.render(text), MAX_TEXT - len(GROWS)) if text.strip() else []
        seen = [piece for piece in pieces if not piece.is_blank]
        return seen[-1] if seen else RichText(self._texts(answer).placeholder)

    def _texts(self, answer: ChatAnswer) -> AnswerTexts:
        return self._style.texts(answer.language)


def cited(citations: Sequence[Citation]) -> list[CitedGuide]:
    """The guides that are cited, each once, by their first mark; at most `MAX_CITATIONS`."""
    guides: dict[GuideId, CitedGuide] = {}
    for citation in sorted(citations, key=lambda each: each.number):
        guide_id = GuideId(citation.guide_id)
        earlier = guides[guide_id].numbers if guide_id in guides else ()
        guides[guide_id] = CitedGuide(guide_id, citation.guide_title, (*earlier, citation.number))
    return list(guides.values())[:MAX_CITATIONS]
