"""Registering, other names, and verified emails."""

from datetime import timedelta

import pytest

from adapters.memory.mailer import InMemoryMailer
from application.identity.sign_in import Credentials
from domain.errors import Conflict, Invalid, InvalidCredentials, InvalidToken, NotAllowed, TooManyRequests, Unavailable
from domain.identity import GUEST, OPERATOR, UNKNOWN_DEVICE, Actor, AuditAction, Device, Role
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld


async def registered(world: IdentityWorld, email: str | None = "ann@example.org") -> Actor:
    await world.accounts.register(email, "ann", PASSWORD, Device(ip="192.0.2.200"))
    return await world.signed_in()


async def test_register_gets_the_role_public_a_mail_and_a_line(world: IdentityWorld) -> None:
    member = await world.accounts.register(" ann@example.org ", "", PASSWORD, DEVICE)
    await world.mail.deliver()

    assert (member.email, member.username, member.role, member.email_verified) == (
        "ann@example.org",
        None,
        Role.PUBLIC,
        False,
    )
    (line,) = await world.lines()
    assert (line.action, line.actor_id, line.ip) == (AuditAction.REGISTERED, member.id, DEVICE.ip)
    assert [mail.subject for mail in world.mailer.sent] == ["Confirm this email address"]


async def test_register_by_the_operator_is_told_as_theirs(world: IdentityWorld) -> None:
    member = await world.accounts.register(None, "ann", PASSWORD, UNKNOWN_DEVICE, OPERATOR)

    (line,) = await world.lines(AuditAction.REGISTERED)
    assert (line.actor_id, line.details["by"], line.resource_id) == (None, "operator", str(member.id))


@pytest.mark.parametrize(
    ("email", "username", "password", "fields"),
    [
        (None, None, PASSWORD, ["email"]),
        ("no-at-sign", None, PASSWORD, ["email"]),
        ("a@" + "x" * 320, None, PASSWORD, ["email"]),
        (None, "ab", PASSWORD, ["username"]),
        (None, "12345", PASSWORD, ["username"]),
        (None, "-ann", PASSWORD, ["username"]),
        ("bad", "!", PASSWORD, ["email", "username"]),
        (None, "ann", "short", ["password"]),
    ],
)
async def test_register_bad_fields_are_all_named(
    world: IdentityWorld, email: str | None, username: str | None, password: str, fields: list[str]
) -> None:
    with pytest.raises(Invalid) as refusal:
        await world.accounts.register(email, username, password, DEVICE)

    assert [error.field for error in refusal.value.fields] == fields


async def test_register_name_taken_in_other_case_conflicts(world: IdentityWorld) -> None:
    await world.accounts.register("ann@example.org", "ann", PASSWORD, DEVICE)

    with pytest.raises(Conflict):
        await world.accounts.register("ANN@EXAMPLE.ORG", None, PASSWORD, DEVICE)
    with pytest.raises(Conflict):
        await world.accounts.register(None, "ANN", PASSWORD, DEVICE)


async def test_register_without_email_or_mail_server_owes_no_mail(world: IdentityWorld) -> None:
    await world.accounts.register(None, "ann", PASSWORD, DEVICE)
    world.accounts._mail._mailer = InMemoryMailer(can_send=False)
    await world.accounts.register("bob@example.org", "bob", PASSWORD, DEVICE)

    assert await world.mail.deliver() == 0


async def test_register_beyond_ten_an_hour_from_an_address_is_refused_before_any_hash(world: IdentityWorld) -> None:
    for number in range(10):
        await world.accounts.register(None, f"ann{number}", PASSWORD, DEVICE)

    with pytest.raises(TooManyRequests):
        await world.accounts.register(None, "another", PASSWORD, DEVICE)
    assert await world.accounts.register(None, "another", PASSWORD, Device(ip="192.0.2.9"))
    with pytest.raises(Invalid):
        await world.accounts.register(None, "!", "short", DEVICE)


