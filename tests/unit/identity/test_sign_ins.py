"""A member sees where they are signed in, and ends what they do not want."""

import pytest

from application.ports.realtime import RightsChanged
from domain.errors import NotAllowed, NotFound
from domain.identity import GUEST, AuditAction, Device
from tests.unit.identity.conftest import IdentityWorld


async def test_sign_ins_listed_are_ones_own_and_active_newest_first(world: IdentityWorld) -> None:
    for name in ("ann", "bob"):
        await world.registered(name)
    phone = await world.signed_in(device=Device("192.0.2.1", "phone"))
    world.later(minutes=1)
    laptop = await world.signed_in(device=Device("192.0.2.2", "laptop"))
    await world.signed_in("bob")

    listed = (await world.sign_ins.page(laptop)).items
    world.later(days=7)

    assert [(view.id, view.user_agent) for view in listed] == [
        (laptop.sign_in_id, "laptop"),
        (phone.sign_in_id, "phone"),
    ]
    assert (await world.sign_ins.page(laptop)).items == ()


async def test_sign_in_ended_from_another_device_stops_at_once(world: IdentityWorld) -> None:
    await world.registered("ann")
    phone, laptop = await world.signed_in(), await world.signed_in()
    assert phone.sign_in_id is not None

    await world.sign_ins.end(laptop, phone.sign_in_id)

    assert [view.id for view in (await world.sign_ins.page(laptop)).items] == [laptop.sign_in_id]
    assert world.heard[-1] == RightsChanged(member_id=laptop.member_id)
    assert [line.details["cause"] for line in await world.lines(AuditAction.SIGNED_OUT)] == ["ended"]
    with pytest.raises(NotFound):
        await world.sign_ins.end(laptop, phone.sign_in_id)


async def test_sign_in_of_another_member_is_not_found_and_goes_on(world: IdentityWorld) -> None:
    for name in ("ann", "bob"):
        await world.registered(name)
    ann, bob = await world.signed_in("ann"), await world.signed_in("bob")
    assert ann.sign_in_id is not None

    with pytest.raises(NotFound):
        await world.sign_ins.end(bob, ann.sign_in_id)
    assert len((await world.sign_ins.page(ann)).items) == 1


async def test_sign_ins_ended_but_this_one_leave_this_one(world: IdentityWorld) -> None:
    await world.registered("ann")
    await world.signed_in()
    await world.signed_in()
    here = await world.signed_in()

    await world.sign_ins.end_others(here)

    assert [view.id for view in (await world.sign_ins.page(here)).items] == [here.sign_in_id]
    with pytest.raises(NotAllowed):
        await world.sign_ins.page(GUEST)
