"""Welcome and help."""

from collections.abc import Mapping, Sequence
from itertools import groupby

from application.ports.inbox import Handled
from domain.guides import GuideId
from domain.telegram import Button, EntityKind, Keyboard, RichText
from entrypoints.telegram_bot.callbacks import callback, read_guide_id
from entrypoints.telegram_bot.registry import Command, CommandRegistry, Handler, Place
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.rooms.account import AccountRoom
from entrypoints.telegram_bot.rooms.guides import GuideRoom
from entrypoints.telegram_bot.rooms.room import command

GUIDE_LINK, LINK_LINK = "guide_", "link_"


class BasicsRoom:
    """/start with its deep links, and /help."""

    def __init__(
        self, registry: CommandRegistry, guides: GuideRoom, account: AccountRoom, site: str | None = None
    ) -> None:
        self._registry = registry
        self._guides = guides
        self._account = account
        self._site = site

    def commands(self) -> Sequence[Command]:
        """Of this room."""
        return [
            command("start", "basics", self.start, exposed=self.exposed),
            command("help", "basics", self.help, place=Place.ALL),
        ]

    def buttons(self) -> Mapping[str, Handler]:
        """Of this room."""
        return {"help": self.help}

    async def start(self, request: Request) -> Handled:
        """Welcome; `guide_<id>` opens the guide, `link_<code>` asks as /link does."""
        payload = request.argument
        if payload.startswith(LINK_LINK):
            return await self._account.present(request, payload.removeprefix(LINK_LINK))
        if payload.startswith(GUIDE_LINK):
            guide_id = read_guide_id(payload.removeprefix(GUIDE_LINK))
            if guide_id is not None:
                return await self._guides.show(request, GuideId(guide_id))
        texts = request.texts.basics
        name = request.sender.first_name.strip() or request.sender.username or ""
        welcome = texts.welcome.format(name=f", {name}" if name else "")
        return request.answered(welcome, self._keyboard(request))

    async def exposed(self, request: Request) -> str | None:
        """A link's code that others could read."""
        if not request.argument.startswith(LINK_LINK):
            return None
        return await self._account.exposed(request.asking(request.argument.removeprefix(LINK_LINK)))

    async def help(self, request: Request) -> Handled:
        """What somebody of this role may do here, by category."""
        texts = request.texts
        is_private = request.chat.is_private
        order = list(texts.categories)
        usable = sorted(
            self._registry.visible_to(request.actor.role, is_private=is_private),
            key=lambda each: (order.index(each.category), each.name),
        )
        parts: list[RichText | str] = [RichText.formatted(texts.basics.help_title, EntityKind.BOLD)]
        for category, commands in groupby(usable, key=lambda each: each.category):
            parts.append(RichText.of("\n", RichText.formatted(texts.categories[category], EntityKind.BOLD)))
            parts += (self._line(request, each) for each in commands)
        if not is_private:
            parts.append(f"\n{texts.basics.help_group}")
        return Handled([request.say_anew(RichText.of(*parts, separator="\n"))])

    def _line(self, request: Request, each: Command) -> str:
        also = ""
        if each.aliases:
            names = ", ".join(f"/{alias}" for alias in each.aliases)
            also = f" ({request.texts.basics.help_aliases.format(aliases=names)})"
        does = request.texts.commands.get(each.name) or each.described(request.texts.language)
        return f"/{each.name} – {does}{also}"  # noqa: RUF001 - a dash

    def _keyboard(self, request: Request) -> Keyboard:
        texts = request.texts.basics
        rows = [
            (
                Button(texts.guides_button, data=callback("cats")),
                Button(texts.saved_button, data=callback("saved", 0)),
            ),
            (Button(texts.help_button, data=callback("help")),),
        ]
        if self._site is not None:
            rows.append((Button(texts.site_button, url=self._site),))
        return tuple(rows)
