"""The built-in assistant: answers from the guides by quoting them, and says so when it finds nothing."""

import re
from collections.abc import AsyncGenerator, Sequence

from adapters.language_models._quoting import Quote, quotes
from adapters.language_models._small_talk import SmallTalk
from application.ports.chat import (
    GroundingPassage,
    LanguageModel,
    ModelEvent,
    ModelRequest,
    NearGuide,
    ReplyEnd,
    TextDelta,
)
from application.ports.guides import TextAnalyzer
from application.ports.system import Clock
from domain.chat import MessageRole

REFUSAL = "I found nothing about this in the guides."
COMES_CLOSE = "Perhaps one of these guides comes close:"
ADVICE = (
    "I only answer from the guide library. You could try:\n\n"
    "- naming the thing itself, in the words a guide would use;\n"
    "- asking one thing at a time;\n"
    "- looking through the guides by category, or searching them."
)
NOTHING_FOUND = f"{REFUSAL}\n\n{ADVICE}"
NOT_GROUNDED = (
    "I answer only by quoting the guides, and this conversation is set to go without them. "
    "Turn grounding on in its settings, or choose another model, and ask again."
)
NO_QUESTION = "Ask me something about the guides, and I will look it up and quote what they say."

_CHUNK = re.compile(r"\s*\S+\s*?")
_MARKUP = re.compile(r"([\\`*_\[\]<>~|#]|&(?=#?\w+;))")
_CHARACTERS_PER_TOKEN = 4


class GuideReader(LanguageModel):
    """Quotes the best sentences of the passages it is given, each with its `[number]`, and names the guides.

    It adds no words of its own to what the guides say. Without passages it answers that nothing was found, and names
    the guides that come near; to a message that asks nothing it answers that it may be asked.
    """

    def __init__(self, analyzer: TextAnalyzer, clock: Clock, pace_seconds: float = 0.01) -> None:
        self._analyzer = analyzer
        self._small_talk = SmallTalk(analyzer)
        self._clock = clock
        self._pace_seconds = pace_seconds

    @property
    def default_model(self) -> str:
        """Its name in sessions."""
        return "guide-reader"

    async def stream(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        """The answer word by word, a pause of `pace_seconds` after each."""
        answer = self._answer(request)
        for chunk in _CHUNK.findall(answer):
            yield TextDelta(chunk)
            if self._pace_seconds > 0:
                await self._clock.sleep(self._pace_seconds)
        yield ReplyEnd(tokens_used=_tokens(answer) + sum(_tokens(message.content) for message in request.messages))

    async def is_healthy(self) -> bool:
        """Always: it needs nothing but the process it runs in."""
        return True

    def _answer(self, request: ModelRequest) -> str:
        asked = [message.content for message in request.messages if message.role is MessageRole.USER]
        if not asked or not asked[-1].strip():
            return NO_QUESTION
        if not request.grounded:
            return NOT_GROUNDED
        if self._small_talk.is_all(asked[-1], follows=len(asked) > 1):
            return NO_QUESTION
        if not request.passages:
            return _refused(request.near, links=request.links)
        found = quotes(asked, request.passages, self._analyzer)
        return _written(found, request.max_tokens * _CHARACTERS_PER_TOKEN) if found else NOTHING_FOUND


def _refused(near: Sequence[NearGuide], *, links: bool) -> str:
    if not near:
        return NOTHING_FOUND
    guides = "\n".join(f"- {_linked(guide) if links else f'**{_escaped(guide.title)}**'}" for guide in near)
    return f"{REFUSAL}\n\n{COMES_CLOSE}\n\n{guides}\n\n{ADVICE}"


def _linked(guide: NearGuide) -> str:
    return f"[{_escaped(guide.title)}](/guides/{guide.guide_id})"


def _written(found: Sequence[Quote], limit: int) -> str:
    """The quotations under each other, at most `limit` characters, the first one in any case."""
    parts: list[str] = []
    for index, quote in enumerate(found):
        part = _paragraph(quote, also=index > 0)
        if parts and sum(map(len, parts)) + len(part) > limit:
            break
        parts.append(part)
    return "\n\n".join(parts)


def _paragraph(quote: Quote, *, also: bool) -> str:
    return f"{'See also ' if also else ''}{_source(quote.passage)}:\n\n{quote.text}"


def _source(passage: GroundingPassage) -> str:
    place = f", “{_escaped(passage.heading)}”" if passage.heading else ""
    return f"**{_escaped(passage.guide_title)}**{place}"


def _escaped(text: str) -> str:
    return _MARKUP.sub(r"\\\1", text)


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)
