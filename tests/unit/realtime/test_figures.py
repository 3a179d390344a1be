"""What operators hear on `system_metrics`."""

import pytest

from application.ports.realtime import Announcement, Transient
from domain.errors import NotAllowed
from domain.identity import Role
from tests.unit.realtime.world import World, turns


async def test_figures_are_told_every_five_seconds_to_who_hears_them() -> None:
    async with World() as world:
        admin = world.peer(await world.member(Role.ADMIN))
        ben = await world.member(name="ben")
        session = await world.session(ben)
        for peer in (world.peer(ben), world.peer(ben)):
            await peer.subscribe(f"session:{session.id}")
        await world.pass_time(7)
        await admin.subscribe("system_metrics")
        await world.pass_time(16)

        told = admin.of_type("system_metrics")

    assert [frame["at"] for frame in told] == [f"2026-01-05T12:00:{second}Z" for second in (10, 15, 20)]
    assert {key: value for key, value in told[0].items() if key != "process"} == {
        "type": "system_metrics",
        "channel": "system_metrics",
        "at": "2026-01-05T12:00:10Z",
        "uptime_seconds": 10.0,
        "sockets": {
            "total_connections": 3,
            "unique_users": 2,
            "connections_by_channel": {"session": 2, "system_metrics": 1},
            "oldest": "2026-01-05T12:00:00Z",
            "newest": "2026-01-05T12:00:00Z",
        },
        "usage": {"cpu_seconds": 1.5, "resident_bytes": 80_000_000, "open_files": 12},
    }


async def test_figures_that_nobody_hears_are_not_told() -> None:
    async with World() as world:
        heard: list[Announcement] = []
        admin = world.peer(await world.member(Role.ADMIN))
        await admin.subscribe("system_metrics")
        await world.pass_time(6)
        await admin.cut()
        await world.pass_time(15)
        world.bus.listen(heard.append)
        await world.pass_time(30)

    assert len(admin.of_type("system_metrics")) == 1
    assert [one for one in heard if isinstance(one, Transient) and one.channel == "system_metrics"] == []


async def test_figures_of_every_process_are_told_and_none_is_in_the_log() -> None:
    async with World() as world, world.another_process():
        admin = world.peer(await world.member(Role.ADMIN))
        await admin.subscribe("system_metrics")
        await world.pass_time(21)

        told = admin.of_type("system_metrics")

    assert len({frame["process"] for frame in told}) == 2
    assert {frame["sockets"]["total_connections"] for frame in told} == {0, 1}
    assert await world.log.positions(["system_metrics"]) == {"system_metrics": 0}


async def test_figures_are_for_admins_only() -> None:
    async with World() as world:
        peer = world.peer(await world.member(Role.SUBSCRIBER))
        with pytest.raises(NotAllowed):
            await peer.subscribe("system_metrics")
        admin = world.peer(await world.member(Role.ADMIN, "ben"))
        await admin.subscribe("system_metrics")
        await world.pass_time(6)
        await turns(5)

        assert admin.of_type("system_metrics")
        assert peer.frames == []
