"""Members with their account and grants."""

from datetime import timedelta

import pytest

from domain.errors import Conflict, NotFound, StaleVersion
from domain.identity import OPERATOR, Grant, GrantId, GrantSource, MemberId, Role
from tests.support.backend import Backend
from tests.support.given import new_grant, new_member, stored_member
from tests.support.racing import race


async def add(backend: Backend, *members: object) -> None:
    async with backend.unit_of_work() as work:
        for member in members:
            await work.members.add(member, backend.clock.now())
        await work.commit()


async def test_member_repository_added_member_is_found_whole(backend: Backend) -> None:
    member = new_member(backend, email="Ada@Example.org", username="Ada", role=Role.ADMIN)
    member.user.telegram_user_id = 2**40
    member.user.email_verified = True
    await add(backend, member)
    async with backend.unit_of_work() as work:
        found = await work.members.get(member.id)
    assert (found.id, found.version, found.created_at) == (member.id, 1, member.created_at)
    assert (found.user.email, found.user.username, found.user.telegram_user_id) == ("Ada@Example.org", "Ada", 2**40)
    assert (found.user.email_verified, found.user.password_hash) == (True, "a hash")
    assert found.grants == member.grants


async def test_member_repository_unknown_member_raises_not_found(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.members.get(MemberId(backend.ids.new()))


@pytest.mark.parametrize("email", ["ADA@example.ORG", "ada@example.org"])
async def test_member_repository_email_is_found_ignoring_case(backend: Backend, email: str) -> None:
    member = new_member(backend, email="Ada@Example.org")
    await add(backend, member)
    async with backend.unit_of_work() as work:
        assert (await work.members.by_email(email)).id == member.id


async def test_member_repository_username_is_found_ignoring_case(backend: Backend) -> None:
    member = new_member(backend, username="Ada.L")
    await add(backend, member)
    async with backend.unit_of_work() as work:
        assert (await work.members.by_username("aDA.l")).id == member.id


async def test_member_repository_name_of_another_kind_is_not_found(backend: Backend) -> None:
    await stored_member(backend, "ada")
    async with backend.unit_of_work() as work:
        assert await work.members.by_email("ada") is None
        assert await work.members.by_username("ada@example.org") is None
        assert await work.members.by_username("a%") is None


@pytest.mark.parametrize(
    ("fields", "taken"),
    [({"email": "ADA@EXAMPLE.ORG"}, "email"), ({"email": "b@example.org", "username": "ADA"}, "username")],
)
async def test_member_repository_add_taken_name_raises_conflict_naming_field(
    backend: Backend, fields: dict[str, str], taken: str
) -> None:
    await stored_member(backend, "ada")
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict) as refused:
            await work.members.add(new_member(backend, **fields), backend.clock.now())
    assert refused.value.details["field"] == taken


async def test_member_repository_save_taken_name_raises_conflict_naming_field(backend: Backend) -> None:
    await stored_member(backend, "ada")
    grace = await stored_member(backend, "grace")
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(grace.id)
        loaded.user.email = "Ada@example.org"
        loaded.set_password("another hash", backend.clock.now())
        with pytest.raises(Conflict) as refused:
            await work.members.save(loaded, backend.clock.now())
    assert refused.value.details["field"] == "email"


async def test_member_repository_members_without_names_stand_beside_each_other(backend: Backend) -> None:
    await add(backend, new_member(backend, username="ada"), new_member(backend, username="grace"))
    async with backend.unit_of_work() as work:
        assert (await work.members.by_username("grace")).user.email is None


async def test_member_repository_racing_registrations_let_one_win(backend: Backend) -> None:
    async def register(number: int) -> None:
        await add(backend, new_member(backend, username="ada"))

    results = await race(4, register)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3


async def test_member_repository_saved_changes_are_kept(backend: Backend) -> None:
    member = await stored_member(backend)
    backend.clock.advance(timedelta(minutes=1))
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
        loaded.grant(new_grant(backend, Role.ADMIN), OPERATOR)
        loaded.set_password("another hash", backend.clock.now())
        loaded.user.is_active = False
        await work.members.save(loaded, backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.members.get(member.id)
    assert (found.user.password_hash, found.user.is_active, found.version) == ("another hash", False, 3)
    assert (found.effective_role(backend.clock.now()), found.updated_at) == (Role.ADMIN, backend.clock.now())


async def test_member_repository_revoked_grants_are_gone_and_others_stay(backend: Backend) -> None:
    member = new_member(backend, username="ada", role=Role.ADMIN)
    member.grants.append(new_grant(backend, Role.SUBSCRIBER, GrantSource.SUBSCRIPTION))
    await add(backend, member)
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
        loaded.revoke(Role.ADMIN, OPERATOR, backend.clock.now())
        await work.members.save(loaded, backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.members.get(member.id)
    assert [(grant.role, grant.source) for grant in found.grants] == [(Role.SUBSCRIBER, GrantSource.SUBSCRIPTION)]


async def test_member_repository_save_of_stale_member_raises_stale_version(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        stale = await work.members.get(member.id)
    async with backend.unit_of_work() as work:
        fresh = await work.members.get(member.id)
        fresh.set_password("first", backend.clock.now())
        await work.members.save(fresh, backend.clock.now())
        await work.commit()
    stale.set_password("second", backend.clock.now())
    async with backend.unit_of_work() as work:
        with pytest.raises(StaleVersion):
            await work.members.save(stale, backend.clock.now())


async def test_member_repository_saved_twice_in_one_unit_of_work_keeps_the_last(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
        for password_hash in ("first", "second"):
            loaded.set_password(password_hash, backend.clock.now())
            await work.members.save(loaded, backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.members.get(member.id)).user.password_hash == "second"


async def test_member_repository_owner_is_the_oldest_with_a_valid_grant(backend: Backend) -> None:
    now = backend.clock.now()
    ended = new_member(backend, username="ended")
    ended.grants.append(Grant(GrantId(backend.ids.new()), Role.OWNER, GrantSource.MANUAL, None, "", now, now))
    backend.clock.advance(timedelta(hours=1))
    first = new_member(backend, username="first", role=Role.OWNER)
    backend.clock.advance(timedelta(hours=1))
    second = new_member(backend, username="second", role=Role.OWNER)
    await add(backend, second, new_member(backend, username="admin", role=Role.ADMIN), ended, first)
    async with backend.unit_of_work() as work:
        assert (await work.members.owner(backend.clock.now())).id == first.id


async def test_member_repository_without_owners_finds_none(backend: Backend) -> None:
    await stored_member(backend, "ada", Role.ADMIN)
    async with backend.unit_of_work() as work:
        assert await work.members.owner(backend.clock.now()) is None
