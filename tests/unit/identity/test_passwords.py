"""Passwords changed and reset."""

import asyncio
import re
from dataclasses import replace

import pytest

from adapters.memory.mailer import InMemoryMailer
from application.identity.sign_in import Credentials
from domain.errors import Conflict, Invalid, InvalidCredentials, InvalidToken, TooManyRequests, Unavailable
from domain.identity import (
    OPERATOR,
    UNKNOWN_DEVICE,
    AuditAction,
    Device,
    MemberId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
)
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld

NEW = "another long password"
EMAIL = "ann@example.org"


@pytest.fixture
async def ann(world: IdentityWorld) -> MemberId:
    return (await world.registered("ann", EMAIL)).id


def address(number: int) -> Device:
    return Device(ip=f"198.51.100.{number}")


async def reset_token(world: IdentityWorld, number: int = 1) -> str:
    await world.passwords.request_reset(EMAIL, address(number))
    return await world.mailed_token()


async def failed(world: IdentityWorld, times: int, device: Device, given: Credentials) -> None:
    for _ in range(times):
        with pytest.raises(InvalidCredentials):
            await world.auth.sign_in(replace(given, password="not the one"), device)


@pytest.mark.parametrize("given", [Credentials(NEW, username="Ann"), Credentials(NEW, email="ANN@example.org")])
async def test_reset_finished_forgets_the_failures_at_the_account_from_there(
    world: IdentityWorld, ann: MemberId, given: Credentials
) -> None:
    await failed(world, 5, DEVICE, given)
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(given, DEVICE)

    await world.passwords.redeem_reset(await reset_token(world), NEW, DEVICE)

    assert (await world.auth.sign_in(given, DEVICE)).access_token


async def test_reset_finished_keeps_what_is_counted_of_others(world: IdentityWorld, ann: MemberId) -> None:
    await world.registered("bob")
    await failed(world, 5, DEVICE, Credentials(PASSWORD, username="bob"))
    await failed(world, 5, DEVICE, Credentials(PASSWORD, username="ann"))
    await failed(world, 5, address(9), Credentials(PASSWORD, username="ann"))

    await world.passwords.redeem_reset(await reset_token(world), NEW, DEVICE)

    for name, device in (("bob", DEVICE), ("ann", address(9))):
        with pytest.raises(TooManyRequests):
            await world.auth.sign_in(Credentials(PASSWORD, username=name), device)


async def test_reset_refused_forgets_no_failure(world: IdentityWorld, ann: MemberId) -> None:
    await failed(world, 5, DEVICE, Credentials(PASSWORD, username="ann"))

    with pytest.raises(InvalidToken):
        await world.passwords.redeem_reset("made up", NEW, DEVICE)

    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)


async def test_password_changed_ends_the_other_sign_ins_and_tells_by_mail(world: IdentityWorld, ann: MemberId) -> None:
    other, here = await world.signed_in(), await world.signed_in()

    await world.passwords.change(here, PASSWORD, NEW)
    await world.mail.deliver()

    assert [view.id for view in (await world.sign_ins.page(here)).items] == [here.sign_in_id]
    assert other.sign_in_id is not None
    assert await world.auth.sign_in(Credentials(NEW, username="ann"), DEVICE)
    with pytest.raises(InvalidCredentials):
        await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    assert [(mail.to, mail.subject) for mail in world.mailer.sent] == [(EMAIL, "Your password was changed")]
    assert [line.resource_id for line in await world.lines(AuditAction.PASSWORD_CHANGED)] == [str(ann)]


async def test_password_change_with_wrong_current_one_is_limited_and_told(world: IdentityWorld, ann: MemberId) -> None:
    here = await world.signed_in()
    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.passwords.change(here, "not the one", NEW)

    with pytest.raises(TooManyRequests):
        await world.passwords.change(here, PASSWORD, NEW)

    lines = await world.lines(AuditAction.SIGN_IN_FAILED)
    assert [line.details["method"] for line in lines] == ["reauthentication"] * 5
    assert {line.actor_id for line in lines} == {ann}


