"""What the guide library needs from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.ports.embedding import Embedding
from application.ports.paging import Page
from domain.guides import Difficulty, Guide, GuideId, SavedGuide
from domain.identity import MemberId, Role


class GuideRepository(Protocol):
    """Guides. A loaded guide is locked until the unit of work ends."""

    async def add(self, guide: Guide) -> None:
        """Insert; raises `Conflict` when another guide has the same source path."""
        ...

    async def get(self, guide_id: GuideId) -> Guide:
        """Raises `NotFound`."""
        ...

    async def by_source_path(self, source_path: str) -> Guide | None:
        """The guide imported from that file."""
        ...

    async def source_paths(self, collection: str) -> Mapping[str, GuideId]:
        """Of the active guides whose source path starts with `collection` and a slash: path to id."""
        ...

    async def save(self, guide: Guide) -> None:
        """Update all but the views; raises `StaleVersion`."""
        ...

    async def delete(self, guide: Guide) -> None:
        """Remove with its passages and everybody's saved copies; saves the guide's recorded events."""
        ...

    async def count_view(self, guide_id: GuideId) -> None:
        """Add one view, whatever the version."""
        ...

    async def count(self) -> int:
        """How many guides there are, retired ones included."""
        ...


class SavedGuideRepository(Protocol):
    """Members' collections."""

    async def find(self, member_id: MemberId, guide_id: GuideId) -> SavedGuide | None:
        """None when the member has not saved the guide."""
        ...

    async def add(self, saved: SavedGuide) -> None:
        """Insert; one that exists already stays as it is."""
        ...

    async def save(self, saved: SavedGuide) -> None:
        """Update."""
        ...

    async def remove(self, member_id: MemberId, guide_id: GuideId) -> None:
        """Delete; absent is fine."""
        ...


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """A stretch of a guide as the search index keeps it.

    `line` is where it starts in the guide's body, counted from 0. `terms` are the analysed words of heading and text
    in order; `title_terms` those of the guide's title, description and tags. Both engines index them as they are.
    """

    position: int
    heading: str
    text: str
    line: int
    terms: tuple[str, ...]
    title_terms: tuple[str, ...]


# The guide and the place of a passage in it.
PassageKey = tuple[GuideId, int]


@dataclass(frozen=True, slots=True)
class PassageText:
    """What of a passage its vector is made from, as it read when it was looked at."""

    key: PassageKey
    guide_title: str
    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may answer, with what a reader needs to see of its guide."""

    guide_id: GuideId
    guide_title: str
    category: str
    difficulty_level: Difficulty
    passage: IndexedPassage

    @property
    def key(self) -> PassageKey:
        """Tells it from every other passage."""
        return self.guide_id, self.passage.position


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the database found, and the numbers that weigh it.

    `passage_count` and `average_length` (in terms) are of all passages of active guides that the reader may read;
    `frequencies` says in how many of those each query term occurs: a number over the others would tell their words.
    `similarities`, where they are known, say of each candidate how near it is to the question by meaning.
    """

    found: Sequence[Candidate]
    passage_count: int
    average_length: float
    frequencies: Mapping[str, int]
    similarities: Mapping[PassageKey, float] | None = None


@dataclass(frozen=True, slots=True)
class Nearest:
    """Passages near a question, and how near (the cosine, to six decimals) all passages of the guides looked at are."""

    found: Sequence[Candidate]
    similarities: Mapping[PassageKey, float]


class PassageRepository(Protocol):
    """The search index, written with the guide it belongs to."""

    async def replace(self, guide_id: GuideId, passages: Sequence[IndexedPassage]) -> None:
        """Put these in place of what was indexed of the guide; the vectors of what was there go with it."""
        ...

    async def keep_vectors(self, model: str, vectors: Sequence[tuple[PassageText, Embedding]]) -> int:
        """Keep the vectors of those passages that still read as they did and have none of the model; how many it were.

        Vectors of other models make room for them. One of the same model stays: it is the same, and is being found.
        A vector may lose precision beyond three digits.
        """
        ...


