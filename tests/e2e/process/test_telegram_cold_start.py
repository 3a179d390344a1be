"""A bot that was away for long: what waits at Telegram is taken in and handled, all of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.testing.telegram import FakeTelegram, Group
from tests.e2e.conftest import Instance
from tests.e2e.process.server import serving
from tests.e2e.process.telegram import count, crowd, free_port, select, unfinished, with_bot

QUEUED, ASKED, GROUPS = 5_000, 250, 25


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram() as telegram:
        yield telegram


def _talk(telegram: FakeTelegram, group: Group, number: int) -> None:
    message = {
        "message_id": number + 1,
        "from": {"id": 900_000 + number % 300, "is_bot": False, "first_name": "Somebody"},
        "chat": group.chat.to_json(),
        "date": int(telegram.clock.now().timestamp()),
        "text": f"Nothing that the bot is asked, {number}",
    }
    telegram.inject({"message": message}, f"chat:{group.id}")


@pytest.mark.timeout(600)
async def test_telegram_cold_start_with_5000_queued_updates_handles_all(
    telegram: FakeTelegram, instance: Instance
) -> None:
    instance = with_bot(instance, telegram, free_port(), "polling")
    people = crowd(telegram, 50, seed=7)
    groups = [telegram.group(f"Talk {number}") for number in range(GROUPS)]
    members, asked = count(instance.database, "SELECT count(*) FROM members"), 0
    for number in range(QUEUED):
        if number % (QUEUED // ASKED) == 0:
            people.ask(asked, again=False)
            asked += 1
        else:
            _talk(telegram, groups[number % GROUPS], number)

    async with serving(instance) as server:
        while count(instance.database, "SELECT count(*) FROM telegram_webhooks") < QUEUED or unfinished(
            instance.database
        ):
            await asyncio.sleep(0.5)
            assert server.process.poll() is None, server.log.read_text()
        assert await server.terminate() == 0

    states = select(instance.database, "SELECT state, count(DISTINCT update_id) FROM telegram_webhooks GROUP BY state")
    assert states == [(2, QUEUED)]
    assert telegram.state.updates.pending() == []
    people.assert_answered_in_order()
    assert len(telegram.calls("sendMessage")) == ASKED
    assert count(instance.database, "SELECT count(*) FROM members") == members + len(people.asked)
