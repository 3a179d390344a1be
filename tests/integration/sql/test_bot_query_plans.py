"""The plans of the bot's queries: claims cost what they take, not what waits."""

from datetime import timedelta
from functools import partial

import pytest

from adapters.sql.database import Database
from adapters.sql.lane_statements import WINDOW
from adapters.sql.telegram_updates import SqlUpdateQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from application.ports.inbox import UpdateFilter
from domain.telegram import UpdateState
from tests.support.backend import Backend
from tests.support.bot import BOT, LEASE, arrived, new_message, new_update
from tests.support.query_plans import SCAN, plans, statements

INDEXES = ("bot_id_lane_update_id_waiting", "bot_id_is_urgent_due_at_id_waiting", "bot_id_lane_lease_until_held")


@pytest.fixture
async def waiting(backend: Backend) -> None:
    """Updates and rows to send in a few lanes."""
    await arrived(backend, *(new_update(backend, number, f"chat:{number % 3}") for number in range(9)))
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add([new_message(backend, number % 3 + 1) for number in range(9)])
        await work.commit()


def read_whole(plan: str, database: Database, table: str) -> list[str]:
    """The steps that read all rows of the table."""
    sign = SCAN[database.url.get_backend_name()]
    steps = [line for line in plan.splitlines() if sign in line and table in line]
    return [step for step in steps if "USING INDEX" not in step and "USING COVERING INDEX" not in step]


async def test_bot_query_plans_of_claims_go_by_the_indexes_of_what_waits(
    database: Database, backend: Backend, waiting: None
) -> None:
    now, claim = backend.clock.now(), backend.ids.new()
    with statements(database) as sent:
        async with SqlUnitOfWork(database, backend.bus, backend.clock) as work:
            found = await work.telegram_updates.claim(BOT, claim, now, now + LEASE, lanes=9, per_lane=2)
            assert len(found) == 6
            assert len(await work.telegram_updates.renew(claim, now + LEASE)) == 6
            assert await work.telegram_updates.next_due(BOT, now) == now + LEASE
            assert len(await work.outgoing_messages.claim(BOT, claim, now, now + LEASE, 9)) == 3
            await work.outgoing_messages.next_due(BOT, now)
            await work.commit()
    found_plans = await plans(database, sent)
    assert len(found_plans) >= 10
    for plan in found_plans:
        assert read_whole(plan, database, "telegram_webhooks") == []
        assert read_whole(plan, database, "outgoing_messages") == []
        assert read_whole(plan, database, "each_row") == []
    text = "\n".join(found_plans)
    for index in INDEXES:
        assert f"ix_telegram_webhooks_{index}" in text
    assert "ix_outgoing_messages_bot_id_lane_position_waiting" in text


async def test_bot_query_plans_of_claims_look_once_into_each_lane_also_with_statistics_of_an_empty_table(
    database: Database, backend: Backend
) -> None:
    count = 2 * WINDOW
    await arrived(backend, *(new_update(backend, number, f"chat:{number}") for number in range(count)))
    now = backend.clock.now()
    with statements(database) as sent:
        async with SqlUnitOfWork(database, backend.bus, backend.clock) as work:
            claim = partial(work.telegram_updates.claim, BOT, now=now, lease_until=now + LEASE, per_lane=2)
            assert len(await claim(claim=backend.ids.new(), lanes=count - 1)) == count - 1
            assert len(await claim(claim=backend.ids.new(), lanes=9)) == 1
            await work.commit()
    text = "\n".join(await plans(database, sent))
    assert "Anti Join" not in text
    assert "Materialize" not in text


async def test_bot_query_plans_of_sweeps_and_forgetting_go_by_their_indexes(
    database: Database, backend: Backend, waiting: None
) -> None:
    before = backend.clock.now() + timedelta(days=1)
    with statements(database) as sent:
        async with SqlUnitOfWork(database, backend.bus, backend.clock) as work:
            await work.telegram_updates.forget_bodies(before, 10)
            assert await work.telegram_updates.forget_person(1, before) == 3
            await work.outgoing_messages.forget(before, 10)
            assert await work.outgoing_messages.forget_chat(1) == 3
    found = await plans(database, sent)
    for plan in found:
        assert read_whole(plan, database, "telegram_webhooks") == []
        assert read_whole(plan, database, "outgoing_messages") == []
    text = "\n".join(found)
    assert "ix_telegram_webhooks_handled_at_with_body" in text
    assert "ix_telegram_webhooks_lane_id_with_body" in text


async def test_bot_query_plans_of_pages_walk_an_index(database: Database, backend: Backend, waiting: None) -> None:
    queries = SqlUpdateQueries(database)
    with statements(database) as sent:
        first = await queries.page(UpdateFilter(), limit=3)
        await queries.page(UpdateFilter(UpdateState.ERROR), limit=3, cursor=first.next_cursor)
        await queries.counts(BOT)
        async with SqlUnitOfWork(database, backend.bus, backend.clock) as work:
            await work.telegram_updates.dead_letters(BOT, None, 3)
    found = await plans(database, sent)
    assert len(found) == 4
    for plan in found:
        assert read_whole(plan, database, "telegram_webhooks") == []
    assert "ix_telegram_webhooks_state_id" in found[1]
