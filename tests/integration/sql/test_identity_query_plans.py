"""The plans of what runs over the trail, the mail that is owed and what is swept: none grows with the tables."""

from datetime import datetime, timedelta

import pytest

from adapters.memory import InMemoryBus
from adapters.sql.audit import SqlAuditQueries
from adapters.sql.database import Database
from adapters.sql.identity_sweep import SqlIdentitySweep
from adapters.sql.member_export import SqlMemberExport
from adapters.sql.unit_of_work import SqlUnitOfWork
from application.ports.audit import AuditFilter
from domain.identity import (
    LINK_CODE_LIFETIME,
    Actor,
    AuditAction,
    AuditEntry,
    Device,
    LinkRequest,
    LinkRequestId,
    MailJob,
    MailJobId,
    MailPurpose,
    Member,
    OneTimeToken,
    OneTimeTokenId,
    Role,
    SignIn,
    SignInId,
    TokenPurpose,
)
from tests.support.backend import Backend
from tests.support.given import asked, posted, stored_guide, stored_member, stored_saved_guide, stored_session
from tests.support.query_plans import SCAN, SORT, plans, statements


@pytest.fixture
async def ada(backend: Backend) -> Member:
    """A member with one of everything that is swept, read or owed."""
    member, now = await stored_member(backend), backend.clock.now()
    session = await stored_session(backend, member)
    message = await posted(backend, session)
    await asked(backend, session)
    await stored_saved_guide(backend, member, await stored_guide(backend))
    until = now + LINK_CODE_LIFETIME
    actor = Actor(member.id, Role.PUBLIC, device=Device("2001:db8::1", "A browser"))
    async with backend.unit_of_work() as work:
        for ended_at in (None, now):
            await work.sign_ins.add(
                SignIn(SignInId(backend.ids.new()), member.id, "h", now, until, ended_at=ended_at, ip="2001:db8::1")
            )
        await work.one_time_tokens.add(
            OneTimeToken(OneTimeTokenId(backend.ids.new()), TokenPurpose.SIGN_IN, member.id, "h", now, until)
        )
        await work.link_requests.add(LinkRequest(LinkRequestId(backend.ids.new()), member.id, "h", now, until))
        await work.used_proofs.use("digest", until)
        await work.idempotency_keys.put(member.id, "key", "print", message.id, now)
        await work.mail_queue.add(MailJob(MailJobId(backend.ids.new()), MailPurpose.VERIFY_EMAIL, "a@b.c", now, now))
        for _ in range(3):
            entry = AuditEntry.of(backend.ids.new(), now, AuditAction.SIGNED_IN, actor, member.id, login="ada")
            await work.audit.record(entry)
        await work.commit()
    return member


def unit_of_work(database: Database, backend: Backend) -> SqlUnitOfWork:
    """A unit of work whose statements the test can see."""
    return SqlUnitOfWork(database, InMemoryBus(), backend.clock)


@pytest.mark.parametrize(
    ("where", "index"),
    [
        (AuditFilter(), "ix_audit_log_at_id"),
        (AuditFilter(since=datetime.fromisoformat("2026-01-01T00:00:00Z")), "ix_audit_log_at_id"),
        (AuditFilter(action=AuditAction.SIGNED_IN), "ix_audit_log_action_at_id"),
    ],
    ids=["all", "since", "action"],
)
async def test_query_plans_of_audit_pages_walk_one_index_without_sorting(
    database: Database, ada: Member, backend: Backend, where: AuditFilter, index: str
) -> None:
    queries = SqlAuditQueries(database)
    with statements(database) as sent:
        page = await queries.page(where, None, 2)
        await queries.page(where, page.next_cursor, 2)
    found = await plans(database, sent)
    assert len(found) == 2
    for plan in found:
        assert index in plan
        assert SCAN[database.url.get_backend_name()] not in plan.replace(f"SCAN audit_log USING INDEX {index}", "")
        assert SORT[database.url.get_backend_name()] not in plan


@pytest.mark.parametrize("action", [None, AuditAction.SIGNED_IN])
async def test_query_plans_of_a_members_audit_walk_an_index_for_each_side(
    database: Database, ada: Member, backend: Backend, action: AuditAction | None
) -> None:
    queries, where = SqlAuditQueries(database), AuditFilter(member_id=ada.id, action=action)
    with statements(database) as sent:
        page = await queries.page(where, None, 2)
        await queries.page(where, page.next_cursor, 2)
    found = await plans(database, sent)
    assert len(found) == 2
    for plan in found:
        assert "ix_audit_log_actor_id_at_id" in plan
        assert "ix_audit_log_resource_type_resource_id_at_id" in plan
        assert "Seq Scan" not in plan
        assert "SCAN audit_log" not in plan


