"""What runs beside the requests, from the start of the process to its end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta

from litestar import Litestar

from application.ports.system import Clock
from entrypoints.container import Container
from entrypoints.http.beside import Beside

RESTART_SECONDS = 1.0

_log = logging.getLogger(__name__)


class ReplyWork:
    """Keeps the reply worker running: one that fails is started again."""

    def __init__(self, container: Container) -> None:
        self._worker = container.reply_worker()
        self._clock: Clock = container.clock()
        self._task: asyncio.Task[None] | None = None
        self._is_running = False

    async def require_alive(self) -> None:
        """Raise unless replies are being worked on."""
        if not self._is_running:
            raise RuntimeError("the reply worker is not running")

    def start(self) -> None:
        """Work from now on."""
        self._task = asyncio.create_task(self._supervise(), name="reply-worker")

    async def stop(self, seconds: float) -> None:
        """Let running replies end for so long, then keep what arrived."""
        if self._task is None:
            return
        await self._worker.stop(timedelta(seconds=seconds))
        self._task.cancel()
        await asyncio.wait({self._task})

    async def _supervise(self) -> None:
        while True:
            self._is_running = True
            try:
                await self._worker.run()
            except Exception:  # noqa: BLE001 - replies go on as soon as what failed is back
                _log.exception("reply_worker_ended")
            finally:
                self._is_running = False
            await self._clock.sleep(RESTART_SECONDS)


def lifespan(container: Container, work: ReplyWork) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The hub, the reply worker, and what sends mail, sweeps and embeds guides, around the application's life.

    At the end sockets are told to come back (1012), running replies get what is left of the second half of the
    deadline, and the connections to the database close. A step that fails keeps no other from running.
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
                "identity-sweeper": container.identity_sweeper().run,
                "mail": container.mail_worker().run,
            },
        )
        beside.start()
        try:
            yield
        finally:
            ends = asyncio.get_running_loop().time() + container.settings().http.shutdown_seconds / 2

            def left() -> float:
                return max(0.0, ends - asyncio.get_running_loop().time())

            await _step("loops", beside.stop(left()))
            await _step("sockets", container.hub().close(left()))
            await _step("replies", work.stop(left()))
            await _step("database", container.database().dispose())

    return live


async def _step(name: str, step: Awaitable[object]) -> None:
    try:
        await step
    except Exception:  # noqa: BLE001 - the next step must still run
        _log.exception("shutdown_step_failed", extra={"step": name})
