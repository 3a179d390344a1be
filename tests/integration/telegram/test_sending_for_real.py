"""The container's worker on SQLite against the fake Bot API: every row arrives, whatever the network does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.testing.telegram import faults
from adapters.testing.telegram.fake import FakeTelegram
from application.ports.realtime import OutgoingOwed
from application.telegram.sending import OutgoingWorker
from domain.telegram import Outgoing, OutgoingId, OutgoingMessage, Priority, RichText, SendText
from entrypoints.container import Container, sql_container
from entrypoints.settings import Secret, Settings, TelegramSettings


@pytest.fixture
async def container(telegram: FakeTelegram, tmp_path: Path) -> AsyncIterator[Container]:
    bot = TelegramSettings(bot_token=Secret(telegram.token), api_base_url=telegram.url)
    container = sql_container(Settings(data_dir=tmp_path, telegram=bot))
    await container.migrator().upgrade()
    yield container
    await container.bot_connection().close()
    await container.database().dispose()


async def owe(container: Container, *contents: Outgoing) -> None:
    """Rows to send, committed and announced."""
    bot, now = container.settings().telegram.bot_id, container.clock().now()
    assert bot is not None
    async with container.unit_of_work() as work:
        await work.outgoing_messages.add(
            [
                OutgoingMessage(OutgoingId(container.ids().new()), bot, each, Priority.REPLY, now, now)
                for each in contents
            ]
        )
        work.announce(OutgoingOwed(bot))
        await work.commit()


@asynccontextmanager
async def at_work(container: Container) -> AsyncIterator[OutgoingWorker]:
    worker = container.outgoing_worker()
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        task.cancel()
        await asyncio.wait({task})


def text(chat_id: int, words: str) -> SendText:
    return SendText(chat_id=chat_id, text=RichText(words))


async def test_sending_with_troubles_of_every_kind_each_row_arrives_in_order(
    telegram: FakeTelegram, container: Container
) -> None:
    people = [telegram.user(f"Member {number}", started=True) for number in range(12)]
    troubles = [faults.flood(1), faults.bad_gateway(), faults.server_error(), faults.reset(), faults.garbage()]
    for user, trouble in zip(people, troubles, strict=False):
        telegram.fail(trouble, "sendMessage", in_=user)

    async with at_work(container):
        await owe(container, *(text(user.id, f"{number}") for number in range(3) for user in people))
        await telegram.until(lambda: all(len(telegram.said_to(user)) >= 3 for user in people), within=20)

    for user in people:
        assert [post.text for post in telegram.said_to(user)] == ["0", "1", "2"]


async def test_sending_whose_answer_was_lost_repeats_that_message_and_nothing_else(
    telegram: FakeTelegram, container: Container
) -> None:
    ada = telegram.user("Ada", started=True)
    telegram.fail(faults.reset().afterwards(), "sendMessage", in_=ada)

    async with at_work(container):
        await owe(container, text(ada.id, "one"), text(ada.id, "two"))
        await telegram.until(lambda: len(telegram.said_to(ada)) >= 3, within=10)

    assert [post.text for post in telegram.said_to(ada)] == ["one", "one", "two"]


async def test_sending_while_telegram_is_away_goes_on_when_it_is_back(
    telegram: FakeTelegram, container: Container
) -> None:
    ada = telegram.user("Ada", started=True)
    await telegram.stop()

    async with at_work(container):
        await owe(container, text(ada.id, "one"))
        await asyncio.sleep(0.5)
        await telegram.start()
        await telegram.until(lambda: telegram.said_to(ada), within=10)

    assert [post.text for post in telegram.said_to(ada)] == ["one"]


async def test_sending_to_a_slow_chat_lets_every_other_go_ahead(telegram: FakeTelegram, container: Container) -> None:
    people = [telegram.user(f"Member {number}", started=True) for number in range(30)]
    slow = telegram.user("Slow", started=True)

    async with at_work(container):
        telegram.fail(faults.slow(20), "sendMessage", in_=slow, times=None)
        await owe(container, text(slow.id, "wait"))
        await telegram.until(lambda: str(slow.id) in [call["chat_id"] for call in telegram.calls("sendMessage")])
        await owe(container, *(text(user.id, "hello") for user in people))
        await telegram.until(lambda: all(telegram.said_to(user) for user in people), within=15)

    assert telegram.said_to(slow) == []


async def test_sending_stopped_in_the_middle_loses_nothing(telegram: FakeTelegram, container: Container) -> None:
    people = [telegram.user(f"Member {number}", started=True) for number in range(40)]
    await owe(container, *(text(user.id, f"{number}") for number in range(2) for user in people))

    async with at_work(container) as worker:
        await telegram.until(lambda: len(telegram.calls("sendMessage")) >= 10)
        await worker.stop(timedelta(seconds=5))
        sent = len(telegram.calls("sendMessage"))
        await asyncio.sleep(0.3)
        assert len(telegram.calls("sendMessage")) == sent
    async with at_work(container):
        await telegram.until(lambda: all(len(telegram.said_to(user)) >= 2 for user in people), within=20)

    for user in people:
        assert [post.text for post in telegram.said_to(user)] == ["0", "1"]
