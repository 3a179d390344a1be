"""A deleted member is gone with all they own; what they left elsewhere stays without their name."""

from datetime import timedelta

import pytest

from application.ports.chat import ReplyJob, SessionFilter
from domain.chat import ChatMessage, ChatMessageId, ChatSession
from domain.errors import Conflict, NotFound, StaleVersion
from domain.events import session_channel, user_channel
from domain.identity import (
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
    asked,
    new_member,
    new_session,
    new_telegram_member,
    posted,
    stored_guide,
    stored_member,
    stored_saved_guide,
    stored_session,
    stored_telegram_member,
)


async def delete(backend: Backend, member: Member) -> None:
    async with backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(member.id))
        await work.commit()


async def shared_session(backend: Backend, owner: Member, guest: Member) -> ChatSession:
    session = new_session(backend, owner)
    session.participants = (owner.id, guest.id)
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    return session


async def said(backend: Backend, session: ChatSession, author: Member, *, is_keyed: bool = True) -> ChatMessage:
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        message = ChatMessage.by_member(ChatMessageId(backend.ids.new()), session.id, seq, author.id, "Hello", now)
        await work.chat_messages.add(message)
        if is_keyed:
            await work.idempotency_keys.put(author.id, f"key {message.id}", "fingerprint", message.id, now)
        await work.commit()
    return message


async def test_member_deletion_takes_accounts_and_grants(backend: Backend) -> None:
    member = new_member(backend, email="ada@example.org", username="ada", role=Role.ADMIN)
    member.telegram = new_telegram_member(backend, 7).telegram
    await added(backend, member)
    await delete(backend, member)
    async with backend.unit_of_work() as work:
        assert await work.members.by_email("ada@example.org") is None
        assert await work.members.by_username("ada") is None
        assert await work.members.by_telegram_id(7) is None
        with pytest.raises(NotFound):
            await work.members.get(member.id)
    assert await backend.members.grants(member.id) == []
    assert await backend.members.actor(member.id, None, backend.clock.now()) is None