@pytest.mark.parametrize(
    ("method", "indexes"),
    [
        ("sign_ins", ["ix_sign_ins_expires_at", "ix_sign_ins_ended_at"]),
        ("tokens", ["ix_one_time_tokens_expires_at", "ix_link_requests_expires_at", "ix_used_proofs_expires_at"]),
        ("idempotency_keys", ["ix_idempotency_keys_created_at"]),
        ("audit_addresses", ["ix_audit_log_at_with_address", "ix_sign_ins_expires_at", "ix_sign_ins_ended_at"]),
    ],
)
async def test_query_plans_of_sweeps_walk_an_index_by_time(
    database: Database, ada: Member, backend: Backend, method: str, indexes: list[str]
) -> None:
    with statements(database) as sent:
        swept = await getattr(SqlIdentitySweep(database), method)(backend.clock.now() + timedelta(days=1), 100)
    assert swept > 0
    reads = [one for one in sent if one[0].lstrip().startswith("SELECT")]
    found = await plans(database, reads)
    assert [index for plan, index in zip(found, indexes, strict=True) if index not in plan] == []
    for plan in found:
        assert SORT[database.url.get_backend_name()] not in plan
    for plan in (*found, *await plans(database, [one for one in sent if one not in reads])):
        assert SCAN[database.url.get_backend_name()] not in plan


async def test_query_plans_of_the_mail_queue_walk_the_due_index(
    database: Database, ada: Member, backend: Backend
) -> None:
    with statements(database) as sent:
        async with unit_of_work(database, backend) as work:
            (job,) = await work.mail_queue.claim(backend.clock.now(), timedelta(minutes=1), 10)
            await work.mail_queue.next_due(backend.clock.now())
            await work.mail_queue.save(job)
            await work.mail_queue.remove(job)
            await work.commit()
    claim, hold, next_due, save, remove = await plans(database, sent)
    assert "ix_mail_jobs_due_at_id" in claim
    assert SORT[database.url.get_backend_name()] not in claim
    assert "ix_mail_jobs_held_until" in next_due
    for plan in (claim, hold, save, remove):
        assert SCAN[database.url.get_backend_name()] not in plan


async def test_query_plans_of_an_export_look_up_the_members_own_rows(
    database: Database, ada: Member, backend: Backend
) -> None:
    with statements(database) as sent:
        pairs = [pair async for pair in SqlMemberExport(database, page=1).records(ada.id)]
    assert len(pairs) == 10
    found = await plans(database, sent)
    assert len(found) > len(pairs)
    for plan in found:
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan.replace("SCAN (subquery", "").replace("SCAN anon", "")
    assert any("ix_chat_messages_author_id_id" in plan for plan in found)


async def test_query_plans_of_forgetting_a_person_look_up_their_lines(
    database: Database, ada: Member, backend: Backend
) -> None:
    with statements(database) as sent:
        async with unit_of_work(database, backend) as work:
            await work.members.delete(await work.members.get(ada.id))
            await work.commit()
    lines = [one for one in sent if "audit_log" in one[0]]
    found = await plans(database, lines)
    assert len(found) == 4
    for plan in found:
        assert SCAN[database.url.get_backend_name()] not in plan


async def test_query_plans_of_codes_and_proofs_look_up_keys(database: Database, ada: Member, backend: Backend) -> None:
    now = backend.clock.now()
    with statements(database) as sent:
        async with unit_of_work(database, backend) as work:
            assert await work.link_requests.by_code_hash("h") is not None
            request = LinkRequest(LinkRequestId(backend.ids.new()), ada.id, "another", now, now)
            await work.link_requests.add(request)
            await work.link_requests.save(await work.link_requests.get(request.id))
            await work.commit()
    found = await plans(database, sent)
    assert len(found) == 6
    for plan in found:
        assert SCAN[database.url.get_backend_name()] not in plan


@pytest.mark.parametrize("count", [1, 4])
async def test_query_plans_of_a_members_sessions_are_two_statements_however_many(
    backend: Backend, database: Database, count: int
) -> None:
    member = await stored_member(backend)
    for _ in range(count):
        await stored_session(backend, member)
    with statements(database) as sent:
        async with unit_of_work(database, backend) as work:
            found = await work.chat_sessions.of_member(member.id)
    assert [session.participants for session in found] == [(member.id,)] * count
    assert len(sent) == 2
