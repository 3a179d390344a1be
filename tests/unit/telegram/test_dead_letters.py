"""The inbox for those who run the community: what it shows, what it masks, and what it notes."""

import json

import pytest

from application.ports.audit import AuditFilter
from application.ports.realtime import Announcement, UpdatesArrived
from application.telegram.dead_letters import UPDATE, DeadLetters, Replayed
from application.telegram.disclosing import MASK, disclosed
from domain.errors import Conflict, NotAllowed, NotFound
from domain.identity import OPERATOR, Actor, AuditAction, Role
from domain.telegram import MALFORMED, Envelope, InboxUpdate, UpdateKey, UpdateState
from tests.support.backend import Backend, memory_backend
from tests.support.bot import BOT, arrived, claimed, handled, new_update, stored_update
from tests.support.given import stored_member


@pytest.fixture
def backend() -> Backend:
    return memory_backend()


def letters_of(backend: Backend) -> DeadLetters:
    return DeadLetters(backend.unit_of_work, backend.updates, backend.clock, backend.ids)


async def failed(
    backend: Backend, update_id: int = 1, raw: bytes = b'{"update_id": 1}', **fields: object
) -> InboxUpdate:
    """A dead letter."""
    update = new_update(backend, update_id, raw=raw, **fields)
    update.give_up("RuntimeError: broken", backend.clock.now())
    await arrived(backend, update)
    return update


async def admin_of(backend: Backend) -> Actor:
    """An admin who is a member."""
    return Actor((await stored_member(backend, "root", Role.ADMIN)).id, Role.ADMIN)


async def lines(backend: Backend, action: AuditAction) -> list[tuple[str, str, object]]:
    """What the trail holds of it: of what, which, by whom."""
    page = await backend.audit.page(AuditFilter(action=action), None, 50)
    return [(each.resource_type, each.resource_id, each.actor_id) for each in page.items]


async def test_dead_letters_are_for_admins_only(backend: Backend) -> None:
    update = await failed(backend)
    letters, actor = letters_of(backend), Actor((await stored_member(backend)).id, Role.SUBSCRIBER)
    for attempt in (
        letters.page(actor, BOT),
        letters.counts(actor, BOT),
        letters.show(actor, BOT, update.key),
        letters.replay(actor, BOT, update.key),
        letters.replay_all(actor, BOT),
        letters.dismiss(actor, BOT, update.key),
        letters.dismiss_left(actor, BOT),
    ):
        with pytest.raises(NotAllowed):
            await attempt
    assert (await stored_update(backend, update.key)).state is UpdateState.ERROR


async def test_dead_letter_shown_is_noted_and_replayed_is_announced(backend: Backend) -> None:
    update, admin, letters = await failed(backend), await admin_of(backend), letters_of(backend)
    heard: list[Announcement] = []
    backend.bus.listen(heard.append)

    shown = await letters.show(admin, BOT, update.key)
    replayed = await letters.replay(admin, BOT, update.key)

    assert shown.content == {"update_id": 1}
    assert replayed.state is UpdateState.NEW
    assert heard == [UpdatesArrived(update.bot_id)]
    assert await lines(backend, AuditAction.UPDATE_READ) == [(UPDATE, str(update.key), admin.member_id)]
    assert await lines(backend, AuditAction.UPDATE_REPLAYED) == [(UPDATE, str(update.key), admin.member_id)]
    (again,) = await claimed(backend)
    assert (again.key, again.attempts) == (update.key, 1)


async def test_dead_letter_alone_is_replayed_and_anything_else_is_refused_in_plain_words(backend: Backend) -> None:
    letters, waiting = letters_of(backend), new_update(backend, 4)
    await arrived(backend, waiting)
    with pytest.raises(Conflict, match="no dead letter: it waits or is being handled"):
        await letters.replay(OPERATOR, BOT, waiting.key)
    await handled(backend, *await claimed(backend))
    with pytest.raises(Conflict, match="no dead letter: it was handled"):
        await letters.replay(OPERATOR, BOT, waiting.key)


async def test_dead_letters_that_cannot_be_handled_or_come_too_late_stay_and_are_counted(backend: Backend) -> None:
    letters = letters_of(backend)
    await failed(backend, 1)
    await failed(backend, 2, raw=b"", lane="chat:6")
    press = await failed(backend, 3, lane="urgent:6", is_urgent=True)

    assert await letters.replay_all(OPERATOR, BOT) == Replayed(1, 2)
    assert (await letters.counts(OPERATOR, BOT))[UpdateState.ERROR] == 2
    assert (await letters.replay(OPERATOR, BOT, press.key)).state is UpdateState.NEW, "whoever wants this very one"


async def test_dead_letters_that_replaying_leaves_are_dismissed_and_noted(backend: Backend) -> None:
    letters, admin = letters_of(backend), await admin_of(backend)
    kept = await failed(backend, 1)
    await failed(backend, 2, raw=b"", lane="chat:6")
    await failed(backend, 3, lane="urgent:6", is_urgent=True)
    malformed = InboxUpdate.received(
        UpdateKey(backend.ids.new()), BOT, Envelope(None, MALFORMED, MALFORMED), b"no update", backend.clock.now()
    )
    await arrived(backend, malformed, new_update(backend, 4))

    assert await letters.dismiss_left(admin, BOT) == 3
    assert await letters.dismiss_left(admin, BOT) == 0

    counts = await letters.counts(OPERATOR, BOT)
    assert (counts[UpdateState.ERROR], counts[UpdateState.NEW]) == (1, 1)
    assert (await stored_update(backend, kept.key)).state is UpdateState.ERROR
    noted = await lines(backend, AuditAction.UPDATE_DISMISSED)
    assert len(noted) == 3
    assert (UPDATE, str(malformed.key), admin.member_id) in noted


