"""Searching the library."""

from collections.abc import Mapping, Sequence

from application.guides.search import GuideSearch, GuideSearchHit
from application.ports.inbox import Handled
from application.words import CLOSE, OPEN, indexed_words
from domain.telegram import Button, EntityKind, RichText
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.guides import GuideRoom
from entrypoints.telegram_bot.rooms.room import PAGE, command, label

MAX_WORDS = 200


class SearchRoom:
    """/search, and plain words that ask for a guide. `own_words` lead here and are no part of the search."""

    def __init__(self, search: GuideSearch, guides: GuideRoom, own_words: Sequence[str] = ()) -> None:
        self._search = search
        self._guides = guides
        self._own_words = {word for each in own_words for word in indexed_words(each)}

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [command("search", "guides", self.search)]

    def buttons(self) -> Mapping[str, Handler]:
        """None: what is found is opened by the buttons of the guides."""
        return {}

    async def search(self, request: Request) -> Handled:
        """The best guides for the words, each with the passage that matches."""
        words = " ".join(request.argument.split())[:MAX_WORDS]
        texts = request.texts.guides
        if not words:
            return request.answered(texts.search_usage)
        hits = await self._search.search(request.actor, words, PAGE)
        if not hits:
            return request.answered(texts.search_none.format(words=words))
        title = RichText.formatted(texts.search_found.format(words=words), EntityKind.BOLD)
        parts = [title, *(_told(hit) for hit in hits)]
        rows = tuple((Button(label(hit.guide.title), data=callback("open", hit.guide.id)),) for hit in hits)
        return request.answered(RichText.of(*parts, separator="\n\n"), rows)

    async def plain(self, request: Request) -> Handled:
        """Plain words that ask for a guide: without words beyond that, the categories."""
        left = [each for each in request.argument.split() if not self._own_words.issuperset(indexed_words(each))]
        if not left:
            return await self._guides.categories(request)
        return await self.search(request.asking(" ".join(left)))


def _told(hit: GuideSearchHit) -> RichText:
    """Title and snippet, the found words in bold."""
    parts: list[RichText | str] = [RichText.formatted(hit.guide.title, EntityKind.UNDERLINE), "\n"]
    for at, piece in enumerate(" ".join(hit.snippet.split()).split(OPEN)):
        found, closed, rest = piece.partition(CLOSE)
        if at and closed:
            parts += [RichText.formatted(found, EntityKind.BOLD), rest]
        else:
            parts.append(piece)
    return RichText.of(*parts)
