"""Addresses in buttons and in formatted text."""

import re
from urllib.parse import urlsplit

_TG_USER = re.compile(r"tg:(?://)?user\?(?:.*&)?id=([1-9][0-9]*)", re.IGNORECASE)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)


def user_of(url: str) -> int | None:
    """The user of a `tg://user?id=…` link."""
    match = _TG_USER.match(url)
    return int(match.group(1)) if match else None


def problem_of(url: str, *, https_only: bool = False) -> str | None:
    """Why an address is none, in Telegram's words; nothing for a good one. No scheme means http."""
    scheme, rest = _split(url)
    if https_only and scheme != "https":
        return "Only HTTPS links are allowed"
    if scheme in {"tg", "ton", "tonsite"}:
        host = re.split(r"[/?#]", rest, maxsplit=1)[0]
        return None if re.fullmatch(r"[A-Za-z0-9._-]+", host) else "Unallowed characters in URL host"
    if scheme not in {"http", "https"}:
        return "Unsupported URL protocol"
    return _http_problem(rest)


def checked(url: str) -> str | None:
    """The address as it is stored, with a scheme and a path; nothing for one that Telegram drops."""
    if problem_of(url) is not None:
        return None
    scheme, rest = _split(url)
    host = re.split(r"[/?#]", rest, maxsplit=1)[0]
    rest = rest[len(host) :]
    if scheme in {"http", "https"} and not rest.startswith("/"):
        rest = f"/{rest}"
    return f"{scheme}://{host}{rest}"


def _split(url: str) -> tuple[str, str]:
    match = _SCHEME.match(url)
    if match is None or re.match(r"\d+(?:[/?#]|$)", url[match.end() :]):  # host:port
        return "http", url
    return match.group(1).lower(), url[match.end() :].removeprefix("//")


def _http_problem(rest: str) -> str | None:
    if re.search(r"\s", rest):
        return "Host is invalid"
    try:
        parts = urlsplit(f"//{rest}")
        port = parts.port
    except ValueError:
        return "Wrong port number specified in the URL"
    host = parts.hostname or ""
    if not host:
        return "URL host is empty"
    if port == 0:
        return "Wrong port number specified in the URL"
    if "." not in host and ":" not in host:
        return "Wrong HTTP URL"
    return None
