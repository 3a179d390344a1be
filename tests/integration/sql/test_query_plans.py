"""The plans of the queries whose cost must not grow with the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from sqlalchemy import Connection, event, text

from adapters.sql.chat_queries import SqlChatQueries
from adapters.sql.database import Database
from application.paging import encode_cursor
from application.ports.chat import SessionFilter
from domain.chat import ChatMessageId, ChatSessionId, LLMProvider
from domain.identity import MemberId
from tests.support.backend import Backend
from tests.support.given import posted, stored_member, stored_session

SCAN = {"sqlite": "SCAN", "postgresql": "Seq Scan"}
SORT = {"sqlite": "USE TEMP B-TREE FOR ORDER BY", "postgresql": "Sort"}


@contextmanager
def statements(database: Database) -> Iterator[list[tuple[str, object]]]:
    """What a query sends to the engine."""
    sent: list[tuple[str, object]] = []

    def note(_c: Connection, _cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.reader.sync_engine, "before_cursor_execute", note)
    yield sent
    event.remove(database.reader.sync_engine, "before_cursor_execute", note)


async def plans(database: Database, sent: list[tuple[str, object]]) -> list[str]:
    """How the engine would run each of them; PostgreSQL is told not to prefer what suits few rows."""
    found = []
    async with database.reader.connect() as connection:
        if not database.is_sqlite:
            await connection.execute(text("SET enable_seqscan = off"))
            await connection.execute(text("SET enable_bitmapscan = off"))
        explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
        for statement, parameters in list(sent):
            rows = await connection.exec_driver_sql(f"{explain} {statement}", parameters)  # type: ignore[arg-type]
            found.append("\n".join(str(row[-1]) for row in rows))
    return found


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
