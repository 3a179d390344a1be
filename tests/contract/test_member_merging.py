"""What one member owns becomes another's."""

import json
from datetime import timedelta

import pytest

from application.ports.chat import SessionFilter
from domain.chat import ChatMessage, ChatMessageId, ChatSession
from domain.errors import Conflict
from domain.events import session_channel, user_channel
from domain.guides import SavedGuide, SavedGuideId
from domain.identity import (
    Actor,
    Grant,
    GrantId,
    GrantSource,
    Member,
    MemberId,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    SignIn,
    SignInId,
    TokenPurpose,
)
from tests.support.backend import Backend
from tests.support.given import (
    added,
    new_member,
    new_session,
    posted,
    stored_guide,
    stored_member,
    stored_session,
    stored_telegram_member,
)


@pytest.fixture
async def survivor(backend: Backend) -> Member:
    """The older of the two members."""
    return await stored_member(backend, "ada", Role.ADMIN)


@pytest.fixture
async def absorbed(backend: Backend, survivor: Member) -> Member:
    """The younger one."""
    return await stored_telegram_member(backend, 7, role=Role.SUBSCRIBER)


async def move(backend: Backend, absorbed: Member, survivor: Member) -> None:
    async with backend.unit_of_work() as work:
        await work.merging.move_belongings(absorbed.id, survivor.id)
        await work.commit()


async def saved(backend: Backend, saved_guide: SavedGuide) -> None:
    async with backend.unit_of_work() as work:
        await work.saved_guides.add(saved_guide)
        await work.commit()


async def test_member_merging_moves_sessions_with_their_messages(
    backend: Backend, survivor: Member, absorbed: Member
) -> None:
    own, moved = await stored_session(backend, survivor), await stored_session(backend, absorbed, "Mine")
    message = await posted(backend, moved)
    await move(backend, absorbed, survivor)
    sessions = (await backend.chat.sessions(survivor.id, SessionFilter(), limit=5)).items
    assert {session.id for session in sessions} == {own.id, moved.id}
    found = await backend.chat.session(survivor.id, moved.id)
    assert (found.user_id, found.participants, found.title) == (survivor.id, (survivor.id,), "Mine")
    assert (found.version, found.updated_at, found.message_count) == (2, moved.updated_at, 1)
    assert (await backend.chat.message(survivor.id, message.id)).author_id == survivor.id
    assert (await backend.chat.sessions(absorbed.id, SessionFilter(), limit=5)).items == ()
    assert (await backend.chat.stats(survivor.id, backend.clock.now())).total_messages == 1


async def test_member_merging_tells_the_sessions_and_their_participants(
    backend: Backend, survivor: Member, absorbed: Member
) -> None:
    other = await stored_member(backend, "grace")
    await stored_session(backend, survivor)
    session = new_session(backend, other)
    session.participants = (other.id, absorbed.id)
    session.collect_events()
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    before = await backend.event_log.positions([user_channel(survivor.id), user_channel(other.id)])
    await move(backend, absorbed, survivor)
    fetched = await backend.chat.session(survivor.id, session.id)
    for channel in (session_channel(session.id), user_channel(survivor.id), user_channel(other.id)):
        (event,) = (await backend.event_log.read(channel, before.get(channel, 0), 10)).events
        told = json.loads(event.payload)
        assert (event.type, told["change"]) == ("session_updated", "updated")
        assert (told["session"]["id"], told["session"]["version"]) == (str(session.id), fetched.version)
        assert told["session"]["participants"] == [str(member) for member in fetched.participants]
    assert fetched.participants == (other.id, survivor.id)
    assert (await backend.event_log.positions([user_channel(absorbed.id)])) == {user_channel(absorbed.id): 0}


@pytest.mark.parametrize("survivor_first", [True, False])
async def test_member_merging_leaves_who_took_part_twice_once_in_the_earlier_place(
    backend: Backend, survivor: Member, absorbed: Member, *, survivor_first: bool
) -> None:
    other = await stored_member(backend, "grace")
    owner = await stored_member(backend, "owner")
    session = new_session(backend, owner)
    first, second = (survivor, absorbed) if survivor_first else (absorbed, survivor)
    session.participants = (owner.id, first.id, other.id, second.id)
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    await move(backend, absorbed, survivor)
    found = await backend.chat.session(other.id, session.id)
    assert found.participants == (owner.id, survivor.id, other.id)
    async with backend.unit_of_work() as work:
        assert (await work.chat_sessions.get(session.id)).participants == found.participants


async def test_member_merging_unites_saved_guides(backend: Backend, survivor: Member, absorbed: Member) -> None:
    now = backend.clock.now()
    both, theirs = await stored_guide(backend, "Both"), await stored_guide(backend, "Theirs")
    day = timedelta(days=1)
    own = SavedGuide(SavedGuideId(backend.ids.new()), survivor.id, both.id, now, times_viewed=2, last_viewed_at=now)
    same = SavedGuide(SavedGuideId(backend.ids.new()), absorbed.id, both.id, now - day, True, 3, now - day)
    only = SavedGuide(SavedGuideId(backend.ids.new()), absorbed.id, theirs.id, now, False, 1, now)
    for each in (own, same, only):
        await saved(backend, each)
    await move(backend, absorbed, survivor)
    async with backend.unit_of_work() as work:
        united = await work.saved_guides.find(survivor.id, both.id)
        moved = await work.saved_guides.find(survivor.id, theirs.id)
        assert await work.saved_guides.find(absorbed.id, both.id) is None
        assert await work.saved_guides.find(absorbed.id, theirs.id) is None
    assert (united.id, united.is_read, united.times_viewed) == (own.id, True, 5)
    assert (united.saved_at, united.last_viewed_at) == (now - day, now)
    assert (moved.id, moved.is_read, moved.times_viewed, moved.last_viewed_at) == (only.id, False, 1, now)


