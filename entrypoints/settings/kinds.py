"""The kinds of values that settings take. Each reads the text of an environment variable or a TOML value."""

import ipaddress
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from entrypoints.settings.problems import Unfit, shown
from entrypoints.settings.secret import MASK, Secret

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_HIDDEN = "a value that is not shown"


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


class _Plain:
    """Values that are no secret."""

    def found(self, raw: object) -> str:
        return shown(raw)

    def show(self, value: object) -> str:
        return "" if value is None else str(value)


@dataclass(frozen=True)
class Text(_Plain):
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
class Whole(_Plain):
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
class Seconds(_Plain):
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
class Choice(_Plain):
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


class Host(_Plain):
    """A host name or an IP address."""

    name = "host"

    def read(self, raw: object) -> str:
        text = raw.strip() if isinstance(raw, str) else ""
        if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9])?", text):
            return text
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            raise Unfit("a host name or an IP address, without port") from None


class Folder(_Plain):
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
class Address(_Plain):
    """A URL of one of these schemes. What it may hold of a password is masked."""

    schemes: tuple[str, ...]
    origin: bool = False
    name: str = "URL"

    def read(self, raw: object) -> str:
        expected = f"a URL that starts with {' or '.join(f'{scheme}://' for scheme in self.schemes)}"
        if self.origin:
            expected += ", a host, and no path"
        if not isinstance(raw, str):
            raise Unfit(expected)
        text = raw.strip()
        try:
            self._check(text)
        except ValueError:
            raise Unfit(expected) from None
        return text.rstrip("/") if self.schemes == ("http", "https") else text

    def _check(self, text: str) -> None:
        parts = urlsplit(text)
        web = "http" in self.schemes
        if parts.scheme not in self.schemes or len(text) > 2048 or re.search(r"\s", text) or not text.isprintable():
            raise ValueError
        if "://" not in text or (web and not parts.hostname) or parts.port == 0:
            raise ValueError
        if self.origin and (parts.path.rstrip("/") or parts.query or parts.fragment or parts.username):
            raise ValueError

    def found(self, raw: object) -> str:
        if not isinstance(raw, str):
            return shown(raw) if isinstance(raw, bool | int | float | dict) else _HIDDEN
        return shown(raw) if re.fullmatch(r"[^@?#]*", raw) and len(raw) < 80 and "://" in raw else _HIDDEN

    def show(self, value: object) -> str:
        text = "" if value is None else str(value)
        text = re.sub(r"://.*@", f"://{MASK}@", text)
        return re.sub(r"([?&][^=&]+)=[^&]*", rf"\1={MASK}", text)


@dataclass(frozen=True)
class Hidden:
    """A secret."""

    least: int = 1
    pattern: str = r"\S+"
    expected: str = "a text without spaces"
    name: str = "secret"

    def read(self, raw: object) -> Secret:
        text = raw.strip() if isinstance(raw, str) else ""
        if len(text) < self.least or len(text) > 4096 or not text.isprintable():
            raise Unfit(self.expected)
        if not re.fullmatch(self.pattern, text):
            raise Unfit(self.expected)
        return Secret(text)

    def found(self, raw: object) -> str:
        return _HIDDEN if isinstance(raw, str) else f"{_kind_of(raw)} that is not shown"

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


class NetworkKind(_Plain):
    """An address or a range of addresses."""

    name = "address or CIDR range"

    def read(self, raw: object) -> Network:
        try:
            return ipaddress.ip_network(raw.strip() if isinstance(raw, str) else "", strict=False)
        except ValueError:
            raise Unfit("an IP address such as 10.0.0.7 or a range such as 10.0.0.0/8") from None


class Origin(Address):
    """Where a browser page may come from; `*` is any."""

    def read(self, raw: object) -> str:
        if isinstance(raw, str) and raw.strip() == "*":
            return "*"
        return super().read(raw).lower()


def _reads(read: Callable[[object], object], raw: object) -> bool:
    try:
        read(raw)
    except Unfit:
        return False
    return True


def _kind_of(raw: object) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a table"}
    return names.get(type(raw), "a value")
