"""The library in one message that changes in place: categories, lists, guides."""

from collections.abc import Mapping, Sequence

from application.guides.reading import GuideReading
from application.ports.guides import GuideFilter, GuideSummary
from application.ports.inbox import Handled
from domain.guides import GuideId
from domain.telegram import Button, EntityKind, Outgoing, RichText
from entrypoints.telegram_bot.callbacks import callback, read_id
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.guide_page import GuidePage, Place
from entrypoints.telegram_bot.rooms.paging import nth_page
from entrypoints.telegram_bot.rooms.room import command, label, number, short_name


class GuideRoom:
    """/guides and /saved, and what their buttons do.

    A button names what it leads to, and where from, so that it does the same however often it is pressed. A view is
    counted when a guide is opened; one that is handled again after a crash counts twice.
    """

    def __init__(self, reading: GuideReading, page: GuidePage) -> None:
        self._reading = reading
        self._page = page

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [
            command("guides", "guides", self.categories, "tutorials", "learn"),
            command("saved", "guides", self.saved),
        ]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {
            "cats": self.categories,
            "cat": self.category,
            "saved": self.saved,
            "guide": self.opened,
            "open": self.opened_anew,
            "part": self.part,
            "save": self.save,
            "read": self.read,
        }

    async def categories(self, request: Request) -> Handled:
        """Those with guides for this reader."""
        counts = await self._reading.categories(request.actor)
        if not counts:
            return request.answered(request.texts.guides.no_guides)
        rows = tuple(
            (Button(label(f"{name.capitalize()} ({count})"), data=callback("cat", short_name(name), 0)),)
            for name, count in sorted(counts.items())
        )
        return request.answered(request.texts.guides.categories, rows)

    async def category(self, request: Request) -> Handled:
        """A page of one category."""
        texts = request.texts.guides
        back = (Button(texts.back, data=callback("cats")),)
        tag = request.arguments[0] if request.arguments else ""
        counts = await self._reading.categories(request.actor)
        name = next((each for each in counts if short_name(each) == tag), None)
        if name is None:
            return request.answered(texts.category_empty, (back,))
        where = GuideFilter(category=name)
        shown = await nth_page(
            lambda cursor, limit: self._reading.page(request.actor, where, cursor, limit),
            number(request.arguments, 1),
        )
        title = RichText.formatted(texts.category.format(category=name.capitalize()), EntityKind.BOLD)
        rows = _buttons(shown.items, Place("c", shown.page))
        turning = shown.buttons(texts, lambda page: callback("cat", tag, page))
        return request.answered(RichText.of(title, shown.note(texts)), (*rows, *turning, back))

    async def saved(self, request: Request) -> Handled:
        """A page of one's collection, last saved first."""
        texts = request.texts.guides
        shown = await nth_page(
            lambda cursor, limit: self._reading.saved(request.actor, cursor=cursor, limit=limit),
            number(request.arguments, 0),
        )
        back = (Button(texts.back, data=callback("cats")),)
        if not shown.items:
            return request.answered(texts.collection_empty, (back,))
        title = RichText.formatted(texts.collection, EntityKind.BOLD)
        rows = _buttons([each.guide for each in shown.items], Place("s", shown.page))
        turning = shown.buttons(texts, lambda page: callback("saved", page))
        return request.answered(RichText.of(title, shown.note(texts)), (*rows, *turning, back))

    async def opened(self, request: Request) -> Handled:
        """A guide from a list, in its place."""
        guide_id = _guide(request)
        if guide_id is None:
            return request.stale()
        return await self.show(request, guide_id, _place(request, 1))

    async def opened_anew(self, request: Request) -> Handled:
        """A guide in a message of its own: what its button stands under stays."""
        guide_id = _guide(request)
        if guide_id is None:
            return request.stale()
        await self._reading.open(request.actor, guide_id)
        text, keyboard = await self._shown(request, guide_id, Place(), 0)
        return Handled([request.say_anew(text, keyboard)])

    async def show(self, request: Request, guide_id: GuideId, place: Place | None = None) -> Handled:
        """Open a guide and count the view. Raises `NotFound`."""
        await self._reading.open(request.actor, guide_id)
        return Handled([await self._say(request, guide_id, place or Place(), 0)])

    async def part(self, request: Request) -> Handled:
        """Another part of the guide."""
        guide_id = _guide(request)
        if guide_id is None:
            return request.stale()
        return Handled([await self._say(request, guide_id, _place(request, 2), number(request.arguments, 1))])

    async def save(self, request: Request) -> Handled:
        """Into the collection (1) or out of it (0)."""
        guide_id, is_wanted = _guide(request), _is_on(request)
        if guide_id is None:
            return request.stale()
        await (self._reading.save if is_wanted else self._reading.unsave)(request.actor, guide_id)
        texts = request.texts.guides
        return await self._changed(request, guide_id, texts.saved if is_wanted else texts.unsaved)

    async def read(self, request: Request) -> Handled:
        """Mark as read (1), which keeps it in the collection, or as unread (0)."""
        guide_id, is_wanted = _guide(request), _is_on(request)
        if guide_id is None:
            return request.stale()
        if is_wanted:
            await self._reading.save(request.actor, guide_id)
        await self._reading.mark(request.actor, guide_id, is_read=is_wanted)
        texts = request.texts.guides
        return await self._changed(request, guide_id, texts.marked_read if is_wanted else texts.marked_unread)

    async def _changed(self, request: Request, guide_id: GuideId, note: str) -> Handled:
        edit = await self._say(request, guide_id, _place(request, 3), number(request.arguments, 2))
        return request.noted(note, [edit])

    async def _say(self, request: Request, guide_id: GuideId, place: Place, part: int) -> Outgoing:
        return request.say(*await self._shown(request, guide_id, place, part))

    async def _shown(
        self, request: Request, guide_id: GuideId, place: Place, part: int
    ) -> tuple[RichText, tuple[tuple[Button, ...], ...]]:
        view = await self._reading.view(request.actor, guide_id)
        following = await self._reading.next_in_category(request.actor, guide_id)
        return self._page.shown(view, following, place, part, request.texts.guides)


def _buttons(guides: Sequence[GuideSummary], place: Place) -> tuple[tuple[Button, ...], ...]:
    return tuple(
        (Button(label(f"{'✓ ' if guide.is_read else ''}{guide.title}"), data=callback("guide", guide.id, place)),)
        for guide in guides
    )


def _guide(request: Request) -> GuideId | None:
    found = read_id(request.arguments[0]) if request.arguments else None
    return None if found is None else GuideId(found)


def _place(request: Request, at: int) -> Place:
    return Place.read(request.arguments[at] if at < len(request.arguments) else "")


def _is_on(request: Request) -> bool:
    return len(request.arguments) > 1 and request.arguments[1] == "1"