async def test_password_change_to_one_too_short_asks_for_nothing_else(world: IdentityWorld, ann: MemberId) -> None:
    here = await world.signed_in()
    hashed = len(world.hasher.verified)

    with pytest.raises(Invalid) as refusal:
        await world.passwords.change(here, PASSWORD, "short")

    assert [error.field for error in refusal.value.fields] == ["new_password"]
    assert len(world.hasher.verified) == hashed


async def test_password_change_without_any_password_says_to_reset_it(world: IdentityWorld) -> None:
    owner, _ = await world.members.bootstrap_owner()
    link = await world.members.sign_in_link(OPERATOR, owner.id)
    signed_in = await world.auth.sign_in_with_link(link.token, DEVICE)
    actor, _ = await world.auth.actor(signed_in.access_token, DEVICE)

    with pytest.raises(Conflict, match="no password"):
        await world.passwords.change(actor, "", NEW)


async def test_password_reset_redeemed_signs_in_ends_all_and_verifies_the_email(
    world: IdentityWorld, ann: MemberId
) -> None:
    before = await world.auth.sign_in(Credentials(PASSWORD, username="ann"), DEVICE)
    token = await reset_token(world)

    signed_in = await world.passwords.redeem_reset(token, NEW, DEVICE)

    actor, _ = await world.auth.actor(signed_in.access_token)
    assert actor.member_id == ann
    assert (await world.members.me(actor)).email_verified
    with pytest.raises(InvalidToken):
        await world.auth.actor(before.access_token)
    assert await world.auth.sign_in(Credentials(NEW, username="ann"), DEVICE)
    assert [line.action for line in await world.lines(AuditAction.PASSWORD_RESET, AuditAction.SIGNED_IN)][-2:] == [
        AuditAction.SIGNED_IN,
        AuditAction.SIGNED_IN,
    ]
    assert len(await world.lines(AuditAction.PASSWORD_RESET)) == 1


async def test_password_reset_token_works_once_and_for_half_an_hour(world: IdentityWorld, ann: MemberId) -> None:
    used, late = await reset_token(world), await reset_token(world, 2)
    await world.passwords.redeem_reset(used, NEW, DEVICE)
    fresh = await reset_token(world, 3)
    world.later(minutes=30)

    for token in (used, late, fresh, "made up", ""):
        with pytest.raises(InvalidToken, match="used already or has expired"):
            await world.passwords.redeem_reset(token, "yet another password", DEVICE)


async def test_password_reset_links_from_before_another_password_or_email_are_void(
    world: IdentityWorld, ann: MemberId
) -> None:
    older = await reset_token(world)
    here = await world.signed_in()
    await world.passwords.change(here, PASSWORD, NEW)
    with pytest.raises(InvalidToken):
        await world.passwords.redeem_reset(older, "yet another password", DEVICE)

    newer = await reset_token(world, 2)
    await world.accounts.change(here, NEW, email="new@example.org")
    with pytest.raises(InvalidToken):
        await world.passwords.redeem_reset(newer, "yet another password", DEVICE)


async def test_password_reset_redeemed_by_racers_works_for_one(world: IdentityWorld, ann: MemberId) -> None:
    token = await reset_token(world)

    outcomes = await asyncio.gather(
        *(world.passwords.redeem_reset(token, f"{NEW} {number}", DEVICE) for number in range(10)),
        return_exceptions=True,
    )

    assert sum(not isinstance(outcome, InvalidToken) for outcome in outcomes) == 1


async def test_password_reset_with_short_password_keeps_the_token(world: IdentityWorld, ann: MemberId) -> None:
    token = await reset_token(world)

    with pytest.raises(Invalid):
        await world.passwords.redeem_reset(token, "short", DEVICE)
    assert await world.passwords.redeem_reset(token, NEW, DEVICE)


async def test_password_reset_of_a_banned_member_is_refused(world: IdentityWorld, ann: MemberId) -> None:
    token = await reset_token(world)
    await world.members.ban(OPERATOR, ann, "spam")

    with pytest.raises(InvalidToken):
        await world.passwords.redeem_reset(token, NEW, DEVICE)


