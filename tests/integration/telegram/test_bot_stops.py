"""A bot that is stopped while something hangs."""

import asyncio
from datetime import timedelta
from pathlib import Path

from dependency_injector import providers

from adapters.memory import MemoryStore
from adapters.memory.notifier import InMemoryNotifier
from application.ports.inbox import Handled
from application.ports.sending import Delivery
from domain.telegram import (
    Outgoing,
    OutgoingId,
    OutgoingMessage,
    OutgoingState,
    Priority,
    RichText,
    SendDraft,
    SendText,
)
from entrypoints.container import CONSOLE_BOT, Container, memory_container
from entrypoints.settings import Settings
from entrypoints.telegram_bot.bot import create_console_bot
from entrypoints.telegram_bot.registry import Command
from entrypoints.telegram_bot.request import Request

CHAT = 7
SAID = b"""{"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 5, "type": "private"},
"from": {"id": 5, "is_bot": false, "first_name": "Ada"}, "text": "/hang"}}"""


class Asked(InMemoryNotifier):
    """Tells when something is on its way."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def send(self, content: Outgoing | SendDraft) -> Delivery:
        self.asked.set()
        return await super().send(content)


class Stuck:
    """A container whose bot has a command that hangs until it is cut."""

    def __init__(self, folder: Path) -> None:
        self.container: Container = memory_container(Settings(data_dir=folder))
        self.notifier = Asked()
        self.began, self.cut = asyncio.Event(), asyncio.Event()
        self.container.notifier.override(providers.Object(self.notifier))
        hang = Command(name="hang", description="Hangs", category="running", handler=self._hang)
        self.container.bot_commands.override(providers.Object([hang]))

    async def _hang(self, request: Request) -> Handled:
        self.began.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.cut.set()
        raise AssertionError(request)

    async def owe(self) -> OutgoingId:
        """A row to send."""
        container, key = self.container, OutgoingId(self.container.ids().new())
        content, now = SendText(chat_id=CHAT, text=RichText("Hello")), container.clock().now()
        async with container.unit_of_work() as work:
            await work.outgoing_messages.add([OutgoingMessage(key, CONSOLE_BOT, content, Priority.REPLY, now, now)])
            await work.commit()
        return key

    def row(self, key: OutgoingId) -> OutgoingMessage:
        """As it is stored."""
        store: MemoryStore = self.container.unit_of_work()._store
        return store.tables.outgoing[key].message


async def test_bot_stopped_while_a_handler_hangs_lets_what_is_on_its_way_arrive(tmp_path: Path) -> None:
    stuck = Stuck(tmp_path)
    stuck.notifier.hang(CHAT)
    key = await stuck.owe()
    bot = create_console_bot(stuck.container)
    running = asyncio.create_task(bot.run())
    await stuck.container.update_intake().receive(CONSOLE_BOT, [SAID])
    await stuck.began.wait()
    await stuck.notifier.asked.wait()

    stopping = asyncio.create_task(bot.stop(timedelta(seconds=3)))
    await stuck.cut.wait()
    await asyncio.sleep(0.1)
    stuck.notifier.release(CHAT)
    await stopping
    await running

    assert (stuck.row(key).state, stuck.row(key).attempts) == (OutgoingState.SENT, 1)
