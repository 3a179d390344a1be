"""The reply worker, for as long as the process lives."""

import asyncio
import logging
from datetime import timedelta

from application.ports.system import Clock
from entrypoints.container import Container

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
