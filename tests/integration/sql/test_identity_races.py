"""Twenty racers, over two sets of engines as two processes would be, for what may be had once."""

from collections.abc import Callable
from datetime import timedelta

from application.ports.audit import AuditFilter
from domain.errors import Conflict, InvalidToken
from domain.identity import (
    LINK_CODE_LIFETIME,
    Actor,
    AuditAction,
    AuditEntry,
    LinkRequest,
    LinkRequestId,
    LinkState,
    MailJob,
    MailJobId,
    MailPurpose,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    TokenPurpose,
)
from tests.support.backend import Backend
from tests.support.given import stored_member
from tests.support.racing import race

RACERS = 20
LEASE = timedelta(minutes=1)


def turns(*backends: Backend) -> Callable[[int], Backend]:
    """Whose engines a racer takes."""
    return lambda number: backends[number % len(backends)]


async def test_races_for_one_password_reset_let_one_redeem_it(backend: Backend, second: Backend) -> None:
    member, now, turn = await stored_member(backend), backend.clock.now(), turns(backend, second)
    token_id = OneTimeTokenId(backend.ids.new())
    async with backend.unit_of_work() as work:
        until = now + timedelta(minutes=30)
        await work.one_time_tokens.add(
            OneTimeToken(
                token_id, TokenPurpose.RESET_PASSWORD, member.id, "hash", now, until, subject="ada@example.org"
            )
        )
        await work.commit()

    async def redeem(number: int) -> str:
        async with turn(number).unit_of_work() as work:
            found = await work.one_time_tokens.by_hash("hash")
            assert found is not None
            found.use(now)
            await work.one_time_tokens.save(found)
            loaded = await work.members.get(found.member_id)
            loaded.set_password(f"password of {number}", now)
            await work.members.save(loaded, now)
            await work.commit()
        return f"password of {number}"

    results = await race(RACERS, redeem)
    winners = [result for result in results if isinstance(result, str)]
    assert len(winners) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == RACERS - 1
    async with second.unit_of_work() as work:
        stored = await work.members.get(member.id)
    assert stored.user is not None
    assert stored.user.password_hash == winners[0]


async def test_races_for_one_link_code_let_one_account_have_it(backend: Backend, second: Backend) -> None:
    member, now, turn = await stored_member(backend), backend.clock.now(), turns(backend, second)
    request = LinkRequest(LinkRequestId(backend.ids.new()), member.id, "hash", now, now + LINK_CODE_LIFETIME)
    async with backend.unit_of_work() as work:
        await work.link_requests.add(request)
        await work.commit()

    async def present(number: int) -> int:
        async with turn(number).unit_of_work() as work:
            found = await work.link_requests.by_code_hash("hash")
            assert found is not None
            found.present(number + 1, now)
            await work.link_requests.save(found)
            await work.commit()
        return number + 1

    results = await race(RACERS, present)
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == RACERS - 1
    async with second.unit_of_work() as work:
        presented = await work.link_requests.get(request.id)
    assert (presented.state, presented.telegram_id) == (LinkState.PRESENTED, winners[0])


async def test_races_to_confirm_one_request_let_one_through(backend: Backend, second: Backend) -> None:
    member, now, turn = await stored_member(backend), backend.clock.now(), turns(backend, second)
    request = LinkRequest(LinkRequestId(backend.ids.new()), member.id, "hash", now, now + LINK_CODE_LIFETIME)
    request.present(7, now)
    async with backend.unit_of_work() as work:
        await work.link_requests.add(request)
        await work.commit()

    async def confirm(number: int) -> bool:
        async with turn(number).unit_of_work() as work:
            found = await work.link_requests.get(request.id)
            linked = found.confirm(7, needs_password=False, now=now)
            await work.link_requests.save(found)
            await work.commit()
        return linked

    results = await race(RACERS, confirm)
    assert results.count(True) == 1
    assert sum(isinstance(result, Conflict) for result in results) == RACERS - 1


