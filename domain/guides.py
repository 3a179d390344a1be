"""The guide library: guides, and each member's saved ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum
from typing import ClassVar, NewType
from urllib.parse import urlsplit
from uuid import UUID

from domain.errors import Checks, StaleVersion
from domain.events import GUIDES, Channel, Event, Recorder
from domain.identity import MemberId, Role

GuideId = NewType("GuideId", UUID)
SavedGuideId = NewType("SavedGuideId", UUID)

DEFAULT_CATEGORIES = ("trading", "technical", "risk", "psychology", "automation", "platform")
MAX_TITLE = 255
MAX_DESCRIPTION = 2_000
MAX_BODY_BYTES = 200_000
MAX_URL = 512
MAX_TAGS, MAX_TAG = 20, 50
MAX_SOURCE_PATH = 512

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NEWLINES = re.compile(r"\r\n?")


class Difficulty(IntEnum):
    """How much a reader should know already."""

    BEGINNER = 0
    INTERMEDIATE = 1
    ADVANCED = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideUpdated(Event):
    """A guide was created, changed, retired or restored. Only those who may read it (or could until now) hear of it."""

    type: ClassVar[str] = "guide_updated"
    guide_id: GuideId
    version: int
    change: str
    audience: Role

    def channels(self) -> tuple[Channel, ...]:
        return (GUIDES,)

    def minimum_role(self) -> int:
        return self.audience


@dataclass(frozen=True, slots=True, kw_only=True)
class GuideContent:
    """What an author writes: the part of a guide that is imported, exported and edited, checked as a whole.

    `body` is Markdown of at most 200 kB in UTF-8; `content_url` is http or https; tags are lower case and unique.
    """

    title: str
    description: str = ""
    body: str | None = None
    content_url: str | None = None
    category: str
    difficulty_level: Difficulty = Difficulty.BEGINNER
    tags: tuple[str, ...] = ()
    minimum_role: Role = Role.PUBLIC

    @classmethod
    def checked(
        cls,
        *,
        title: str,
        category: str,
        description: str = "",
        body: str | None = None,
        content_url: str | None = None,
        difficulty_level: Difficulty = Difficulty.BEGINNER,
        tags: Sequence[str] = (),
        minimum_role: Role = Role.PUBLIC,
        categories: Sequence[str] = DEFAULT_CATEGORIES,
    ) -> "GuideContent":
        """Normalise and check everything; raise `Invalid` that names each field that does not hold."""
        content = cls(
            title=" ".join(title.split()),
            description=_NEWLINES.sub("\n", description).strip(),
            body=None if body is None else (_NEWLINES.sub("\n", body).strip("\n") or None),
            content_url=(content_url or "").strip() or None,
            category=category.strip().lower(),
            difficulty_level=difficulty_level,
            tags=tuple(dict.fromkeys(tag.strip().lower() for tag in tags if tag.strip())),
            minimum_role=minimum_role,
        )
        content._check(categories)
        return content

    def _check(self, categories: Sequence[str]) -> None:
        checks = Checks()
        checks.require(1 <= len(self.title) <= MAX_TITLE, "title", f"expected 1 to {MAX_TITLE} characters")
        checks.require(
            len(self.description) <= MAX_DESCRIPTION, "description", f"expected at most {MAX_DESCRIPTION} characters"
        )
        body = self.body or ""
        checks.require(
            len(body.encode(errors="replace")) <= MAX_BODY_BYTES, "body", f"expected at most {MAX_BODY_BYTES} bytes"
        )
        for name, text in (("title", self.title), ("description", self.description), ("body", body)):
            checks.require(_CONTROL.search(text) is None, name, "expected text without control characters")
        checks.require(
            _is_web_address(self.content_url),
            "content_url",
            f"expected an http or https address of at most {MAX_URL} characters",
        )
        checks.require(self.category in categories, "category", f"expected one of {', '.join(categories)}")
        checks.require(
            len(self.tags) <= MAX_TAGS and all(len(tag) <= MAX_TAG for tag in self.tags),
            "tags",
            f"expected at most {MAX_TAGS} tags of at most {MAX_TAG} characters",
        )
        checks.finish()


def _is_web_address(url: str | None) -> bool:
    if url is None:
        return True
    if len(url) > MAX_URL or any(c.isspace() or ord(c) < 0x20 for c in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


@dataclass(slots=True, eq=False)
class Guide(Recorder):
    """A guide of the library. Retired guides (`is_active` false) are kept, and shown to nobody below ADMIN.

    `source_path` names the file a guide was imported from; views are counted outside of the version.
    """

    id: GuideId
    content: GuideContent
    created_at: datetime
    updated_at: datetime
    source_path: str | None = None
    views_count: int = 0
    is_active: bool = True
    version: int = 1
    _events: list[Event] = field(default_factory=list, repr=False)

    @classmethod
    def create(cls, guide_id: GuideId, content: GuideContent, now: datetime, source_path: str | None = None) -> "Guide":
        """A new guide."""
        guide = cls(guide_id, content, created_at=now, updated_at=now, source_path=source_path)
        guide._announce("created", content.minimum_role)
        return guide

    def may_be_read_by(self, role: Role) -> bool:
        """Whether a reader of this role sees the guide."""
        return role >= (self.content.minimum_role if self.is_active else max(Role.ADMIN, self.content.minimum_role))

    def revise(self, content: GuideContent, now: datetime, expected_version: int | None = None) -> bool:
        """Replace the content; False when nothing differs. Raises `StaleVersion` on another version than expected."""
        self._expect(expected_version)
        if content == self.content:
            return False
        audience = min(self.content.minimum_role, content.minimum_role)
        self.content = content
        self._changed("updated", audience, now)
        return True

    def retire(self, now: datetime, expected_version: int | None = None) -> bool:
        """Take the guide off the shelves; False when it is off already."""
        self._expect(expected_version)
        if not self.is_active:
            return False
        self.is_active = False
        self._changed("retired", self.content.minimum_role, now)
        return True

    def restore(self, now: datetime, expected_version: int | None = None) -> bool:
        """Put a retired guide back; False when it is on the shelves already."""
        self._expect(expected_version)
        if self.is_active:
            return False
        self.is_active = True
        self._changed("restored", self.content.minimum_role, now)
        return True

    def delete(self, expected_version: int | None = None) -> None:
        """Announce that the guide is gone; the repository removes it."""
        self._expect(expected_version)
        self.version += 1
        self._announce("deleted", self.content.minimum_role)

    def _expect(self, version: int | None) -> None:
        if version is not None and version != self.version:
            raise StaleVersion(
                f"The guide is at version {self.version}, not {version}; read it again.", version=self.version
            )

    def _changed(self, change: str, audience: Role, now: datetime) -> None:
        self.version += 1
        self.updated_at = now
        self._announce(change, audience)

    def _announce(self, change: str, audience: Role) -> None:
        self.record(GuideUpdated(guide_id=self.id, version=self.version, change=change, audience=audience))


@dataclass(slots=True, eq=False)
class SavedGuide:
    """A guide in a member's collection; one per member and guide."""

    id: SavedGuideId
    member_id: MemberId
    guide_id: GuideId
    saved_at: datetime
    is_read: bool = False
    times_viewed: int = 0
    last_viewed_at: datetime | None = None

    def viewed(self, now: datetime) -> None:
        """Count one reading."""
        self.times_viewed += 1
        self.last_viewed_at = now

    def take_over(self, other: "SavedGuide") -> None:
        """Add what another member, who has become this one, did with the same guide."""
        viewed = [saved.last_viewed_at for saved in (self, other) if saved.last_viewed_at is not None]
        self.is_read = self.is_read or other.is_read
        self.times_viewed += other.times_viewed
        self.last_viewed_at = max(viewed, default=None)
        self.saved_at = min(self.saved_at, other.saved_at)
