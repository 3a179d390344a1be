"""Requests to link, and proofs that may be used once."""

from datetime import timedelta

import pytest

from domain.errors import Conflict, InvalidToken, NotFound
from domain.identity import LINK_CODE_LIFETIME, LinkRequest, LinkRequestId, LinkState, Member, SignIn, SignInId
from tests.support.backend import Backend
from tests.support.given import stored_member
from tests.support.racing import race

TELEGRAM_ID = 5_000_000_000


async def requested(backend: Backend, member: Member, code_hash: str = "hash of a code") -> LinkRequest:
    now = backend.clock.now()
    request = LinkRequest(LinkRequestId(backend.ids.new()), member.id, code_hash, now, now + LINK_CODE_LIFETIME)
    async with backend.unit_of_work() as work:
        await work.link_requests.add(request)
        await work.commit()
    return request


async def found(backend: Backend, request: LinkRequest) -> LinkRequest:
    async with backend.unit_of_work() as work:
        return await work.link_requests.get(request.id)


async def test_link_request_added_is_found_whole_by_its_id_and_code(backend: Backend) -> None:
    request = await requested(backend, await stored_member(backend))
    async with backend.unit_of_work() as work:
        by_id = await work.link_requests.get(request.id)
        by_code = await work.link_requests.by_code_hash("hash of a code")
    assert by_code is not None
    for kept in (by_id, by_code):
        assert (kept.id, kept.member_id, kept.code_hash) == (request.id, request.member_id, "hash of a code")
        assert (kept.created_at, kept.expires_at) == (request.created_at, request.expires_at)
        assert (kept.state, kept.telegram_id, kept.is_reauthenticated) == (LinkState.WAITING, None, False)


async def test_link_request_asked_in_a_sign_in_is_kept_with_it_and_swept_with_it(backend: Backend) -> None:
    member, now = await stored_member(backend), backend.clock.now()
    sign_in = SignIn(SignInId(backend.ids.new()), member.id, "hash", now, now + LINK_CODE_LIFETIME, ended_at=now)
    request = LinkRequest(
        LinkRequestId(backend.ids.new()), member.id, "hash", now, now + LINK_CODE_LIFETIME, sign_in_id=sign_in.id
    )
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.link_requests.add(request)
        await work.commit()
    assert (await found(backend, request)).sign_in_id == sign_in.id
    assert await backend.sweep.sign_ins(now + timedelta(seconds=1), 10) == 1
    with pytest.raises(NotFound):
        await found(backend, request)


async def test_link_request_of_an_unknown_sign_in_conflicts(backend: Backend) -> None:
    member, now = await stored_member(backend), backend.clock.now()
    unknown = SignInId(backend.ids.new())
    request = LinkRequest(
        LinkRequestId(backend.ids.new()), member.id, "hash", now, now + LINK_CODE_LIFETIME, sign_in_id=unknown
    )
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.link_requests.add(request)


async def test_link_request_unknown_is_not_found_by_id_and_none_by_code(backend: Backend) -> None:
    await requested(backend, await stored_member(backend))
    async with backend.unit_of_work() as work:
        assert await work.link_requests.by_code_hash("HASH OF A CODE") is None
        with pytest.raises(NotFound):
            await work.link_requests.get(LinkRequestId(backend.ids.new()))


async def test_link_request_changes_are_kept_when_saved(backend: Backend) -> None:
    request, now = await requested(backend, await stored_member(backend)), backend.clock.now()
    async with backend.unit_of_work() as work:
        loaded = await work.link_requests.get(request.id)
        loaded.present(TELEGRAM_ID, now)
        loaded.reauthenticate()
        await work.link_requests.save(loaded)
        await work.commit()
    kept = await found(backend, request)
    assert (kept.state, kept.telegram_id, kept.is_reauthenticated) == (LinkState.PRESENTED, TELEGRAM_ID, True)


async def test_link_request_loaded_and_not_saved_stays_as_it_was(backend: Backend) -> None:
    request, now = await requested(backend, await stored_member(backend)), backend.clock.now()
    async with backend.unit_of_work() as work:
        (await work.link_requests.get(request.id)).present(TELEGRAM_ID, now)
        await work.commit()
    assert (await found(backend, request)).state is LinkState.WAITING


