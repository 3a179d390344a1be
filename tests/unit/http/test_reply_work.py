"""The reply worker beside the requests."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from dependency_injector import providers
from litestar import Litestar

from adapters.memory import ManualClock
from entrypoints.container import Container, memory_container
from entrypoints.http.lifespan import lifespan
from entrypoints.replying import ReplyWork
from entrypoints.settings import Settings


class FailingWorker:
    """Fails at each start until it is told to hold."""

    def __init__(self, failures: int) -> None:
        self.starts = 0
        self.stopped_within: timedelta | None = None
        self._failures = failures

    async def run(self) -> None:
        self.starts += 1
        if self.starts <= self._failures:
            raise OSError("the database is away")
        await asyncio.Event().wait()

    async def stop(self, deadline: timedelta) -> None:
        self.stopped_within = deadline


@pytest.fixture
def container(tmp_path: Path) -> Container:
    made = memory_container(Settings(data_dir=tmp_path))
    made.clock.override(providers.Singleton(ManualClock))
    return made


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_reply_work_that_fails_is_started_again(container: Container) -> None:
    worker = FailingWorker(failures=1)
    container.reply_worker.override(providers.Object(worker))
    work = ReplyWork(container)
    work.start()
    await turns()
    with pytest.raises(RuntimeError):
        await work.require_alive()
    container.clock().advance(timedelta(seconds=1))
    await turns()
    await work.require_alive()
    assert worker.starts == 2
    await work.stop(3.0)
    assert worker.stopped_within == timedelta(seconds=3)


async def test_reply_work_never_started_stops_at_once(container: Container) -> None:
    worker = FailingWorker(failures=0)
    container.reply_worker.override(providers.Object(worker))
    await ReplyWork(container).stop(3.0)
    assert worker.stopped_within is None


class DeafHub:
    """Starts, and fails to close."""

    async def start(self) -> None:
        return

    async def close(self, _deadline: float) -> None:
        raise OSError("no route")


class Connections:
    """Counts how often it was closed."""

    closed = 0

    async def dispose(self) -> None:
        self.closed += 1


async def test_shutdown_step_that_fails_keeps_no_other_from_running(
    container: Container, caplog: pytest.LogCaptureFixture
) -> None:
    worker, connections = FailingWorker(failures=0), Connections()
    container.reply_worker.override(providers.Object(worker))
    container.hub.override(providers.Object(DeafHub()))
    container.database.override(providers.Object(connections))
    async with lifespan(container, ReplyWork(container))(Litestar([], logging_config=None)):
        await turns()
    assert worker.stopped_within is not None
    assert timedelta(seconds=4) < worker.stopped_within <= timedelta(seconds=5)
    assert connections.closed == 1
    failed = [vars(record)["step"] for record in caplog.records if record.message == "shutdown_step_failed"]
    assert failed == ["sockets"]


class Loop:
    """Counts its starts and its ends."""

    starts = ends = 0

    async def run(self) -> None:
        self.starts += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.ends += 1


@pytest.mark.parametrize("name", ["identity_sweeper", "mail_worker", "event_retention", "embedding_in_background"])
async def test_application_lives_with_every_loop_and_ends_each(container: Container, name: str) -> None:
    worker, loop = FailingWorker(failures=0), Loop()
    container.reply_worker.override(providers.Object(worker))
    container.database.override(providers.Object(Connections()))
    getattr(container, name).override(providers.Object(loop))

    async with lifespan(container, ReplyWork(container))(Litestar([], logging_config=None)):
        await turns()
        running = (loop.starts, loop.ends)

    assert running == (1, 0)
    assert (loop.starts, loop.ends) == (1, 1)
