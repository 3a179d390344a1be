"""The first password of an account that was made by Telegram or for a one-time link."""

from datetime import timedelta

import pytest

from application.identity._telegram_proving import CLOCK_SKEW, FAILURES, MAX_AGE, TelegramSigned
from application.identity.first_passwords import FIRST_PASSWORDS, FirstPasswordStep
from domain.errors import (
    Conflict,
    Invalid,
    InvalidCredentials,
    NotAllowed,
    NotSignedIn,
    TooManyRequests,
    Unavailable,
)
from domain.identity import (
    OPERATOR,
    RECENT,
    Actor,
    AuditAction,
    Member,
    MemberId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
    merge,
)
from tests.support.racing import race
from tests.unit.identity.conftest import DEVICE, IdentityWorld

NEW = "a whole new sentence"
ANN, EVE = TelegramProfile(7, "ann_tg", "Ann"), TelegramProfile(8, "eve_tg", "Eve")
TICK = timedelta(seconds=1)
KINDS = ("widget", "mini_app")


async def by_link(world: IdentityWorld, member_id: MemberId) -> Actor:
    """The member, signed in by a one-time link."""
    link = await world.members.sign_in_link(OPERATOR, member_id)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    return (await world.auth.actor(signed_in.access_token, DEVICE))[0]


async def by_telegram(world: IdentityWorld, kind: str) -> tuple[Actor, TelegramSigned]:
    """Ann, signed in by Telegram just now, and the proof that she used."""
    at = world.clock.now()
    if kind == "widget":
        fields = world.telegram.vouch_for_widget(ANN, at)
        signed_in = await world.telegram_sign_in.with_widget(fields, DEVICE)
        return (await world.auth.actor(signed_in.access_token, DEVICE))[0], fields
    init_data = world.telegram.vouch_for_mini_app(ANN, at)
    signed_in = await world.telegram_sign_in.with_mini_app(init_data, DEVICE)
    return (await world.auth.actor(signed_in.access_token, DEVICE))[0], init_data


def signed(
    world: IdentityWorld, kind: str = "widget", who: TelegramProfile = ANN, age: timedelta = timedelta()
) -> TelegramSigned:
    """What Telegram signed that long ago."""
    at = world.clock.now() - age
    return (
        world.telegram.vouch_for_mini_app(who, at) if kind == "mini_app" else world.telegram.vouch_for_widget(who, at)
    )


@pytest.fixture
async def owner(world: IdentityWorld) -> MemberId:
    """The first owner, who has a username and no password."""
    return (await world.members.bootstrap_owner())[0].id


@pytest.fixture
async def telegram(world: IdentityWorld) -> MemberId:
    """A member with a Telegram account alone."""
    now = world.clock.now()
    account = TelegramUser.register(TelegramUserId(world.ids.new()), ANN, now)
    member = Member(MemberId(world.ids.new()), created_at=now, updated_at=now, telegram=account)
    async with world.unit_of_work() as work:
        await work.members.add(member, now)
        await work.commit()
    return member.id


async def test_first_password_set_after_a_link_signs_in_and_ends_other_sign_ins(
    world: IdentityWorld, owner: MemberId
) -> None:
    other, here = await by_link(world, owner), await by_link(world, owner)
    assert await world.first_passwords.next_step(here) is FirstPasswordStep.SET_IT

    await world.first_passwords.set(here, NEW)

    assert await world.first_passwords.next_step(here) is FirstPasswordStep.IS_SET
    active = [view.id for view in (await world.sign_ins.page(here)).items]
    assert here.sign_in_id in active
    assert other.sign_in_id not in active
    [line] = await world.lines(AuditAction.PASSWORD_CHANGED)
    assert (line.actor_id, line.resource_id) == (owner, str(owner))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("age", [timedelta(), MAX_AGE, -CLOCK_SKEW])
async def test_first_password_of_telegram_member_with_a_fresh_proof_makes_a_web_account(
    world: IdentityWorld, telegram: MemberId, kind: str, age: timedelta
) -> None:
    here = await by_link(world, telegram)
    world.later(days=1)

    await world.first_passwords.set(here, NEW, " ann ", signed(world, kind, age=age))

    view = await world.members.me(here)
    assert (view.username, view.has_password) == ("ann", True)
    assert view.telegram is not None
    member = await world.auth.get_user_by_telegram_id(7)
    assert member is not None
    assert member.user is not None
    assert member.user.telegram_user_id == 7


