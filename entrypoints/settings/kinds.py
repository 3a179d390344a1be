"""The kinds of values that settings take. Each reads the text of an environment variable or a TOML value."""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from entrypoints.settings.problems import Unfit, shown
from entrypoints.settings.secret import MASK, Secret

HIDDEN = "a value that is not shown"


class Kind(Protocol):
    """How one setting is read and shown."""

    @property
    def name(self) -> str:
        """The type, in a word or two."""
        ...

    def read(self, raw: object) -> object:
        """The typed value. Raises `Unfit`."""
        ...

    def found(self, raw: object) -> str:
        """What a problem may tell of a value that could not be read."""
        ...

    def show(self, value: object) -> str:
        """The typed value for people to read, secrets masked."""
        ...


class Plain:
    """Values that are no secret."""

    def found(self, raw: object) -> str:
        return shown(raw)

    def show(self, value: object) -> str:
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Text(Plain):
    """Printable text."""

    longest: int = 200
    pattern: str = r".+"
    expected: str = ""
    name: str = "text"

    def read(self, raw: object) -> str:
        expected = self.expected or f"text of 1 to {self.longest} printable characters"
        if not isinstance(raw, str):
            raise Unfit(expected)
        text = raw.strip()
        if len(text) > self.longest or not text.isprintable() or not re.fullmatch(self.pattern, text):
            raise Unfit(expected)
        return text


@dataclass(frozen=True)
class Whole(Plain):
    """A whole number."""

    least: int
    most: int
    name: str = "whole number"

    def read(self, raw: object) -> int:
        number = raw
        if isinstance(raw, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,15}\s*", raw):
            number = int(raw)
        if not isinstance(number, int) or isinstance(number, bool) or not self.least <= number <= self.most:
            raise Unfit(f"a whole number from {self.least} to {self.most}")
        return number


@dataclass(frozen=True)
class Seconds(Plain):
    """A length of time."""

    least: float
    most: float
    name: str = "seconds"

    def read(self, raw: object) -> float:
        unfit = Unfit(f"seconds from {self.least:g} to {self.most:g}")
        if isinstance(raw, bool) or not isinstance(raw, str | int | float):
            raise unfit
        try:
            number = float(raw)
        except (ValueError, OverflowError):
            raise unfit from None
        if not math.isfinite(number) or not self.least <= number <= self.most:
            raise unfit
        return number


@dataclass(frozen=True)
class Choice(Plain):
    """One of a few words."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        return " | ".join(self.words)

    def read(self, raw: object) -> str:
        word = raw.strip().lower() if isinstance(raw, str) else None
        if word not in self.words:
            raise Unfit(f"one of {', '.join(self.words)}")
        return word


class Folder(Plain):
    """A folder, from the working directory on where it is not absolute."""

    name = "folder"

    def read(self, raw: object) -> Path:
        # A question mark would start the options of the database's address.
        if isinstance(raw, Path):
            raw = str(raw)
        if not isinstance(raw, str) or not raw.strip() or "?" in raw or not raw.isprintable():
            raise Unfit("the path of a folder, without ? and control characters")
        try:
            return Path(raw.strip()).expanduser()
        except RuntimeError:
            raise Unfit("the path of a folder; this home folder is not known") from None


@dataclass(frozen=True)
class Hidden:
    """A secret. Shorter ones than 8 characters are refused: they could not be told from words, and masked."""

    least: int = 8
    pattern: str = r"\S+"
    expected: str = "8 characters or more without spaces"
    name: str = "secret"

    def read(self, raw: object) -> Secret:
        text = raw.strip() if isinstance(raw, str) else ""
        if len(text) < self.least or len(text) > 4096 or not text.isprintable():
            raise Unfit(self.expected)
        if not re.fullmatch(self.pattern, text):
            raise Unfit(self.expected)
        return Secret(text)

    def found(self, raw: object) -> str:
        return HIDDEN if isinstance(raw, str) else f"{_kind_of(raw)} that is not shown"

    def show(self, value: object) -> str:
        return "" if value is None else MASK


@dataclass(frozen=True)
class Many:
    """Several values: a TOML array, or one text with commas between them."""

    item: Kind
    least: int = 0

    @property
    def name(self) -> str:
        return f"list of {self.item.name}"

    def read(self, raw: object) -> tuple[object, ...]:
        parts = [part for part in raw.split(",") if part.strip()] if isinstance(raw, str) else raw
        if not isinstance(parts, list | tuple) or len(parts) < self.least or len(parts) > 1000:
            raise Unfit(f"a list of {self.least} values or more, with commas in the environment")
        try:
            return tuple(dict.fromkeys(self.item.read(part) for part in parts))
        except Unfit as unfit:
            raise Unfit(f"a list; each of it {unfit.expected}") from None

    def found(self, raw: object) -> str:
        parts = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
        if not isinstance(parts, list | tuple):
            return self.item.found(raw)
        unread = next((part for part in parts if not _reads(self.item.read, part)), None)
        return self.item.found(unread) if unread is not None else f"{len(parts)} values"

    def show(self, value: object) -> str:
        return ", ".join(self.item.show(item) for item in value) if isinstance(value, tuple) else ""


def _reads(read: Callable[[object], object], raw: object) -> bool:
    try:
        read(raw)
    except Unfit:
        return False
    return True


def _kind_of(raw: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(raw), "a value")
