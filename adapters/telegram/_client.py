"""python-telegram-bot's client as we use it. Importing this is slow: see `connection`."""

from typing import Any

import httpx
import msgspec
from telegram import Bot
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from adapters.telegram import lenient

# More than are ever on their way at once; each open one costs every call a look, so few are kept when they are idle.
POOL, KEPT, POLLS = 256, 24, 4
CONNECT_SECONDS = 5.0
READ_SECONDS = 10.0
WRITE_SECONDS = 5.0
POOL_SECONDS = 2.0
# What a flood is waited for that names no time.
UNNAMED_SECONDS = 5


class Flooded(TelegramError):
    """429: come again after `seconds`."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too Many Requests: retry after {seconds}")
        self.seconds = seconds


class _Parameters(msgspec.Struct):
    retry_after: int | None = None


class _Refusal(msgspec.Struct):
    parameters: _Parameters | None = None


class _Polled(msgspec.Struct):
    """An answer to a long poll, its updates byte for byte as they came."""

    result: list[msgspec.Raw] = []
    description: str | None = None


class _Request(HTTPXRequest):
    """Floods are told apart by their own error; an answer that cannot be read is not written into the log."""

    async def do_request(self, *args: Any, **kwargs: Any) -> tuple[int, bytes]:
        status, body = await super().do_request(*args, **kwargs)
        if status == 429:
            raise Flooded(_seconds(body))
        return status, body

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            return msgspec.json.decode(payload, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            raise TelegramError("The answer was no JSON object.") from None


class _PollRequest(_Request):
    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        try:
            answer = msgspec.json.decode(payload, type=_Polled)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return _lenient(payload)
        return {"result": [bytes(update) for update in answer.result], "description": answer.description}


class Client(Bot):
    """The bot, with a pool of connections for what it says and one for its polls."""

    def __init__(self, token: str, base_url: str) -> None:
        super().__init__(
            token,
            base_url=f"{base_url}/bot",
            base_file_url=f"{base_url}/file/bot",
            request=_request(_Request, POOL),
            get_updates_request=_request(_PollRequest, POLLS),
        )

    async def raw_updates(
        self, offset: int | None, timeout_seconds: int, limit: int, kinds: tuple[str, ...]
    ) -> list[bytes]:
        """`getUpdates`; each update as it came."""
        found: list[bytes] = await self._post(
            "getUpdates",
            {"offset": offset, "timeout": timeout_seconds, "limit": limit, "allowed_updates": kinds},
            read_timeout=timeout_seconds + READ_SECONDS,
        )
        return found

    async def hang_up(self) -> None:
        """End open connections."""
        for request in self._request:
            await request.shutdown()


def _request(kind: type[_Request], pool: int) -> _Request:
    return kind(
        connection_pool_size=pool,
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        write_timeout=WRITE_SECONDS,
        pool_timeout=POOL_SECONDS,
        httpx_kwargs={"limits": httpx.Limits(max_connections=pool, max_keepalive_connections=min(pool, KEPT))},
    )


def _lenient(payload: bytes) -> dict[str, Any]:
    """The same of an answer that only a lenient reader takes."""
    try:
        answer: dict[str, Any] = lenient.read(payload)
        return answer | {"result": [lenient.written(update) for update in answer.get("result", ())]}
    except (*lenient.UNREADABLE, AttributeError, TypeError):
        raise TelegramError("The answer to a poll was no list of updates.") from None


def _seconds(body: bytes) -> int:
    try:
        parameters = msgspec.json.decode(body, type=_Refusal).parameters
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return UNNAMED_SECONDS
    return max(1, parameters.retry_after) if parameters and parameters.retry_after else UNNAMED_SECONDS
