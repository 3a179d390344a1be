"""Who is owner, who stays owner, and whose stored role is out of date."""

from datetime import datetime, timedelta

from domain.identity import OPERATOR, Grant, GrantId, GrantSource, Member, MemberId, Role
from tests.support.backend import Backend
from tests.support.given import added, new_member, new_telegram_member, stored_member


def given(backend: Backend, member: Member, role: Role, until: datetime | None) -> Member:
    grant = Grant(GrantId(backend.ids.new()), role, GrantSource.MANUAL, None, "", until, backend.clock.now())
    member.grants.append(grant)
    return member


async def stale(backend: Backend, now: datetime, limit: int = 10) -> list[MemberId]:
    async with backend.unit_of_work() as work:
        return list(await work.members.with_stale_role(now, limit))


async def test_owners_oldest_is_found_past_banned_ones(backend: Backend) -> None:
    banned_on_the_web = new_member(backend, username="first", role=Role.OWNER)
    banned_on_the_web.user.is_active = False
    backend.clock.advance(timedelta(hours=1))
    banned_at_telegram = new_telegram_member(backend, 1, role=Role.OWNER)
    banned_at_telegram.telegram.is_active = False
    backend.clock.advance(timedelta(hours=1))
    owner = new_telegram_member(backend, 2, role=Role.OWNER)
    await added(backend, owner, banned_at_telegram, banned_on_the_web)
    async with backend.unit_of_work() as work:
        assert (await work.members.owner(backend.clock.now())).id == owner.id


async def test_owners_lasting_one_is_another_active_member_without_an_end(backend: Backend) -> None:
    soon = backend.clock.now() + timedelta(days=1)
    owner = await stored_member(backend, "owner", Role.OWNER)
    banned = new_member(backend, username="banned", role=Role.OWNER)
    banned.user.is_active = False
    for_a_day = given(backend, new_member(backend, username="day"), Role.OWNER, soon)
    admin = new_member(backend, username="admin", role=Role.ADMIN)
    await added(backend, banned, for_a_day, admin)
    async with backend.unit_of_work() as work:
        await work.members.hold_owners()
        assert not await work.members.has_lasting_owner(but=owner.id)
        assert await work.members.has_lasting_owner(but=admin.id)
        await work.members.add(new_telegram_member(backend, 3, role=Role.OWNER), backend.clock.now())
        assert await work.members.has_lasting_owner(but=owner.id)


async def test_owners_stored_role_is_stale_once_the_grant_has_ended(backend: Backend) -> None:
    until = backend.clock.now() + timedelta(days=1)
    web = given(backend, new_member(backend, username="ada"), Role.ADMIN, until)
    telegram = given(backend, new_telegram_member(backend, 7), Role.SUBSCRIBER, until)
    lasting = new_member(backend, username="grace", role=Role.OWNER)
    covered = given(backend, new_member(backend, username="linus", role=Role.ADMIN), Role.SUBSCRIBER, until)
    await added(backend, web, telegram, lasting, covered, new_member(backend, username="eve"))
    assert await stale(backend, until - timedelta(microseconds=1)) == []
    assert await stale(backend, until) == sorted([web.id, telegram.id])
    assert await stale(backend, until, limit=1) == sorted([web.id, telegram.id])[:1]


async def test_owners_stale_roles_come_with_the_earliest_end_first(backend: Backend) -> None:
    now = backend.clock.now()
    members = [new_member(backend, username=f"member{number}") for number in range(4)]
    for member, days in zip(members, (3, 1, 2, 9), strict=True):
        given(backend, member, Role.SUBSCRIBER, now + timedelta(days=days))
    given(backend, members[1], Role.SUBSCRIBER, now + timedelta(hours=1))
    given(backend, members[1], Role.ADMIN, now + timedelta(hours=2))
    await added(backend, *members)
    assert await stale(backend, now + timedelta(days=3)) == [members[number].id for number in (1, 2, 0)]


async def test_owners_stored_role_is_right_after_a_save(backend: Backend) -> None:
    until = backend.clock.now() + timedelta(days=1)
    linked = given(backend, new_member(backend, username="ada", role=Role.SUBSCRIBER), Role.ADMIN, until)
    linked.telegram = new_telegram_member(backend, 7).telegram
    await added(backend, linked)
    assert await stale(backend, until) == [linked.id]
    async with backend.unit_of_work() as work:
        member = await work.members.get(linked.id)
        member.changed(until)
        await work.members.save(member, until)
        await work.commit()
    assert await stale(backend, until) == []


async def test_owners_revoked_role_is_never_stale(backend: Backend) -> None:
    member = await stored_member(backend, "ada", Role.ADMIN)
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
        loaded.revoke(Role.ADMIN, OPERATOR, backend.clock.now())
        await work.members.save(loaded, backend.clock.now())
        await work.commit()
    assert await stale(backend, backend.clock.now() + timedelta(days=99)) == []
