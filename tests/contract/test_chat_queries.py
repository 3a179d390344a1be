"""Reads of chat, only of sessions in which the member takes part."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from application.ports.chat import Arrived, ChatStats, SessionFilter
from application.ports.unit_of_work import UnitOfWork
from domain.chat import ChatMessage, ChatMessageId, ChatSession, ChatSessionId, LLMProvider
from domain.errors import Conflict, Malformed
from domain.identity import Member, MemberId
from tests.support.backend import Backend
from tests.support.given import asked, begun, posted, stored_member, stored_session

EVERYTHING = SessionFilter()


async def titles(
    backend: Backend, member_id: MemberId, limit: int, where: SessionFilter = EVERYTHING
) -> list[list[str]]:
    pages, cursor = [], None
    while not pages or cursor is not None:
        page = await backend.chat.sessions(member_id, where, limit=limit, cursor=cursor)
        pages.append([session.title for session in page.items])
        cursor = page.next_cursor
    return pages


async def found(backend: Backend, member_id: MemberId, *terms: str, limit: int = 10) -> list[str]:
    hits = await backend.chat.search(member_id, terms, limit)
    return [hit.message.content for hit in hits]


async def test_chat_queries_sessions_are_newest_first(backend: Backend) -> None:
    owner = await stored_member(backend)
    for title in ("first", "second", "third"):
        await stored_session(backend, owner, title)
        backend.clock.advance(timedelta(seconds=1))
    page = await backend.chat.sessions(owner.id, EVERYTHING, limit=10)
    assert [session.title for session in page.items] == ["third", "second", "first"]
    assert (page.total_count, page.next_cursor) == (3, None)


async def test_chat_queries_sessions_stay_in_place_when_written_to(backend: Backend) -> None:
    owner = await stored_member(backend)
    first = await stored_session(backend, owner, "first")
    backend.clock.advance(timedelta(seconds=1))
    await stored_session(backend, owner, "second")
    backend.clock.advance(timedelta(seconds=1))
    await posted(backend, first)
    page = await backend.chat.sessions(owner.id, EVERYTHING, limit=10)
    assert [(session.title, session.message_count) for session in page.items] == [("second", 0), ("first", 1)]


async def test_chat_queries_sessions_are_those_one_takes_part_in(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    await stored_session(backend, ada, "mine")
    shared = await stored_session(backend, grace, "shared")
    await stored_session(backend, grace, "theirs")
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(shared.id)
        loaded.participants = (grace.id, ada.id)
        loaded.revise(backend.clock.now())
        await work.chat_sessions.save(loaded)
        await work.commit()
    page = await backend.chat.sessions(ada.id, EVERYTHING, limit=10)
    assert {session.title for session in page.items} == {"mine", "shared"}
    assert page.total_count == 2
    assert (await backend.chat.session(ada.id, shared.id)).participants == (grace.id, ada.id)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (SessionFilter(is_active=True), ["open local", "open router"]),
        (SessionFilter(is_active=False), ["closed local"]),
        (SessionFilter(llm_provider=LLMProvider.LOCAL), ["closed local", "open local"]),
        (SessionFilter(is_active=True, llm_provider=LLMProvider.OPENROUTER), ["open router"]),
        (SessionFilter(is_active=False, llm_provider=LLMProvider.OPENROUTER), []),
    ],
)
async def test_chat_queries_sessions_filter_narrows_rows_and_count(
    backend: Backend, where: SessionFilter, expected: list[str]
) -> None:
    owner = await stored_member(backend)
    await stored_session(backend, owner, "open local")
    await stored_session(backend, owner, "open router", provider=LLMProvider.OPENROUTER)
    closed = await stored_session(backend, owner, "closed local")
    async with backend.unit_of_work() as work:
        loaded = await work.chat_sessions.get(closed.id)
        loaded.revise(backend.clock.now(), is_active=False)
        await work.chat_sessions.save(loaded)
        await work.commit()
    page = await backend.chat.sessions(owner.id, where, limit=10)
    assert (sorted(session.title for session in page.items), page.total_count) == (expected, len(expected))


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
async def test_chat_queries_session_pages_by_cursor_are_complete(backend: Backend, limit: int) -> None:
    owner = await stored_member(backend)
    for number in range(7):
        await stored_session(backend, owner, f"session {number}")
        backend.clock.advance(timedelta(seconds=number % 2))
    pages = await titles(backend, owner.id, limit)
    assert [title for page in pages for title in page] == [f"session {number}" for number in reversed(range(7))]
    assert all(len(page) == limit for page in pages[:-1])


async def test_chat_queries_session_pages_by_offset_agree_with_cursors(backend: Backend) -> None:
    owner = await stored_member(backend)
    for number in range(5):
        await stored_session(backend, owner, f"session {number}")
    by_offset = [await backend.chat.sessions(owner.id, EVERYTHING, limit=2, offset=skip) for skip in (0, 2, 4, 6)]
    shown = [[session.title for session in page.items] for page in by_offset]
    assert shown == [*(await titles(backend, owner.id, 2)), []]
    assert [page.total_count for page in by_offset] == [5, 5, 5, 5]
    assert [page.next_cursor is None for page in by_offset] == [False, False, True, True]


async def test_chat_queries_new_session_between_pages_repeats_nothing(backend: Backend) -> None:
    owner = await stored_member(backend)
    for number in range(4):
        await stored_session(backend, owner, f"session {number}")
        backend.clock.advance(timedelta(seconds=1))
    first = await backend.chat.sessions(owner.id, EVERYTHING, limit=2)
    await stored_session(backend, owner, "late")
    second = await backend.chat.sessions(owner.id, EVERYTHING, limit=2, cursor=first.next_cursor)
    assert [session.title for session in second.items] == ["session 1", "session 0"]


@pytest.mark.parametrize("cursor", ["", "no cursor", "WzEsMl0", "é", "WyJhIiwiYiJd"])
async def test_chat_queries_sessions_of_broken_cursor_raise_malformed(backend: Backend, cursor: str) -> None:
    owner = await stored_member(backend)
    with pytest.raises(Malformed):
        await backend.chat.sessions(owner.id, EVERYTHING, limit=10, cursor=cursor)


async def test_chat_queries_session_and_message_of_others_are_none(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    session = await stored_session(backend, ada)
    message = await posted(backend, session)
    assert await backend.chat.session(grace.id, session.id) is None
    assert await backend.chat.message(grace.id, message.id) is None
    assert await backend.chat.session(ada.id, ChatSessionId(backend.ids.new())) is None
    assert await backend.chat.message(ada.id, ChatMessageId(backend.ids.new())) is None


async def test_chat_queries_session_and_message_are_as_stored(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    message, reply = await posted(backend, session), await begun(backend, await asked(backend, session))
    found = await backend.chat.session(owner.id, session.id)
    assert (found.title, found.message_count, found.settings) == (session.title, 2, session.settings)
    assert await backend.chat.message(owner.id, message.id) == message.snapshot()
    assert await backend.chat.message(owner.id, reply.id) == reply.snapshot()


@pytest.mark.parametrize(
    ("before", "after", "limit", "expected"),
    [
        (None, None, 3, [4, 5, 6]),
        (None, None, 10, [1, 2, 3, 4, 5, 6]),
        (4, None, 2, [2, 3]),
        (1, None, 2, []),
        (100, None, 2, [5, 6]),
        (None, 0, 2, [1, 2]),
        (None, 4, 10, [5, 6]),
        (None, 6, 10, []),
        (5, 1, 2, [2, 3]),
        (3, 1, 10, [2]),
    ],
)
async def test_chat_queries_messages_are_the_asked_stretch_ascending(
    backend: Backend, before: int | None, after: int | None, limit: int, expected: list[int]
) -> None:
    owner = await stored_member(backend)
    session, other = await stored_session(backend, owner), await stored_session(backend, owner)
    for _ in range(6):
        await posted(backend, session)
        await posted(backend, other)
    messages = await backend.chat.messages(session.id, before=before, after=after, limit=limit)
    assert [message.seq for message in messages] == expected
    assert {message.session_id for message in messages} <= {session.id}


async def test_chat_queries_search_finds_all_words_newest_first(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    for content in ("Stop the loss early", "Profit and loss", "Early loss: stop!", "stop"):
        await posted(backend, session, content)
        backend.clock.advance(timedelta(seconds=1))
    assert await found(backend, owner.id, "loss", "stop") == ["Early loss: stop!", "Stop the loss early"]
    assert await found(backend, owner.id, "loss", limit=1) == ["Early loss: stop!"]


@pytest.mark.parametrize(
    ("terms", "matches"),
    [
        (["crepes", "risk"], True),
        (["crepe", "risk"], False),
        (["crepes", "ris"], True),
        (["crep"], True),
        (["repes"], False),
        (["strasse"], True),
        (["42"], True),
        (["x_y"], True),
        (["or"], False),
        (["crepes", "absent"], False),
        ([], False),
    ],
)
async def test_chat_queries_search_folds_words_and_completes_the_last(
    backend: Backend, terms: list[str], matches: bool
) -> None:
    owner = await stored_member(backend)
    content = "CRÊPES (at 42 Straße) are a Risky x_y"
    await posted(backend, await stored_session(backend, owner), content)
    assert await found(backend, owner.id, *terms) == ([content] if matches else [])


async def test_chat_queries_search_finds_decomposed_letters(backend: Backend) -> None:
    owner = await stored_member(backend)
    await posted(backend, await stored_session(backend, owner), "cre\u0302pes and more")
    assert await found(backend, owner.id, "crepes", "and") == ["cre\u0302pes and more"]


async def test_chat_queries_search_is_over_ones_own_sessions(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    session = await stored_session(backend, ada, "About risk")
    await posted(backend, session, "risk")
    (hit,) = await backend.chat.search(ada.id, ["risk"], 10)
    assert (hit.session_title, hit.message.session_id) == ("About risk", session.id)
    assert await found(backend, grace.id, "risk") == []


async def test_chat_queries_search_snippet_marks_every_hit(backend: Backend) -> None:
    owner = await stored_member(backend)
    await posted(backend, await stored_session(backend, owner), "Risk, the RISKY kind: stop <b>risk</b>")
    (hit,) = await backend.chat.search(owner.id, ["stop", "risk"], 10)
    assert hit.snippet == ("\ue000Risk\ue001, the \ue000RISKY\ue001 kind: \ue000stop\ue001 <b>\ue000risk\ue001</b>")


async def test_chat_queries_search_snippet_of_long_message_is_around_the_first_hit(backend: Backend) -> None:
    owner = await stored_member(backend)
    words = [f"word{number}" for number in range(200)]
    words[100] = "target"
    await posted(backend, await stored_session(backend, owner), " ".join(words))
    (hit,) = await backend.chat.search(owner.id, ["target"], 10)
    assert "word99 \ue000target\ue001 word101" in hit.snippet
    assert 20 <= len(hit.snippet.split()) <= 40
    assert (hit.snippet[0], hit.snippet[-1]) == ("…", "…")


async def test_chat_queries_search_finds_a_reply_once_it_has_ended(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    reply = await begun(backend, await asked(backend, session))
    async with backend.unit_of_work() as work:
        await work.chat_messages.checkpoint([Arrived(reply.id, 1, "Half of the ans")])
        await work.commit()
    assert await found(backend, owner.id, "half") == []
    async with backend.unit_of_work() as work:
        loaded = await work.chat_messages.get(reply.id)
        loaded.complete("Half of the answer, whole.", backend.clock.now())
        await work.chat_messages.save(loaded)
        await work.commit()
    assert await found(backend, owner.id, "half") == ["Half of the answer, whole."]
    async with backend.unit_of_work() as work:
        loaded = await work.chat_messages.get(reply.id)
        loaded.regenerate(session)
        await work.chat_messages.save(loaded)
        await work.commit()
    assert await found(backend, owner.id, "half") == []


async def test_chat_queries_stats_of_newcomer_are_empty(backend: Backend) -> None:
    owner = await stored_member(backend)
    assert await backend.chat.stats(owner.id, backend.clock.now()) == ChatStats(
        total_sessions=0,
        total_messages=0,
        active_sessions=0,
        messages_today=0,
        average_response_time_ms=None,
        most_used_provider=None,
        most_used_model=None,
        tokens_used=0,
    )


async def test_chat_queries_stats_count_the_day_in_utc(backend: Backend) -> None:
    owner = await stored_member(backend)
    session = await stored_session(backend, owner)
    midnight = datetime(2026, 1, 6, tzinfo=UTC)
    for moment in (midnight - timedelta(microseconds=1), midnight, midnight + timedelta(hours=23)):
        backend.clock.advance(moment - backend.clock.now())
        await posted(backend, session)
    stats = await backend.chat.stats(owner.id, midnight)
    assert (stats.total_messages, stats.messages_today) == (3, 2)


async def test_chat_queries_stats_leave_out_other_members(backend: Backend) -> None:
    ada, grace = await stored_member(backend, "ada"), await stored_member(backend, "grace")
    await posted(backend, await stored_session(backend, ada))
    stats = await backend.chat.stats(grace.id, datetime(2026, 1, 5, tzinfo=UTC))
    assert (stats.total_sessions, stats.total_messages, stats.messages_today) == (0, 0, 0)


async def recounted(backend: Backend, owner: MemberId, today: datetime) -> ChatStats:
    """The figures counted anew from the rows that the other queries show."""
    sessions = (await backend.chat.sessions(owner, EVERYTHING, limit=1000)).items
    messages = [
        message
        for session in sessions
        for message in await backend.chat.messages(session.id, before=None, after=None, limit=1000)
    ]
    times = [message.response_time_ms for message in messages if message.response_time_ms is not None]
    providers = [message.llm_provider for message in messages if message.llm_provider is not None]
    models = [message.llm_model for message in messages if message.llm_model is not None]
    return ChatStats(
        total_sessions=len(sessions),
        total_messages=len(messages),
        active_sessions=sum(session.is_active for session in sessions),
        messages_today=sum(message.created_at >= today for message in messages),
        average_response_time_ms=sum(times) / len(times) if times else None,
        most_used_provider=min(set(providers), key=lambda one: (-providers.count(one), one), default=None),
        most_used_model=min(set(models), key=lambda one: (-models.count(one), one), default=None),
        tokens_used=sum(message.tokens_used for message in messages),
    )


class Conversations:
    """Random operations on one member's sessions and replies; what does not apply changes nothing."""

    def __init__(self, backend: Backend, owner: Member) -> None:
        self._backend = backend
        self._owner = owner

    async def apply(self, operation: str, pick: int) -> None:
        if operation == "wait":
            self._backend.clock.advance(timedelta(hours=7, milliseconds=pick))
        elif operation == "start":
            provider = list(LLMProvider)[pick % 2]
            await stored_session(self._backend, self._owner, provider=provider, model=f"model-{pick % 3}")
        else:
            sessions = (await self._backend.chat.sessions(self._owner.id, EVERYTHING, limit=1000)).items
            if sessions:
                await self._in_session(operation, sessions[pick % len(sessions)].id, pick)

    async def _in_session(self, operation: str, session_id: ChatSessionId, pick: int) -> None:
        async with self._backend.unit_of_work() as work:
            session = await work.chat_sessions.get(session_id)
            if operation == "delete":
                session.delete()
                await work.chat_sessions.delete(session)
            elif operation == "revise":
                session.revise(self._backend.clock.now(), is_active=pick % 2 == 0, llm_model=f"model-{pick % 4}")
                await work.chat_sessions.save(session)
            elif operation in {"post", "ask"}:
                await self._add(work, session, answer=operation == "ask")
            elif session.last_seq:
                history = await work.chat_messages.history(session_id, pick % session.last_seq + 2, 1)
                await self._to_reply(work, operation, session, await work.chat_messages.get(history[0].id))
            await work.commit()

    async def _add(self, work: UnitOfWork, session: ChatSession, *, answer: bool) -> None:
        now = self._backend.clock.now()
        seq = await work.chat_sessions.allocate_seq(session.id, 1, now)
        message_id = ChatMessageId(self._backend.ids.new())
        if answer:
            await work.chat_messages.add(ChatMessage.reply(message_id, session, seq, now))
        else:
            message = ChatMessage.by_member(message_id, session.id, seq, self._owner.id, "A question", now)
            await work.chat_messages.add(message)

    async def _to_reply(self, work: UnitOfWork, operation: str, session: ChatSession, reply: ChatMessage) -> None:
        now = self._backend.clock.now()
        try:
            if operation == "begin":
                reply.begin(now)
            elif operation == "complete":
                reply.complete("An answer", now, tokens_used=session.last_seq * 3, llm_model="who-answered")
            elif operation == "fail":
                reply.fail("Sorry", "unreachable", now)
            else:
                reply.regenerate(session)
        except Conflict:
            return
        await work.chat_messages.save(reply)


_OPERATIONS = st.tuples(
    st.sampled_from(["start", "post", "ask", "begin", "complete", "fail", "regenerate", "revise", "delete", "wait"]),
    st.integers(0, 50),
)


@settings(max_examples=8)
@given(operations=st.lists(_OPERATIONS, min_size=10, max_size=40))
async def test_chat_queries_stats_after_any_operations_equal_a_recount(
    backend: Backend, operations: list[tuple[str, int]]
) -> None:
    owner = await stored_member(backend, f"member-{backend.ids.new().hex}")
    conversations = Conversations(backend, owner)
    await conversations.apply("start", 0)
    for operation, pick in operations:
        await conversations.apply(operation, pick)
    today = backend.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    assert await backend.chat.stats(owner.id, today) == await recounted(backend, owner.id, today)
