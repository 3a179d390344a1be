"""All that is kept of a member, for themselves. The adapters under test read three rows a page."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from application.ports.member_records import (
    account_record,
    audit_record,
    grant_record,
    message_record,
    outgoing_record,
    saved_guide_record,
    session_record,
    sign_in_record,
    telegram_record,
    update_record,
)
from application.realtime.events import plain
from domain.chat import ChatMessage, ChatSession
from domain.identity import (
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    LinkRequest,
    LinkRequestId,
    Member,
    MemberId,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    SignIn,
    SignInId,
    TelegramProfile,
    TelegramUser,
    TelegramUserId,
    TokenPurpose,
)
from domain.telegram import InboxUpdate, OutgoingMessage
from tests.support.backend import Backend
from tests.support.bot import arrived, new_message, new_update
from tests.support.given import (
    asked,
    new_grant,
    new_member,
    new_session,
    posted,
    stored_guide,
    stored_member,
    stored_saved_guide,
    stored_session,
)

SECTIONS = [
    *("account", "telegram", "grants", "sign_ins", "saved_guides", "sessions", "messages"),
    *("told_the_bot", "said_by_the_bot", "audit"),
]
MANY = 7
SECRETS = ("secret-password", "secret-refresh", "secret-previous", "secret-token", "secret-code")


def made_plain(record: Mapping[str, object]) -> dict[str, object]:
    return {name: plain(value) for name, value in record.items()}


async def exported(backend: Backend, member_id: MemberId) -> list[tuple[str, Mapping[str, object]]]:
    return [pair async for pair in backend.export.records(member_id)]


async def rich_member(backend: Backend) -> Member:
    """A member with seven of everything they can have many of, and with every kind of secret."""
    now = backend.clock.now()
    member = new_member(backend, email="ada@example.org", username="ada")
    member.user.password_hash = SECRETS[0]
    profile = TelegramProfile(5_000_000_000, "ada_t", "Ada", "Lovelace", "en")
    member.telegram = TelegramUser.register(TelegramUserId(backend.ids.new()), profile, now)
    member.grants = [new_grant(backend, Role.SUBSCRIBER) for _ in range(MANY)]
    async with backend.unit_of_work() as work:
        await work.members.add(member, now)
        for number in range(MANY):
            await work.sign_ins.add(sign_in_of(backend, member, number))
        token_id, request_id = OneTimeTokenId(backend.ids.new()), LinkRequestId(backend.ids.new())
        until = now + timedelta(days=1)
        token = OneTimeToken(token_id, TokenPurpose.VERIFY_EMAIL, member.id, SECRETS[3], now, until)
        await work.one_time_tokens.add(token)
        await work.link_requests.add(LinkRequest(request_id, member.id, SECRETS[4], now, until))
        await work.commit()
    return member


def sign_in_of(backend: Backend, member: Member, number: int) -> SignIn:
    now = backend.clock.now()
    return SignIn(
        id=SignInId(backend.ids.new()),
        member_id=member.id,
        refresh_hash=f"{SECRETS[1]}-{number}",
        created_at=now,
        expires_at=now + timedelta(days=7),
        previous_hash=f"{SECRETS[2]}-{number}",
        rotated_at=now,
        ip="2001:db8::1",
        user_agent="A browser",
    )


async def conversation(backend: Backend, owner: Member, rounds: int = 1) -> tuple[ChatSession, list[ChatMessage]]:
    """A session with messages of its owner and their replies."""
    session = await stored_session(backend, owner)
    messages = []
    for _ in range(rounds):
        messages += [await posted(backend, session), await asked(backend, session)]
    return session, messages


async def said_elsewhere(backend: Backend, member: Member, session: ChatSession) -> ChatMessage:
    """A message of the member in somebody else's session."""
    return await posted(backend, replace(session, user_id=member.id, _events=[]), "Said in passing")


async def test_member_export_of_nobody_is_empty(backend: Backend) -> None:
    await stored_member(backend)
    assert await exported(backend, MemberId(backend.ids.new())) == []


async def test_member_export_of_a_member_with_little_says_that_little(backend: Backend) -> None:
    ada = await stored_member(backend)
    assert await exported(backend, ada.id) == [("account", made_plain(account_record(ada)))]


