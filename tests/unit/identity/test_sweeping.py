"""Roles that ended, and what has served."""

import asyncio
from datetime import timedelta

import pytest

from application.identity.sweeping import PAUSE_SECONDS, ROLES_BATCH, IdentitySweeper
from application.ports.identity import IdentitySweep
from domain.errors import Unavailable
from domain.identity import OPERATOR, AuditAction, MemberId, Role
from tests.unit.identity.rights import KEEP, RightsWorld


@pytest.fixture
def world() -> RightsWorld:
    """An instance without members."""
    return RightsWorld()


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def for_an_hour(world: RightsWorld, member_id: MemberId, role: Role) -> None:
    await world.members.grant(OPERATOR, member_id, role, "", world.clock.now() + timedelta(hours=1))


async def test_role_that_ended_is_taken_back_told_and_a_line(world: RightsWorld) -> None:
    ann, ben = await world.web_member("ann", Role.SUBSCRIBER), await world.web_member("ben", Role.ADMIN)
    await for_an_hour(world, ann, Role.ADMIN)
    world.later(hours=1)
    world.heard.clear()
    before = dict(world.store.tables.roles)

    settled = await world.sweeper.settle_roles()

    assert (settled, before[ann]) == (1, Role.ADMIN)
    assert world.store.tables.roles == {ann: Role.SUBSCRIBER, ben: Role.ADMIN}
    assert world.told() == {ann: 1}
    (line,) = world.lines(AuditAction.ROLE_EXPIRED)
    assert (line.actor_id, line.resource_id) == (None, str(ann))
    assert line.details == {"role": "SUBSCRIBER", "ended": ["ADMIN"], "by": "system"}


async def test_roles_settled_twice_change_once(world: RightsWorld) -> None:
    ann = await world.web_member("ann")
    await world.subscribe(ann, hours=1)
    world.later(hours=1)

    settled = [await world.sweeper.settle_roles() for _ in range(2)]

    assert settled == [1, 0]
    assert len(world.lines(AuditAction.ROLE_EXPIRED)) == 1


async def test_roles_of_more_than_a_batch_are_all_settled(world: RightsWorld) -> None:
    members = [await world.web_member(f"member{number}") for number in range(ROLES_BATCH + 1)]
    for member in members:
        await world.subscribe(member, hours=1)
    world.later(hours=1)

    settled = await world.sweeper.settle_roles()

    assert settled == ROLES_BATCH + 1
    assert set(world.store.tables.roles.values()) == {Role.PUBLIC}


async def test_retention_forgets_each_kind_after_its_time(world: RightsWorld) -> None:
    ann = await world.web_member("ann", Role.ADMIN)
    signed_in = await world.signed_in(ann)
    await world.members.sign_in_link(OPERATOR, ann)
    await world.members.grant(await world.acting(ann), await world.web_member("ben"), Role.SUBSCRIBER, "")
    tables, found = world.store.tables, []
    for days in (1, 1, 90, 10):
        world.later(days=days, seconds=1)
        forgotten = await world.sweeper.forget()
        tables = world.store.tables
        kept = [len(tables.one_time_tokens), signed_in in tables.sign_ins, any(e.ip for e in tables.audit.values())]
        found.append((forgotten, kept))

    assert found == [
        ({}, [1, True, True]),
        ({"tokens": 1}, [0, True, True]),
        ({"audit_addresses": 1}, [0, True, False]),
        ({"sign_ins": 1}, [0, False, False]),
    ]


class AwayOnce(IdentitySweep):
    """Does not answer the first time."""

    asked = 0

    async def sign_ins(self, before: object, limit: int) -> int:
        self.asked += 1
        if self.asked == 1:
            raise Unavailable("the database is away")
        return 0

    async def tokens(self, before: object, limit: int) -> int:
        return 0

    async def idempotency_keys(self, before: object, limit: int) -> int:
        return 0

    async def audit_addresses(self, before: object, limit: int) -> int:
        return 0


async def test_sweeper_that_waits_for_the_database_goes_on(
    world: RightsWorld, caplog: pytest.LogCaptureFixture
) -> None:
    sweep = AwayOnce()
    ann = await world.web_member("ann")
    await world.subscribe(ann, hours=1)
    sweeper = IdentitySweeper(world.unit_of_work, sweep, world.trail, world.clock, KEEP)
    task = asyncio.create_task(sweeper.run())
    await turns()
    world.later(hours=1)
    await turns()
    stored = world.store.tables.roles[ann]
    world.later(seconds=PAUSE_SECONDS)
    await turns()
    task.cancel()
    await asyncio.wait({task})

    assert (stored, sweep.asked) == (Role.PUBLIC, 2)
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == ["identity_sweep_waits"]
