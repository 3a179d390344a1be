"""Reads of members."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from adapters.memory.pages import page_of
from adapters.memory.store import MemoryStore
from application.paging import decode_cursor, encode_cursor
from application.ports.identity import MemberQueries, MemberView, SignInView, TelegramView
from application.ports.paging import Page
from domain.identity import Actor, Grant, Member, MemberId, SignIn, SignInId, TelegramUser, next_end


class InMemoryMemberQueries(MemberQueries):
    """Members as they were committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def actor(self, member_id: MemberId, sign_in_id: SignInId | None, now: datetime) -> Actor | None:
        sign_in_ends = None
        if sign_in_id is not None:
            sign_in = self._store.tables.sign_ins.get(sign_in_id)
            if sign_in is None or not sign_in.is_active(now):
                return None
            member_id, sign_in_ends = sign_in.member_id, sign_in.expires_at
        member = self._store.tables.members.get(member_id)
        if member is None or not member.is_active:
            return None
        ends = [end for end in (next_end(member.grants, now), sign_in_ends) if end is not None]
        return Actor(member_id, member.effective_role(now), sign_in_id, changes_at=min(ends, default=None))

    async def view(self, member_id: MemberId, now: datetime) -> MemberView | None:
        member = self._store.tables.members.get(member_id)
        return _view(member, now) if member else None

    async def by_telegram_id(self, telegram_id: int, now: datetime) -> MemberView | None:
        members = self._store.tables.members.values()
        found = (each for each in members if each.telegram is not None and each.telegram.telegram_id == telegram_id)
        return next((_view(member, now) for member in found), None)

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

    async def grants(self, member_id: MemberId) -> Sequence[Grant]:
        member = self._store.tables.members.get(member_id)
        grants = member.grants if member else ()
        return sorted(grants, key=lambda grant: (grant.created_at, grant.id), reverse=True)

    async def sign_ins(self, member_id: MemberId, cursor: str | None, limit: int, now: datetime) -> Page[SignInView]:
        before = decode_cursor(cursor, datetime, UUID) if cursor is not None else None
        active = [row for row in self._sign_ins_of(member_id) if row.is_active(now)]
        rows = [row for row in active if before is None or (row.created_at, row.id) < before]
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
        return page_of(rows, limit, _sign_in_view, lambda row: encode_cursor(row.created_at, row.id))

    def _sign_ins_of(self, member_id: MemberId) -> Sequence[SignIn]:
        return [row for row in self._store.tables.sign_ins.values() if row.member_id == member_id]


def _matches(member: Member, search: str) -> bool:
    names = [member.user.email, member.user.username] if member.user else []
    if member.telegram:
        names.append(_telegram_names(member.telegram))
    return not search or any(name is not None and search.casefold() in name.casefold() for name in names)


def _telegram_names(account: TelegramUser) -> str:
    username = f"@{account.telegram_username}" if account.telegram_username else ""
    name = f"{account.first_name} {account.last_name or ''}".strip()
    return "\n".join((str(account.telegram_id), username, name))


def _sign_in_view(row: SignIn) -> SignInView:
    return SignInView(
        id=row.id,
        created_at=row.created_at,
        refreshed_at=row.rotated_at,
        expires_at=row.expires_at,
        ip=row.ip,
        user_agent=row.user_agent,
    )


def _view(member: Member, now: datetime) -> MemberView:
    user = member.user
    return MemberView(
        id=member.id,
        email=user.email if user else None,
        email_verified=user.email_verified if user else False,
        username=user.username if user else None,
        role=member.effective_role(now),
        is_active=member.is_active,
        created_at=member.created_at,
        has_password=user is not None and user.password_hash is not None,
        telegram=_telegram_view(member.telegram) if member.telegram else None,
    )


def _telegram_view(account: TelegramUser) -> TelegramView:
    return TelegramView(
        telegram_id=account.telegram_id,
        username=account.telegram_username,
        first_name=account.first_name,
        last_name=account.last_name,
        has_blocked_bot=account.blocked_bot_at is not None,
        language=account.preferences.language,
    )