@pytest.mark.parametrize("email", [EMAIL, "ANN@EXAMPLE.ORG", "nobody@example.org", "no address", ""])
async def test_password_reset_asked_for_does_the_same_for_any_address(
    world: IdentityWorld, ann: MemberId, email: str
) -> None:
    hashed, before = len(world.hasher.verified), len(await world.lines())

    await world.passwords.request_reset(email, DEVICE)

    async with world.unit_of_work() as work:
        assert await work.mail_queue.next_due(world.clock.now()) == world.clock.now()
    assert len(world.hasher.verified) == hashed
    assert len(await world.lines()) == before + 1


async def test_password_reset_mail_goes_to_accounts_that_exist_only(world: IdentityWorld, ann: MemberId) -> None:
    await world.passwords.request_reset("nobody@example.org", DEVICE)
    await world.passwords.request_reset("x" * 400, DEVICE)
    await world.passwords.request_reset("ANN@example.org", DEVICE)

    while await world.mail.deliver():
        pass

    (mail,) = world.mailer.sent
    assert mail.to == EMAIL
    assert re.search(r"^  https://guild\.example\.org/password-reset#token=\S{43,}$", mail.text, re.MULTILINE)
    async with world.unit_of_work() as work:
        assert await work.mail_queue.next_due(world.clock.now()) is None


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_password_reset_used_up_by_one_address_is_left_for_others(
    world: IdentityWorld, ann: MemberId, email: str
) -> None:
    for _ in range(3):
        await world.passwords.request_reset(email, address(1))
    for typed in (email, f" {email.upper()} "):
        with pytest.raises(TooManyRequests):
            await world.passwords.request_reset(typed, address(1))

    for _ in range(3):
        await world.passwords.request_reset(email, address(2))
    world.later(hours=1)
    await world.passwords.request_reset(email, address(1))
    assert len(await world.lines(AuditAction.PASSWORD_RESET_REQUESTED)) == 7


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.org"])
async def test_password_reset_of_one_email_from_everywhere_is_limited_to_ten_an_hour(
    world: IdentityWorld, ann: MemberId, email: str
) -> None:
    for number in range(10):
        await world.passwords.request_reset(email, address(number))
    with pytest.raises(TooManyRequests):
        await world.passwords.request_reset(email, address(10))

    await world.passwords.request_reset("another@example.org", address(10))
    world.later(hours=1)
    await world.passwords.request_reset(email, UNKNOWN_DEVICE)


async def test_password_reset_of_many_emails_from_one_address_is_limited_to_five_an_hour(world: IdentityWorld) -> None:
    for number in range(5):
        await world.passwords.request_reset(f"{number}@example.org", DEVICE)
    with pytest.raises(TooManyRequests):
        await world.passwords.request_reset("another@example.org", DEVICE)

    world.later(hours=1)
    await world.passwords.request_reset("another@example.org", DEVICE)


async def test_password_reset_on_an_instance_without_mail_is_unavailable_for_everybody(
    world: IdentityWorld, ann: MemberId
) -> None:
    world.passwords._mail._mailer = InMemoryMailer(can_send=False)

    for email in (EMAIL, "nobody@example.org"):
        with pytest.raises(Unavailable, match="sends no mail"):
            await world.passwords.request_reset(email, DEVICE)


@pytest.mark.parametrize("is_verified", [True, False])
async def test_reset_of_an_email_nobody_had_verified_unlinks_what_somebody_else_may_have_linked(
    world: IdentityWorld, *, is_verified: bool
) -> None:
    ann = (await world.registered("ann", "ann@example.org")).id
    now = world.clock.now()
    async with world.unit_of_work() as work:
        member = await work.members.get(ann)
        assert member.user is not None
        member.telegram = TelegramUser.register(TelegramUserId(world.ids.new()), TelegramProfile(7), now)
        member.user.telegram_user_id, member.user.email_verified = 7, is_verified
        member.changed(now)
        await work.members.save(member, now)
        await work.commit()
    await world.passwords.request_reset("ann@example.org", DEVICE)

    signed_in = await world.passwords.redeem_reset(await world.mailed_token(), "another long password", DEVICE)

    telegram = await world.auth.get_user_by_telegram_id(7)
    assert signed_in.member_id == ann
    assert telegram is not None
    assert (telegram.id == ann) is is_verified
    assert len(await world.lines(AuditAction.UNLINKED)) == (0 if is_verified else 2)
