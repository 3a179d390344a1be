"""What is kept of a member: handed over, and removed."""

from dataclasses import replace

import pytest

from adapters.memory import InMemoryUpdateInbox
from application.identity.data_rights import ExportedRecord
from application.ports.realtime import LoggedEvent
from domain.chat import ChatSession, ChatSessionId
from domain.errors import Conflict, Invalid, InvalidCredentials, NotAllowed, NotFound, TooManyRequests
from domain.events import RIGHTS, session_channel, user_channel
from domain.identity import GUEST, OPERATOR, Actor, AuditAction, MemberId, Role
from domain.telegram import (
    AnswerId,
    ChatAnswer,
    Envelope,
    InboxUpdate,
    OutgoingId,
    OutgoingMessage,
    Priority,
    RichText,
    SendText,
    UpdateKey,
)
from tests.unit.identity.rights import PASSWORD, RightsWorld


@pytest.fixture
def world() -> RightsWorld:
    """An instance without members."""
    return RightsWorld()


async def exported(world: RightsWorld, actor: Actor, member_id: MemberId | None = None) -> list[ExportedRecord]:
    return [record async for record in await world.data_rights.export(actor, member_id)]


async def shared_session(world: RightsWorld, owner: MemberId, guest: MemberId) -> ChatSessionId:
    """A session of the owner's in which the guest takes part."""
    made = await world.sessions.create(await world.acting(owner), title="Ours")
    async with world.unit_of_work() as work:
        session: ChatSession = await work.chat_sessions.get(made.id)
        session.participants = (owner, guest)
        session.version += 1
        await work.chat_sessions.save(session)
        await work.commit()
    return made.id


async def test_export_of_ones_own_holds_everything_and_is_a_line(world: RightsWorld) -> None:
    ann, ben = await world.web_member("ann"), await world.web_member("ben")
    await world.sessions.create(await world.acting(ann), title="Mine")
    await world.sessions.create(await world.acting(ben), title="Not mine")

    records = await exported(world, await world.acting(ann))

    sections = [section for section, _ in records]
    assert sections == ["account", "sessions", "audit", "audit"]
    assert "ann@example.org" in repr(records)
    assert "Not mine" not in repr(records)
    assert PASSWORD not in repr(records)
    (line,) = world.lines(AuditAction.EXPORTED)
    assert (line.actor_id, line.resource_id) == (ann, str(ann))


@pytest.mark.parametrize(
    ("role", "allowed"), [(Role.OWNER, True), (Role.ADMIN, False), (Role.SUBSCRIBER, False), (Role.PUBLIC, False)]
)
async def test_export_of_somebody_else_is_for_owners(world: RightsWorld, role: Role, *, allowed: bool) -> None:
    ann, ada = await world.web_member("ann"), await world.web_member("ada", role)
    actor = await world.acting(ada)

    if allowed:
        assert "ann@example.org" in repr(await exported(world, actor, ann))
    else:
        with pytest.raises(NotAllowed):
            await world.data_rights.export(actor, ann)
        assert world.lines(AuditAction.EXPORTED) == []


async def test_export_of_nobody_is_refused_before_the_first_record(world: RightsWorld) -> None:
    with pytest.raises(NotFound):
        await world.data_rights.export(OPERATOR, MemberId(world.ids.new()))
    for actor in (GUEST, OPERATOR):
        with pytest.raises(NotAllowed):
            await world.data_rights.export(actor)


async def test_own_deletion_without_the_password_changes_nothing(world: RightsWorld) -> None:
    ann = await world.web_member("ann")
    actor = await world.acting(ann)

    with pytest.raises(Invalid) as refusal:
        await world.data_rights.delete_own(actor, None)
    with pytest.raises(InvalidCredentials):
        await world.data_rights.delete_own(actor, "a wrong password")

    assert [error.field for error in refusal.value.fields] == ["password"]
    assert await world.actor(ann) is not None


