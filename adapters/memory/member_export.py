"""All that is kept of a member."""

from collections.abc import AsyncIterator, Iterator, Mapping
from itertools import chain

from adapters.memory.store import MemoryStore
from application.ports.identity import MemberExport
from application.ports.member_records import (
    Record,
    account_record,
    audit_record,
    grant_record,
    message_record,
    outgoing_record,
    saved_guide_record,
    session_record,
    sign_in_record,
    telegram_record,
    update_record,
)
from application.realtime.events import plain
from domain.chat import ChatMessage, MessageRole
from domain.identity import Member, MemberId
from domain.telegram import private_lanes


class InMemoryMemberExport(MemberExport):
    """Reads what was committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def records(self, member_id: MemberId) -> AsyncIterator[tuple[str, Mapping[str, object]]]:
        member = self._store.tables.members.get(member_id)
        if member is None:
            return
        sections = (self._identity(member), self._belongings(member_id), self._chat(member), self._audit(member_id))
        for section, record in chain.from_iterable(sections):
            yield section, {name: plain(value) for name, value in record.items()}

    def _identity(self, member: Member) -> Iterator[tuple[str, Record]]:
        yield "account", account_record(member)
        if member.telegram is not None:
            yield "telegram", telegram_record(member.telegram)
        for grant in sorted(member.grants, key=lambda grant: grant.id):
            yield "grants", grant_record(grant)
        for sign_in in sorted(self._store.tables.sign_ins.values(), key=lambda sign_in: sign_in.id):
            if sign_in.member_id == member.id:
                yield "sign_ins", sign_in_record(sign_in)

    def _belongings(self, member_id: MemberId) -> Iterator[tuple[str, Record]]:
        tables = self._store.tables
        for saved in sorted(tables.saved_guides.values(), key=lambda saved: (saved.saved_at, saved.id)):
            if saved.member_id == member_id:
                yield "saved_guides", saved_guide_record(saved, tables.guides[saved.guide_id].content.title)
        for session in sorted(tables.chat_sessions.values(), key=lambda session: (session.created_at, session.id)):
            if member_id in session.participants:
                yield "sessions", session_record(session.snapshot(), member_id)
        for message in sorted(tables.chat_messages.values(), key=lambda message: self._place(message, member_id)):
            if self._is_theirs(message, member_id):
                yield "messages", message_record(message.snapshot())

    def _chat(self, member: Member) -> Iterator[tuple[str, Record]]:
        if member.telegram is None:
            return
        lanes, chat_id = private_lanes(member.telegram.telegram_id), member.telegram.telegram_id
        for update in sorted(self._store.tables.updates.values(), key=lambda update: update.key):
            if update.lane in lanes and update.raw:
                yield "told_the_bot", update_record(update)
        for row in sorted(self._store.tables.outgoing.values(), key=lambda row: row.position):
            if row.message.content.chat_id == chat_id:
                yield "said_by_the_bot", outgoing_record(row.message)

    def _audit(self, member_id: MemberId) -> Iterator[tuple[str, Record]]:
        lines = sorted(self._store.tables.audit.values(), key=lambda entry: (entry.at, entry.id), reverse=True)
        for entry in lines:
            if entry.actor_id == member_id or entry.is_about(member_id):
                yield "audit", audit_record(entry, member_id)

    def _is_theirs(self, message: ChatMessage, member_id: MemberId) -> bool:
        is_owned = self._store.tables.chat_sessions[message.session_id].user_id == member_id
        return message.author_id == member_id or (is_owned and message.role is MessageRole.ASSISTANT)

    def _place(self, message: ChatMessage, member_id: MemberId) -> tuple[object, ...]:
        session = self._store.tables.chat_sessions[message.session_id]
        if session.user_id == member_id:
            return (0, session.created_at, session.id, message.seq)
        return (1, message.id)
