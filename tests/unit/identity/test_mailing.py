"""Mail that is owed leaves, later if it must, and is given up in the end."""

import asyncio
import logging

import pytest

from application.ports.mailing import MailNotSent
from domain.errors import Unavailable
from domain.identity import OPERATOR
from tests.unit.identity.conftest import DEVICE, PASSWORD, IdentityWorld

EMAIL = "ann@example.org"


async def owed(world: IdentityWorld) -> None:
    """One mail: a reset that Ann asked for."""
    await world.registered("ann", EMAIL)
    await world.passwords.request_reset(EMAIL, DEVICE)


async def is_owed(world: IdentityWorld) -> bool:
    async with world.unit_of_work() as work:
        return await work.mail_queue.next_due(world.clock.now()) is not None


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


async def test_mail_that_fails_is_tried_again_with_a_token_of_its_own(world: IdentityWorld) -> None:
    await owed(world)
    world.mailer.failures = [MailNotSent("away"), MailNotSent("away")]

    tried = [await world.mail.deliver()]
    for seconds in (10, 20):
        assert await world.mail.deliver() == 0
        world.later(seconds=seconds)
        tried.append(await world.mail.deliver())

    assert tried == [1, 1, 1]
    assert len(world.mailer.sent) == 1
    assert not await is_owed(world)
    assert await world.passwords.redeem_reset(await world.mailed_token(), "another long password", DEVICE)


async def test_mail_refused_for_good_is_dropped_with_a_line_that_names_nobody(
    world: IdentityWorld, caplog: pytest.LogCaptureFixture
) -> None:
    await owed(world)
    world.mailer.failures = [MailNotSent("the server refused the recipient (550)", permanent=True)]

    with caplog.at_level(logging.WARNING):
        await world.mail.deliver()

    assert not await is_owed(world)
    assert [record.message for record in caplog.records] == ["mail_dropped"]
    assert EMAIL not in str(caplog.records[0].__dict__)


async def test_mail_that_keeps_failing_is_given_up_within_the_hour(world: IdentityWorld) -> None:
    await owed(world)
    world.mailer.failures = [MailNotSent("away")] * 100

    for _ in range(200):
        await world.mail.deliver()
        world.later(seconds=20)

    assert not await is_owed(world)
    assert 5 < 100 - len(world.mailer.failures) < 20
    assert world.mailer.sent == []


async def test_mail_found_an_hour_late_is_not_sent(world: IdentityWorld) -> None:
    await owed(world)
    world.later(hours=1)

    await world.mail.deliver()

    assert world.mailer.sent == []
    assert not await is_owed(world)


async def test_mail_to_a_member_banned_meanwhile_is_not_sent(world: IdentityWorld) -> None:
    await owed(world)
    ann = await world.members.find(OPERATOR, "ann")
    await world.members.ban(OPERATOR, ann.id, "spam")

    assert await world.mail.deliver() == 1
    assert world.mailer.sent == []
    assert not await is_owed(world)


async def test_mail_is_sent_outside_of_any_transaction(world: IdentityWorld) -> None:
    await owed(world)
    held: list[bool] = []
    send = world.mailer.send

    async def sending(mail: object) -> None:
        held.append(world.store.lock.locked())
        await send(mail)  # type: ignore[arg-type]

    world.mailer.send = sending  # type: ignore[method-assign]
    await world.mail.deliver()

    assert held == [False]


async def test_mail_held_by_a_dead_worker_leaves_when_its_lease_ends(world: IdentityWorld) -> None:
    await owed(world)
    world.mailer.failures = [RuntimeError("killed")]  # type: ignore[list-item]

    with pytest.raises(RuntimeError):
        await world.mail.deliver()
    assert await world.mail.deliver() == 0
    world.later(minutes=3)
    await world.mail.deliver()

    assert len(world.mailer.sent) == 1


async def test_mail_worker_wakes_when_mail_is_announced_and_when_a_retry_is_due(world: IdentityWorld) -> None:
    worker = asyncio.create_task(world.mail.run())
    await settled()
    await owed(world)
    await settled()
    announced = len(world.mailer.sent)
    world.mailer.failures = [MailNotSent("away")]
    await world.passwords.request_reset(EMAIL, DEVICE)
    await settled()
    world.later(seconds=10)
    await settled()

    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker
    assert (announced, len(world.mailer.sent)) == (1, 2)
    assert world.clock.sleepers == 0


async def test_mail_worker_without_a_database_says_so_to_its_supervisor(world: IdentityWorld) -> None:
    def away() -> object:
        raise Unavailable("The database is away.")

    world.mail._unit_of_work = away  # type: ignore[assignment]
    with pytest.raises(Unavailable):
        await world.mail.run()
    assert len(world.bus._listeners) == 1


@pytest.mark.parametrize(("username", "who"), [("ann", "The member ann"), (None, "A member without a username")])
async def test_mail_that_verifies_says_who_asked_and_what_to_do_otherwise(
    world: IdentityWorld, username: str | None, who: str
) -> None:
    await world.accounts.register(EMAIL, username, PASSWORD, DEVICE)
    await world.mailed_token()

    [mail] = world.mailer.sent
    assert mail.to == EMAIL
    assert mail.text.startswith(f"{who} gave this address for their account at https://guild.example.org.")
    assert "If it was not you, do nothing" in mail.text


async def test_mail_of_a_changed_email_goes_to_the_old_address_too(world: IdentityWorld) -> None:
    await world.registered("ann", EMAIL)
    await world.accounts.change(await world.signed_in(), PASSWORD, email="new@example.org")
    await world.mailed_token()

    texts = {mail.to: mail.text for mail in world.mailer.sent}
    assert set(texts) == {EMAIL, "new@example.org"}
    assert "If it was not you" in texts[EMAIL]
    assert "new@example.org" not in texts[EMAIL]
    assert "token" not in texts[EMAIL]


@pytest.mark.parametrize("names", [{"username": "anna"}, {"email": "ANN@example.org"}])
async def test_mail_of_an_email_that_stays_tells_the_old_address_nothing(
    world: IdentityWorld, names: dict[str, str]
) -> None:
    await world.registered("ann", EMAIL)
    await world.accounts.change(await world.signed_in(), PASSWORD, **names)
    while await world.mail.deliver():
        pass

    assert not [mail for mail in world.mailer.sent if "was changed" in mail.subject]
