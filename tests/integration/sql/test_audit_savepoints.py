"""A line of the trail that fails, whatever the engine does about it, and one whose writer is cancelled."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from adapters.sql.database import Database
from application.ports.audit import AuditFilter
from domain.errors import Conflict, Unavailable
from domain.identity import GUEST, AuditAction, AuditEntry
from tests.support.backend import Backend

ROUNDS = 40

REFUSING = {
    "sqlite": """
CREATE TRIGGER refusing BEFORE INSERT ON audit_log WHEN NEW.action = 'member.banned'
BEGIN SELECT RAISE(FAIL, 'not this one'); END
""",
    "postgresql": "ALTER TABLE audit_log ADD CONSTRAINT refusing CHECK (action <> 'member.banned')",
}
LOSING = {
    "sqlite": """
CREATE TRIGGER losing BEFORE INSERT ON audit_log WHEN NEW.action = 'member.banned'
BEGIN SELECT RAISE(ROLLBACK, 'the transaction is gone'); END
""",
    "postgresql": """
CREATE FUNCTION losing() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
  IF NEW.action = 'member.banned' THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
  RETURN NEW;
END $$
""",
}
TRIGGER = "CREATE TRIGGER losing BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION losing()"
RESTORED = {
    "sqlite": ("DROP TRIGGER IF EXISTS refusing", "DROP TRIGGER IF EXISTS losing"),
    "postgresql": (
        "ALTER TABLE audit_log DROP CONSTRAINT IF EXISTS refusing",
        "DROP TRIGGER IF EXISTS losing ON audit_log",
        "DROP FUNCTION IF EXISTS losing",
    ),
}


async def run(database: Database, *statements: str) -> None:
    async with database.writer.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


@pytest.fixture
async def engine(database: Database) -> AsyncIterator[str]:
    """The engine's name; what a test did to the table is undone after it."""
    name = database.url.get_backend_name()
    yield name
    await run(database, *RESTORED[name])


def line(backend: Backend, action: AuditAction) -> AuditEntry:
    return AuditEntry.of(backend.ids.new(), backend.clock.now(), action, GUEST, None)


async def test_audit_line_that_the_database_refuses_leaves_what_came_before_and_after(
    backend: Backend, database: Database, engine: str
) -> None:
    await run(database, REFUSING[engine])
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("before", now)
        await work.audit.record(line(backend, AuditAction.BANNED))
        await work.used_proofs.use("after", now)
        await work.audit.record(line(backend, AuditAction.UNBANNED))
        await work.commit()

    async with backend.unit_of_work() as work:
        for digest in ("before", "after"):
            with pytest.raises(Conflict):
                await work.used_proofs.use(digest, now)
    lines = (await backend.audit.page(AuditFilter(), None, 10)).items
    assert [entry.action for entry in lines] == [AuditAction.UNBANNED]
    assert backend.lost_lines.actions == ["member.banned"]


async def test_audit_line_that_costs_the_whole_transaction_is_told_and_nothing_is_kept(
    backend: Backend, database: Database, engine: str
) -> None:
    await run(database, LOSING[engine], *([TRIGGER] if engine == "postgresql" else []))
    now = backend.clock.now()
    async with backend.unit_of_work() as work:
        await work.used_proofs.use("before", now)
        with pytest.raises((Unavailable, OperationalError), match=r"no such savepoint|does not answer"):
            await work.audit.record(line(backend, AuditAction.BANNED))

    async with backend.unit_of_work() as work:
        await work.used_proofs.use("before", now)
        await work.used_proofs.use("after", now)
        await work.commit()
    assert (await backend.audit.page(AuditFilter(), None, 10)).items == ()


async def test_audit_writers_that_are_cancelled_leave_the_database_writable(backend: Backend) -> None:
    chance, now = Random(3), backend.clock.now()

    async def write(digest: str) -> None:
        async with backend.unit_of_work() as work:
            await work.used_proofs.use(digest, now)
            for _ in range(3):
                await work.audit.record(line(backend, AuditAction.SIGNED_IN))
            await work.commit()

    for number in range(ROUNDS):
        tasks = [asyncio.ensure_future(write(f"{number} {each}")) for each in range(3)]
        await asyncio.sleep(chance.random() * 0.012)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        async with asyncio.timeout(5):
            await write(f"{number} whole")

    lines = len((await backend.audit.page(AuditFilter(), None, 1_000)).items)
    proofs = await backend.sweep.tokens(now.replace(year=now.year + 1), 1_000)
    assert proofs >= ROUNDS
    assert lines == 3 * proofs
    assert backend.lost_lines.actions == []
