"""Signing in with what Telegram vouches for."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from adapters.telegram.proofs import HmacTelegramProofs
from application.identity._auditing import Trail
from application.identity._opening import SIGN_INS, SignedIn, SignInOpener
from application.identity._telegram_proving import CLOCK_SKEW, FAILURES, MAX_AGE, TelegramProving
from application.identity.telegram_sign_in import TelegramSignIn
from domain.errors import InvalidToken, TooManyRequests, Unavailable
from domain.identity import Actor, AuditAction, Device, Role, TelegramProfile
from tests.support.backend import memory_backend
from tests.support.linking import ANN, DEVICE, LinkingWorld
from tests.support.racing import race
from tests.support.telegram import BOT_TOKEN, Signer

TICK = timedelta(seconds=1)
KINDS = ("widget", "mini_app")


@pytest.fixture
def world() -> LinkingWorld:
    """An instance without members."""
    return LinkingWorld(memory_backend())


def attempt(
    world: LinkingWorld, kind: str, age: timedelta = timedelta(), who: TelegramProfile = ANN, device: Device = DEVICE
) -> Callable[[], Awaitable[SignedIn]]:
    """Signing in with a proof made that long ago, as often as it is called."""
    at = world.backend.clock.now() - age
    if kind == "widget":
        fields = world.telegram.vouch_for_widget(who, at)
        return lambda: world.sign_in.with_widget(fields, device)
    init_data = world.telegram.vouch_for_mini_app(who, at)
    return lambda: world.sign_in.with_mini_app(init_data, device)


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_of_an_unknown_account_makes_a_member_without_an_email(world: LinkingWorld, kind: str) -> None:
    signed_in = await attempt(world, kind)()

    member = await world.by_telegram_id()
    assert member is not None
    assert (member.id, member.user) == (signed_in.member_id, None)
    actor = await world.asking(signed_in)
    assert (actor.member_id, actor.role) == (member.id, Role.PUBLIC)
    lines = await world.lines()
    assert [line.action for line in lines] == [AuditAction.REGISTERED, AuditAction.SIGNED_IN]
    assert lines[1].details == {"method": f"telegram_{kind}"}
    assert (lines[1].ip, lines[1].user_agent) == (DEVICE.ip, DEVICE.user_agent)


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_of_a_linked_account_is_the_one_members(world: LinkingWorld, kind: str) -> None:
    ada = await world.web(role=Role.SUBSCRIBER)
    await world.linked(Actor(ada.id, Role.SUBSCRIBER))

    signed_in = await attempt(world, kind)()

    assert (signed_in.member_id, (await world.asking(signed_in)).role) == (ada.id, Role.SUBSCRIBER)


async def test_sign_in_takes_over_names_and_keeps_that_the_bot_is_blocked(world: LinkingWorld) -> None:
    await world.accounts.seen(ANN)
    await world.accounts.blocked(42)

    await attempt(world, "widget", who=TelegramProfile(42, "anna", "Anna"))()

    member = await world.by_telegram_id()
    assert member is not None
    assert member.telegram is not None
    assert (member.telegram.telegram_username, member.telegram.first_name) == ("anna", "Anna")
    assert member.telegram.blocked_bot_at is not None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("age", [timedelta(), MAX_AGE - TICK, MAX_AGE, -CLOCK_SKEW])
async def test_sign_in_with_a_proof_of_allowed_age_works(world: LinkingWorld, kind: str, age: timedelta) -> None:
    signed_in = await attempt(world, kind, age)()

    assert (await world.asking(signed_in)).member_id == signed_in.member_id


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("age", "cause"),
    [
        (MAX_AGE + TICK, "stale"),
        (timedelta(days=365), "stale"),
        (-CLOCK_SKEW - TICK, "future"),
        (-timedelta(days=365), "future"),
    ],
)
async def test_sign_in_with_a_proof_too_old_or_from_the_future_is_refused(
    world: LinkingWorld, kind: str, age: timedelta, cause: str
) -> None:
    with pytest.raises(InvalidToken):
        await attempt(world, kind, age)()

    assert await world.by_telegram_id() is None
    (line,) = await world.lines()
    assert (line.action, line.resource_id, line.ip) == (AuditAction.SIGN_IN_FAILED, "", DEVICE.ip)
    assert line.details == {"method": f"telegram_{kind}", "cause": cause}


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_with_a_used_proof_is_refused_as_long_as_it_would_be_young_enough(
    world: LinkingWorld, kind: str
) -> None:
    again = attempt(world, kind, -CLOCK_SKEW)
    first = await again()

    for minutes in (0, 5, 10, 15):
        world.backend.clock.advance(timedelta(minutes=0 if minutes == 0 else 5))
        await world.backend.sweep.tokens(world.backend.clock.now(), 100)
        with pytest.raises(InvalidToken):
            await again()

    causes = [line.details["cause"] for line in await world.lines(AuditAction.SIGN_IN_FAILED)]
    assert causes == ["replayed"] * 4
    assert (await world.asking(first)).member_id == first.member_id


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_races_with_one_proof_open_one_sign_in(world: LinkingWorld, kind: str) -> None:
    again = attempt(world, kind)

    results = await race(20, lambda _: again())

    assert sum(isinstance(result, SignedIn) for result in results) == 1
    assert sum(isinstance(result, InvalidToken) for result in results) == 19
    assert len(await world.lines(AuditAction.SIGNED_IN)) == 1


async def test_sign_in_races_with_own_proofs_make_one_member(world: LinkingWorld) -> None:
    attempts = [attempt(world, KINDS[number % 2]) for number in range(20)]

    results = await race(20, lambda number: attempts[number]())

    assert len({result.member_id for result in results if isinstance(result, SignedIn)}) == 1
    assert len({result.sign_in_id for result in results if isinstance(result, SignedIn)}) == 20


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_of_a_banned_member_reads_as_a_false_proof_does(world: LinkingWorld, kind: str) -> None:
    ann = await world.telegram_member()
    await world.change(ann.id, ban=True)
    again = attempt(world, kind)

    with pytest.raises(InvalidToken) as banned:
        await again()
    with pytest.raises(InvalidToken) as replayed:
        await again()
    with pytest.raises(InvalidToken) as forged:
        await world.sign_in.with_widget({"id": 42, "hash": "0" * 64}, DEVICE)

    assert str(banned.value) == str(replayed.value) == str(forged.value)
    lines = await world.lines(AuditAction.SIGN_IN_FAILED)
    assert [line.details["cause"] for line in lines] == ["banned", "replayed", "forged"]
    assert lines[0].resource_id == str(ann.id)


async def test_sign_in_failures_are_limited_per_address_and_told_once(world: LinkingWorld) -> None:
    other = Device(ip="198.51.100.9")
    for _ in range(FAILURES.count):
        with pytest.raises(InvalidToken):
            await world.sign_in.with_mini_app("user=1&hash=0", DEVICE)

    for _ in range(10):
        with pytest.raises(TooManyRequests):
            await attempt(world, "widget")()

    assert len(await world.lines(AuditAction.SIGN_IN_LIMITED)) == 1
    assert (await attempt(world, "widget", device=other)()).member_id is not None
    world.backend.clock.advance(FAILURES.window + TICK)
    assert (await attempt(world, "widget")()).member_id is not None


async def test_sign_in_failures_from_one_ipv6_network_count_together(world: LinkingWorld) -> None:
    for number in range(FAILURES.count):
        with pytest.raises(InvalidToken):
            await world.sign_in.with_mini_app("", Device(ip=f"2001:db8::{number:x}"))

    with pytest.raises(TooManyRequests):
        await attempt(world, "widget", device=Device(ip="2001:db8::ffff"))()


async def test_sign_in_that_succeeds_is_never_limited(world: LinkingWorld) -> None:
    for _ in range(2 * FAILURES.count):
        assert (await attempt(world, "mini_app")()).member_id is not None


async def test_sign_in_without_a_bot_is_unavailable_and_no_failure(world: LinkingWorld) -> None:
    world.telegram.has_bot = False

    for _ in range(2 * FAILURES.count):
        with pytest.raises(Unavailable, match="no Telegram bot"):
            await world.sign_in.with_widget({}, DEVICE)

    assert await world.lines() == []


async def test_sign_in_trail_holds_nothing_of_the_proof(world: LinkingWorld) -> None:
    fields = world.telegram.vouch_for_widget(ANN, world.backend.clock.now())

    await world.sign_in.with_widget(fields, DEVICE)
    with pytest.raises(InvalidToken):
        await world.sign_in.with_widget(fields, DEVICE)

    assert str(fields["hash"]) not in str(await world.lines())


async def test_sign_ins_of_one_telegram_account_beyond_sixty_an_hour_are_told_to_come_back(
    world: LinkingWorld,
) -> None:
    for _ in range(SIGN_INS.count):
        world.backend.clock.advance(TICK)
        await attempt(world, "widget")()
    world.backend.clock.advance(TICK)
    too_many = attempt(world, "widget")

    for _ in range(FAILURES.count + 1):
        with pytest.raises(TooManyRequests) as refusal:
            await too_many()
        assert refusal.value.retry_after == SIGN_INS.window - SIGN_INS.count * TICK

    (line,) = await world.lines(AuditAction.SIGN_IN_LIMITED)
    assert (line.details, line.ip) == ({"method": "telegram_widget", "cause": "too_many"}, DEVICE.ip)
    bob = await attempt(world, "widget", who=TelegramProfile(43, "bob", "Bob"))()
    elsewhere = await attempt(world, "widget", device=Device(ip="192.0.2.2"))()
    assert bob.member_id != elsewhere.member_id


@pytest.mark.parametrize("kind", KINDS)
async def test_sign_in_with_telegrams_own_signature_works_and_with_a_bent_one_does_not(
    world: LinkingWorld, kind: str
) -> None:
    backend, telegram = world.backend, Signer()
    trail = Trail(backend.unit_of_work, backend.clock, backend.ids)
    opener = SignInOpener(world.limiter, trail, world.tokens, backend.clock, backend.ids)
    proving = TelegramProving(HmacTelegramProofs(BOT_TOKEN), world.limiter, trail, backend.clock)
    service = TelegramSignIn(backend.unit_of_work, proving, opener, backend.clock, backend.ids)
    fields = telegram.vouch_for_widget(ANN, backend.clock.now())
    init_data = telegram.vouch_for_mini_app(ANN, backend.clock.now())
    if kind == "widget":
        genuine, bent = service.with_widget(fields, DEVICE), service.with_widget({**fields, "id": 1}, DEVICE)
    else:
        genuine = service.with_mini_app(init_data, DEVICE)
        bent = service.with_mini_app(init_data.replace("42", "1"), DEVICE)

    with pytest.raises(InvalidToken):
        await bent
    assert (await world.asking(await genuine)).role is Role.PUBLIC