async def test_member_merging_of_unread_saved_guides_stays_unread(
    backend: Backend, survivor: Member, absorbed: Member
) -> None:
    guide, now = await stored_guide(backend), backend.clock.now()
    for member in (survivor, absorbed):
        await saved(backend, SavedGuide(SavedGuideId(backend.ids.new()), member.id, guide.id, now))
    await move(backend, absorbed, survivor)
    page = await backend.guides.saved(survivor.id, Role.PUBLIC, unread_only=True, cursor=None, limit=5)
    assert [(row.guide.id, row.is_read, row.last_viewed_at) for row in page.items] == [(guide.id, False, None)]


async def test_member_merging_moves_sign_ins_so_that_their_bearer_is_the_survivor(
    backend: Backend, survivor: Member, absorbed: Member
) -> None:
    now = backend.clock.now()
    sign_in = SignIn(SignInId(backend.ids.new()), absorbed.id, "a hash", now, now + timedelta(days=7))
    token = OneTimeToken(OneTimeTokenId(backend.ids.new()), TokenPurpose.SIGN_IN, absorbed.id, "token", now, now)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.one_time_tokens.add(token)
        await work.commit()
    await move(backend, absorbed, survivor)
    actor = await backend.members.actor(absorbed.id, sign_in.id, now)
    assert actor == Actor(member_id=survivor.id, role=Role.ADMIN, sign_in_id=sign_in.id)
    async with backend.unit_of_work() as work:
        assert (await work.one_time_tokens.by_hash("token")).member_id == survivor.id


async def test_member_merging_moves_kept_answers_and_lets_the_survivors_stand(
    backend: Backend, survivor: Member, absorbed: Member
) -> None:
    now, session = backend.clock.now(), await stored_session(backend, survivor)
    answers = {}
    for member, key in ((survivor, "both"), (absorbed, "both"), (absorbed, "theirs")):
        message = await posted(backend, session)
        answers[member.id, key] = message.id
        async with backend.unit_of_work() as work:
            await work.idempotency_keys.put(member.id, key, f"of {key}", message.id, now)
            await work.commit()
    await move(backend, absorbed, survivor)
    since = now - timedelta(hours=1)
    async with backend.unit_of_work() as work:
        assert await work.idempotency_keys.find(survivor.id, "both", since) == ("of both", answers[survivor.id, "both"])
        moved = await work.idempotency_keys.find(survivor.id, "theirs", since)
        assert await work.idempotency_keys.find(absorbed.id, "theirs", since) is None
    assert moved == ("of theirs", answers[absorbed.id, "theirs"])


async def test_member_merging_names_the_survivor_as_giver(backend: Backend, survivor: Member, absorbed: Member) -> None:
    taker, now = new_member(backend, username="taker"), backend.clock.now()
    grant = Grant(GrantId(backend.ids.new()), Role.SUBSCRIBER, GrantSource.MANUAL, absorbed.id, "", None, now)
    taker.grants.append(grant)
    await added(backend, taker)
    await move(backend, absorbed, survivor)
    (found,) = await backend.members.grants(taker.id)
    assert (found.id, found.granted_by) == (grant.id, survivor.id)


async def test_member_merging_leaves_others_alone(backend: Backend, survivor: Member, absorbed: Member) -> None:
    other, guide, now = await stored_member(backend, "grace"), await stored_guide(backend), backend.clock.now()
    session = await stored_session(backend, other)
    message = await posted(backend, session)
    sign_in = SignIn(SignInId(backend.ids.new()), other.id, "a hash", now, now + timedelta(days=7))
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.commit()
    await saved(backend, SavedGuide(SavedGuideId(backend.ids.new()), other.id, guide.id, now))
    await move(backend, absorbed, survivor)
    assert (await backend.chat.session(other.id, session.id)).version == 1
    assert (await backend.chat.message(other.id, message.id)).author_id == other.id
    assert (await backend.members.actor(other.id, sign_in.id, now)).member_id == other.id
    async with backend.unit_of_work() as work:
        assert await work.saved_guides.find(other.id, guide.id) is not None
        assert await work.saved_guides.find(survivor.id, guide.id) is None


async def test_member_merging_lets_a_session_go_on(backend: Backend, survivor: Member, absorbed: Member) -> None:
    session: ChatSession = await stored_session(backend, absorbed)
    await posted(backend, session)
    await move(backend, absorbed, survivor)
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.revise(now, title="Ours")
        await work.chat_sessions.save(loaded)
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        message = ChatMessage.by_member(ChatMessageId(backend.ids.new()), session.id, seq, survivor.id, "More", now)
        await work.chat_messages.add(message)
        await work.commit()
    found = await backend.chat.session(survivor.id, session.id)
    assert (found.title, found.version, message.seq) == ("Ours", 3, 2)


@pytest.mark.parametrize("gone", ["absorbed", "survivor"])
async def test_member_merging_with_a_member_who_is_gone_raises_conflict(
    backend: Backend, survivor: Member, absorbed: Member, gone: str
) -> None:
    nobody = MemberId(backend.ids.new())
    pair = (nobody, survivor.id) if gone == "absorbed" else (absorbed.id, nobody)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.merging.move_belongings(*pair)
