"""The audit trail: written with what it tells of, never in the way of it, read in pages."""

import logging
from datetime import timedelta

import pytest

from application.ports.audit import AuditFilter
from domain.errors import Malformed
from domain.identity import (
    MAX_DETAILS,
    OPERATOR,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    Member,
    MemberId,
    Role,
    User,
    UserId,
)
from tests.support.backend import Backend
from tests.support.given import new_member, new_telegram_member, stored_member

DEVICE = Device(ip="2001:db8::7", user_agent="A browser")


def by(member: Member | None, device: Device = DEVICE) -> Actor:
    return Actor(member.id if member else None, Role.PUBLIC, device=device)


def line(
    backend: Backend,
    actor: Actor,
    about: MemberId | None,
    action: AuditAction = AuditAction.SIGNED_IN,
    **details: object,
) -> AuditEntry:
    return AuditEntry.of(backend.ids.new(), backend.clock.now(), action, actor, about, **details)


async def recorded(backend: Backend, *entries: AuditEntry) -> None:
    async with backend.unit_of_work() as work:
        for entry in entries:
            await work.audit.record(entry)
        await work.commit()


async def read(backend: Backend, limit: int = 50, **where: object) -> list[AuditEntry]:
    return list((await backend.audit.page(AuditFilter(**where), None, limit)).items)


async def test_audit_recorded_line_is_read_whole(backend: Backend) -> None:
    ada = await stored_member(backend)
    entry = line(
        backend, by(ada), ada.id, AuditAction.ROLE_GRANTED, role="ADMIN", until=None, count=3, why=["a", {"b": 1}]
    )
    await recorded(backend, entry)
    assert await read(backend) == [entry]
    assert (entry.ip, entry.user_agent, entry.resource_id) == ("2001:db8::7", "A browser", str(ada.id))


async def test_audit_lines_of_guests_and_of_the_operator_name_nobody(backend: Backend) -> None:
    guest = line(backend, by(None), None, AuditAction.SIGN_IN_FAILED, login="nobody")
    operator = line(backend, OPERATOR, MemberId(backend.ids.new()), AuditAction.PASSWORD_RESET)
    await recorded(backend, guest, operator)
    assert await read(backend) == [operator, guest]
    assert (operator.details, guest.resource_id) == ({"by": "operator"}, "")


async def test_audit_details_of_any_plain_type_are_read_as_json(backend: Backend) -> None:
    ada = await stored_member(backend)
    now = backend.clock.now()
    await recorded(
        backend, line(backend, by(ada), ada.id, until=now, other=ada.id, role=Role.ADMIN, text="\0 é \U0001f600")
    )
    (entry,) = await read(backend)
    assert entry.details == {
        "until": now.isoformat().replace("+00:00", "Z"),
        "other": str(ada.id),
        "role": "ADMIN",
        "text": "\0 é \U0001f600",
    }


