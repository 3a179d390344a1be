"""How many sign-ins one account may open, and how many stay open."""

from datetime import timedelta

import pytest

from application.identity._opening import MAX_OPEN, SIGN_INS
from application.identity.sign_in import Credentials
from application.ports.realtime import RightsChanged
from domain.errors import InvalidToken, TooManyRequests
from domain.identity import AuditAction, Device
from tests.unit.identity.conftest import PASSWORD, IdentityWorld

HOME, NEXT_DOOR, AWAY = Device(ip="2001:db8:0:1::1"), Device(ip="2001:db8:0:1::2"), Device(ip="192.0.2.2")


async def sign_in_until_full(world: IdentityWorld) -> None:
    """As often as one account may from one address, at one moment."""
    for _ in range(SIGN_INS.count):
        await world.signed_in(device=HOME)


async def test_sign_ins_beyond_sixty_an_hour_at_one_address_are_told_to_come_back(world: IdentityWorld) -> None:
    ann = await world.registered("ann", "ann@example.org")
    await world.registered("bob")
    await sign_in_until_full(world)
    world.later(minutes=20)

    for credentials in (Credentials(PASSWORD, username="ann"), Credentials(PASSWORD, email="ann@example.org")):
        with pytest.raises(TooManyRequests) as refusal:
            await world.auth.sign_in(credentials, NEXT_DOOR)
        assert refusal.value.retry_after == timedelta(minutes=40)

    await world.signed_in(device=AWAY)
    await world.signed_in("bob", device=HOME)
    (line,) = await world.lines(AuditAction.SIGN_IN_LIMITED)
    assert (line.resource_id, line.details, line.ip) == (
        str(ann.id),
        {"method": "password", "cause": "too_many"},
        NEXT_DOOR.ip,
    )
    assert len(await world.lines(AuditAction.SIGNED_IN)) == SIGN_INS.count + 2


async def test_sign_ins_are_welcome_again_after_the_hour(world: IdentityWorld) -> None:
    await world.registered("ann")
    await sign_in_until_full(world)
    world.later(minutes=59, seconds=59)
    with pytest.raises(TooManyRequests):
        await world.signed_in(device=HOME)

    world.later(seconds=1)

    assert (await world.signed_in(device=HOME)).member_id is not None


async def test_sign_in_beyond_the_open_ones_ends_the_one_that_was_idle_for_longest(world: IdentityWorld) -> None:
    await world.registered("ann")
    first = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), HOME)
    second = await world.signed_in(device=HOME)
    for _ in range(MAX_OPEN - 2):
        world.later(minutes=2)
        await world.signed_in(device=HOME)
    await world.auth.refresh(first.refresh_token)
    assert await world.lines(AuditAction.SIGNED_OUT) == []
    world.heard.clear()

    newest = await world.signed_in(device=AWAY)

    assert RightsChanged(member_id=first.member_id) in world.heard
    open_ones = (await world.sign_ins.page(newest, limit=200)).items
    assert len(open_ones) == MAX_OPEN
    assert {first.sign_in_id, newest.sign_in_id} <= {view.id for view in open_ones}
    assert second.sign_in_id not in {view.id for view in open_ones}
    (line,) = await world.lines(AuditAction.SIGNED_OUT)
    assert line.details == {"cause": "too_many", "count": 1}


async def test_sign_in_that_was_ended_for_another_carries_no_request(world: IdentityWorld) -> None:
    await world.registered("ann")
    oldest = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), HOME)
    world.later(minutes=2)
    for _ in range(MAX_OPEN):
        await world.signed_in(device=HOME)
        world.later(minutes=1)

    with pytest.raises(InvalidToken):
        await world.auth.actor(oldest.access_token)
    with pytest.raises(InvalidToken):
        await world.auth.refresh(oldest.refresh_token)
