"""The plans of the queries whose cost must not grow with the tables."""

from uuid import UUID

import pytest

from adapters.sql.chat_queries import SqlChatQueries
from adapters.sql.database import Database
from adapters.sql.member_queries import SqlMemberQueries
from adapters.sql.unit_of_work import SqlUnitOfWork
from application.paging import encode_cursor
from application.ports.chat import SessionFilter
from domain.chat import ChatMessageId, ChatSessionId, LLMProvider
from domain.identity import MemberId, Role, SignInId
from tests.support.backend import Backend
from tests.support.given import posted, stored_member, stored_session
from tests.support.query_plans import SCAN, SORT, plans, statements


@pytest.fixture
async def world(backend: Backend) -> tuple[MemberId, ChatSessionId, ChatMessageId]:
    """A member with a session and a message, and others beside them."""
    owner, other = await stored_member(backend, "ada"), await stored_member(backend, "bob")
    session = await stored_session(backend, owner)
    await stored_session(backend, other)
    return owner.id, session.id, (await posted(backend, session)).id


async def test_query_plans_of_messages_walk_one_index_without_sorting(
    database: Database, world: tuple[MemberId, ChatSessionId, ChatMessageId]
) -> None:
    queries = SqlChatQueries(database)
    with statements(database) as sent:
        await queries.messages(world[1], before=None, after=None, limit=50)
        await queries.messages(world[1], before=40, after=None, limit=50)
        await queries.messages(world[1], before=None, after=40, limit=50)
    found = await plans(database, sent)
    assert len(found) == 3
    for plan in found:
        assert "uq_chat_messages_session_id_seq" in plan
        assert SCAN[database.url.get_backend_name()] not in plan
        assert SORT[database.url.get_backend_name()] not in plan


async def test_query_plans_of_session_lists_walk_the_members_own_rows(
    database: Database, world: tuple[MemberId, ChatSessionId, ChatMessageId]
) -> None:
    queries = SqlChatQueries(database)
    narrowed = SessionFilter(is_active=True, llm_provider=LLMProvider.LOCAL)
    with statements(database) as sent:
        page = await queries.sessions(world[0], SessionFilter(), limit=50)
        cursor = encode_cursor(page.items[0].created_at, UUID(int=2**128 - 1))
        await queries.sessions(world[0], narrowed, limit=50, cursor=cursor)
    assert page.total_count == 1
    found = await plans(database, sent)
    assert len(found) == 6
    for plan in found:
        assert "chat_participants" in plan
        assert SCAN[database.url.get_backend_name()] not in plan
    for plan in (found[1], found[4]):
        assert "ix_chat_participants_member_id_session_created_at_session_id" in plan
        assert SORT[database.url.get_backend_name()] not in plan


async def test_query_plans_of_single_objects_look_up_keys(
    database: Database, world: tuple[MemberId, ChatSessionId, ChatMessageId]
) -> None:
    queries = SqlChatQueries(database)
    with statements(database) as sent:
        assert await queries.session(world[0], world[1]) is not None
        assert await queries.message(world[0], world[2]) is not None
    found = await plans(database, sent)
    assert len(found) == 3
    for plan in found:
        assert SCAN[database.url.get_backend_name()] not in plan


async def test_query_plans_of_who_asks_look_up_keys_in_one_statement(database: Database, backend: Backend) -> None:
    member, now = await stored_member(backend, "ada", Role.ADMIN), backend.clock.now()
    queries, sign_in_id = SqlMemberQueries(database), SignInId(backend.ids.new())
    with statements(database) as sent:
        assert await queries.actor(member.id, None, now) is not None
        assert await queries.actor(member.id, sign_in_id, now) is None
        assert (await queries.sign_ins(member.id, None, 10, now)).items == ()
        cursor = encode_cursor(now, member.id)
        assert (await queries.sign_ins(member.id, cursor, 10, now)).items == ()
        assert await queries.view(member.id, now) is not None
        assert await queries.by_telegram_id(42, now) is None
    found = await plans(database, sent)
    assert len(found) == 6
    for plan in found:
        assert SCAN[database.url.get_backend_name()] not in plan
    for plan in found[2:4]:
        assert "ix_sign_ins_member_id_created_at_id_open" in plan
        assert SORT[database.url.get_backend_name()] not in plan


async def test_query_plans_of_stale_roles_look_at_ended_ones_only(database: Database, backend: Backend) -> None:
    await stored_member(backend, "ada", Role.ADMIN)
    work = SqlUnitOfWork(database, backend.bus, backend.clock)
    with statements(database) as sent:
        async with work:
            assert await work.members.with_stale_role(backend.clock.now(), 10) == []
    (plan,) = await plans(database, sent)
    assert "ix_members_role_until_id" in plan
    assert SCAN[database.url.get_backend_name()] not in plan
    assert SORT[database.url.get_backend_name()] not in plan