async def test_dead_letter_is_dismissed_by_its_key_and_what_waits_is_not(backend: Backend) -> None:
    letters = letters_of(backend)
    dead, waiting, theirs = await failed(backend), new_update(backend, 4), await failed(backend, 1, bot_id=BOT + 1)
    await arrived(backend, waiting)

    await letters.dismiss(OPERATOR, BOT, dead.key)

    with pytest.raises(Conflict):
        await letters.dismiss(OPERATOR, BOT, waiting.key)
    for gone in (dead, theirs):
        with pytest.raises(NotFound):
            await letters.dismiss(OPERATOR, BOT, gone.key)
    assert (await stored_update(backend, waiting.key)).state is UpdateState.NEW


async def test_dead_letters_of_another_bot_are_left_alone(backend: Backend) -> None:
    letters = letters_of(backend)
    theirs = await failed(backend, 1, bot_id=BOT + 1)

    assert (await letters.page(OPERATOR, BOT)).items == ()
    assert set((await letters.counts(OPERATOR, BOT)).values()) == {0}
    assert await letters.replay_all(OPERATOR, BOT) == Replayed(0, 0)
    for attempt in (letters.replay(OPERATOR, BOT, theirs.key), letters.show(OPERATOR, BOT, theirs.key)):
        with pytest.raises(NotFound):
            await attempt
    assert (await stored_update(backend, theirs.key)).state is UpdateState.ERROR


async def test_dead_letters_of_a_lane_are_all_in_its_turn_before_anybody_hears_of_it(backend: Backend) -> None:
    letters = letters_of(backend)
    for number in range(6):
        await failed(backend, number)
    heard: list[Announcement] = []
    backend.bus.listen(heard.append)

    assert await letters.replay_all(OPERATOR, BOT) == Replayed(6, 0)
    assert heard == [UpdatesArrived(BOT)]
    assert len(await lines(backend, AuditAction.UPDATE_REPLAYED)) == 6
    assert [update.update_id for update in await claimed(backend)] == [0, 1, 2, 3, 4, 5]


async def test_dead_letters_more_than_a_page_are_all_replayed(backend: Backend) -> None:
    for number in range(205):
        await failed(backend, number)
    dead: list[set[int]] = []

    def note(_: Announcement) -> None:
        rows = backend.unit_of_work()._store.tables.updates.values()  # type: ignore[attr-defined]
        dead.append({row.update_id for row in rows if row.state is UpdateState.ERROR})

    backend.bus.listen(note)
    assert await letters_of(backend).replay_all(OPERATOR, BOT) == Replayed(205, 0)
    assert dead == [set(range(100, 205)), set(range(200, 205)), set()], "the oldest first"
    assert (await letters_of(backend).counts(OPERATOR, BOT))[UpdateState.NEW] == 205


async def test_update_that_is_no_dead_letter_is_not_replayed(backend: Backend) -> None:
    waiting = new_update(backend, 1)
    await arrived(backend, waiting)
    with pytest.raises(Conflict):
        await letters_of(backend).replay(OPERATOR, BOT, waiting.key)
    await claimed(backend)
    with pytest.raises(Conflict):
        await letters_of(backend).replay(OPERATOR, BOT, waiting.key)
    with pytest.raises(NotFound):
        await letters_of(backend).show(OPERATOR, BOT, UpdateKey(backend.ids.new()))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("/link ABCD1234", f"/link {MASK}"),
        ("/LINK@guild_bot  ABCD1234", f"/LINK@guild_bot  {MASK}"),
        ("/start link_ABCD1234", f"/start link_{MASK}"),
        ("see https://t.me/guild_bot?start=link_ABCD1234", f"see https://t.me/guild_bot?start=link_{MASK}"),
        ("/link: ABCD1234", f"/link: {MASK}"),
        ("/link:ABCD1234", f"/link:{MASK}"),
        ("/link ABCD 1234, please", f"/link {MASK}"),
        ("/link\nABCD1234", f"/link\n{MASK}"),
        ("@guild_bot /link my code is ABCD1234", f"@guild_bot /link {MASK}"),
        ("/link@guild_bot", "/link@guild_bot"),
        ("/links and https://example.org/links", "/links and https://example.org/links"),
        ("a link to a guide", "a link to a guide"),
    ],
)
def test_disclosed_update_masks_codes_that_link_accounts(said: str, shown: str) -> None:
    found = disclosed(json.dumps({"message": {"text": said, "reply": [{"text": said}]}}).encode())
    assert found == {"message": {"text": shown, "reply": [{"text": shown}]}}


def test_disclosed_update_masks_payments_papers_and_ways_in() -> None:
    payment = {"currency": "XTR", "telegram_payment_charge_id": "c1", "provider_payment_charge_id": "c2"}
    raw = {"message": {"successful_payment": payment, "contact": {"phone_number": "1"}, "passport_data": {"a": 1}}}
    found = json.dumps(disclosed(json.dumps(raw).encode()))
    assert "c1" not in found
    assert "XTR" in found
    assert found.count(MASK) == 4


def test_disclosed_update_with_an_odd_text_is_shown_as_text() -> None:
    found = disclosed(b'{"update_id": 1, "message": {"text": "a\\ud83d \xff\n", "\\ud83d": 1}}')
    assert found == {"update_id": 1, "message": {"text": "a\ufffd \ufffd\n", "\ufffd": 1}}


@pytest.mark.parametrize("raw", [b"", b"no json", b"\xff", b"[" * 100_000])
def test_disclosed_update_that_cannot_be_read_is_none(raw: bytes) -> None:
    assert disclosed(raw) is None
