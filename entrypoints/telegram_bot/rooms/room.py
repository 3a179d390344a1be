"""What a room brings: commands, and what its buttons do."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Protocol

from domain.identity import Role
from entrypoints.telegram_bot.registry import Command, Exposed, Handler, Place
from entrypoints.telegram_bot.texts import ENGLISH

PAGE = 8
MAX_LABEL = 60


class Room(Protocol):
    """A part of the bot."""

    def commands(self) -> Sequence[Command]:
        """What may be typed."""
        ...

    def buttons(self) -> Mapping[str, Handler]:
        """What may be pressed, by its verb."""
        ...


def command(
    name: str,
    category: str,
    handler: Handler,
    *aliases: str,
    role: Role = Role.PUBLIC,
    place: Place = Place.PRIVATE,
    is_hidden: bool = False,
    exposed: Exposed | None = None,
) -> Command:
    """A command described as the catalogue says; Telegram's own menu is in English."""
    return Command(
        name=name,
        description=ENGLISH.commands[name],
        category=category,
        handler=handler,
        required_role=role,
        aliases=aliases,
        place=place,
        is_hidden=is_hidden,
        exposed=exposed,
    )


def short_name(name: str) -> str:
    """Names something in a button's data, in 10 characters whatever its name is."""
    return sha256(name.encode()).hexdigest()[:10]


def label(text: str) -> str:
    """The text of a button, which Telegram shows on one line."""
    text = " ".join(text.split())
    return text if len(text) <= MAX_LABEL else f"{text[: MAX_LABEL - 1]}…"


def number(arguments: Sequence[str], at: int) -> int:
    """The page or part in that place; 0 for what is none."""
    given = arguments[at] if at < len(arguments) else ""
    return int(given) if given.isascii() and given.isdigit() and len(given) < 7 else 0
