"""The menu of those who run the community."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from application.chat.health import ChatHealthService
from application.ports.inbox import Handled
from application.ports.paging import Page
from application.telegram.dead_letters import DeadLetters
from domain.identity import Role
from domain.telegram import Button, EntityKind, InboxUpdate, Outgoing, RichText, UpdateKey, UpdateState
from entrypoints.telegram_bot.callbacks import callback, read_id
from entrypoints.telegram_bot.registry import Command, Handler
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.members import MembersRoom
from entrypoints.telegram_bot.rooms.paging import nth_page
from entrypoints.telegram_bot.rooms.room import PAGE, command, number

MAX_ERROR = 120


class AdminRoom:
    """/admin. The use cases ask for the role anew: a button may be pressed long after it was lost."""

    def __init__(self, dead_letters: DeadLetters, health: ChatHealthService, members: MembersRoom) -> None:
        self._dead_letters = dead_letters
        self._health = health
        self._members = members

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [command("admin", "running", self.admin, role=Role.ADMIN, is_hidden=True)]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {"admin": self.menu, "dead": self.letters, "replay": self.replay, "later": self.later}

    async def admin(self, request: Request) -> Handled:
        """The menu; with words, the members that have them."""
        return await (self._members.find if request.argument else self.menu)(request)

    async def later(self, request: Request) -> Handled:
        """What is not there yet."""
        request.actor.require(Role.ADMIN)
        texts = request.texts.admin
        match request.arguments:
            case ("broadcasts",):
                return request.noted(texts.no_broadcasts)
            case ("distribution",):
                return request.noted(texts.no_distribution)
        return request.stale()

    async def menu(self, request: Request) -> Handled:
        """How the inbox and the providers are."""
        texts = request.texts.admin
        counts = await self._dead_letters.counts(request.actor, request.bot.id)
        health = await self._health.check()
        parts: list[RichText | str] = [
            RichText.formatted(texts.menu, EntityKind.BOLD),
            *(f"{texts.states[state.name]}: {counts[state]}" for state in UpdateState),
            RichText.of("\n", RichText.formatted(texts.providers, EntityKind.BOLD)),
            *(f"{name}: {texts.health.get(state, state)}" for name, state in health.providers.items()),
        ]
        dead = texts.dead_letters.format(count=counts[UpdateState.ERROR])
        rows = (
            (Button(texts.members, data=callback("members", 0)),),
            (
                Button(texts.broadcasts, data=callback("later", "broadcasts")),
                Button(texts.distribution, data=callback("later", "distribution")),
            ),
            (Button(dead, data=callback("dead")),),
            (Button(texts.refresh, data=callback("admin")),),
        )
        return request.answered(RichText.of(*parts, separator="\n"), rows)

    async def letters(self, request: Request) -> Handled:
        """A page of the dead letters, latest first, each that can be handled with a button that has it done."""
        return Handled([await self._letters(request, number(request.arguments, 0))])

    async def replay(self, request: Request) -> Handled:
        """Once more: the one that is named, or all."""
        texts = request.texts.admin
        if request.arguments == ("all",):
            done = await self._dead_letters.replay_all(request.actor, request.bot.id)
            said = texts.replayed_all.format(replayed=done.replayed, left=done.left)
        else:
            key: UUID | None = read_id(request.arguments[0]) if request.arguments else None
            if key is None:
                return request.stale()
            await self._dead_letters.replay(request.actor, request.bot.id, UpdateKey(key))
            said = texts.replayed
        return request.noted(said, [await self._letters(request, number(request.arguments, 1))])

    async def _letters(self, request: Request, page: int) -> Outgoing:
        texts, guides = request.texts.admin, request.texts.guides

        async def fetch(cursor: str | None, limit: int) -> Page[InboxUpdate]:
            found = await self._dead_letters.page(request.actor, request.bot.id, UpdateState.ERROR, cursor, limit)
            return Page(found.items, found.next_cursor)

        shown = await nth_page(fetch, page)
        back = (Button(texts.back, data=callback("admin")),)
        if not shown.items:
            return request.say(texts.no_dead_letters, (back,))
        lines, rows = [], []
        for position, each in enumerate(shown.items, shown.page * PAGE + 1):
            error = " ".join((each.error_message or "").split())[:MAX_ERROR]
            told = texts.dead_letter.format(kind=each.kind, time=f"{each.received_at:%d.%m. %H:%M} UTC", error=error)
            lines.append(f"{position}. {told}")
            # What is no update, or was forgotten, cannot be handled.
            if each.update_id is not None and each.raw:
                again = texts.replay.format(number=position)
                rows.append((Button(again, data=callback("replay", each.key, shown.page)),))
        turning = shown.buttons(guides, lambda to: callback("dead", to))
        everything = (Button(texts.replay_all, data=callback("replay", "all")),)
        text = "\n".join(lines) + shown.note(guides)
        return request.say(text, (*rows, *turning, everything, back))
