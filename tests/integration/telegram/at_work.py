"""The bot and the assistant of a container, while they run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from entrypoints.container import Container
from entrypoints.replying import ReplyWork
from entrypoints.telegram_bot.bot import Bot, create_bot

Made = Callable[..., Container]


@asynccontextmanager
async def at_work(container: Container) -> AsyncIterator[Bot]:
    """The bot and the assistant."""
    bot, replies = create_bot(container), ReplyWork(container)
    replies.start()
    task = asyncio.create_task(bot.run())
    try:
        yield bot
    finally:
        await bot.stop(timedelta(seconds=2))
        await replies.stop(2)
        task.cancel()
        await asyncio.wait({task})
