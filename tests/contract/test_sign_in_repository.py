"""Sign-ins and secrets that work once."""

from dataclasses import replace
from datetime import timedelta

from domain.errors import InvalidToken
from domain.identity import OneTimeToken, OneTimeTokenId, SignIn, SignInId, TokenPurpose
from tests.support.backend import Backend
from tests.support.given import new_member, stored_member
from tests.support.racing import race


async def stored_sign_in(backend: Backend) -> SignIn:
    member, now = await stored_member(backend), backend.clock.now()
    sign_in = SignIn(
        id=SignInId(backend.ids.new()),
        member_id=member.id,
        refresh_hash="first",
        created_at=now,
        expires_at=now + timedelta(days=7),
        ip="2001:db8::1",
        user_agent="A browser",
    )
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.commit()
    return sign_in


async def stored_token(backend: Backend) -> OneTimeToken:
    member, now = await stored_member(backend), backend.clock.now()
    token = OneTimeToken(
        id=OneTimeTokenId(backend.ids.new()),
        purpose=TokenPurpose.SIGN_IN,
        member_id=member.id,
        token_hash="hash of a secret",
        created_at=now,
        expires_at=now + timedelta(minutes=15),
    )
    async with backend.unit_of_work() as work:
        await work.one_time_tokens.add(token)
        await work.commit()
    return token


async def test_sign_in_repository_added_sign_in_is_found_whole(backend: Backend) -> None:
    sign_in = await stored_sign_in(backend)
    async with backend.unit_of_work() as work:
        found = await work.sign_ins.get(sign_in.id)
    assert (found.member_id, found.refresh_hash, found.expires_at) == (sign_in.member_id, "first", sign_in.expires_at)
    assert (found.ip, found.user_agent, found.previous_hash) == ("2001:db8::1", "A browser", None)


