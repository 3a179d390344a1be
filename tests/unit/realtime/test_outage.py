"""A database that is away: what the regular work says about it."""

import logging

import pytest

from domain.errors import Unavailable
from tests.unit.realtime.world import World


async def test_hub_database_away_is_told_once_when_it_begins_and_once_when_it_is_over(
    caplog: pytest.LogCaptureFixture,
) -> None:
    told = []
    async with World() as world:
        with caplog.at_level(logging.INFO, "adapters.websocket"):
            for _ in range(2):
                world.log.failure = Unavailable("The database does not answer.")
                for _ in range(5):
                    await world.pass_time(1)
                told.append([(record.message, vars(record).get("reason")) for record in caplog.records])
                world.log.failure = None
                for _ in range(3):
                    await world.pass_time(1)
        tracebacks = [record for record in caplog.records if record.exc_info]

    waits, goes_on = ("regular_work_waits", "The database does not answer."), ("regular_work_goes_on", None)
    assert told == [[waits], [waits, goes_on, waits]]
    assert caplog.messages == ["regular_work_waits", "regular_work_goes_on"] * 2
    assert not tracebacks