async def test_audit_line_of_a_rolled_back_transaction_is_not_there(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        await work.audit.record(line(backend, by(None), None))
    assert await read(backend) == []


@pytest.mark.parametrize("fault", ["too long", "no plain form", "no resource type", "id taken", "half a surrogate"])
async def test_audit_line_that_fails_is_logged_and_counted_and_leaves_the_transaction_whole(
    backend: Backend, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    ada = new_member(backend, username="ada")
    good = line(backend, by(None), None)
    bad = {
        "too long": line(backend, by(None), None, AuditAction.BANNED, why="private" * MAX_DETAILS),
        "no plain form": line(backend, by(None), None, AuditAction.BANNED, why=object()),
        "no resource type": AuditEntry(
            id=good.id, at=good.at, action=AuditAction.BANNED, actor_id=None, resource_type="", resource_id=""
        ),
        "id taken": AuditEntry(
            id=good.id, at=good.at, action=AuditAction.BANNED, actor_id=None, resource_type="member", resource_id=""
        ),
        "half a surrogate": line(backend, by(None), None, AuditAction.BANNED, why="private\ud800"),
    }[fault]
    after = line(backend, by(None), None, AuditAction.SIGNED_OUT)

    with caplog.at_level(logging.ERROR):
        async with backend.unit_of_work() as work:
            await work.members.add(ada, backend.clock.now())
            await work.audit.record(good)
            await work.audit.record(bad)
            await work.audit.record(after)
            await work.used_proofs.use("proof", backend.clock.now())
            await work.commit()

    assert backend.lost_lines.actions == ["member.banned"]
    assert [(record.message, record.levelname) for record in caplog.records] == [("audit_failed", "ERROR")]
    assert vars(caplog.records[0])["action"] == "member.banned"
    assert vars(caplog.records[0])["reason"]
    assert "2001:db8::7" not in caplog.text
    assert "private" not in caplog.text
    assert {entry.id for entry in await read(backend)} == {good.id, after.id}
    assert (await backend.members.view(ada.id, backend.clock.now())).username == "ada"
    assert await backend.sweep.tokens(backend.clock.now() + timedelta(seconds=1), 10) == 1


async def test_audit_details_of_the_greatest_length_fit(backend: Backend) -> None:
    why = "é" * (MAX_DETAILS - len('{"why":""}'))
    await recorded(backend, line(backend, by(None), None, why=why), line(backend, by(None), None, why=why + "é"))
    assert [entry.details["why"] for entry in await read(backend)] == [why]
    assert backend.lost_lines.actions == ["sign_in.succeeded"]


async def test_audit_pages_go_from_the_newest_to_the_oldest_without_gap_or_repeat(backend: Backend) -> None:
    entries = []
    for number in range(7):
        if number % 3 == 0:
            backend.clock.advance(timedelta(seconds=1))
        entries.append(line(backend, by(None), None, count=number))
    await recorded(backend, *entries)
    found, cursor, sizes = [], None, []
    while True:
        page = await backend.audit.page(AuditFilter(), cursor, 3)
        found += page.items
        sizes.append(len(page.items))
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [entry.id for entry in found] == [entry.id for entry in reversed(entries)]
    assert sizes == [3, 3, 1]


async def test_audit_filter_by_member_gives_what_they_did_and_what_was_done_to_them_once(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    entries = [
        line(backend, by(ada), ada.id),
        line(backend, by(ben), ada.id, AuditAction.BANNED),
        line(backend, by(ada), ben.id, AuditAction.BANNED),
        line(backend, by(ben), ben.id),
        line(backend, by(None), ada.id, AuditAction.SIGN_IN_FAILED),
        line(backend, by(None), None, AuditAction.SIGN_IN_FAILED),
    ]
    await recorded(backend, *entries)
    theirs = [entries[index].id for index in (4, 2, 1, 0)]
    assert [entry.id for entry in await read(backend, member_id=ada.id)] == theirs
    first = await backend.audit.page(AuditFilter(member_id=ada.id), None, 2)
    second = await backend.audit.page(AuditFilter(member_id=ada.id), first.next_cursor, 2)
    assert [entry.id for entry in (*first.items, *second.items)] == theirs
    assert second.next_cursor is None
    banned = await read(backend, member_id=ada.id, action=AuditAction.BANNED)
    assert [entry.id for entry in banned] == [entries[2].id, entries[1].id]


async def test_audit_filters_by_action_and_time_narrow_together(backend: Backend) -> None:
    early = line(backend, by(None), None, AuditAction.BANNED)
    backend.clock.advance(timedelta(hours=1))
    since = backend.clock.now()
    late, other = line(backend, by(None), None, AuditAction.BANNED), line(backend, by(None), None)
    await recorded(backend, early, late, other)
    assert await read(backend, action=AuditAction.BANNED) == [late, early]
    assert await read(backend, since=since) == [other, late]
    assert await read(backend, since=since, action=AuditAction.BANNED) == [late]
    assert await read(backend, since=since + timedelta(microseconds=1)) == []


async def test_audit_page_of_a_broken_cursor_is_malformed(backend: Backend) -> None:
    with pytest.raises(Malformed):
        await backend.audit.page(AuditFilter(), "nonsense", 10)


async def test_audit_page_of_no_lines_asks_for_no_more(backend: Backend) -> None:
    await recorded(backend, line(backend, by(None), None))
    page = await backend.audit.page(AuditFilter(), None, 0)
    assert (page.items, page.next_cursor) == ((), None)


async def test_audit_of_a_deleted_member_keeps_what_was_done_without_the_person(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    entries = [
        line(backend, by(None), ada.id, AuditAction.SIGN_IN_FAILED, login="ada@example.org"),
        line(backend, by(ada), ada.id, AuditAction.ACCOUNT_CHANGED, email="ada@example.net", by="member"),
        line(backend, by(ben), ada.id, AuditAction.ROLE_GRANTED, role="ADMIN", name="Ada"),
        line(backend, by(ada), ben.id, AuditAction.BANNED, name="Ben"),
        line(backend, by(ben), ben.id),
        line(backend, by(None), None, AuditAction.SIGN_IN_FAILED, login="nobody"),
    ]
    await recorded(backend, *entries)
    async with backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(ada.id))
        await work.commit()

    failed, changed, granted, banned, *others = reversed(await read(backend))
    assert [(e.actor_id, e.ip, e.user_agent, e.details) for e in (failed, changed, granted, banned)] == [
        (None, None, None, {}),
        (None, None, None, {"by": "member"}),
        (ben.id, "2001:db8::7", "A browser", {"role": "ADMIN"}),
        (None, None, None, {"name": "Ben"}),
    ]
    assert others == entries[4:]
    assert [e.resource_id for e in (failed, changed, granted, banned)] == [str(ada.id)] * 3 + [str(ben.id)]
    assert [e.without(ada.id) for e in entries] == [failed, changed, granted, banned, *others]


async def test_audit_of_an_absorbed_member_is_the_survivors(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    entries = [
        line(backend, by(ada), ada.id, login="ada"),
        line(backend, by(ben), ada.id),
        line(backend, by(ada), ben.id),
    ]
    await recorded(backend, *entries)
    async with backend.unit_of_work() as work:
        await work.merging.move_belongings(ada.id, ben.id)
        await work.members.delete(await work.members.get(ada.id))
        await work.commit()
    found = list(reversed(await read(backend, member_id=ben.id)))
    assert [(e.actor_id, e.resource_id) for e in found] == [(ben.id, str(ben.id))] * 3
    assert (found[0].details, found[0].ip) == ({"login": "ada"}, "2001:db8::7")
    assert found == [entry.after_merge(ada.id, ben.id) for entry in entries]


async def test_audit_names_of_members_are_read_at_once_and_absent_for_who_is_gone(backend: Backend) -> None:
    ada = new_member(backend, username="ada", email="lovelace@example.org")
    grace = new_member(backend, username=None, email="grace@example.org")
    tele = [
        new_telegram_member(backend, 7, username="ann_tg", first_name="Ann"),
        new_telegram_member(backend, 8, username=None, first_name="Bob"),
        new_telegram_member(backend, 9, username=None, first_name=""),
    ]
    async with backend.unit_of_work() as work:
        for member in (ada, grace, *tele):
            await work.members.add(member, backend.clock.now())
        await work.commit()
    gone = MemberId(backend.ids.new())

    names = await backend.audit.names({ada.id, grace.id, gone, *(member.id for member in tele)})

    assert names == {
        ada.id: "ada",
        grace.id: "grace@example.org",
        tele[0].id: "@ann_tg",
        tele[1].id: "Bob",
        tele[2].id: "9",
    }
    assert await backend.audit.names(set()) == {}


async def test_audit_names_of_two_accounts_are_those_of_the_web_account(backend: Backend) -> None:
    member = new_telegram_member(backend, 7, username="ann_tg", first_name="Ann")
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.members.add(member, now)
        await work.commit()
    async with backend.unit_of_work() as work:
        found = await work.members.get(member.id)
        found.open_account(User(UserId(backend.ids.new()), None, "ann", "hash", now, now), now)
        await work.members.save(found, now)
        await work.commit()

    assert await backend.audit.names([member.id]) == {member.id: "ann"}
    async with backend.unit_of_work() as work:
        read = await work.members.by_username("ann")
    assert read is not None
    assert read.user is not None
    assert (read.id, read.user.telegram_user_id) == (member.id, 7)
