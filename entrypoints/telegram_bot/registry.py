"""The commands the bot knows."""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import Enum
from inspect import iscoroutinefunction

from application.ports.inbox import Handled
from application.ports.telegram import CommandRow
from domain.errors import Conflict, Invalid
from domain.identity import Role
from entrypoints.telegram_bot.request import Request
from entrypoints.telegram_bot.texts import ENGLISH

NEAREST = 3
_NAME = re.compile(r"[a-z0-9_]{1,32}")

Handler = Callable[[Request], Awaitable[Handled]]
Exposed = Callable[[Request], Awaitable[str | None]]


class Place(Enum):
    """Where a command may be used."""

    PRIVATE = "private"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command: what it is called, who may use it where, and what it does.

    `description` stands in the help and in Telegram's menu; `descriptions` has other ones for the help, by language.
    `category` groups the help: basics, guides, chat, account, news, plans or running. A hidden one is in neither.
    `exposed` is run where a private command was written in a group: it makes harmless what others could read there, and
    returns what to say of that, None for nothing.
    """

    name: str
    description: str
    category: str
    handler: Handler
    required_role: Role = Role.PUBLIC
    aliases: tuple[str, ...] = ()
    place: Place = Place.PRIVATE
    is_hidden: bool = False
    exposed: Exposed | None = None
    descriptions: Mapping[str, str] = field(default_factory=dict)

    def described(self, language: str) -> str:
        """What it does, in this language where there is a description in it."""
        return self.descriptions.get(language, self.description)


class CommandRegistry:
    """Commands by name and alias. Names have 1 to 32 of the characters a-z, 0-9 and _."""

    def __init__(self, commands: Iterable[Command] = ()) -> None:
        self._commands: dict[str, Command] = {}
        self._by_any_name: dict[str, Command] = {}
        for command in commands:
            self.register(command)

    def register(self, command: Command) -> None:
        """Add a command. Raises `Invalid` for a name or alias that Telegram does not take, for an empty description,
        an unknown category and a handler that is not async, `Conflict` for a name or alias that is taken. Then nothing
        is added.
        """
        names = (command.name, *command.aliases)
        for name in names:
            if _NAME.fullmatch(name) is None:
                raise Invalid.of("command", f"expected 1 to 32 of the characters a-z, 0-9 and _, not {name!r}")
            if name in self._by_any_name or names.count(name) > 1:
                raise Conflict(f"There is a command /{name} already.", command=name)
        if not all(said.strip() for said in (command.description, *command.descriptions.values())):
            raise Invalid.of("description", f"expected what /{command.name} does")
        if command.category not in ENGLISH.categories:
            known = ", ".join(ENGLISH.categories)
            raise Invalid.of("category", f"expected one of {known} for /{command.name}, not {command.category!r}")
        if not _is_async(command.handler):
            raise Invalid.of("handler", f"expected an async function for /{command.name}")
        self._commands[command.name] = command
        self._by_any_name.update(dict.fromkeys(names, command))

    def find(self, name: str) -> Command | None:
        """The command of this name or alias, in any case; None when there is none."""
        return self._by_any_name.get(name.lower())

    def visible_to(self, role: Role, *, is_private: bool) -> Sequence[Command]:
        """What somebody of this role may use there, by name, without the hidden ones."""
        return [
            command
            for _, command in sorted(self._commands.items())
            if not command.is_hidden and role >= command.required_role and (is_private or command.place is Place.ALL)
        ]

    def nearest(self, name: str, role: Role, *, is_private: bool) -> Sequence[str]:
        """Names, at most three, that somebody may have meant; aliases count, the command's own name is told."""
        usable = self.visible_to(role, is_private=is_private)
        own_names = {each: command.name for command in usable for each in (command.name, *command.aliases)}
        return list(dict.fromkeys(own_names[near] for near in get_close_matches(name.lower(), own_names, NEAREST)))

    def rows(self) -> Sequence[CommandRow]:
        """As the table mirrors them, by name."""
        return [
            CommandRow(
                command=command.name,
                description=command.description,
                category=command.category,
                required_role=command.required_role,
                aliases=command.aliases,
                is_hidden=command.is_hidden,
            )
            for _, command in sorted(self._commands.items())
        ]


def _is_async(handler: Handler) -> bool:
    return iscoroutinefunction(handler) or iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004