async def test_races_to_ask_for_codes_leave_one_that_works(backend: Backend, second: Backend) -> None:
    member, now, turn = await stored_member(backend), backend.clock.now(), turns(backend, second)

    async def ask(number: int) -> LinkRequestId:
        request_id = LinkRequestId(backend.ids.new())
        request = LinkRequest(request_id, member.id, f"hash {number}", now, now + LINK_CODE_LIFETIME)
        async with turn(number).unit_of_work() as work:
            await work.link_requests.add(request)
            await work.commit()
        return request_id

    results = await race(RACERS, ask)
    assert [result for result in results if isinstance(result, BaseException)] == []
    async with backend.unit_of_work() as work:
        states = [(await work.link_requests.by_code_hash(f"hash {number}")).state for number in range(RACERS)]
    assert sorted(states) == [LinkState.DECLINED] * (RACERS - 1) + [LinkState.WAITING]


async def test_races_for_one_proof_let_one_use_it_and_the_others_go_on(backend: Backend, second: Backend) -> None:
    now, turn = backend.clock.now(), turns(backend, second)

    async def use(number: int) -> str:
        racer = turn(number)
        async with racer.unit_of_work() as work:
            try:
                await work.used_proofs.use("digest", now + timedelta(minutes=15))
                action = AuditAction.SIGNED_IN
            except Conflict:
                action = AuditAction.SIGN_IN_FAILED
            await work.audit.record(AuditEntry.of(backend.ids.new(), now, action, Actor(None, Role.PUBLIC), None))
            await work.commit()
        return action.value

    results = await race(RACERS, use)
    assert results.count("sign_in.succeeded") == 1
    assert results.count("sign_in.failed") == RACERS - 1
    lines = (await second.audit.page(AuditFilter(), None, 2 * RACERS)).items
    assert sorted(line.action.value for line in lines) == sorted(str(result) for result in results)


async def test_races_for_mail_give_each_job_to_one_claimer(backend: Backend, second: Backend) -> None:
    now, turn = backend.clock.now(), turns(backend, second)
    jobs = [MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, "a@b.c", now, now) for _ in range(30)]
    async with backend.unit_of_work() as work:
        for job in jobs:
            await work.mail_queue.add(job)
        await work.commit()

    async def claim(number: int) -> list[MailJob]:
        async with turn(number).unit_of_work() as work:
            taken = await work.mail_queue.claim(now, LEASE, 2)
            await work.commit()
        return taken

    results = await race(RACERS, claim)
    taken = [job for result in results if isinstance(result, list) for job in result]
    assert len(results) - sum(isinstance(result, list) for result in results) == 0
    assert sorted(job.id for job in taken) == sorted(job.id for job in jobs)


async def test_races_for_mail_whose_lease_ended_let_one_have_it_and_the_old_claim_does_nothing(
    backend: Backend, second: Backend
) -> None:
    now, turn = backend.clock.now(), turns(backend, second)
    job = MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, "a@b.c", now, now)
    async with backend.unit_of_work() as work:
        await work.mail_queue.add(job)
        (old,) = await work.mail_queue.claim(now, LEASE, 1)
        await work.commit()

    async def claim(number: int) -> list[MailJob]:
        async with turn(number).unit_of_work() as work:
            taken = await work.mail_queue.claim(now + LEASE, LEASE, 1)
            await work.commit()
        return taken

    results = await race(RACERS, claim)
    (current,) = [job for result in results if isinstance(result, list) for job in result]
    assert results.count([]) == RACERS - 1
    async with second.unit_of_work() as work:
        await work.mail_queue.save(old)
        await work.mail_queue.remove(old)
        assert await work.mail_queue.next_due(now + LEASE) == current.held_until == now + 2 * LEASE
        await work.mail_queue.remove(current)
        assert await work.mail_queue.next_due(now + LEASE) is None


async def test_races_of_sweepers_meet_each_row_once(backend: Backend, second: Backend) -> None:
    now, turn = backend.clock.now(), turns(backend, second)
    async with backend.unit_of_work() as work:
        for number in range(50):
            await work.used_proofs.use(f"digest {number}", now)
        await work.commit()

    async def sweep(number: int) -> int:
        return await turn(number).sweep.tokens(now + timedelta(seconds=1), 5)

    results = await race(RACERS, sweep)
    assert sum(result for result in results if isinstance(result, int)) == 50
    assert await backend.sweep.tokens(now + timedelta(seconds=1), 50) == 0