@pytest.mark.parametrize(("username", "field"), [(None, "username"), ("", "username"), ("12345", "username")])
async def test_first_password_of_telegram_member_needs_a_username(
    world: IdentityWorld, telegram: MemberId, username: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.first_passwords.set(await by_link(world, telegram), NEW, username, signed(world))

    assert [error.field for error in refusal.value.fields] == [field]


async def test_first_password_with_taken_username_refused_and_nothing_kept(
    world: IdentityWorld, telegram: MemberId
) -> None:
    await world.registered("ann")
    here, proof = await by_link(world, telegram), signed(world)

    with pytest.raises(Conflict) as refusal:
        await world.first_passwords.set(here, NEW, "ANN", proof)

    assert refusal.value.details["field"] == "username"
    assert (await world.members.me(here)).username is None
    await world.first_passwords.set(here, NEW, "another", proof)
    assert (await world.members.me(here)).username == "another"


async def test_first_password_with_username_for_a_named_account_refused(world: IdentityWorld, owner: MemberId) -> None:
    with pytest.raises(Invalid, match="expected none"):
        await world.first_passwords.set(await by_link(world, owner), NEW, "another")


@pytest.mark.parametrize("password", ["short", "1234567890", "the owner itself", "ann_tg forever"])
async def test_first_password_that_is_guessable_refused(
    world: IdentityWorld, owner: MemberId, telegram: MemberId, password: str
) -> None:
    here = await by_link(world, telegram if "ann" in password else owner)
    proof = signed(world) if "ann" in password else None
    with pytest.raises(Invalid) as refusal:
        await world.first_passwords.set(here, password, "annie" if proof else None, proof)

    assert [error.field for error in refusal.value.fields] == ["new_password"]


async def test_first_password_of_an_older_sign_in_refused_even_when_refreshed(
    world: IdentityWorld, owner: MemberId
) -> None:
    link = await world.members.sign_in_link(OPERATOR, owner)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    world.clock.advance(RECENT)
    here, _ = await world.auth.actor(signed_in.access_token, DEVICE)
    assert await world.first_passwords.next_step(here) is FirstPasswordStep.SET_IT

    world.clock.advance(timedelta(seconds=1))
    refreshed = await world.auth.refresh(signed_in.refresh_token, DEVICE)
    here, _ = await world.auth.actor(refreshed.access_token, DEVICE)

    assert await world.first_passwords.next_step(here) is FirstPasswordStep.SIGN_IN_AGAIN
    with pytest.raises(NotAllowed, match="within 15 minutes"):
        await world.first_passwords.set(here, NEW)


async def test_first_password_without_a_sign_in_or_with_an_ended_one_refused(
    world: IdentityWorld, owner: MemberId
) -> None:
    here = await by_link(world, owner)
    await world.auth.sign_out(here)

    for actor in (here, Actor(owner, here.role)):
        with pytest.raises(NotAllowed):
            await world.first_passwords.set(actor, NEW)


async def test_first_password_where_there_is_one_refused(world: IdentityWorld) -> None:
    ann = (await world.registered("ann")).id
    here = await by_link(world, ann)

    assert await world.first_passwords.next_step(here) is FirstPasswordStep.IS_SET
    with pytest.raises(Conflict, match="has a password"):
        await world.first_passwords.set(here, NEW)
    assert await world.signed_in("ann")


async def test_first_password_tried_too_often_is_limited(world: IdentityWorld, telegram: MemberId) -> None:
    await world.registered("taken")
    here = await by_link(world, telegram)
    for _ in range(FIRST_PASSWORDS.count):
        with pytest.raises(Conflict):
            await world.first_passwords.set(here, NEW, "taken", signed(world))

    with pytest.raises(TooManyRequests):
        await world.first_passwords.set(here, NEW, "free", signed(world))


@pytest.mark.parametrize("kind", KINDS)
async def test_first_password_of_telegram_member_signed_in_by_telegram_just_now_still_needs_a_proof(
    world: IdentityWorld, kind: str
) -> None:
    here, used = await by_telegram(world, kind)

    assert await world.first_passwords.next_step(here) is FirstPasswordStep.ASK_TELEGRAM
    with pytest.raises(NotAllowed, match="vouch for you anew"):
        await world.first_passwords.set(here, NEW, "ann")
    with pytest.raises(InvalidCredentials):
        await world.first_passwords.set(here, NEW, "ann", used)
    assert (await world.members.me(here)).username is None

    world.later(seconds=1)
    await world.first_passwords.set(here, NEW, "ann", signed(world, kind))
    assert (await world.members.me(here)).has_password


@pytest.mark.parametrize("kind", KINDS)
async def test_first_password_with_a_proof_that_does_not_hold_is_refused_alike_and_told(
    world: IdentityWorld, telegram: MemberId, kind: str
) -> None:
    here, (_, used) = await by_link(world, telegram), await by_telegram(world, kind)
    forged: TelegramSigned = "user=7&hash=0" if kind == "mini_app" else {"id": 7, "hash": "0" * 64}
    given = {
        "forged": forged,
        "stale": signed(world, kind, age=MAX_AGE + TICK),
        "future": signed(world, kind, age=-CLOCK_SKEW - TICK),
        "replayed": used,
        "foreign": signed(world, kind, EVE),
    }
    told = set()
    for proof in given.values():
        with pytest.raises(InvalidCredentials) as refusal:
            await world.first_passwords.set(here, NEW, "ann", proof)
        told.add(str(refusal.value))

    assert len(told) == 1
    lines = await world.lines(AuditAction.SIGN_IN_FAILED)
    assert [line.details for line in lines] == [{"method": "first_password", "cause": cause} for cause in given]
    assert {(line.actor_id, line.resource_id, line.ip) for line in lines} == {(telegram, str(telegram), DEVICE.ip)}
    assert not (await world.members.me(here)).has_password


async def test_first_password_with_a_proof_of_an_account_that_one_does_not_have_refused(
    world: IdentityWorld, owner: MemberId
) -> None:
    here = await by_link(world, owner)

    with pytest.raises(InvalidCredentials):
        await world.first_passwords.set(here, NEW, None, signed(world))
    await world.first_passwords.set(here, NEW)

    assert [line.details["cause"] for line in await world.lines(AuditAction.SIGN_IN_FAILED)] == ["foreign"]


async def test_first_password_of_linked_account_needs_telegram_too_and_unlinking_needs_the_password(
    world: IdentityWorld, owner: MemberId, telegram: MemberId
) -> None:
    now = world.clock.now()
    async with world.unit_of_work() as work:
        one, absorbed = merge(await work.members.get(owner), await work.members.get(telegram), now)
        await work.members.save(absorbed, now)
        await work.members.save(one, now)
        await work.members.delete(absorbed)
        await work.commit()
    here = await by_link(world, one.id)

    with pytest.raises(NotAllowed, match="anew"):
        await world.first_passwords.set(here, NEW)
    with pytest.raises(Conflict, match="set one first"):
        await world.linking.unlink(here)
    await world.first_passwords.set(here, NEW, None, signed(world))
    await world.linking.unlink(here)

    view = await world.members.me(here)
    assert (view.username, view.has_password, view.telegram) == ("owner", True, None)


async def test_first_password_with_a_proof_and_an_ended_sign_in_refused_and_the_proof_still_good(
    world: IdentityWorld, telegram: MemberId
) -> None:
    ended, here, proof = await by_link(world, telegram), await by_link(world, telegram), signed(world)
    await world.auth.sign_out(ended)

    with pytest.raises(NotAllowed, match="Sign in again"):
        await world.first_passwords.set(ended, NEW, "ann", proof)
    await world.first_passwords.set(here, NEW, "ann", proof)

    assert (await world.members.me(here)).username == "ann"


async def test_first_password_spends_the_proof_for_signing_in_too(world: IdentityWorld, telegram: MemberId) -> None:
    proof = world.telegram.vouch_for_mini_app(ANN, world.clock.now())
    await world.first_passwords.set(await by_link(world, telegram), NEW, "ann", proof)

    with pytest.raises(NotSignedIn):
        await world.telegram_sign_in.with_mini_app(proof, DEVICE)

    assert [line.details["cause"] for line in await world.lines(AuditAction.SIGN_IN_FAILED)] == ["replayed"]


async def test_first_password_races_with_one_proof_set_one_password(world: IdentityWorld, telegram: MemberId) -> None:
    here, proof = await by_link(world, telegram), signed(world)

    results = await race(8, lambda number: world.first_passwords.set(here, f"{NEW} {number}", f"ann{number}", proof))

    assert sum(isinstance(each, str) for each in results) == 1
    assert len(await world.lines(AuditAction.PASSWORD_CHANGED)) == 1


async def test_first_password_failures_count_with_those_of_signing_in_by_telegram(
    world: IdentityWorld, telegram: MemberId
) -> None:
    here = await by_link(world, telegram)
    for _ in range(FAILURES.count - 1):
        with pytest.raises(NotSignedIn):
            await world.telegram_sign_in.with_mini_app("", DEVICE)
    with pytest.raises(InvalidCredentials):
        await world.first_passwords.set(here, NEW, "ann", "")

    for _ in range(2):
        with pytest.raises(TooManyRequests):
            await world.first_passwords.set(here, NEW, "ann", signed(world))
    with pytest.raises(TooManyRequests):
        await world.telegram_sign_in.with_mini_app("", DEVICE)

    [line] = await world.lines(AuditAction.SIGN_IN_LIMITED)
    assert (line.details["method"], line.actor_id) == ("first_password", telegram)


async def test_first_password_refused_for_another_reason_is_no_failure_of_the_proof(
    world: IdentityWorld, telegram: MemberId
) -> None:
    await world.registered("taken")
    for _ in range(FAILURES.count + 1):
        world.later(hours=1)
        with pytest.raises(Conflict):
            await world.first_passwords.set(await by_link(world, telegram), NEW, "taken", signed(world))

    assert await world.lines(AuditAction.SIGN_IN_FAILED) == []


async def test_first_password_of_telegram_member_without_a_bot_is_unavailable(
    world: IdentityWorld, telegram: MemberId
) -> None:
    proof, world.telegram.has_bot = signed(world), False

    with pytest.raises(Unavailable, match="no Telegram bot"):
        await world.first_passwords.set(await by_link(world, telegram), NEW, "ann", proof)

    assert await world.lines(AuditAction.SIGN_IN_FAILED) == []