async def test_register_with_a_taken_name_in_other_case_conflicts(world: IdentityWorld) -> None:
    await registered(world)

    with pytest.raises(Conflict):
        await world.accounts.register("ANN@example.org", None, PASSWORD, DEVICE)


async def test_email_verified_by_its_mailed_token_once(world: IdentityWorld) -> None:
    actor = await registered(world)
    token = await world.mailed_token()

    await world.accounts.verify_email(token, DEVICE)

    assert (await world.members.me(actor)).email_verified
    assert len(await world.lines(AuditAction.EMAIL_VERIFIED)) == 1
    for refused in (token, "made up", ""):
        with pytest.raises(InvalidToken):
            await world.accounts.verify_email(refused, DEVICE)


async def test_email_token_is_void_once_the_email_is_another_one_or_after_two_days(world: IdentityWorld) -> None:
    actor = await registered(world)
    former = await world.mailed_token()
    await world.accounts.change(actor, PASSWORD, email="new@example.org")
    late = await world.mailed_token()

    with pytest.raises(InvalidToken):
        await world.accounts.verify_email(former, DEVICE)
    world.later(days=2)
    with pytest.raises(InvalidToken):
        await world.accounts.verify_email(late, DEVICE)
    assert world.mailer.sent[-1].to == "new@example.org"


async def test_email_token_is_no_password_reset_nor_the_other_way_round(world: IdentityWorld) -> None:
    await registered(world)
    verifying = await world.mailed_token()
    await world.passwords.request_reset("ann@example.org", DEVICE)
    resetting = await world.mailed_token()

    with pytest.raises(InvalidToken):
        await world.passwords.redeem_reset(verifying, "another long password", DEVICE)
    with pytest.raises(InvalidToken):
        await world.accounts.verify_email(resetting, DEVICE)
    with pytest.raises(InvalidToken):
        await world.auth.sign_in_with_link(resetting, DEVICE)


async def test_account_renamed_tells_what_changed_and_not_to_what(world: IdentityWorld) -> None:
    actor = await registered(world)
    await world.accounts.verify_email(await world.mailed_token(), DEVICE)

    same = await world.accounts.change(actor, PASSWORD, email="Ann@Example.org")
    changed = await world.accounts.change(actor, PASSWORD, email="new@example.org", username="anna")
    again = await world.accounts.change(actor, PASSWORD, username="anna")

    assert (same.email, same.email_verified) == ("Ann@example.org", True)
    assert (changed.email, changed.username, changed.email_verified) == ("new@example.org", "anna", False)
    assert again == changed
    lines = await world.lines(AuditAction.ACCOUNT_CHANGED)
    assert [line.details for line in lines] == [{"what": ["email"]}, {"what": ["email", "username"]}]


async def test_account_change_needs_the_password_a_member_and_free_names(world: IdentityWorld) -> None:
    actor = await registered(world)
    await world.accounts.register(None, "bob", PASSWORD, DEVICE)

    with pytest.raises(InvalidCredentials):
        await world.accounts.change(actor, "not the one", username="anna")
    with pytest.raises(Conflict):
        await world.accounts.change(actor, PASSWORD, username="BOB")
    with pytest.raises(Invalid):
        await world.accounts.change(actor, PASSWORD, email="nowhere", username="123")
    for other in (GUEST, OPERATOR):
        with pytest.raises(NotAllowed):
            await world.accounts.change(other, PASSWORD, username="anna")


async def test_verification_asked_for_again_is_limited_and_refused_where_there_is_nothing_to_do(
    world: IdentityWorld,
) -> None:
    actor = await registered(world)
    for _ in range(5):
        await world.accounts.request_verification(actor)
    with pytest.raises(TooManyRequests):
        await world.accounts.request_verification(actor)
    await world.accounts.verify_email(await world.mailed_token(), DEVICE)
    world.later(hours=1)

    with pytest.raises(Conflict, match="verified already"):
        await world.accounts.request_verification(actor)
    world.accounts._mail._mailer = InMemoryMailer(can_send=False)
    with pytest.raises(Unavailable):
        await world.accounts.request_verification(actor)