async def test_own_deletion_by_guessing_the_password_is_stopped(world: RightsWorld) -> None:
    actor = await world.acting(await world.web_member("ann"))

    for _ in range(5):
        with pytest.raises(InvalidCredentials):
            await world.data_rights.delete_own(actor, "a wrong password")

    with pytest.raises(TooManyRequests):
        await world.data_rights.delete_own(actor, PASSWORD)


async def test_own_deletion_leaves_nothing_of_the_person(world: RightsWorld) -> None:
    ann = await world.link(await world.web_member("ann"), await world.telegram_member(77))
    signed_in = await world.signed_in(ann)
    session = await world.sessions.create(await world.acting(ann), title="Mine")
    world.heard.clear()

    await world.data_rights.delete_own(await world.acting(ann), PASSWORD)

    tables = world.store.tables
    assert (tables.members, tables.sign_ins, tables.chat_sessions) == ({}, {}, {})
    assert await world.queries.actor(ann, signed_in, world.clock.now()) is None
    assert world.told() == {ann: 1}
    deleted = [heard.channel for heard in world.heard if isinstance(heard, LoggedEvent)]
    assert deleted == [session_channel(session.id), user_channel(ann), RIGHTS]
    for name in ("ann@example.org", "Tom", "192.0.2.7"):
        assert name not in repr(tables)
    (line,) = world.lines(AuditAction.DELETED)
    assert (line.actor_id, line.resource_id, line.ip) == (None, str(ann), None)


async def test_own_deletion_of_a_telegram_member_asks_for_no_password(world: RightsWorld) -> None:
    tom = await world.telegram_member(77)
    here = replace(await world.acting(tom), sign_in_id=await world.signed_in(tom))

    await world.data_rights.delete_own(here, None)
    again = await world.telegram_member(77)

    assert await world.actor(tom) is None
    assert again != tom


async def test_own_deletion_of_a_telegram_member_asks_for_a_sign_in_of_just_now(world: RightsWorld) -> None:
    tom = await world.telegram_member(77)
    here = replace(await world.acting(tom), sign_in_id=await world.signed_in(tom))
    world.later(minutes=16)

    for actor in (here, await world.acting(tom)):
        with pytest.raises(NotAllowed, match="Sign in again"):
            await world.data_rights.delete_own(actor, None)

    assert await world.actor(tom) is not None


async def test_own_deletion_after_the_password_changed_meanwhile_conflicts(world: RightsWorld) -> None:
    ann = await world.web_member("ann")
    actor, prove = await world.acting(ann), world.data_rights._proof

    async def overtaken(actor: Actor, member_id: MemberId, password: str | None) -> str | None:
        proved = await prove(actor, member_id, password)
        await world.members.set_password(OPERATOR, ann, "another long password")
        return proved

    world.data_rights._proof = overtaken

    with pytest.raises(Conflict, match="changed meanwhile"):
        await world.data_rights.delete_own(actor, PASSWORD)
    assert await world.actor(ann) is not None


@pytest.mark.parametrize(
    ("by", "whom", "allowed"),
    [
        (Role.OWNER, Role.OWNER, True),
        (Role.OWNER, Role.ADMIN, True),
        (Role.ADMIN, Role.ADMIN, False),
        (Role.ADMIN, Role.SUBSCRIBER, True),
        (Role.SUBSCRIBER, Role.PUBLIC, False),
        (Role.PUBLIC, Role.PUBLIC, False),
    ],
)
async def test_deletion_of_another_by_each_role_follows_the_rule(
    world: RightsWorld, by: Role, whom: Role, *, allowed: bool
) -> None:
    await world.members.bootstrap_owner()
    ada, ann = await world.web_member("ada", by), await world.web_member("ann", whom)
    actor = await world.acting(ada)

    if allowed:
        await world.data_rights.delete(actor, ann)
        assert await world.actor(ann) is None
        assert [line.actor_id for line in world.lines(AuditAction.DELETED)] == [ada]
    else:
        with pytest.raises(NotAllowed):
            await world.data_rights.delete(actor, ann)
        assert await world.actor(ann) is not None
        assert [line.actor_id for line in world.lines(AuditAction.CHANGE_REFUSED)] == [ada]


