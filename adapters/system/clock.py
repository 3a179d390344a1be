"""The machine's clock."""

import asyncio
from datetime import UTC, datetime

from application.ports.system import Clock


class SystemClock(Clock):
    """Real time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    async def sleep(self, seconds: float) -> None:
        """Let other tasks run for that long; zero or less gives way once."""
        await asyncio.sleep(seconds)
