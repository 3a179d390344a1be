"""Making one member's belongings another's, staged."""

from dataclasses import replace
from typing import TypeVar

from adapters.memory.audit import move_trail
from adapters.memory.copies import copy_of_member, copy_of_message, copy_of_session
from adapters.memory.transaction import Transaction, require_row
from application.ports.linking import MemberMerging
from domain.chat import ChatSession
from domain.identity import LinkRequest, MemberId, OneTimeToken, SignIn

Key = TypeVar("Key")
Owned = TypeVar("Owned", SignIn, OneTimeToken, LinkRequest)


class InMemoryMemberMerging(MemberMerging):
    """Rows of the absorbed member become the survivor's."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def move_belongings(self, absorbed: MemberId, survivor: MemberId) -> None:
        require_row(self._transaction.tables.members, absorbed, "member")
        require_row(self._transaction.tables.members, survivor, "member")
        self._move_sessions(absorbed, survivor)
        self._move_saved_guides(absorbed, survivor)
        self._move_the_rest(absorbed, survivor)

    def _move_sessions(self, absorbed: MemberId, survivor: MemberId) -> None:
        tables = self._transaction.tables
        moved = [session for session in tables.chat_sessions.values() if absorbed in _named(session)]
        for session in sorted(moved, key=lambda session: session.id):
            changed = copy_of_session(session)
            changed.member_merged(absorbed, survivor)
            self._transaction.collect(changed)
            tables.chat_sessions[session.id] = changed
        for message in list(tables.chat_messages.values()):
            if message.author_id == absorbed:
                tables.chat_messages[message.id] = replace(copy_of_message(message), author_id=survivor)

    def _move_saved_guides(self, absorbed: MemberId, survivor: MemberId) -> None:
        saved_guides = self._transaction.tables.saved_guides
        for (member_id, guide_id), saved in list(saved_guides.items()):
            if member_id == absorbed:
                del saved_guides[member_id, guide_id]
                own = replace(saved_guides.get((survivor, guide_id), saved), member_id=survivor)
                if own.id != saved.id:
                    own.take_over(saved)
                saved_guides[survivor, guide_id] = own

    def _move_the_rest(self, absorbed: MemberId, survivor: MemberId) -> None:
        tables = self._transaction.tables
        _hand_over(tables.sign_ins, absorbed, survivor)
        _hand_over(tables.one_time_tokens, absorbed, survivor)
        _hand_over(tables.link_requests, absorbed, survivor)
        move_trail(tables, absorbed, survivor)
        for (member_id, key), kept in list(tables.idempotency_keys.items()):
            if member_id == absorbed:
                del tables.idempotency_keys[member_id, key]
                tables.idempotency_keys.setdefault((survivor, key), kept)
        for member in list(tables.members.values()):
            if any(grant.granted_by == absorbed for grant in member.grants):
                grants = [replace(g, granted_by=survivor) if g.granted_by == absorbed else g for g in member.grants]
                tables.members[member.id] = replace(copy_of_member(member), grants=grants)


def _hand_over(rows: dict[Key, Owned], absorbed: MemberId, survivor: MemberId) -> None:
    for key, row in list(rows.items()):
        if row.member_id == absorbed:
            rows[key] = replace(row, member_id=survivor)


def _named(session: ChatSession) -> tuple[MemberId, ...]:
    return (session.user_id, *session.participants)
