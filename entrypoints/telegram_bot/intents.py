"""What somebody wants who writes plain words in a private chat."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum

from application.ports.inbox import Handled
from application.words import indexed_words
from domain.telegram import Outgoing, RichText, SendText
from entrypoints.telegram_bot.registry import Handler
from entrypoints.telegram_bot.request import Request

MAX_WORDS = 4


class Intent(StrEnum):
    """Where plain words lead."""

    PRODUCT = "product"
    GUIDE = "guide"
    MARKETING = "marketing"
    ASSISTANT = "assistant"


class IntentRouter:
    """Finds the intent by its keywords: whole words, in any case and with any accents. The first intent that has one in
    the text wins, in the order they are given; without any it is for the assistant.

    So is whatever has a question mark or more than four words: that is a question, whatever words are in it.
    """

    def __init__(self, keywords: Mapping[Intent, Sequence[str]]) -> None:
        self._keywords = {
            intent: [tuple(indexed_words(keyword)) for keyword in given if keyword.strip()]
            for intent, given in keywords.items()
        }

    def intent(self, text: str) -> Intent:
        """Where this text leads."""
        if "?" in text or len(text.split()) > MAX_WORDS:
            return Intent.ASSISTANT
        said = set(indexed_words(text))
        for intent, keywords in self._keywords.items():
            if any(said.issuperset(keyword) for keyword in keywords):
                return intent
        return Intent.ASSISTANT


def pointing_to_ask(handler: Handler) -> Handler:
    """The same for plain words: below what it says stands how to ask the assistant instead, in case that was meant."""

    async def pointing(request: Request) -> Handled:
        handled = await handler(request)
        return replace(handled, outgoing=[_pointing(each, request) for each in handled.outgoing])

    return pointing


def _pointing(said: Outgoing, request: Request) -> Outgoing:
    if not isinstance(said, SendText):
        return said
    return replace(said, text=RichText.of(said.text, "\n\n", request.texts.basics.ask_instead))
