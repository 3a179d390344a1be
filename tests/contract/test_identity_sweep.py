"""Forgetting what has served."""

from datetime import timedelta

import pytest

from application.ports.audit import AuditFilter
from domain.errors import NotFound
from domain.identity import (
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    LinkRequest,
    LinkRequestId,
    Member,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    SignIn,
    SignInId,
    TokenPurpose,
)
from tests.support.backend import Backend
from tests.support.given import posted, stored_member, stored_session
from tests.support.racing import race

DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)


async def signed_in(backend: Backend, member: Member, *, lasting: timedelta = 7 * DAY, ended: bool = False) -> SignIn:
    now = backend.clock.now()
    sign_in = SignIn(
        id=SignInId(backend.ids.new()),
        member_id=member.id,
        refresh_hash="a hash",
        created_at=now,
        expires_at=now + lasting,
        ended_at=now if ended else None,
        ip="2001:db8::1",
        user_agent="A browser",
    )
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.commit()
    return sign_in


async def stored(backend: Backend, sign_in: SignIn) -> SignIn | None:
    async with backend.unit_of_work() as work:
        return await work.sign_ins.get(sign_in.id)


async def test_identity_sweep_of_an_empty_store_finds_nothing(backend: Backend) -> None:
    now = backend.clock.now()
    sweep = backend.sweep
    methods = (sweep.sign_ins, sweep.tokens, sweep.idempotency_keys, sweep.audit_addresses)
    assert [await method(now, 10) for method in methods] == [0, 0, 0, 0]


async def test_identity_sweep_removes_sign_ins_that_ended_or_expired_and_no_others(backend: Backend) -> None:
    ada = await stored_member(backend)
    over = [await signed_in(backend, ada, lasting=DAY), await signed_in(backend, ada, ended=True)]
    active = await signed_in(backend, ada, lasting=3 * DAY)
    before = backend.clock.now() + DAY
    assert await backend.sweep.sign_ins(backend.clock.now(), 10) == 0
    assert await backend.sweep.sign_ins(before, 10) == 1
    assert await backend.sweep.sign_ins(before + TICK, 10) == 1
    assert [await stored(backend, sign_in) for sign_in in over] == [None, None]
    assert await stored(backend, active) is not None


async def test_identity_sweep_removes_at_most_as_many_as_it_may(backend: Backend) -> None:
    ada = await stored_member(backend)
    for ended in (False, True, False, True, True):
        await signed_in(backend, ada, lasting=DAY, ended=ended)
    before = backend.clock.now() + 2 * DAY
    assert [await backend.sweep.sign_ins(before, 2) for _ in range(4)] == [2, 2, 1, 0]


async def test_identity_sweep_removes_expired_tokens_requests_and_proofs(backend: Backend) -> None:
    ada, now = await stored_member(backend), backend.clock.now()
    async with backend.unit_of_work() as work:
        for number, lasting in enumerate((DAY, 3 * DAY)):
            token_id, request_id = OneTimeTokenId(backend.ids.new()), LinkRequestId(backend.ids.new())
            until = now + lasting
            await work.one_time_tokens.add(
                OneTimeToken(token_id, TokenPurpose.RESET_PASSWORD, ada.id, f"hash {number}", now, until)
            )
            await work.link_requests.add(LinkRequest(request_id, ada.id, f"hash {number}", now, until))
            await work.used_proofs.use(f"digest {number}", until)
        await work.commit()
    before = now + 2 * DAY
    assert [await backend.sweep.tokens(before, 2) for _ in range(3)] == [2, 1, 0]
    async with backend.unit_of_work() as work:
        assert await work.one_time_tokens.by_hash("hash 0") is None
        assert await work.one_time_tokens.by_hash("hash 1") is not None
        assert await work.link_requests.by_code_hash("hash 0") is None
        with pytest.raises(NotFound):
            await work.link_requests.get(LinkRequestId(backend.ids.new()))
        assert (await work.link_requests.by_code_hash("hash 1")).expires_at == now + 3 * DAY


async def test_identity_sweep_removes_old_idempotency_keys(backend: Backend) -> None:
    ada = await stored_member(backend)
    message = await posted(backend, await stored_session(backend, ada))
    for key in ("one", "two", "three"):
        async with backend.unit_of_work() as work:
            await work.idempotency_keys.put(ada.id, key, "a print", message.id, backend.clock.now())
            await work.commit()
        backend.clock.advance(DAY)
    before = backend.clock.now() - DAY
    assert [await backend.sweep.idempotency_keys(before, 1) for _ in range(3)] == [1, 1, 0]
    async with backend.unit_of_work() as work:
        found = [await work.idempotency_keys.find(ada.id, k, before - 9 * DAY) for k in ("one", "two", "three")]
    assert found == [None, None, ("a print", message.id)]


async def test_identity_sweep_blanks_addresses_of_old_lines_and_of_sign_ins_that_are_over(backend: Backend) -> None:
    ada = await stored_member(backend)
    actor = Actor(ada.id, Role.PUBLIC, device=Device("2001:db8::1", "A browser"))
    bare = Actor(ada.id, Role.PUBLIC)
    half = Actor(ada.id, Role.PUBLIC, device=Device(user_agent="A browser"))
    over = [await signed_in(backend, ada, lasting=DAY), await signed_in(backend, ada, ended=True)]
    active = await signed_in(backend, ada, lasting=9 * DAY)
    for each in (actor, bare, half, actor):
        entry = AuditEntry.of(backend.ids.new(), backend.clock.now(), AuditAction.SIGNED_IN, each, ada.id, count=1)
        async with backend.unit_of_work() as work:
            await work.audit.record(entry)
            await work.commit()
        backend.clock.advance(DAY)
    before = backend.clock.now() - DAY
    assert [await backend.sweep.audit_addresses(before, 3) for _ in range(3)] == [3, 1, 0]
    lines = (await backend.audit.page(AuditFilter(), None, 10)).items
    assert [(line.ip, line.user_agent) for line in lines] == [("2001:db8::1", "A browser")] + [(None, None)] * 3
    assert {(line.actor_id, line.details["count"]) for line in lines} == {(ada.id, 1)}
    kept = [await stored(backend, sign_in) for sign_in in (*over, active)]
    assert [sign_in.ip for sign_in in kept if sign_in] == [None, None, "2001:db8::1"]
    assert [sign_in.user_agent for sign_in in kept if sign_in] == [None, None, "A browser"]


async def test_identity_sweep_racing_sweepers_remove_each_row_once(backend: Backend) -> None:
    ada = await stored_member(backend)
    for _ in range(9):
        await signed_in(backend, ada, lasting=DAY)
    before = backend.clock.now() + 2 * DAY

    async def sweep(number: int) -> int:
        return await backend.sweep.sign_ins(before, 3)

    counts = await race(3, sweep)
    assert counts == [3, 3, 3]
