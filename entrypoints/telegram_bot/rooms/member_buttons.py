"""What the buttons of the members carry: where one was in the list, and what is to be done."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Self

from domain.identity import Role
from domain.telegram import MAX_CALLBACK_DATA
from entrypoints.telegram_bot.callbacks import callback
from entrypoints.telegram_bot.rooms.room import number

MAX_WORDS = 320
_LAST_PAGE = 999_999


class Will(Enum):
    """What may be done about a member, as buttons write it."""

    GRANT = "g"
    REVOKE = "r"
    BAN = "b"
    UNBAN = "u"


@dataclass(frozen=True, slots=True)
class Action:
    """A change of a member's rights; `role` is what is granted or revoked."""

    will: Will
    role: Role | None = None

    @classmethod
    def read(cls, text: str) -> Self | None:
        """As `str` wrote it; None for anything else."""
        given = (cls(will, role) for will in (Will.GRANT, Will.REVOKE) for role in (Role.SUBSCRIBER, Role.ADMIN))
        return next((each for each in (*given, cls(Will.BAN), cls(Will.UNBAN)) if str(each) == text), None)

    def __str__(self) -> str:
        return self.will.value if self.role is None else f"{self.will.value}{int(self.role)}"


@dataclass(frozen=True, slots=True)
class Place:
    """A page, counted from 0, of the members that have these words; of all of them without words."""

    page: int = 0
    words: str = ""

    @classmethod
    def read(cls, arguments: Sequence[str]) -> Self:
        """As `data` wrote it: the page, and the words behind it, whatever is in them."""
        return cls(number(arguments, 0), _searchable(":".join(arguments[1:])))

    @classmethod
    def typed(cls, text: str) -> Self:
        """The first page for what somebody typed."""
        return cls(0, _searchable(text))

    @property
    def fits(self) -> bool:
        """Whether a button of the list has room for it, on whichever page."""
        return _is_short_enough(callback("members", _LAST_PAGE, self.words))

    def data(self, verb: str, *arguments: object) -> str:
        """The data of a button that leads back here; without the words, or the page, where there is no room."""
        wholly = callback(verb, *arguments, self.page, *([self.words] if self.words else []))
        return wholly if _is_short_enough(wholly) else callback(verb, *arguments)


def _is_short_enough(data: str) -> bool:
    return len(data.encode()) <= MAX_CALLBACK_DATA


def _searchable(text: str) -> str:
    printable = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(printable.split())[:MAX_WORDS].rstrip()