async def test_deletion_of_oneself_goes_by_no_way_around_the_password(world: RightsWorld) -> None:
    await world.members.bootstrap_owner()
    ada = await world.web_member("ada", Role.OWNER)

    with pytest.raises(NotAllowed, match="with your password"):
        await world.data_rights.delete(await world.acting(ada), ada)

    assert await world.actor(ada) is not None


async def test_deletion_of_an_unknown_member_is_not_found(world: RightsWorld) -> None:
    with pytest.raises(NotFound):
        await world.data_rights.delete(OPERATOR, MemberId(world.ids.new()))


async def test_deleted_participant_leaves_others_sessions_and_they_hear_of_it(world: RightsWorld) -> None:
    ann, ben = await world.web_member("ann"), await world.web_member("ben")
    session_id = await shared_session(world, ann, ben)
    world.heard.clear()

    await world.data_rights.delete(OPERATOR, ben)

    session = await world.sessions.get(await world.acting(ann), session_id)
    assert (session.participants, session.version) == ((ann,), 3)
    assert [heard.channel for heard in world.heard if isinstance(heard, LoggedEvent)] == [
        session_channel(session_id),
        user_channel(ann),
        RIGHTS,
    ]


async def test_export_beside_an_open_one_is_refused_and_is_no_line(world: RightsWorld) -> None:
    ann = await world.acting(await world.web_member("ann"))
    open_one = await world.data_rights.export(ann)

    with pytest.raises(TooManyRequests):
        await world.data_rights.export(ann)

    assert len(world.lines(AuditAction.EXPORTED)) == 1
    assert "ann@example.org" in repr([record async for record in open_one])
    assert "ann@example.org" in repr(await exported(world, ann))


async def test_export_of_no_member_leaves_the_owners_next_one_free(world: RightsWorld) -> None:
    ada = await world.acting(await world.web_member("ada", Role.OWNER))
    for _ in range(2):
        with pytest.raises(NotFound):
            await world.data_rights.export(ada, MemberId(world.ids.new()))

    assert "ada@example.org" in repr(await exported(world, ada))


async def test_deletion_takes_the_private_chat_with_the_bot_along(world: RightsWorld) -> None:
    ann, ben, clock, ids = await world.telegram_member(5), await world.telegram_member(6), world.clock, world.ids
    for telegram_id, member_id in ((5, ann), (6, ben)):
        session = await world.sessions.create(await world.acting(ben), title="Ours")
        update = InboxUpdate.received(
            UpdateKey(ids.new()), 1, Envelope(telegram_id, "message", f"chat:{telegram_id}"), b"{}", clock.now()
        )
        said = SendText(chat_id=telegram_id, text=RichText("Hello"))
        message = OutgoingMessage(OutgoingId(ids.new()), 1, said, Priority.REPLY, clock.now(), clock.now())
        question = ChatAnswer(AnswerId(ids.new()), 1, telegram_id, clock.now(), question="Why?")
        await InMemoryUpdateInbox(world.store, world.bus).commit([update])
        async with world.unit_of_work() as work:
            await work.outgoing_messages.add([message])
            await work.telegram_answers.add(question)
            await work.telegram_conversations.choose(telegram_id, session.id, clock.now())
            await work.commit()
        assert member_id in world.store.tables.members

    await world.data_rights.delete(await world.acting(await world.web_member("olga", Role.OWNER)), ann)

    tables = world.store.tables
    assert {update.lane: update.raw for update in tables.updates.values()} == {"update:5": b"", "chat:6": b"{}"}
    assert [row.message.content.chat_id for row in tables.outgoing.values()] == [6]
    assert [answer.chat_id for answer in tables.answers.values()] == [6]
    assert list(tables.conversations) == [6]
