"""The bot under `kill -9`: updates come by the webhook, repeated and by many chats at once, and none is lost.

Telegram is the fake Bot API server, which delivers as Telegram does: in order within a chat, chats side by side, again
after growing pauses while nobody answers.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from adapters.testing.telegram import FakeTelegram
from tests.e2e.conftest import COMMAND, Instance
from tests.e2e.process.server import SETTINGS, serving
from tests.e2e.process.telegram import (
    Crowd,
    assert_handled_once,
    count,
    crowd,
    free_port,
    in_doubt,
    kept_by,
    on_their_way,
    unfinished,
    with_bot,
)

UPDATES, PEOPLE = 5_000, 1_000
FEW_UPDATES, FEW_PEOPLE = 1_000, 400
SOAK_UPDATES, SOAK_PEOPLE = 100_000, 5_000
QUEUED, UNANSWERED = 300, 800
LIFE, FEW_LIFE, SOAK_LIFE = (300, 1_000), (100, 300), (400, 1_600)
"""Calls that Telegram hears of a process until its kill: some seconds' work of a machine that does nothing else."""


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    async with FakeTelegram(webhook_longest_delay=2) as telegram:
        yield telegram


async def _ask_all(people: Crowd, updates: int) -> None:
    """One question after another, as long as Telegram has only so many to deliver and the bot so many to answer: until
    the end updates come in while others are handled.
    """
    telegram = people.telegram
    for number in range(updates):
        people.ask(number)
        while (  # noqa: ASYNC110 - it tells nobody
            len(telegram.state.updates.pending()) >= QUEUED or number - len(telegram.requests) > UNANSWERED
        ):
            await asyncio.sleep(0.05)


async def _until_one_is_taken_in(people: Crowd) -> None:
    """The moment in which Telegram hears that an update is kept; or some seconds later, where none is delivered."""
    queue = people.telegram.state.updates
    waiting = queue.pending()
    with suppress(TimeoutError):
        async with asyncio.timeout(3):
            while {*map(id, waiting)} <= {*map(id, queue.pending())}:  # noqa: ASYNC110 - a millisecond is too late here
                await asyncio.sleep(0)


async def _kill_and_start_until_done(
    instance: Instance, people: Crowd, updates: int, life: tuple[int, int], seed: int
) -> tuple[int, int]:
    """Run a server, kill it at the worst moment, run the next; (kills, answers of which nobody knew whether they
    had arrived: they were on their way then, or their connection broke).

    Once four of five are answered the last server is left alone: it ends when nothing waits.
    """
    chance, store = random.Random(seed), kept_by(instance)
    queue = people.telegram.state.updates
    command = (*COMMAND, "serve", "--port", instance.settings["GUILDHALL_PUBLIC_URL"].rpartition(":")[2])
    asking = asyncio.create_task(_ask_all(people, updates))
    kills = doubts = 0
    uncertain: set[tuple[object, ...]] = set()
    while True:
        # However busy the machine is, it is the updates that count here.
        async with serving(instance, command, patience=240) as server:
            calls = len(people.telegram.requests)
            is_last, ends = calls > 0.8 * updates, calls + chance.randint(*life)
            while is_last or len(people.telegram.requests) < ends:
                await asyncio.sleep(0.1)
                assert server.process.poll() is None, server.log.read_text()
                if asking.done() and not queue.pending() and not unfinished(store):
                    await asking
                    assert await server.terminate() == 0
                    return kills, len(uncertain) + doubts + in_doubt(server)
            await _until_one_is_taken_in(people)
            server.kill()
        kills += 1
        uncertain |= on_their_way(store)
        doubts += in_doubt(server)


async def assert_none_is_lost(
    telegram: FakeTelegram, instance: Instance, updates: int, people: int, life: tuple[int, int], seed: int
) -> None:
    instance = with_bot(instance, telegram, free_port(), "webhook")
    everybody = crowd(telegram, people, seed)
    outcome = await asyncio.to_thread(instance.run, "bot", "webhook", "set")
    assert outcome.code == 0, outcome.err

    kills, uncertain = await _kill_and_start_until_done(instance, everybody, updates, life, seed)

    assert kills >= 2
    assert everybody.repeated > updates / 5
    assert_handled_once(kept_by(instance), updates)
    everybody.assert_answered_in_order(uncertain)
    assert count(kept_by(instance), "SELECT count(*) FROM telegram_webhooks WHERE attempts > 1") > 0


@pytest.mark.timeout(600)
async def test_telegram_kill_again_and_again_loses_no_update_and_no_answer(
    telegram: FakeTelegram, instance: Instance
) -> None:
    await assert_none_is_lost(telegram, instance, UPDATES, PEOPLE, LIFE, seed=5)


@pytest.mark.postgres
@pytest.mark.timeout(600)
async def test_telegram_kill_on_postgresql_loses_no_update_and_no_answer(
    telegram: FakeTelegram, empty_instance: Instance, postgres_database: str
) -> None:
    settings = {**SETTINGS, **empty_instance.settings, "GUILDHALL_DATABASE_URL": postgres_database}
    instance = Instance(empty_instance.folder, settings)
    outcome = await asyncio.to_thread(instance.run, "init")
    assert outcome.code == 0, outcome.err
    await assert_none_is_lost(telegram, instance, FEW_UPDATES, FEW_PEOPLE, FEW_LIFE, seed=8)


@pytest.mark.soak
@pytest.mark.timeout(14_400)
async def test_telegram_kill_under_100_000_updates_loses_none(telegram: FakeTelegram, instance: Instance) -> None:
    await assert_none_is_lost(telegram, instance, SOAK_UPDATES, SOAK_PEOPLE, SOAK_LIFE, seed=6)
