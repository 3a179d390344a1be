"""Announcements: fast, in order, and never the publisher's problem."""

import logging

import pytest

from adapters.memory import InMemoryBus
from application.ports.realtime import Announcement, Bus, ReplyWaiting, RightsChanged, Transient
from domain.events import GUIDES


@pytest.fixture(params=["memory"])
def bus(request: pytest.FixtureRequest) -> Bus:
    return InMemoryBus()


def typing(number: int) -> Transient:
    return Transient(GUIDES, "typing_indicator", {"number": number})


async def test_bus_listeners_hear_everything_in_order(bus: Bus) -> None:
    first: list[Announcement] = []
    second: list[Announcement] = []
    bus.listen(first.append)
    bus.listen(second.append)
    told = [typing(1), ReplyWaiting(), RightsChanged(channel=GUIDES), typing(2)]
    for announcement in told:
        bus.publish(announcement)
    assert first == second == told


async def test_bus_listener_hears_nothing_from_before(bus: Bus) -> None:
    heard: list[Announcement] = []
    bus.publish(typing(1))
    bus.listen(heard.append)
    bus.publish(typing(2))
    assert heard == [typing(2)]


async def test_bus_stopped_listener_hears_no_more(bus: Bus) -> None:
    heard: list[Announcement] = []
    stop = bus.listen(heard.append)
    bus.publish(typing(1))
    stop()
    stop()
    bus.publish(typing(2))
    assert heard == [typing(1)]


async def test_bus_same_listener_twice_is_stopped_one_by_one(bus: Bus) -> None:
    heard: list[Announcement] = []
    stop, _ = bus.listen(heard.append), bus.listen(heard.append)
    bus.publish(typing(1))
    stop()
    bus.publish(typing(2))
    assert heard == [typing(1), typing(1), typing(2)]


async def test_bus_raising_listener_hurts_nobody_and_is_logged(bus: Bus, caplog: pytest.LogCaptureFixture) -> None:
    heard: list[Announcement] = []

    def broken(announcement: Announcement) -> None:
        raise ValueError("broken listener")

    bus.listen(broken)
    bus.listen(heard.append)
    with caplog.at_level(logging.ERROR):
        bus.publish(typing(1))
    assert heard == [typing(1)]
    assert [record.exc_info[0] for record in caplog.records] == [ValueError]


async def test_bus_listener_that_stops_while_told_leaves_the_others(bus: Bus) -> None:
    heard: list[Announcement] = []
    stops = []
    stops.append(bus.listen(lambda announcement: stops[0]()))
    bus.listen(heard.append)
    bus.publish(typing(1))
    bus.publish(typing(2))
    assert heard == [typing(1), typing(2)]


async def test_bus_without_listeners_takes_announcements(bus: Bus) -> None:
    heard: list[Announcement] = []
    bus.publish(typing(1))
    bus.listen(heard.append)
    assert heard == []
