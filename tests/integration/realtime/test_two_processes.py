"""Two processes on one database, with no bus between them: the log alone keeps the sockets of one true to the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.websocket import Hub, HubSettings
from domain.guides import Guide, GuideContent, GuideId
from domain.identity import Actor, Grant, GrantId, GrantSource, Member, MemberId, Role, User, UserId
from entrypoints.container import Container, sql_container
from entrypoints.settings import Settings
from entrypoints.settings.sections import DatabaseSettings
from tests.unit.realtime.world import FakeSocket

SETTINGS = HubSettings(log_seconds=0.05, rights_seconds=0.1)
PATIENCE = 8.0


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
async def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """An empty, migrated database of each engine."""
    url = f"sqlite+aiosqlite:///{tmp_path / 'guildhall.db'}"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_database").replace("postgresql://", "postgresql+asyncpg://")
    made = Settings(data_dir=tmp_path, database=DatabaseSettings(url=url))
    async with _process(made) as container:
        await container.migrator().upgrade()
    return made


async def test_processes_other_ones_changes_come_in_order(settings: Settings) -> None:
    async with _process(settings) as here, _process(settings) as there, _hub(here) as hub:
        peer = FakeSocket()
        serving = await _subscribed(hub, await _member(here), peer)
        await asyncio.gather(*(_guide(process) for _ in range(15) for process in (here, there)))
        await _until(peer, 30)
        serving.cancel()

    assert [frame["offset"] for frame in peer.frames if frame["type"] == "guide_updated"] == list(range(1, 31))


async def test_processes_reconnecting_client_has_exactly_the_log(settings: Settings) -> None:
    async with _process(settings) as here, _process(settings) as there, _hub(here) as hub:
        actor, offsets = await _member(here), []
        writing = asyncio.gather(*(_guide(process) for _ in range(10) for process in (here, there)))
        epoch, last = hub.epoch, 0
        while last < 20:
            peer = FakeSocket()
            serving = await _subscribed(hub, actor, peer, epoch, last)
            await _until(peer, min(3, 20 - last))
            serving.cancel()
            offsets += [frame["offset"] for frame in peer.frames if frame["type"] == "guide_updated"]
            last = offsets[-1]
        await writing

    assert offsets == list(range(1, 21))


async def test_processes_ban_by_the_other_closes_the_socket(settings: Settings) -> None:
    async with _process(settings) as here, _process(settings) as there, _hub(here) as hub:
        actor = await _member(here, Role.ADMIN)
        peer = FakeSocket()
        serving = await _subscribed(hub, actor, peer)
        async with there.unit_of_work() as work:
            member = await work.members.get(actor.require_member())
            assert member.user is not None
            member.user.is_active = False
            member.version += 1
            await work.members.save(member, there.clock().now())
            await work.commit()
        async with asyncio.timeout(PATIENCE):
            await serving

    assert peer.closed is not None
    assert peer.closed[0] == 4001


@asynccontextmanager
async def _process(settings: Settings) -> AsyncIterator[Container]:
    container = sql_container(settings)
    try:
        yield container
    finally:
        await container.database().dispose()


@asynccontextmanager
async def _hub(container: Container) -> AsyncIterator[Hub]:
    hub = Hub(
        container.connection_manager(),
        container.subscription_service(),
        container.event_log(),
        container.bus(),
        container.clock(),
        container.ids(),
        container.metrics(),
        SETTINGS,
    )
    await hub.start()
    try:
        yield hub
    finally:
        await hub.close(deadline=0)


async def _subscribed(
    hub: Hub, actor: Actor, peer: FakeSocket, epoch: str | None = None, offset: int | None = None
) -> asyncio.Task[None]:
    client = hub.connect(actor, peer)
    await client.subscribe("guides", epoch, offset)

    async def serve() -> None:
        try:
            await client.run()
        finally:
            client.leave()

    return asyncio.create_task(serve())


async def _until(peer: FakeSocket, events: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while sum(frame["type"] == "guide_updated" for frame in peer.frames) < events:
            await asyncio.wait_for(peer.heard.wait(), PATIENCE)
            peer.heard.clear()


async def _member(container: Container, role: Role = Role.PUBLIC) -> Actor:
    now = container.clock().now()
    user = User(UserId(container.ids().new()), None, "ada", None, created_at=now, updated_at=now)
    member = Member(MemberId(container.ids().new()), now, now, user)
    if role > Role.PUBLIC:
        member.grants.append(
            Grant(GrantId(container.ids().new()), role, GrantSource.MANUAL, None, "for the test", None, now)
        )
    async with container.unit_of_work() as work:
        await work.members.add(member, now)
        await work.commit()
    return Actor(member_id=member.id, role=role)


async def _guide(container: Container) -> None:
    content = GuideContent.checked(title="Position sizing", category="risk")
    async with container.unit_of_work() as work:
        await work.guides.add(Guide.create(GuideId(container.ids().new()), content, container.clock().now()))
        await work.commit()
