"""What stands around the assistant's answers: words of the catalogue, and buttons for what they cite."""

from application.ports.answering import AnswerStyle, AnswerTexts, CitedGuide
from domain.telegram import Button
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.basics import GUIDE_LINK
from entrypoints.telegram_bot.rooms.room import label
from entrypoints.telegram_bot.texts import catalogue


class BotAnswerStyle(AnswerStyle):
    """A cited guide opens under the answer; in a group it opens in the reader's own chat with the bot."""

    def __init__(self, username: str) -> None:
        self._username = username

    def texts(self, language: str | None) -> AnswerTexts:
        return catalogue(language).answers

    def citation_button(self, guide: CitedGuide, *, is_private: bool) -> Button:
        numbers = ", ".join(str(number) for number in guide.numbers)
        text = label(f"[{numbers}] {guide.title}")
        if is_private:
            return Button(text, data=callback("open", guide.guide_id))
        return Button(text, url=f"https://t.me/{self._username}?start={GUIDE_LINK}{guide.guide_id}")
