"""Twenty racers for members over two sets of engines, as two processes would be."""

import asyncio
from datetime import timedelta

from domain.errors import Conflict, GuildhallError, NotFound
from domain.identity import (
    OPERATOR,
    Member,
    MemberId,
    Role,
    SignIn,
    SignInId,
    merge,
)
from tests.support.backend import Backend
from tests.support.given import new_telegram_member, posted, stored_member, stored_session, stored_telegram_member
from tests.support.racing import race

RACERS = 20


async def demoted(racer: Backend, owner: Member) -> None:
    """What a use case does that takes an owner's role away."""
    async with racer.unit_of_work() as work:
        await work.members.hold_owners()
        member = await work.members.get(owner.id)
        if member.is_lasting_owner() and not await work.members.has_lasting_owner(but=member.id):
            raise Conflict("The last owner stays.")
        member.revoke(Role.OWNER, OPERATOR, racer.clock.now())
        await work.members.save(member, racer.clock.now())
        await work.commit()


async def linked(racer: Backend, web: MemberId, telegram: MemberId) -> MemberId:
    """What a use case does that makes two members one."""
    now = racer.clock.now()
    async with racer.unit_of_work() as work:
        survivor, absorbed = merge(await work.members.get(web), await work.members.get(telegram), now)
        await work.merging.move_belongings(absorbed.id, survivor.id)
        await work.members.save(absorbed, now)
        await work.members.save(survivor, now)
        await work.members.delete(absorbed)
        await work.commit()
    return survivor.id