async def test_member_export_gives_everything_in_order_over_several_pages(backend: Backend) -> None:
    ada, ben = await rich_member(backend), await stored_member(backend, "ben", Role.ADMIN)
    saved = []
    for number in range(MANY):
        guide = await stored_guide(backend, f"Guide {number}")
        saved.append(made_plain(saved_guide_record(await stored_saved_guide(backend, ada, guide), f"Guide {number}")))
    conversations = [await conversation(backend, ada, rounds) for rounds in (4, 0, 1, 1)]
    theirs, asked_there = await conversation(backend, ben)
    passing = [await said_elsewhere(backend, ada, theirs) for _ in range(MANY)]
    audit, (told, said) = await trail(backend, ada, ben), await private_chat(backend, 5_000_000_000)
    await private_chat(backend, 7)

    found = await exported(backend, ada.id)

    assert [section for section, _ in groupby(found, key=lambda pair: pair[0])] == SECTIONS
    records = {name: [record for section, record in found if section == name] for name in SECTIONS}
    assert ada.telegram is not None
    assert records["account"] == [made_plain(account_record(ada))]
    assert records["telegram"] == [made_plain(telegram_record(ada.telegram))]
    assert records["grants"] == [made_plain(grant_record(grant)) for grant in ada.grants]
    sign_in = made_plain(sign_in_record(sign_in_of(backend, ada, 0)))
    assert [{**record, "id": sign_in["id"]} for record in records["sign_ins"]] == [sign_in] * MANY
    assert len({record["id"] for record in records["sign_ins"]}) == MANY
    assert records["saved_guides"] == saved
    assert records["sessions"] == [
        made_plain(session_record(session.snapshot(), ada.id)) | {"updated_at": record["updated_at"]}
        for (session, _), record in zip(conversations, records["sessions"], strict=True)
    ]
    messages = [message for _, messages in conversations for message in messages] + passing
    assert records["messages"] == [made_plain(message_record(message.snapshot())) for message in messages]
    assert str(asked_there[1].id) not in json.dumps(records["messages"])
    assert records["told_the_bot"] == [made_plain(update_record(update)) for update in told]
    assert records["said_by_the_bot"] == [made_plain(outgoing_record(message)) for message in said]
    assert records["audit"] == [made_plain(audit_record(entry, ada.id)) for entry in reversed(audit)]


async def private_chat(backend: Backend, telegram_id: int) -> tuple[list[InboxUpdate], list[OutgoingMessage]]:
    """Four updates and four rows to send in the private chat of a person."""
    numbers = range(telegram_id, telegram_id + 4)
    told = [new_update(backend, number, f"chat:{telegram_id}", raw=b'{"text": "Hi"}') for number in numbers]
    said = [new_message(backend, telegram_id) for _ in numbers]
    await arrived(backend, *told, new_update(backend, telegram_id + 9, f"chat:-{telegram_id}"))
    async with backend.unit_of_work() as work:
        await work.outgoing_messages.add(said)
        await work.commit()
    return told, said


async def trail(backend: Backend, ada: Member, ben: Member) -> list[AuditEntry]:
    """Seven lines by and about the first, and one between the two that is nobody else's business."""
    device = Device("2001:db8::2", "Another browser")
    mine, theirs = Actor(ada.id, Role.PUBLIC, device=device), Actor(ben.id, Role.ADMIN, device=device)
    entries = []
    async with backend.unit_of_work() as work:
        for number in range(MANY):
            actor = theirs if number % 2 else mine
            entry = AuditEntry.of(
                backend.ids.new(), backend.clock.now(), AuditAction.ROLE_GRANTED, actor, ada.id, count=number
            )
            entries.append(entry)
            await work.audit.record(entry)
        unrelated = AuditEntry.of(backend.ids.new(), backend.clock.now(), AuditAction.SIGNED_IN, theirs, ben.id)
        await work.audit.record(unrelated)
        await work.commit()
    return entries


async def test_member_export_holds_no_secret_no_hash_and_nobody_else(backend: Backend) -> None:
    ada, ben = await rich_member(backend), await stored_member(backend, "ben", Role.ADMIN)
    await conversation(backend, ada)
    await trail(backend, ada, ben)

    text = json.dumps(await exported(backend, ada.id))

    assert "ada@example.org" in text
    assert [secret for secret in SECRETS if secret in text] == []
    assert "_hash" not in text
    assert str(ben.id) not in text
    assert text.count("Another browser") == (MANY + 1) // 2


async def test_member_export_of_another_member_is_untouched_by_the_first(backend: Backend) -> None:
    ada, ben = await rich_member(backend), await stored_member(backend, "ben")
    await conversation(backend, ada)
    found = await exported(backend, ben.id)
    assert found == [("account", made_plain(account_record(ben)))]


async def test_member_export_is_plain_json(backend: Backend) -> None:
    ada = await rich_member(backend)
    await conversation(backend, ada)
    found = await exported(backend, ada.id)
    assert json.loads(json.dumps(found)) == [list(pair) for pair in found]
    assert found[0][1]["member_since"] == "2026-01-05T12:00:00Z"


async def test_member_export_shows_a_session_taken_part_in_as_not_owned(backend: Backend) -> None:
    ada, ben = await stored_member(backend), await stored_member(backend, "ben")
    session = new_session(backend, ben)
    session.participants = (ben.id, ada.id)
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    await posted(backend, session, "Not theirs")
    await asked(backend, session)
    mine = await said_elsewhere(backend, ada, session)
    found = await exported(backend, ada.id)
    assert [(section, record.get("is_owner"), record.get("content")) for section, record in found[1:]] == [
        ("sessions", False, None),
        ("messages", None, mine.content),
    ]
    assert str(ben.id) not in json.dumps(found)
