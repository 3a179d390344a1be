"""Accounts looked up for a sign-in."""

from datetime import datetime

from adapters.memory.store import MemoryStore
from application.ports.credentials import CredentialQueries, Login, StoredCredentials
from domain.identity import Member

MAX_ADDRESSES = 100


class InMemoryCredentialQueries(CredentialQueries):
    """Members as they were committed last."""

    def __init__(self, store: MemoryStore) -> None:
        self._store = store

    async def find(self, login: Login, since: datetime) -> StoredCredentials | None:
        member = next((member for member in self._store.tables.members.values() if _is_called(member, login)), None)
        if member is None:
            return None
        rows = [row for row in self._store.tables.sign_ins.values() if row.member_id == member.id]
        last = {row.ip: row.created_at for row in sorted(rows, key=lambda row: row.created_at)}
        recent = sorted((at, ip) for ip, at in last.items() if ip is not None and at >= since)
        return StoredCredentials(
            member_id=member.id,
            password_hash=member.user.password_hash if member.user else None,
            is_active=member.is_active,
            addresses=frozenset(ip for _, ip in recent[-MAX_ADDRESSES:]),
        )


def _is_called(member: Member, login: Login) -> bool:
    if login.telegram_id is not None:
        return member.telegram is not None and member.telegram.telegram_id == login.telegram_id
    if member.user is None:
        return False
    pairs = ((member.user.email, login.email), (member.user.username, login.username))
    return any(own is not None and given is not None and own.casefold() == given.casefold() for own, given in pairs)