class PassageQueries(Protocol):
    """Finds candidates; ranking them is the application's.

    What a reader gets is what a library of nothing but the guides of their reach would give: what is found, its order,
    every number and every word.
    """

    async def candidates(
        self, terms: Sequence[str], role: Role, limit: int, *, category: str | None = None
    ) -> Candidates:
        """Up to `limit` passages of active guides that `role` may read holding any of the terms, the likeliest first.

        The filter is part of the query. No terms: nothing found.
        """
        ...

    async def vocabulary(self, prefix: str, role: Role, limit: int) -> Sequence[str]:
        """Terms that start with `prefix` in passages of active guides that `role` may read, the most frequent first.

        They are what a misspelt word may have meant.
        """
        ...

    async def nearest(
        self,
        question: Embedding,
        model: str,
        role: Role,
        limit: int,
        *,
        category: str | None = None,
        known: Sequence[PassageKey] = (),
    ) -> Nearest:
        """Up to `limit` passages of active guides that `role` may read and that have a vector of the model.

        The nearest first, equally near ones by guide and place. The filter is part of the query, and comes before the
        limit. The similarities are those of every passage of their guides and of the guides of the `known` passages
        for which the same holds, whatever the category. Raises `EmbedderUnavailable` where the installation cannot
        compare vectors.
        """
        ...

    async def lacking_vectors(self, model: str, limit: int) -> Sequence[PassageText]:
        """Up to `limit` passages of active guides without a vector of the model, a guide's next to each other."""
        ...

    async def count_lacking_vectors(self, model: str) -> int:
        """How many there are."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideSummary:
    """A guide in a list. `is_saved` and `is_read` are the reader's own."""

    id: GuideId
    title: str
    description: str
    content_url: str | None
    category: str
    difficulty_level: Difficulty
    tags: tuple[str, ...]
    minimum_role: Role
    views_count: int
    is_active: bool
    version: int
    created_at: datetime
    updated_at: datetime
    is_saved: bool = False
    is_read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideView:
    """A whole guide as one reader sees it."""

    summary: GuideSummary
    body: str | None
    source_path: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedGuideView:
    """A saved guide in its owner's collection."""

    guide: GuideSummary
    is_read: bool
    times_viewed: int
    last_viewed_at: datetime | None
    saved_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideFilter:
    """What a list is narrowed to; None is everything. `include_retired` is honoured for ADMIN and above only."""

    category: str | None = None
    difficulty_level: Difficulty | None = None
    tag: str | None = None
    include_retired: bool = False


class GuideQueries(Protocol):
    """Reads of the library, filtered by what `role` may read inside the query. `member_id` None is a guest."""

    async def page(
        self, member_id: MemberId | None, role: Role, where: GuideFilter, cursor: str | None, limit: int
    ) -> Page[GuideSummary]:
        """By title ignoring case, then id. Raises `Malformed` on a broken cursor."""
        ...

    async def view(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideView | None:
        """None when absent or not for this role."""
        ...

    async def summaries(
        self, member_id: MemberId | None, role: Role, guide_ids: Sequence[GuideId]
    ) -> Mapping[GuideId, GuideSummary]:
        """Those of the guides that exist and that `role` may read."""
        ...

    async def next_in_category(self, member_id: MemberId | None, role: Role, guide_id: GuideId) -> GuideSummary | None:
        """The guide after this one in its category's list; None at the end."""
        ...

    async def saved(
        self, member_id: MemberId, role: Role, *, unread_only: bool, cursor: str | None, limit: int
    ) -> Page[SavedGuideView]:
        """The member's collection, last saved first; for ADMIN and above with retired guides. Raises `Malformed` on a
        broken cursor.
        """
        ...

    async def continue_reading(self, member_id: MemberId, role: Role, limit: int) -> Sequence[SavedGuideView]:
        """Saved active guides that were opened and not marked read, last viewed first."""
        ...

    async def categories(self, role: Role) -> Mapping[str, int]:
        """How many active guides each category has for this role; empty categories are absent."""
        ...

    async def all_active(self, role: Role) -> Sequence[GuideView]:
        """Every active guide that this role may read, by title: for the export."""
        ...


@dataclass(frozen=True, slots=True)
class Term:
    """One word of a text as the index knows it: `text[start:end]` is how it was written."""

    value: str
    start: int
    end: int


class TextAnalyzer(Protocol):
    """Turns text into index terms: case folded, accents removed, stemmed. The same text gives the same terms."""

    def terms(self, text: str) -> list[Term]:
        """All words in order."""
        ...

    def is_stop_word(self, term: str) -> bool:
        """Whether the term carries no meaning of its own, like "the" or "does"."""
        ...


@dataclass(frozen=True, slots=True)
class GuideFile:
    """A guide's text form read from a folder or archive: `path` is relative with forward slashes."""

    path: str
    text: str


class GuideFormat(Protocol):
    """The Markdown form with front matter."""

    def read(self, text: str) -> tuple[Mapping[str, object], str]:
        """Front matter (empty when there is none) and body; raises `Invalid` when the front matter is broken."""
        ...

    def write(self, front_matter: Mapping[str, object], body: str) -> str:
        """The text that `read` turns back into the same two."""
        ...
