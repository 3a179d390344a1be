"""What runs beside the requests, from the start of the process to its end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar

from entrypoints.beside import Beside, Service
from entrypoints.container import Container
from entrypoints.replying import ReplyWork

_log = logging.getLogger(__name__)


def lifespan(
    container: Container, work: ReplyWork, services: Sequence[Service] = ()
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The hub, the reply worker, and what sends mail, sweeps and embeds guides, around the application's life; the
    services too, such as the bot.

    At the end sockets are told to come back (1012), services and running replies get what is left of the second half
    of the deadline, and the connections to the database close. A step that fails keeps no other from running.
    """

    @asynccontextmanager
    async def live(_app: Litestar) -> AsyncIterator[None]:
        await container.hub().start()
        work.start()
        beside = Beside(
            container.clock(),
            {
                "event-retention": container.event_retention().run,
                "embedding": container.embedding_in_background().run,
                "bot-sweeper": container.bot_sweeper().run,
                "identity-sweeper": container.identity_sweeper().run,
                "mail": container.mail_worker().run,
            },
        )
        beside.start()
        for service in services:
            service.start()
        try:
            yield
        finally:
            ends = asyncio.get_running_loop().time() + container.settings().http.shutdown_seconds / 2

            def left() -> float:
                return max(0.0, ends - asyncio.get_running_loop().time())

            await _step("loops", beside.stop(left()))
            await _step("sockets", container.hub().close(left()))
            ends_together = [work.stop(left()), *(service.stop(left()) for service in services)]
            await asyncio.gather(*(_step("work", each) for each in ends_together))
            await _step("database", container.database().dispose())

    return live


async def _step(name: str, step: Awaitable[object]) -> None:
    try:
        await step
    except Exception:  # noqa: BLE001 - the next step must still run
        _log.exception("shutdown_step_failed", extra={"step": name})
