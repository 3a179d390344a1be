"""The Bot API beyond sending."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from adapters.telegram.connection import BotConnection
from adapters.telegram.kinds import USED
from application.ports.telegram import BotApi, BotIdentity, CommandRow, WebhookInfo
from domain.errors import Conflict, Invalid, InvalidToken, Unavailable

if TYPE_CHECKING:
    from adapters.telegram._client import Client

MAX_COMMANDS, MAX_DESCRIPTION = 100, 256


class TelegramBotApi(BotApi):
    """Through python-telegram-bot. Polls have connections of their own."""

    def __init__(self, connection: BotConnection) -> None:
        self._connection = connection

    async def me(self) -> BotIdentity:
        async with self._calling() as client:
            found = await client.get_me()
        return BotIdentity(found.id, found.username or "")

    async def updates(self, offset: int | None, timeout_seconds: int, limit: int) -> Sequence[bytes]:
        async with self._calling() as client:
            return await client.raw_updates(offset, timeout_seconds, limit, USED)

    async def set_webhook(self, url: str, secret: str | None, max_connections: int) -> None:
        async with self._calling() as client:
            await client.set_webhook(
                url, secret_token=secret, max_connections=max_connections, allowed_updates=list(USED)
            )

    async def delete_webhook(self, *, drop_pending: bool = False) -> None:
        async with self._calling() as client:
            await client.delete_webhook(drop_pending_updates=drop_pending)

    async def webhook_info(self) -> WebhookInfo:
        async with self._calling() as client:
            found = await client.get_webhook_info()
        return WebhookInfo(
            url=found.url,
            pending_update_count=found.pending_update_count,
            last_error_date=found.last_error_date,
            last_error_message=found.last_error_message,
            max_connections=found.max_connections,
            allowed_updates=tuple(found.allowed_updates or ()),
            ip_address=found.ip_address,
        )

    async def set_commands(self, commands: Sequence[CommandRow]) -> None:
        from telegram import BotCommand, BotCommandScopeAllPrivateChats

        shown = [
            BotCommand(each.command, each.description[:MAX_DESCRIPTION]) for each in commands if not each.is_hidden
        ]
        async with self._calling() as client:
            await client.set_my_commands(shown[:MAX_COMMANDS], scope=BotCommandScopeAllPrivateChats())

    @asynccontextmanager
    async def _calling(self) -> AsyncIterator["Client"]:
        """The client; what goes wrong there is raised as the port says."""
        client = await self._connection.client()
        from telegram import error as errors

        try:
            yield client
        except errors.InvalidToken:
            raise InvalidToken("Telegram does not know the token in telegram.bot_token.") from None
        except errors.Conflict as error:
            raise Conflict(self._connection.redacted(error.message)) from None
        except errors.BadRequest as error:
            raise Invalid(self._connection.redacted(error.message)) from None
        except errors.TelegramError as error:
            raise Unavailable(f"Telegram does not answer: {self._connection.redacted(error.message)}") from None
