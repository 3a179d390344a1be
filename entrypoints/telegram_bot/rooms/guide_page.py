"""One guide as messages show it: its head, its body in parts, its buttons."""

import re
from dataclasses import dataclass
from typing import Self

from application.ports.guides import GuideSummary, GuideView
from application.ports.sending import RichTextRenderer
from domain.guides import Difficulty
from domain.telegram import Button, EntityKind, Keyboard, RichText, split
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.room import label, short_name
from entrypoints.telegram_bot.texts.rooms import GuideTexts

# Room is left for the line that counts the parts.
PART_TEXT, PART_ENTITIES = 3_500, 95
_FIRST_HEADING = re.compile(r"\s*#[ \t]+(.+?)[ \t]*#*[ \t]*(?:\n+|\Z)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a guide was opened from: page `page` of a category (`c`) or of the collection (`s`); "" is nowhere."""

    kind: str = ""
    page: int = 0

    @classmethod
    def read(cls, text: str) -> Self:
        """As `str` wrote it; nowhere for anything else."""
        kind, page = text[:1], text[1:]
        is_place = kind in {"c", "s"} and page.isascii() and page.isdigit() and len(page) < 7
        return cls(kind, int(page)) if is_place else cls()

    def __str__(self) -> str:
        return f"{self.kind}{self.page}" if self.kind else ""

    def back(self, guide: GuideSummary) -> str:
        """The data of the button that leads there."""
        match self.kind:
            case "c":
                return callback("cat", short_name(guide.category), self.page)
            case "s":
                return callback("saved", self.page)
        return callback("cats")


class GuidePage:
    """Shows a guide. Long bodies come in parts, one at a time."""

    def __init__(self, renderer: RichTextRenderer) -> None:
        self._renderer = renderer

    def shown(
        self, view: GuideView, following: GuideSummary | None, place: Place, part: int, texts: GuideTexts
    ) -> tuple[RichText, Keyboard]:
        """The part, counted from 0, or the last one where there are fewer."""
        parts = split(self._whole(view, texts), PART_TEXT, PART_ENTITIES)
        part = min(part, len(parts) - 1)
        text = parts[part]
        if len(parts) > 1:
            text = RichText.of(text, f"\n\n— {texts.part.format(part=part + 1, parts=len(parts))}")
        return text, self._keyboard(view, following, place, (part, len(parts)), texts)

    def _whole(self, view: GuideView, texts: GuideTexts) -> RichText:
        guide = view.summary
        level = texts.levels[Difficulty(guide.difficulty_level).name]
        about = " · ".join((guide.category, level, *guide.tags))
        parts: list[RichText | str] = [
            RichText.of(
                RichText.formatted(guide.title, EntityKind.BOLD),
                RichText.formatted(about, EntityKind.ITALIC),
                separator="\n",
            )
        ]
        if guide.description:
            parts.append(guide.description)
        if view.body:
            parts.append(self._renderer.render(_without_title(view.body, guide.title)))
        elif guide.content_url:
            parts.append(texts.no_body)
        return RichText.of(*parts, separator="\n\n")

    def _keyboard(
        self,
        view: GuideView,
        following: GuideSummary | None,
        place: Place,
        position: tuple[int, int],
        texts: GuideTexts,
    ) -> Keyboard:
        guide, (part, parts) = view.summary, position
        rows: list[tuple[Button, ...]] = []
        turning = []
        if part:
            turning.append(Button(f"« {texts.previous_part}", data=callback("part", guide.id, part - 1, place)))
        if part + 1 < parts:
            turning.append(Button(f"{texts.next_part} »", data=callback("part", guide.id, part + 1, place)))
        if turning:
            rows.append(tuple(turning))
        save, read = (texts.unsave if guide.is_saved else texts.save), (texts.unread if guide.is_read else texts.read)
        rows.append(
            (
                Button(save, data=callback("save", guide.id, int(not guide.is_saved), part, place)),
                Button(read, data=callback("read", guide.id, int(not guide.is_read), part, place)),
            )
        )
        if guide.content_url:
            rows.append((Button(texts.page_button, url=guide.content_url),))
        if following is not None:
            title = label(texts.next.format(title=following.title))
            rows.append((Button(title, data=callback("guide", following.id, place)),))
        rows.append((Button(texts.back, data=place.back(guide)),))
        return tuple(rows)


def _without_title(body: str, title: str) -> str:
    """The body, without a first heading that says the title, which stands above it."""
    found = _FIRST_HEADING.match(body)
    is_title = found is not None and found[1].casefold() == title.strip().casefold()
    return body[found.end() :] if found is not None and is_title else body
