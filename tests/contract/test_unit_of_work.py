"""The unit of work: all or nothing, and what it tells the world."""

import json
from dataclasses import dataclass, replace
from datetime import UTC
from typing import ClassVar

import pytest

from application.ports.chat import SessionFilter
from application.ports.realtime import Announcement, LoggedEvent, ReplyWaiting, RightsChanged
from domain.chat import ChatMessage, ChatMessageId, SessionUpdated
from domain.errors import NotFound
from domain.events import GUIDES, RIGHTS, Channel, Event, session_channel, user_channel
from domain.identity import MemberId, Role
from tests.support.backend import Backend
from tests.support.given import (
    new_guide,
    new_member,
    new_session,
    posted,
    stored_guide,
    stored_member,
    stored_session,
)
from tests.support.racing import race


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Event):
    """Goes to as many channels as it says."""

    type: ClassVar[str] = "noticed"
    audience: int

    def channels(self) -> tuple[Channel, ...]:
        return tuple(Channel(f"many:{number}") for number in range(self.audience))


def listening(backend: Backend) -> list[Announcement]:
    heard: list[Announcement] = []
    backend.bus.listen(heard.append)
    return heard


async def test_unit_of_work_commit_keeps_changes(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        assert (await work.members.get(member.id)).user.username == "ada"


async def test_unit_of_work_without_commit_changes_nothing(backend: Backend) -> None:
    member = new_member(backend, username="ada")
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
    assert await backend.members.view(member.id, backend.clock.now()) is None


async def test_unit_of_work_error_inside_changes_nothing(backend: Backend) -> None:
    guide = await stored_guide(backend)

    async def delete_and_fail() -> None:
        async with backend.unit_of_work() as work:
            await work.guides.delete(await work.guides.get(guide.id))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await delete_and_fail()
    assert await backend.guides.view(None, Role.PUBLIC, guide.id) is not None


async def test_unit_of_work_rollback_of_several_repositories_changes_none(backend: Backend) -> None:
    member, session = new_member(backend, username="ada"), None
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        session = new_session(backend, member)
        await work.chat_sessions.add(session)
        await work.guides.add(new_guide(backend))
    async with backend.unit_of_work() as work:
        assert await work.guides.count() == 0
        with pytest.raises(NotFound):
            await work.members.get(member.id)
        with pytest.raises(NotFound):
            await work.chat_sessions.get(session.id)


async def test_unit_of_work_own_writes_are_seen_inside(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        guide = new_guide(backend)
        await work.guides.add(guide)
        assert (await work.guides.get(guide.id)).content == guide.content


async def test_unit_of_work_open_writes_are_unseen_by_queries(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        guide = new_guide(backend)
        await work.guides.add(guide)
        assert await backend.guides.view(None, Role.PUBLIC, guide.id) is None
        await work.commit()
    assert await backend.guides.view(None, Role.PUBLIC, guide.id) is not None


async def test_unit_of_work_loaded_object_changed_without_save_stays_as_stored(backend: Backend) -> None:
    member = await stored_member(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.members.get(member.id)
        loaded.user.username = "grace"
        await work.commit()
    view = await backend.members.view(member.id, backend.clock.now())
    assert view.username == "ada"


async def test_unit_of_work_object_changed_after_save_stays_as_saved(backend: Backend) -> None:
    member = new_member(backend, username="ada")
    async with backend.unit_of_work() as work:
        await work.members.add(member, backend.clock.now())
        member.user.username = "grace"
        await work.commit()
    view = await backend.members.view(member.id, backend.clock.now())
    assert view.username == "ada"


async def test_unit_of_work_used_before_entering_raises(backend: Backend) -> None:
    work = backend.unit_of_work()
    with pytest.raises(RuntimeError):
        await work.guides.count()


async def test_unit_of_work_used_after_leaving_raises(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        guides = work.guides
    with pytest.raises(RuntimeError):
        await work.guides.count()
    with pytest.raises(RuntimeError):
        await guides.count()
    with pytest.raises(RuntimeError):
        await work.commit()


async def test_unit_of_work_used_after_commit_raises(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        await work.commit()
        with pytest.raises(RuntimeError):
            await work.guides.count()


async def test_unit_of_work_commit_announces_events_then_announcements(backend: Backend) -> None:
    heard = listening(backend)
    guide = new_guide(backend)
    async with backend.unit_of_work() as work:
        work.announce(ReplyWaiting())
        work.announce(RightsChanged(channel=GUIDES))
        await work.guides.add(guide)
        assert heard == []
        await work.commit()
    assert [type(one) for one in heard] == [LoggedEvent, ReplyWaiting, RightsChanged]
    assert heard[0].channel == GUIDES


async def test_unit_of_work_announcements_come_after_the_change_is_visible(backend: Backend) -> None:
    seen: list[int] = []
    offsets: list[int] = []
    backend.bus.listen(lambda one: seen.append(one.offset) if isinstance(one, LoggedEvent) else None)
    await stored_guide(backend)
    offsets.append((await backend.event_log.positions([GUIDES]))[GUIDES])
    assert seen == offsets == [1]


async def test_unit_of_work_rollback_drops_events_and_announcements(backend: Backend) -> None:
    heard = listening(backend)
    async with backend.unit_of_work() as work:
        await work.guides.add(new_guide(backend))
        work.announce(ReplyWaiting())
    assert heard == []
    assert (await backend.event_log.positions([GUIDES]))[GUIDES] == 0


async def test_unit_of_work_changed_rights_are_logged_for_processes_without_the_bus(backend: Backend) -> None:
    heard = listening(backend)
    member = await stored_member(backend)
    heard.clear()
    async with backend.unit_of_work() as work:
        work.announce(RightsChanged(member_id=member.id))
    assert (await backend.event_log.positions([RIGHTS]))[RIGHTS] == 0
    async with backend.unit_of_work() as work:
        work.announce(RightsChanged(member_id=member.id))
        work.announce(RightsChanged(channel=GUIDES))
        await work.commit()
    events = (await backend.event_log.read(RIGHTS, 0, 10)).events
    assert [json.loads(event.payload) for event in events] == [{"member_id": str(member.id)}]
    assert heard == [*events, RightsChanged(member_id=member.id), RightsChanged(channel=GUIDES)]


async def test_unit_of_work_unsaved_aggregate_logs_nothing(backend: Backend) -> None:
    guide = await stored_guide(backend)
    async with backend.unit_of_work() as work:
        loaded = await work.guides.get(guide.id)
        loaded.retire(backend.clock.now())
        await work.commit()
    assert (await backend.event_log.positions([GUIDES]))[GUIDES] == 1


async def test_unit_of_work_events_of_several_saves_keep_their_order(backend: Backend) -> None:
    heard = listening(backend)
    first, second = new_guide(backend, "First"), new_guide(backend, "Second")
    async with backend.unit_of_work() as work:
        await work.guides.add(first)
        await work.guides.add(second)
        first.retire(backend.clock.now())
        await work.guides.save(first)
        await work.commit()
    told = [(json.loads(one.payload)["guide_id"], json.loads(one.payload)["change"], one.offset) for one in heard]
    assert told == [(str(first.id), "created", 1), (str(second.id), "created", 2), (str(first.id), "retired", 3)]


async def test_unit_of_work_event_of_several_channels_is_logged_in_each(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(session.id)
        loaded.revise(backend.clock.now(), title="Another title")
        await work.chat_sessions.save(loaded)
        await work.commit()
    positions = await backend.event_log.positions([session_channel(session.id), user_channel(owner.id)])
    assert positions == {session_channel(session.id): 1, user_channel(owner.id): 2}


async def test_unit_of_work_event_as_announced_equals_event_as_logged(backend: Backend) -> None:
    heard = listening(backend)
    session = await stored_session(backend, await stored_member(backend))
    await posted(backend, session, 'Ünïcode, "quotes" & <tags> \u2028 \U0001f600')
    channel = session_channel(session.id)
    logged = (await backend.event_log.read(channel, 0, 10)).events
    assert list(logged) == [one for one in heard if one.channel == channel]
    assert logged[0].created_at.tzinfo is UTC


async def test_unit_of_work_event_payload_is_the_message_as_fetched(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    message = await posted(backend, session)
    (event,) = (await backend.event_log.read(session_channel(session.id), 0, 10)).events
    told = json.loads(event.payload)["message"]
    fetched = await backend.chat.message(owner.id, message.id)
    assert event.type == "new_message"
    assert (told["id"], told["seq"], told["content"]) == (str(fetched.id), fetched.seq, fetched.content)
    assert (told["role"], told["created_at"]) == ("user", "2026-01-05T12:00:00Z")


async def test_unit_of_work_racing_commits_log_offsets_without_gaps(backend: Backend) -> None:
    heard = listening(backend)

    async def add(number: int) -> None:
        async with backend.unit_of_work() as work:
            await work.guides.add(new_guide(backend, f"Guide {number}"))
            await work.guides.add(new_guide(backend, f"Guide {number} again"))
            await work.commit()

    assert await race(5, add) == [None] * 5
    logged = (await backend.event_log.read(GUIDES, 0, 100)).events
    assert [event.offset for event in logged] == list(range(1, 11))
    assert sorted(event.offset for event in heard) == list(range(1, 11))


async def test_unit_of_work_racing_increments_lose_none(backend: Backend) -> None:
    guide = await stored_guide(backend)

    async def retitle(number: int) -> None:
        async with backend.unit_of_work() as work:
            loaded = await work.guides.get(guide.id)
            loaded.revise(new_guide(backend, f"{loaded.content.title}+").content, backend.clock.now())
            await work.guides.save(loaded)
            await work.commit()

    assert await race(5, retitle) == [None] * 5
    view = await backend.guides.view(None, Role.PUBLIC, guide.id)
    assert (view.summary.title, view.summary.version) == ("Position sizing+++++", 6)


async def test_unit_of_work_failed_statement_leaves_the_next_one_usable(backend: Backend) -> None:
    async with backend.unit_of_work() as work:
        with pytest.raises(NotFound):
            await work.members.get(MemberId(backend.ids.new()))
        await work.guides.add(new_guide(backend))
        await work.commit()
    assert len(await backend.guides.all_active(Role.PUBLIC)) == 1


async def test_unit_of_work_message_of_a_rolled_back_place_leaves_no_gap(backend: Backend) -> None:
    session = await stored_session(backend, await stored_member(backend))
    async with backend.unit_of_work() as work:
        now = backend.clock.now()
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        lost = ChatMessage.by_member(ChatMessageId(backend.ids.new()), session.id, seq, session.user_id, "lost", now)
        await work.chat_messages.add(lost)
    assert (await posted(backend, session)).seq == 1


async def test_unit_of_work_event_that_cannot_be_encoded_stores_nothing(backend: Backend) -> None:
    owner = await stored_member(backend)
    good, bad = new_session(backend, owner), new_session(backend, owner)
    bad.collect_events()
    bad.record(SessionUpdated(change="created", session=replace(bad.snapshot(), title="\ud800")))

    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(good)
        await work.chat_sessions.add(bad)
        with pytest.raises(UnicodeEncodeError):
            await work.commit()

    assert (await backend.chat.sessions(owner.id, SessionFilter(), limit=5)).items == ()
    assert (await backend.event_log.positions([user_channel(owner.id)])) == {user_channel(owner.id): 0}


async def test_unit_of_work_event_of_more_channels_than_a_statement_takes_is_logged_in_each(backend: Backend) -> None:
    session = new_session(backend, await stored_member(backend))
    session.collect_events()
    session.record(Noticed(audience=11_000))
    session.record(Noticed(audience=1))
    async with backend.unit_of_work() as work:
        await work.chat_sessions.add(session)
        await work.commit()
    some = [Channel(f"many:{number}") for number in (0, 4_999, 10_999)]
    assert list((await backend.event_log.positions(some)).values()) == [2, 1, 1]
    assert [event.offset for event in (await backend.event_log.read(some[0], 0, 5)).events] == [1, 2]
