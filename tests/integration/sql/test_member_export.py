"""Exports that are read slowly, and broken off."""

import asyncio
from contextlib import AsyncExitStack, aclosing

from adapters.sql.database import POSTGRESQL_CONNECTIONS, READERS, Database
from adapters.sql.member_export import SqlMemberExport
from tests.support.backend import Backend
from tests.support.given import posted, stored_member, stored_session

AT_ONCE = 2 * POSTGRESQL_CONNECTIONS + READERS


async def test_member_exports_read_slowly_hold_no_connection(backend: Backend, database: Database) -> None:
    member = await stored_member(backend)
    session = await stored_session(backend, member)
    for _ in range(3):
        await posted(backend, session)
    export = SqlMemberExport(database, page=2)
    async with AsyncExitStack() as stack, asyncio.timeout(8):
        slow = [await stack.enter_async_context(aclosing(export.records(member.id))) for _ in range(AT_ONCE)]
        for records in slow:
            while (await anext(records))[0] != "messages":
                continue
        whole = [section async for section, _ in export.records(member.id)]
        rest = [[section async for section, _ in records] for records in slow[: AT_ONCE // 2]]
    assert whole == ["account", "sessions", "messages", "messages", "messages"]
    assert rest == [["messages", "messages"]] * (AT_ONCE // 2)
