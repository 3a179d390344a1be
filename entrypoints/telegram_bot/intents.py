"""What somebody wants who writes plain words in a private chat."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from application.words import indexed_words


class Intent(StrEnum):
    """Where plain words lead."""

    PRODUCT = "product"
    GUIDE = "guide"
    MARKETING = "marketing"
    ASSISTANT = "assistant"


class IntentRouter:
    """Finds the intent by its keywords: whole words, in any case and with any accents. The first intent that has one in
    the text wins, in the order they are given; without any it is for the assistant.
    """

    def __init__(self, keywords: Mapping[Intent, Sequence[str]]) -> None:
        self._keywords = {
            intent: [tuple(indexed_words(keyword)) for keyword in given if keyword.strip()]
            for intent, given in keywords.items()
        }

    def intent(self, text: str) -> Intent:
        """Where this text leads."""
        said = set(indexed_words(text))
        for intent, keywords in self._keywords.items():
            if any(said.issuperset(keyword) for keyword in keywords):
                return intent
        return Intent.ASSISTANT