async def test_sign_in_repository_unknown_sign_in_is_none(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        assert await work.sign_ins.get(SignInId(backend.ids.new())) is None


async def test_sign_in_repository_refreshed_sign_in_is_kept(backend: Backend) -> None:
    sign_in = await stored_sign_in(backend)
    backend.clock.advance(timedelta(days=1))
    async with backend.unit_of_work() as work:
        found = await work.sign_ins.get(sign_in.id)
        found.refresh("first", "second", backend.clock.now())
        await work.sign_ins.save(found)
        await work.commit()
    async with backend.unit_of_work() as work:
        kept = await work.sign_ins.get(sign_in.id)
    assert (kept.refresh_hash, kept.previous_hash, kept.rotated_at) == ("second", "first", backend.clock.now())
    assert kept.expires_at == backend.clock.now() + timedelta(days=7)


async def test_sign_in_repository_ended_sign_in_stays_ended(backend: Backend) -> None:
    sign_in = await stored_sign_in(backend)
    async with backend.unit_of_work() as work:
        found = await work.sign_ins.get(sign_in.id)
        found.end(backend.clock.now())
        await work.sign_ins.save(found)
        await work.commit()
    async with backend.unit_of_work() as work:
        assert (await work.sign_ins.get(sign_in.id)).ended_at == backend.clock.now()


async def test_sign_in_repository_racing_refreshes_rotate_once(backend: Backend) -> None:
    sign_in = await stored_sign_in(backend)

    async def refresh(number: int) -> str:
        async with backend.unit_of_work() as work:
            found = await work.sign_ins.get(sign_in.id)
            outcome = found.refresh("first", "second", backend.clock.now())
            await work.sign_ins.save(found)
            await work.commit()
        return outcome.value

    assert sorted(await race(4, refresh)) == ["repeated", "repeated", "repeated", "rotated"]


async def test_one_time_token_repository_added_token_is_found_by_its_hash(backend: Backend) -> None:
    token = await stored_token(backend)
    async with backend.unit_of_work() as work:
        found = await work.one_time_tokens.by_hash("hash of a secret")
    assert (found.id, found.member_id, found.purpose) == (token.id, token.member_id, TokenPurpose.SIGN_IN)
    assert (found.expires_at, found.used_at) == (token.expires_at, None)


async def test_one_time_token_repository_unknown_hash_is_none(backend: Backend) -> None:
    await stored_token(backend)
    async with backend.unit_of_work() as work:
        assert await work.one_time_tokens.by_hash("HASH OF A SECRET") is None


async def test_one_time_token_repository_subject_is_kept(backend: Backend) -> None:
    first, now = await stored_token(backend), backend.clock.now()
    token_id = OneTimeTokenId(backend.ids.new())
    async with backend.unit_of_work() as work:
        await work.one_time_tokens.add(
            OneTimeToken(token_id, TokenPurpose.VERIFY_EMAIL, first.member_id, "2", now, now, subject="Åsa@example.org")
        )
        found = await work.one_time_tokens.by_hash("2")
        found.subject = "other@example.org"
        await work.one_time_tokens.save(found)
        await work.commit()
    async with backend.unit_of_work() as work:
        with_subject = await work.one_time_tokens.by_hash("2")
        without = await work.one_time_tokens.by_hash("hash of a secret")
    assert (with_subject.purpose, with_subject.subject) == (TokenPurpose.VERIFY_EMAIL, "other@example.org")
    assert (without.purpose, without.subject) == (TokenPurpose.SIGN_IN, None)


async def test_one_time_token_repository_use_up_spends_the_members_open_ones_of_that_purpose_only(
    backend: Backend,
) -> None:
    first, now = await stored_token(backend), backend.clock.now()
    other = await stored_member(backend, "grace")
    tokens = {
        "second": replace(first, token_hash="second", expires_at=now),
        "spent": replace(first, token_hash="spent", used_at=now - timedelta(minutes=1)),
        "reset": replace(first, token_hash="reset", purpose=TokenPurpose.RESET_PASSWORD),
        "another's": replace(first, token_hash="another's", member_id=other.id),
    }
    async with backend.unit_of_work() as work:
        for token in tokens.values():
            await work.one_time_tokens.add(replace(token, id=OneTimeTokenId(backend.ids.new())))
        await work.members.get(first.member_id)
        await work.one_time_tokens.use_up(first.member_id, TokenPurpose.SIGN_IN, now)
        await work.commit()

    async with backend.unit_of_work() as work:
        used = {key: (await work.one_time_tokens.by_hash(key)).used_at for key in (first.token_hash, *tokens)}
    spent = now - timedelta(minutes=1)
    assert used == {first.token_hash: now, "second": now, "spent": spent, "reset": None, "another's": None}


async def test_one_time_token_repository_racing_uses_let_one_win(backend: Backend) -> None:
    await stored_token(backend)

    async def use(number: int) -> str:
        async with backend.unit_of_work() as work:
            token = await work.one_time_tokens.by_hash("hash of a secret")
            token.use(backend.clock.now())
            await work.one_time_tokens.save(token)
            await work.commit()
        return "used"

    results = await race(4, use)
    assert results.count("used") == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == 3


async def test_sign_ins_ended_together_leave_others_alone(backend: Backend) -> None:
    sign_in = await stored_sign_in(backend)
    member = await stored_member(backend, "ben")
    other = SignIn(
        id=SignInId(backend.ids.new()),
        member_id=member.id,
        refresh_hash="other",
        created_at=backend.clock.now(),
        expires_at=backend.clock.now() + timedelta(days=7),
    )
    now = backend.clock.now() + timedelta(hours=1)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(other)
        await work.sign_ins.end_all(sign_in.member_id, now)
        await work.sign_ins.end_all(sign_in.member_id, now + timedelta(hours=1))
        await work.commit()
    async with backend.unit_of_work() as work:
        ended, kept = await work.sign_ins.get(sign_in.id), await work.sign_ins.get(other.id)
    assert ended is not None
    assert kept is not None
    assert (ended.ended_at, kept.ended_at) == (now, None)


async def test_sign_in_repository_end_all_but_one_keeps_that_one(backend: Backend) -> None:
    kept = await stored_sign_in(backend)
    other = replace(kept, id=SignInId(backend.ids.new()))
    now = backend.clock.now() + timedelta(hours=1)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(other)
        await work.sign_ins.end_all(kept.member_id, now, but=kept.id)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = [await work.sign_ins.get(sign_in.id) for sign_in in (kept, other)]
        await work.sign_ins.end_all(kept.member_id, now, but=SignInId(backend.ids.new()))
        last = await work.sign_ins.get(kept.id)
    assert [sign_in.ended_at for sign_in in found] == [None, now]
    assert last.ended_at == now


async def test_sign_in_repository_idle_ones_end_but_those_used_last(backend: Backend) -> None:
    first, start = await stored_sign_in(backend), backend.clock.now()
    rows = {"oldest": first}
    ends = {"expired": start + timedelta(minutes=1)}
    async with backend.unit_of_work() as work:
        for minutes, name in enumerate(("expired", "ended", "refreshed", "idle", "newer", "newest"), 1):
            made_at = start + timedelta(minutes=minutes)
            rows[name] = replace(
                first,
                id=SignInId(backend.ids.new()),
                created_at=made_at,
                expires_at=ends.get(name, first.expires_at),
                ended_at=made_at if name == "ended" else None,
                rotated_at=start + timedelta(hours=1) if name == "refreshed" else None,
            )
            await work.sign_ins.add(rows[name])
        other = new_member(backend, username="grace")
        await work.members.add(other, start)
        rows["another's"] = replace(first, id=SignInId(backend.ids.new()), member_id=other.id)
        await work.sign_ins.add(rows["another's"])
        await work.commit()
    now = start + timedelta(hours=2)
    async with backend.unit_of_work() as work:
        assert await work.sign_ins.end_idle(first.member_id, now, keep=3) == 2
        assert await work.sign_ins.end_idle(first.member_id, now, keep=3) == 0
        await work.commit()
    async with backend.unit_of_work() as work:
        found = {name: await work.sign_ins.get(row.id) for name, row in rows.items()}
    ended = {name: row.ended_at for name, row in found.items() if row is not None and row.ended_at is not None}
    assert ended == {"oldest": now, "idle": now, "ended": rows["ended"].ended_at}


async def test_sign_in_repository_idle_ones_of_one_moment_end_by_their_ids(backend: Backend) -> None:
    first = await stored_sign_in(backend)
    second = replace(first, id=SignInId(backend.ids.new()))
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(second)
        assert await work.sign_ins.end_idle(first.member_id, first.created_at, keep=1) == 1
        await work.commit()
    async with backend.unit_of_work() as work:
        kept = [await work.sign_ins.get(sign_in.id) for sign_in in (first, second)]
    assert [row is not None and row.ended_at is None for row in kept] == [False, True]