async def test_verification_of_no_email_is_a_conflict(world: IdentityWorld) -> None:
    actor = await registered(world, email=None)

    with pytest.raises(Conflict, match="no email"):
        await world.accounts.request_verification(actor)


async def test_account_renamed_ten_times_an_hour_then_refused_so_that_nobody_is_flooded_with_mail(
    world: IdentityWorld,
) -> None:
    actor = await registered(world)
    for number in range(10):
        await world.accounts.change(actor, PASSWORD, email=f"somebody{number}@example.org")

    with pytest.raises(TooManyRequests):
        await world.accounts.change(actor, PASSWORD, email="one-more@example.org")

    assert (await world.members.me(actor)).email == "somebody9@example.org"
    world.later(hours=1)
    assert (await world.accounts.change(actor, PASSWORD, email="later@example.org")).email == "later@example.org"


async def test_account_renamed_with_a_password_that_is_replaced_meanwhile_stays(world: IdentityWorld) -> None:
    actor = await registered(world)
    await world.mail.deliver()
    await world.passwords.request_reset("ann@example.org", DEVICE)
    token, verify = await world.mailed_token(), world.hasher.verify

    async def overtaken(password_hash: str | None, password: str) -> bool:
        world.hasher.verify = verify  # type: ignore[method-assign]
        matches = await verify(password_hash, password)
        await world.passwords.redeem_reset(token, "another long password", DEVICE)
        return matches

    world.hasher.verify = overtaken  # type: ignore[method-assign]
    with pytest.raises(InvalidCredentials):
        await world.accounts.change(actor, PASSWORD, email="thief@example.org")

    assert (await world.members.me(actor)).email == "ann@example.org"


@pytest.mark.parametrize("other", ["straße@example.org", "\u017fteve@example.org"])
async def test_account_renamed_to_another_mailbox_of_like_letters_is_not_verified(
    world: IdentityWorld, other: str
) -> None:
    actor = await registered(world, other.casefold())
    await world.accounts.verify_email(await world.mailed_token(), DEVICE)

    changed = await world.accounts.change(actor, PASSWORD, email=other)

    assert (changed.email, changed.email_verified) == (other, False)


async def test_account_renamed_while_too_many_hash_counts_as_no_wrong_password(world: IdentityWorld) -> None:
    actor = await registered(world)
    verify = world.hasher.verify

    async def busy(_password_hash: str | None, _password: str) -> bool:
        raise TooManyRequests("Too many sign-ins at once.", timedelta(seconds=5))

    world.hasher.verify = busy  # type: ignore[method-assign]
    for _ in range(6):
        with pytest.raises(TooManyRequests, match="at once"):
            await world.accounts.change(actor, PASSWORD, username="anna")
    world.hasher.verify = verify  # type: ignore[method-assign]

    assert (await world.accounts.change(actor, PASSWORD, username="anna")).username == "anna"


@pytest.mark.parametrize("typed", ["jose\u0301@example.org", "jos\u00e9@example.org", " JOS\u00c9@example.org "])
async def test_account_is_found_however_its_accents_are_typed(world: IdentityWorld, typed: str) -> None:
    await registered(world, "jose\u0301@example.org")

    assert await world.auth.sign_in(Credentials(PASSWORD, email=typed), DEVICE)
    assert (await world.members.find(OPERATOR, typed)).email == "jos\u00e9@example.org"
    with pytest.raises(Conflict):
        await world.accounts.register(typed, None, PASSWORD, DEVICE)
    await world.passwords.request_reset(typed, DEVICE)
    assert await world.mailed_token()
    for _ in range(6):
        with pytest.raises((InvalidCredentials, TooManyRequests)) as refusal:
            await world.auth.sign_in(Credentials("wrong", email=typed), DEVICE)
    assert refusal.type is TooManyRequests
    with pytest.raises(TooManyRequests):
        await world.auth.sign_in(Credentials("wrong", email="jos\u00e9@example.org"), DEVICE)
