"""Reads of members."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore
from application.paging import decode_cursor, encode_cursor
from application.ports.identity import MemberQueries, MemberView
from application.ports.paging import Page
from domain.identity import Actor, Member, MemberId, SignInId


class InMemoryMemberQueries(MemberQueries):
    """Members as they were committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        member = self._store.tables.members.get(member_id)
        if member is None or not _is_active(member) or not self._is_signed_in(member_id, sign_in_id, now):
            return None
        return Actor(member_id=member_id, role=member.effective_role(now), sign_in_id=sign_in_id)

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        member = self._store.tables.members.get(member_id)
        return _view(member, now) if member else None

    async def page(self, search: str, cursor: str | None, limit: int, now: datetime) -> Page[MemberView]:
        before = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
        rows: Sequence[Member] = sorted(
            (
                member
                for member in self._store.tables.members.values()
                if _matches(member, search) and (before is None or (member.created_at, member.id) < before)
            ),
            key=lambda member: (member.created_at, member.id),
            reverse=True,
        )
        return page_of(
            rows, limit, lambda member: _view(member, now), lambda member: encode_cursor(member.created_at, member.id)
        )

    def _is_signed_in(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> bool:
        if sign_in_id is None:
            return True
        sign_in = self._store.tables.sign_ins.get(sign_in_id)
        return sign_in is not None and sign_in.member_id == member_id and sign_in.is_active(now)


def _is_active(member: Member) -> bool:
    return member.user is None or member.user.is_active


def _matches(member: Member, search: str) -> bool:
    if not search:
        return True
    names = (member.user.email, member.user.username) if member.user else ()
    return any(name is not None and search.casefold() in name.casefold() for name in names)


def _view(member: Member, now: datetime) -> MemberView:
    user = member.user
    return MemberView(
        id=member.id,
        email=user.email if user else None,
        email_verified=user.email_verified if user else False,
        username=user.username if user else None,
        role=member.effective_role(now),
        is_active=_is_active(member),
        created_at=member.created_at,
    )
