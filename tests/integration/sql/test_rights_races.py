"""Deletions and sweeps beside what goes on meanwhile, over two sets of engines as two processes would be."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from adapters.memory.rate_limiter import InMemoryRateLimiter
from adapters.memory.security import PlainPasswordHasher
from adapters.observability.metrics import NullMetrics
from application.chat.messages import MessageService
from application.chat.running import RunningReplyRegistry
from application.identity._auditing import Trail
from application.identity._reauthentication import Reauthentication
from application.identity.data_rights import DataRights
from application.identity.sweeping import IdentityRetention, IdentitySweeper
from application.ports.audit import AuditFilter
from application.ports.chat import SessionFilter
from domain.errors import Conflict, NotFound
from domain.identity import OPERATOR, Actor, AuditAction, Grant, GrantId, GrantSource, Member, Role
from tests.support.backend import Backend
from tests.support.given import added, new_member, stored_member, stored_session
from tests.support.limits import exports, unlimited
from tests.support.racing import race


def trail_of(backend: Backend) -> Trail:
    """What writes lines on this backend."""
    return Trail(backend.unit_of_work, backend.clock, backend.ids)


def data_rights(backend: Backend) -> DataRights:
    """Deletes and exports on this backend."""
    work, clock, trail = backend.unit_of_work, backend.clock, trail_of(backend)
    asking = Reauthentication(work, PlainPasswordHasher(), InMemoryRateLimiter(clock), trail)
    running = RunningReplyRegistry(backend.bus)
    return DataRights(work, backend.members, backend.export, running, asking, exports(), trail, clock)


def sweeper(backend: Backend) -> IdentitySweeper:
    """Sweeps this backend."""
    return IdentitySweeper(backend.unit_of_work, backend.sweep, trail_of(backend), backend.clock, IdentityRetention())


def for_an_hour(backend: Backend, number: int) -> Member:
    """A member whose role ends in an hour."""
    member, now = new_member(backend, username=f"member{number}"), backend.clock.now()
    until = now + timedelta(hours=1)
    grant = Grant(GrantId(backend.ids.new()), Role.SUBSCRIBER, GrantSource.SUBSCRIPTION, None, "", until, now)
    member.grants.append(grant)
    return member


async def test_deletion_beside_posts_into_the_members_sessions_wins_and_leaves_nothing(
    backend: Backend, second: Backend
) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    sessions = [await stored_session(backend, ada) for _ in range(3)]
    actor = Actor(ada.id, Role.PUBLIC)

    async def run(number: int) -> str:
        its = (backend, second)[number % 2]
        if number == 0:
            await data_rights(its).delete(OPERATOR, ada.id)
            return "deleted"
        messages = MessageService(
            its.unit_of_work, its.chat, RunningReplyRegistry(its.bus), its.clock, its.ids, NullMetrics(), unlimited()
        )
        await messages.post(actor, sessions[number % 3].id, "What now?")
        return "posted"

    outcomes = await race(10, run)

    assert outcomes[0] == "deleted"
    assert {type(outcome) for outcome in outcomes[1:]} <= {str, NotFound, Conflict}
    assert await backend.members.view(ada.id, backend.clock.now()) is None
    for member in (ada, grace):
        found = await backend.chat.sessions(member.id, SessionFilter(), limit=10, offset=0, cursor=None)
        assert found.total_count == 0
    lines = await backend.audit.page(AuditFilter(action=AuditAction.DELETED), None, 10)
    assert [line.resource_id for line in lines.items] == [str(ada.id)]


@pytest.mark.parametrize("deletes", ["one", "each-other"])
async def test_deletions_that_cross_are_all_through_or_refused(backend: Backend, second: Backend, deletes: str) -> None:
    owners = [await stored_member(backend, name, Role.OWNER) for name in ("ada", "grace", "hedy")]

    async def run(number: int) -> str:
        its = (backend, second)[number % 2]
        whom = owners[0] if deletes == "one" else owners[number % 3]
        await data_rights(its).delete(OPERATOR, whom.id)
        return "deleted"

    outcomes = Counter(each if isinstance(each, str) else type(each) for each in await race(6, run))

    left = [owner for owner in owners if await backend.members.view(owner.id, backend.clock.now())]
    assert (outcomes["deleted"], len(left)) == ((1, 2) if deletes == "one" else (2, 1))
    assert set(outcomes) <= {"deleted", NotFound, Conflict}


async def test_sweepers_beside_each_other_settle_each_role_once(backend: Backend, second: Backend) -> None:
    members = [for_an_hour(backend, number) for number in range(12)]
    await added(backend, *members)
    for its in (backend, second):
        its.clock.advance(timedelta(hours=1))

    settled = await race(4, lambda number: sweeper((backend, second)[number % 2]).settle_roles())

    assert sum(each for each in settled if isinstance(each, int)) == len(members)
    assert {type(each) for each in settled} == {int}
    lines = await backend.audit.page(AuditFilter(action=AuditAction.ROLE_EXPIRED), None, 50)
    assert sorted(line.resource_id for line in lines.items) == sorted(str(member.id) for member in members)
    async with backend.unit_of_work() as work:
        assert list(await work.members.with_stale_role(backend.clock.now(), 50)) == []


async def test_sweeper_beside_a_link_of_members_whose_roles_ended_waits_for_it(
    backend: Backend, second: Backend
) -> None:
    earlier, later = [for_an_hour(backend, number) for number in range(2)]
    await added(backend, earlier, later)
    for its in (backend, second):
        its.clock.advance(timedelta(hours=1))

    async with backend.unit_of_work() as work:
        await work.members.hold_owners()
        await work.members.get(later.id)
        sweeping = asyncio.create_task(sweeper(second).settle_roles())
        await asyncio.sleep(0.3)
        await work.members.get(earlier.id)
        await work.commit()

    assert await sweeping == 2