async def test_member_races_to_demote_the_last_two_owners_leave_one(backend: Backend, second: Backend) -> None:
    owners = [await stored_member(backend, name, Role.OWNER) for name in ("ada", "grace")]

    async def demote(number: int) -> None:
        await demoted((backend, second)[number // 2 % 2], owners[number % 2])

    results = await race(RACERS, demote)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == RACERS - 1
    roles = [(await backend.members.view(owner.id, backend.clock.now())).role for owner in owners]
    assert sorted(roles) == [Role.PUBLIC, Role.OWNER]


async def test_member_races_to_demote_and_delete_owners_leave_one(backend: Backend, second: Backend) -> None:
    owners = [await stored_member(backend, f"owner{number}", Role.OWNER) for number in range(5)]

    async def remove(number: int) -> None:
        racer, owner = (backend, second)[number % 2], owners[number % 5]
        if number % 3:
            await demoted(racer, owner)
            return
        async with racer.unit_of_work() as work:
            await work.members.hold_owners()
            member = await work.members.get(owner.id)
            if member.is_lasting_owner() and not await work.members.has_lasting_owner(but=member.id):
                raise Conflict("The last owner stays.")
            await work.members.delete(member)
            await work.commit()

    results = await race(RACERS, remove)
    assert all(result is None or isinstance(result, GuildhallError) for result in results)
    now = backend.clock.now()
    views = [await backend.members.view(owner.id, now) for owner in owners]
    assert [view.role for view in views if view is not None].count(Role.OWNER) == 1


async def test_member_races_to_merge_the_same_two_let_one_win(backend: Backend, second: Backend) -> None:
    web = await stored_member(backend, "ada", Role.ADMIN)
    telegram = await stored_telegram_member(backend, 7, role=Role.SUBSCRIBER)
    sessions = [await stored_session(backend, member) for member in (web, telegram)]

    async def link(number: int) -> MemberId:
        return await linked((backend, second)[number % 2], web.id, telegram.id)

    results = await race(RACERS, link)
    lost = [result for result in results if isinstance(result, BaseException)]
    assert [result for result in results if result not in lost] == [web.id]
    assert {type(error) for error in lost} <= {NotFound, Conflict}
    now = backend.clock.now()
    view = await backend.members.view(web.id, now)
    assert (view.role, view.telegram.telegram_id, view.username) == (Role.ADMIN, 7, "ada")
    assert await backend.members.view(telegram.id, now) is None
    versions = [(await backend.chat.session(web.id, session.id)).version for session in sessions]
    assert versions == [1, 2]
    assert len(await backend.members.grants(web.id)) == 2


async def test_member_races_to_merge_one_telegram_member_into_many_let_one_win(
    backend: Backend, second: Backend
) -> None:
    web = [await stored_member(backend, f"ada{number}") for number in range(RACERS)]
    telegram = await stored_telegram_member(backend, 7)

    async def link(number: int) -> MemberId:
        return await linked((backend, second)[number % 2], web[number].id, telegram.id)

    results = await race(RACERS, link)
    lost = [result for result in results if isinstance(result, BaseException)]
    assert len(lost) == RACERS - 1
    assert {type(error) for error in lost} <= {NotFound, Conflict}
    async with second.unit_of_work() as work:
        survivor = await work.members.by_telegram_id(7)
    assert [survivor.id] == [result for result in results if not isinstance(result, BaseException)]


async def test_member_races_of_a_merge_and_what_the_absorbed_does_lose_nothing(
    backend: Backend, second: Backend
) -> None:
    web, telegram = await stored_member(backend, "ada"), await stored_telegram_member(backend, 7)
    session = await stored_session(backend, telegram)

    async def act(number: int) -> object:
        racer, now = (backend, second)[number % 2], backend.clock.now()
        if number == RACERS // 2:
            return await linked(racer, web.id, telegram.id)
        if number % 3 == 0:
            return await posted(racer, session)
        if number % 3 == 1:
            return await stored_session(racer, telegram)
        sign_in = SignIn(SignInId(racer.ids.new()), telegram.id, "a hash", now, now + timedelta(days=7))
        async with racer.unit_of_work() as work:
            await work.sign_ins.add(sign_in)
            await work.commit()
        return sign_in

    results = await race(RACERS, act)
    errors = [result for result in results if isinstance(result, BaseException)]
    assert {type(error) for error in errors} <= {NotFound, Conflict}
    if isinstance(results[RACERS // 2], BaseException):
        await linked(backend, web.id, telegram.id)
    now, done = backend.clock.now(), RACERS - len(errors)
    messages = await backend.chat.messages(session.id, before=None, after=None, limit=RACERS)
    stats = await backend.chat.stats(web.id, now)
    sign_ins = (await backend.members.sign_ins(web.id, None, 2 * RACERS, now)).items
    merged = not isinstance(results[RACERS // 2], BaseException)
    assert len(messages) + (stats.total_sessions - 1) + len(sign_ins) + merged == done
    assert {message.author_id for message in messages} <= {web.id}


async def test_member_races_to_register_one_telegram_account_let_one_win(backend: Backend, second: Backend) -> None:
    async def register(number: int) -> None:
        racer = (backend, second)[number % 2]
        member = new_telegram_member(racer, 7, first_name=f"Ada {number}")
        async with racer.unit_of_work() as work:
            await work.members.add(member, racer.clock.now())
            await work.commit()

    results = await race(RACERS, register)
    refused = [result for result in results if isinstance(result, Conflict)]
    assert results.count(None) == 1
    assert [error.details.get("field") for error in refused] == ["telegram_id"] * (RACERS - 1)


async def test_member_races_to_find_a_member_who_is_merged_meanwhile_find_one(
    backend: Backend, second: Backend
) -> None:
    web, now = await stored_member(backend, "ada"), backend.clock.now()
    telegram = await stored_telegram_member(backend, 7)

    async def act(number: int) -> MemberId:
        racer = (backend, second)[number % 2]
        if number == 0:
            return await linked(racer, web.id, telegram.id)
        async with racer.unit_of_work() as work:
            found = await work.members.by_telegram_id(7)
        assert found is not None
        return found.id

    async with asyncio.timeout(8):
        results = await race(RACERS, act)
    assert set(results) <= {web.id, telegram.id}
    assert (await backend.members.view(web.id, now)).telegram.telegram_id == 7
