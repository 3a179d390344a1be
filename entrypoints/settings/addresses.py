"""The kinds of values that name a place on the network."""

import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from entrypoints.settings.kinds import HIDDEN, Plain
from entrypoints.settings.problems import Unfit, shown
from entrypoints.settings.secret import MASK

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


_SECRET_PARAMETER = re.compile(r"passw|secret|token|key", re.IGNORECASE)


def passwords_in(address: str) -> Iterator[str]:
    """What must not be shown of an address: passwords and tokens, as they are written and as they are meant."""
    try:
        parts = urlsplit(address)
        parameters = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return
    if "://" not in address:
        return
    if parts.password:
        yield from (parts.password, unquote(parts.password))
    yield from (value for name, value in parameters if value and _SECRET_PARAMETER.search(name))


class Host(Plain):
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


@dataclass(frozen=True)
class Address(Plain):
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
            return shown(raw) if isinstance(raw, bool | int | float | dict) else HIDDEN
        return shown(raw) if re.fullmatch(r"[^@?#]*", raw) and len(raw) < 80 and "://" in raw else HIDDEN

    def show(self, value: object) -> str:
        text = "" if value is None else str(value)
        text = re.sub(r"://.*@", f"://{MASK}@", text)
        return re.sub(r"([?&][^=&]+)=[^&]*", rf"\1={MASK}", text)


class NetworkKind(Plain):
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
