"""The fake Bot API as a test uses it: a server, its people and chats, its faults and its memory of calls."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from difflib import get_close_matches
from types import TracebackType
from typing import Self

from adapters.system.clock import SystemClock
from adapters.testing.telegram.api import BotApi, Request
from adapters.testing.telegram.chats import Account, Chat, Post
from adapters.testing.telegram.delivery import LONGEST_DELAY, Webhook
from adapters.testing.telegram.errors import Json
from adapters.testing.telegram.faults import Fault, Faults, Script
from adapters.testing.telegram.files import Files
from adapters.testing.telegram.groups import Group
from adapters.testing.telegram.limits import RateLimits, Rates
from adapters.testing.telegram.methods import NAMES
from adapters.testing.telegram.people import User
from adapters.testing.telegram.polling import Polling
from adapters.testing.telegram.queries import Queries
from adapters.testing.telegram.server import HttpServer
from adapters.testing.telegram.state import BotState
from adapters.testing.telegram.updates import UpdateQueue
from adapters.testing.telegram.world import World
from application.ports.system import Clock

BOT_TOKEN = "7000000001:a-token-of-the-fake-bot-api"  # noqa: S105 - of no bot
BOT_USERNAME = "guildhall_test_bot"
FOUNDER_ID = 777_001
TOLD_CALLS = 10


class FakeTelegram:
    """A Bot API server for one bot, on a loopback port of its own; an asynchronous context manager.

    `clock` decides dates, expiry, long polls, delays and limits. `rates` enforces Telegram's limits on sending.
    `webhook_stands_for` is the loopback origin that gets the updates of a public webhook address; what it does not take
    comes again after pauses that grow up to `webhook_longest_delay` seconds. `port` 0 is any that is free.
    `first_update_id` is taken from the clock unless it is given, and is so above those of a server before.
    """

    def __init__(
        self,
        *,
        token: str = BOT_TOKEN,
        username: str = BOT_USERNAME,
        clock: Clock | None = None,
        rates: Rates | None = None,
        webhook_stands_for: str | None = None,
        webhook_longest_delay: float = LONGEST_DELAY,
        port: int = 0,
        first_update_id: int | None = None,
    ) -> None:
        self.token = token
        self.clock = clock or SystemClock()
        self.faults = Faults()
        updates = UpdateQueue(self.clock, first_update_id)
        bot = Account(int(token.partition(":")[0]), "Guildhall", username=username, is_bot=True)
        self.state = BotState(
            self.clock,
            updates,
            World(self.clock, updates, bot),
            Polling(self.clock, updates),
            Webhook(self.clock, updates, webhook_stands_for, webhook_longest_delay),
            Queries(self.clock),
        )
        self._founder = self.state.world.new_account("Founder", id=FOUNDER_ID)
        self._api = BotApi(self.state, self.faults, RateLimits(self.clock, rates) if rates else None)
        self._server = HttpServer(self._api, token, port)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.faults.clear()
        await self.stop()

    async def start(self) -> None:
        """Listen; after `stop` on the same port, with everything remembered."""
        await self._server.start()

    async def stop(self) -> None:
        """Be away: connections are refused, the webhook gets nothing any more."""
        await self.state.webhook.close()
        await self._server.stop()

    @property
    def url(self) -> str:
        """The server's address: what `https://api.telegram.org` is in the world."""
        return self._server.url

    @property
    def base_url(self) -> str:
        """`base_url` of python-telegram-bot's `Bot`."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """`base_file_url` of python-telegram-bot's `Bot`."""
        return f"{self.url}/file/bot"

    @property
    def bot(self) -> Account:
        """The bot's account."""
        return self.state.bot

    @property
    def files(self) -> Files:
        """The files on the server."""
        return self.state.files

    @property
    def requests(self) -> list[Request]:
        """All calls, oldest first, with times and what became of them."""
        return list(self._api.requests)

    def calls(self, method: str) -> list[Request]:
        """The calls of one method."""
        return [one for one in self._api.requests if one.method.lower() == method.lower()]

    def user(self, first_name: str, *, started: bool = False, **details: object) -> User:
        """A new person. `started`: they wrote to the bot before. `details`: username, last_name, language_code, id …"""
        return User(self.state, self.state.world.new_account(first_name, has_started=started, **details))

    def group(
        self,
        title: str,
        members: Iterable[User] = (),
        *,
        kind: str = "supergroup",
        bot: str = "member",
        username: str | None = None,
    ) -> Group:
        """A new group, supergroup or channel. `bot` is its standing: member, administrator, left or kicked."""
        chat = self.state.world.new_group(title, kind, username)
        self.state.world.place(chat, self._founder, "creator")
        for user in members:
            self.state.world.place(chat, user.account, "member")
        self.state.world.place(chat, self.bot, bot)
        return Group(self.state, chat, self._founder)

    def reads_all_group_messages(self, *, reads: bool = True) -> None:
        """Switch the bot's privacy mode off, or on again."""
        self.state.world.reads_all_messages = reads

    def inject(self, update: Json, lane: str = "injected") -> int:
        """Queue an update as it is, known kind or not. Without `update_id` it gets the next one."""
        return self.state.updates.push_raw(update, lane)

    def fail(
        self, fault: Fault, method: str | None = None, *, in_: User | Group | int | None = None, times: int | None = 1
    ) -> Script:
        """Let the next `times` calls of a method to a chat go wrong; `None` stands for all.

        Raises `ValueError` for a method that the server does not have: no call of it would be struck.
        """
        if method is not None and method.lower() not in NAMES:
            near = get_close_matches(method.lower(), NAMES, 1)
            hint = f"; did you mean {NAMES[near[0]]}?" if near else ""
            raise ValueError(f"there is no method {method!r} here{hint}")
        chat_id = in_.id if isinstance(in_, User | Group) else in_
        return self.faults.add(fault, method, chat_id, times)

    def chat(self, chat_id: int) -> Chat:
        """A chat by its number."""
        return self.state.world.chats[chat_id]

    def said_to(self, where: User | Group) -> list[Post]:
        """The bot's messages in a chat that are still there, oldest first."""
        return [post for post in where.chat.visible() if post.content.get("from", {}).get("id") == self.bot.id]

    async def until(self, holds: Callable[[], object], within: float = 5) -> None:
        """Wait until something holds; raises `TimeoutError` after so many seconds.

        It is looked at whenever something happens here, and every 20 ms for what happens elsewhere.
        """
        changed = self.state.world.changed
        async with asyncio.timeout(within):
            while not holds():
                changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), 0.02)

    async def next_message(self, to: User | Group, after: int = 0, within: float = 5) -> Post:
        """The bot's first message in a chat whose number is above `after`; waits for it.

        Raises `TimeoutError` after so many seconds, which tells what the bot called last.
        """

        def found() -> list[Post]:
            return [post for post in self.said_to(to) if post.id > after]

        try:
            await self.until(found, within)
        except TimeoutError:
            heard = ", ".join(f"{one.method} {one.status}" for one in self._api.requests[-TOLD_CALLS:]) or "none"
            why = f"no message above {after} in chat {to.id} within {within:g} s; the last calls: {heard}"
            raise TimeoutError(why) from None
        return found()[0]