async def test_link_request_new_one_declines_the_open_ones_of_its_member_only(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    linked, open_one = await requested(backend, ada, "1"), await requested(backend, ben, "2")
    async with backend.unit_of_work() as work:
        done = await work.link_requests.get(linked.id)
        done.present(TELEGRAM_ID, backend.clock.now())
        done.confirm(TELEGRAM_ID, needs_password=False, now=backend.clock.now())
        await work.link_requests.save(done)
        await work.commit()
    earlier, newest = await requested(backend, ada, "3"), await requested(backend, ada, "4")
    states = [(await found(backend, request)).state for request in (linked, open_one, earlier, newest)]
    assert states == [LinkState.LINKED, LinkState.WAITING, LinkState.DECLINED, LinkState.WAITING]


async def test_link_request_code_that_is_taken_conflicts_and_the_transaction_goes_on(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    await requested(backend, ada)
    mine = await requested(backend, ben, "another")
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        same = LinkRequest(LinkRequestId(backend.ids.new()), ben.id, "hash of a code", now, now + LINK_CODE_LIFETIME)
        with pytest.raises(Conflict) as refusal:
            await work.link_requests.add(same)
        await work.used_proofs.use("proof", now)
        await work.commit()
    assert refusal.value.details["field"] == "code"
    assert (await found(backend, mine)).state is LinkState.WAITING
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.used_proofs.use("proof", now)


async def test_link_request_of_a_member_who_is_gone_conflicts(backend: Backend) -> None:
    member, now = await stored_member(backend), backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(member.id))
        await work.commit()
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.link_requests.add(
                LinkRequest(LinkRequestId(backend.ids.new()), member.id, "x", now, now + LINK_CODE_LIFETIME)
            )


async def test_link_request_goes_with_its_member(backend: Backend) -> None:
    member = await stored_member(backend)
    request = await requested(backend, member)
    async with backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(member.id))
        await work.commit()
    with pytest.raises(NotFound):
        await found(backend, request)


async def test_link_request_of_an_absorbed_member_is_the_survivors(backend: Backend) -> None:
    absorbed, survivor = await stored_member(backend), await stored_member(backend, "ben")
    request = await requested(backend, absorbed)
    async with backend.unit_of_work() as work:
        await work.merging.move_belongings(absorbed.id, survivor.id)
        await work.members.delete(await work.members.get(absorbed.id))
        await work.commit()
    assert (await found(backend, request)).member_id == survivor.id


async def test_link_request_racing_presenters_of_one_code_let_one_have_it(backend: Backend) -> None:
    await requested(backend, await stored_member(backend))

    async def present(number: int) -> int:
        async with backend.unit_of_work() as work:
            request = await work.link_requests.by_code_hash("hash of a code")
            assert request is not None
            request.present(TELEGRAM_ID + number, backend.clock.now())
            await work.link_requests.save(request)
            await work.commit()
        return TELEGRAM_ID + number

    results = await race(4, present)
    winners = [result for result in results if isinstance(result, int)]
    assert len(winners) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == 3
    async with backend.unit_of_work() as work:
        request = await work.link_requests.by_code_hash("hash of a code")
    assert request is not None
    assert request.telegram_id == winners[0]


async def test_link_request_racing_requests_of_a_member_leave_one_open(backend: Backend) -> None:
    member = await stored_member(backend)

    async def request(number: int) -> LinkRequest:
        return await requested(backend, member, f"hash {number}")

    results = [result for result in await race(4, request) if isinstance(result, LinkRequest)]
    states = [(await found(backend, result)).state for result in results]
    assert sorted(states) == [LinkState.DECLINED] * 3 + [LinkState.WAITING]


async def test_used_proof_is_refused_again_until_it_is_swept(backend: Backend) -> None:
    until = backend.clock.now() + timedelta(minutes=15)
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("digest", until)
        await work.used_proofs.use("another digest", until)
        await work.commit()
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict, match="used before"):
            await work.used_proofs.use("digest", until)
        await work.used_proofs.use("DIGEST", until)
        await work.commit()
    assert await backend.sweep.tokens(until + timedelta(microseconds=1), 10) == 3
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("digest", until)
        await work.commit()
    assert await backend.sweep.tokens(until, 10) == 0


async def test_used_proof_of_a_rolled_back_transaction_is_unused(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("digest", backend.clock.now())
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("digest", backend.clock.now())
        await work.commit()
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.used_proofs.use("digest", backend.clock.now())


async def test_used_proof_racing_uses_let_one_win(backend: Backend) -> None:
    async def use(number: int) -> None:
        async with backend.unit_of_work() as work:
            await work.used_proofs.use("digest", backend.clock.now())
            await work.commit()

    results = await race(4, use)
    assert results.count(None) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 3
