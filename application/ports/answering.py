"""What an answer of the assistant looks like in a chat, and where it is read from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from domain.chat import ChatMessageId, MessageSnapshot
from domain.guides import GuideId
from domain.telegram import Button


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTexts:
    """What the bot says around an answer, in one language.

    `placeholder` stands until the first words come. `interrupted` and `cancelled` follow what there was, `failed`
    stands in place of an answer, `replaced` says that it was asked for anew, `gone` that its conversation was deleted.
    """

    placeholder: str
    interrupted: str
    cancelled: str
    failed: str
    replaced: str
    gone: str


@dataclass(frozen=True, slots=True)
class CitedGuide:
    """A guide that an answer cites, with the numbers of its marks in the text."""

    guide_id: GuideId
    title: str
    numbers: tuple[int, ...]


class AnswerStyle(Protocol):
    """The words and buttons around answers."""

    def texts(self, language: str | None) -> AnswerTexts:
        """Of this language, or of the nearest there is."""
        ...

    def citation_button(self, guide: CitedGuide, *, is_private: bool) -> Button:
        """Opens the guide: in the chat itself where that is private, else in the reader's own chat with the bot."""
        ...


class AnswerQueries(Protocol):
    """Reads of replies for the chats that wait for them. Whoever waits was allowed to ask."""

    async def replies(self, message_ids: Sequence[ChatMessageId]) -> Mapping[ChatMessageId, MessageSnapshot]:
        """Those of the messages that are there, as they are stored now; nothing is locked."""
        ...