async def test_member_deletion_leaves_nothing_of_theirs_in_the_logs(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    own, foreign = await stored_session(backend, ada), await stored_session(backend, grace)
    await said(backend, own, ada)
    await said(backend, foreign, grace)

    await delete(backend, ada)

    for channel in (session_channel(own.id), user_channel(ada.id)):
        assert (await backend.event_log.read(channel, 0, 10)).events == ()
        assert (await backend.event_log.positions([channel]))[channel] == 1
    assert len((await backend.event_log.read(session_channel(foreign.id), 0, 10)).events) == 1
    assert len((await backend.event_log.read(user_channel(grace.id), 0, 10)).events) == 1


async def test_member_deletion_frees_names_and_telegram_id(backend: Backend) -> None:
    member = await stored_member(backend, "ada")
    telegram = await stored_telegram_member(backend, 7)
    async with backend.unit_of_work() as work:
        for gone in (member, telegram):
            await work.members.delete(await work.members.get(gone.id))
        await work.members.add(new_telegram_member(backend, 7), backend.clock.now())
        await work.commit()
    again = await stored_member(backend, "ada")
    async with backend.unit_of_work() as work:
        assert (await work.members.by_username("ada")).id == again.id
        assert (await work.members.by_telegram_id(7)).id != telegram.id


async def test_member_deletion_takes_sign_ins_and_tokens(backend: Backend) -> None:
    member, now = await stored_member(backend), backend.clock.now()
    sign_in = SignIn(SignInId(backend.ids.new()), member.id, "a hash", now, now + timedelta(days=7))
    token = OneTimeToken(OneTimeTokenId(backend.ids.new()), TokenPurpose.SIGN_IN, member.id, "token", now, now)
    async with backend.unit_of_work() as work:
        await work.sign_ins.add(sign_in)
        await work.one_time_tokens.add(token)
        await work.commit()
    await delete(backend, member)
    async with backend.unit_of_work() as work:
        assert await work.sign_ins.get(sign_in.id) is None
        assert await work.one_time_tokens.by_hash("token") is None
    assert await backend.members.actor(member.id, sign_in.id, now) is None


async def test_member_deletion_takes_sessions_saved_guides_and_kept_answers(backend: Backend) -> None:
    member, guide = await stored_member(backend), await stored_guide(backend)
    await stored_saved_guide(backend, member, guide)
    session = await stored_session(backend, member)
    message = await said(backend, session, member)
    reply = await asked(backend, session)
    async with backend.unit_of_work() as work:
        await work.reply_queue.put(ReplyJob(reply.id, session.id, 1), backend.clock.now())
        await work.commit()
    await delete(backend, member)
    now, soon = backend.clock.now(), backend.clock.now() + timedelta(minutes=1)
    async with backend.unit_of_work() as work:
        assert await work.saved_guides.find(member.id, guide.id) is None
        assert await work.idempotency_keys.find(member.id, f"key {message.id}", now - timedelta(days=1)) is None
        assert await work.reply_queue.claim(backend.ids.new(), now, soon) is None
        with pytest.raises(NotFound):
            await work.chat_sessions.get(session.id)
        with pytest.raises(NotFound):
            await work.chat_messages.get(message.id)
        assert (await work.guides.get(guide.id)).id == guide.id


async def test_member_deletion_leaves_their_words_in_others_sessions_without_an_author(backend: Backend) -> None:
    owner, guest = await stored_member(backend, "owner"), await stored_member(backend, "guest")
    session = await shared_session(backend, owner, guest)
    theirs, own = await said(backend, session, guest), await posted(backend, session)
    await delete(backend, guest)
    messages = await backend.chat.messages(session.id, before=None, after=None, limit=10)
    assert [(message.id, message.author_id) for message in messages] == [(theirs.id, None), (own.id, owner.id)]
    assert (await backend.chat.session(owner.id, session.id)).participants == (owner.id,)
    async with backend.unit_of_work() as work:
        found = await work.idempotency_keys.find(guest.id, f"key {theirs.id}", backend.clock.now() - timedelta(days=1))
    assert found is None


async def test_member_deletion_of_an_owner_takes_the_session_from_its_guests(backend: Backend) -> None:
    owner, guest = await stored_member(backend, "owner"), await stored_member(backend, "guest")
    session = await shared_session(backend, owner, guest)
    await said(backend, session, guest)
    await delete(backend, owner)
    assert (await backend.chat.sessions(guest.id, SessionFilter(), limit=5)).items == ()
    assert (await backend.chat.stats(guest.id, backend.clock.now())).total_messages == 0


async def test_member_deletion_leaves_what_they_granted_without_a_giver(backend: Backend) -> None:
    giver, taker, now = await stored_member(backend, "giver"), new_member(backend, username="taker"), None
    now = backend.clock.now()
    grant = Grant(GrantId(backend.ids.new()), Role.ADMIN, GrantSource.MANUAL, giver.id, "helps out", None, now)
    taker.grants.append(grant)
    await added(backend, taker)
    await delete(backend, giver)
    (kept,) = await backend.members.grants(taker.id)
    assert (kept.id, kept.granted_by, kept.reason) == (grant.id, None, "helps out")
    assert (await backend.members.actor(taker.id, None, now)).role is Role.ADMIN


async def test_member_deletion_leaves_others_alone(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace", Role.ADMIN)
    guide = await stored_guide(backend)
    saved, session = await stored_saved_guide(backend, grace, guide), await stored_session(backend, grace)
    message = await said(backend, session, grace)
    await delete(backend, ada)
    async with backend.unit_of_work() as work:
        assert (await work.saved_guides.find(grace.id, guide.id)).id == saved.id
        assert (await work.chat_messages.get(message.id)).author_id == grace.id
        assert (await work.members.get(grace.id)).grants == grace.grants


async def test_member_deletion_rolled_back_changes_nothing(backend: Backend) -> None:
    member = await stored_member(backend)
    session = await stored_session(backend, member)
    async with backend.unit_of_work() as work:
        await work.members.delete(await work.members.get(member.id))
    assert (await backend.members.view(member.id, backend.clock.now())).username == "ada"
    assert await backend.chat.session(member.id, session.id) is not None


async def test_member_deletion_of_stale_or_absent_member_raises_stale_version(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        stale = await work.members.get(member.id)
    async with backend.unit_of_work() as work:
        fresh = await work.members.get(member.id)
        fresh.set_password("another hash", backend.clock.now())
        await work.members.save(fresh, backend.clock.now())
        await work.commit()
    for gone in (stale, new_member(backend, username="nobody")):
        async with backend.unit_of_work() as work:
            with pytest.raises(StaleVersion):
                await work.members.delete(gone)
    assert await backend.members.view(member.id, backend.clock.now()) is not None


async def test_member_deletion_of_member_read_in_another_transaction_is_done(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
    async with backend.unit_of_work() as work:
        await work.members.delete(loaded)
        await work.commit()
    assert await backend.members.view(member.id, backend.clock.now()) is None


async def test_member_deletion_lets_nothing_new_name_them(backend: Backend) -> None:
    member, taker = await stored_member(backend), new_member(backend, username="taker")
    await delete(backend, member)
    now = backend.clock.now()
    grant = Grant(GrantId(backend.ids.new()), Role.ADMIN, GrantSource.MANUAL, member.id, "", None, now)
    taker.grants.append(grant)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.members.add(taker, now)
    async with backend.unit_of_work() as work:
        with pytest.raises(Conflict):
            await work.chat_sessions.add(new_session(backend, member))
    session = await stored_session(backend, await stored_member(backend, "grace"))
    with pytest.raises(Conflict):
        await said(backend, session, member, is_keyed=False)
    assert await backend.members.view(MemberId(taker.id), now) is None
