"""Faults on purpose: what goes wrong, for which calls, how often."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from adapters.testing.telegram.errors import ApiError, Json, forbidden, too_many_requests
from adapters.testing.telegram.errors import migrated as _migrated

__all__ = [
    "Answer",
    "Fault",
    "Faults",
    "Script",
    "bad_gateway",
    "blocked",
    "deactivated",
    "document",
    "flood",
    "garbage",
    "hang",
    "kicked",
    "migrated",
    "refused",
    "reset",
    "server_error",
    "slow",
]

_HTML = (
    "<html>\r\n<head><title>{0}</title></head>\r\n<body><center><h1>{0}</h1></center><hr>nginx</body>\r\n</html>\r\n"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to a call: a pause before it, an answer in place of the true one, a broken connection, silence.

    `after_effect`: the call has done its work when the fault strikes, and the caller does not learn it. That is the
    ambiguous send.
    """

    answer: Answer | None = None
    delay: float = 0
    hangs: bool = False
    resets: bool = False
    after_effect: bool = False

    def afterwards(self) -> "Fault":
        """The same, once the call has done its work."""
        return replace(self, after_effect=True)


@dataclass(slots=True, eq=False)
class Script:
    """A fault that waits for its calls. `method` and `chat_id` choose them, `left` counts down; `None` is for ever."""

    fault: Fault
    method: str | None
    chat_id: int | None
    left: int | None
    hits: int = 0
    _released: asyncio.Event = field(default_factory=asyncio.Event)

    def release(self) -> None:
        """Let the calls go on that hang here, now and later."""
        self._released.set()

    async def wait(self) -> None:
        """Hang until the release."""
        await self._released.wait()


class Faults:
    """The faults of one server; the first that fits a call strikes."""

    def __init__(self) -> None:
        self._scripts: list[Script] = []

    def add(self, fault: Fault, method: str | None = None, chat_id: int | None = None, times: int | None = 1) -> Script:
        """Let the next `times` calls of a method, to a chat, go wrong; all calls where nothing is named."""
        script = Script(fault, method.lower() if method else None, chat_id, times)
        self._scripts.append(script)
        return script

    def remove(self, script: Script) -> None:
        """Stop it, and let go what hangs there."""
        if script in self._scripts:
            self._scripts.remove(script)
        script.release()

    def clear(self) -> None:
        """Remove all."""
        for script in list(self._scripts):
            self.remove(script)

    def take(self, method: str, chat_id: int | None) -> Script | None:
        """The fault of a call, counted."""
        for script in self._scripts:
            fits = script.method in {None, method.lower()} and script.chat_id in {None, chat_id}
            if fits and script.left != 0:
                script.left = None if script.left is None else script.left - 1
                script.hits += 1
                return script
        return None


def refused(error: ApiError) -> Fault:
    """Any refusal of the Bot API."""
    retry_after = error.parameters.get("retry_after")
    headers = {"content-type": "application/json"} | ({"retry-after": str(retry_after)} if retry_after else {})
    return Fault(Answer(error.code, msgspec.json.encode(error.body()), headers))


def flood(retry_after: int = 1) -> Fault:
    """429 with `retry_after` seconds."""
    return refused(too_many_requests(retry_after))


def blocked() -> Fault:
    """403: the user blocked the bot."""
    return refused(forbidden("bot was blocked by the user"))


def kicked() -> Fault:
    """403: the bot is out of the supergroup."""
    return refused(forbidden("bot was kicked from the supergroup chat"))


def deactivated() -> Fault:
    """403: the account is gone."""
    return refused(forbidden("user is deactivated"))


def migrated(chat_id: int) -> Fault:
    """400 with `migrate_to_chat_id`."""
    return refused(_migrated(chat_id))


def bad_gateway() -> Fault:
    """502 with a page of HTML, as a proxy in front of the Bot API answers."""
    return _page(502, "502 Bad Gateway")


def server_error() -> Fault:
    """500 with a page of HTML."""
    return _page(500, "500 Internal Server Error")


def garbage(body: bytes = b'{"ok":true,"result":{"message_id":') -> Fault:
    """200 with a body that is no JSON."""
    return Fault(Answer(200, body))


def document(status: int, body: Json) -> Fault:
    """Any JSON with any status."""
    return Fault(Answer(status, msgspec.json.encode(body)))


def slow(seconds: float) -> Fault:
    """The true answer, late by so many seconds of the server's clock."""
    return Fault(delay=seconds)


def hang() -> Fault:
    """No answer until the script is released."""
    return Fault(hangs=True)


def reset() -> Fault:
    """The connection breaks, and the call has done nothing; `.afterwards()`: it has."""
    return Fault(resets=True)


def _page(status: int, title: str) -> Fault:
    return Fault(Answer(status, _HTML.format(title).encode(), {"content-type": "text/html"}))
