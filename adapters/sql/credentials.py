"""Accounts looked up for a sign-in, on a reading connection: a flood of attempts must not hold up the writer."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, func, select, true

from adapters.sql.database import Database
from adapters.sql.identity_rows import folded
from adapters.sql.tables import members, sign_ins, telegram_users, users
from application.ports.credentials import CredentialQueries, Login, StoredCredentials
from domain.identity import MemberId
from domain.identity.accounts import MAX_TELEGRAM_ID

MAX_ADDRESSES = 100
_NOBODY = UUID(int=0)

_ACTIVE = and_(*(func.coalesce(account.c.is_active, true()) for account in (users, telegram_users)))
_ACCOUNT = select(members.c.id, users.c.password_hash, _ACTIVE.label("is_active")).select_from(
    members.outerjoin(users, users.c.member_id == members.c.id).outerjoin(
        telegram_users, telegram_users.c.member_id == members.c.id
    )
)
_BY_EMAIL = _ACCOUNT.where(users.c.email_key == bindparam("key"))
_BY_USERNAME = _ACCOUNT.where(users.c.username_key == bindparam("key"))
_BY_TELEGRAM_ID = _ACCOUNT.where(telegram_users.c.telegram_id == bindparam("key"))
_ADDRESSES = (
    select(sign_ins.c.ip)
    .where(
        sign_ins.c.member_id == bindparam("member_id"),
        sign_ins.c.created_at >= bindparam("since"),
        sign_ins.c.ip.is_not(None),
    )
    .group_by(sign_ins.c.ip)
    .order_by(func.max(sign_ins.c.created_at).desc(), sign_ins.c.ip.desc())
    .limit(MAX_ADDRESSES)
)


class SqlCredentialQueries(CredentialQueries):
    """Two statements for every login, whether there is such an account or not."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, login: Login, since: datetime) -> StoredCredentials | None:
        statement, key = _looked_up(login)
        async with self._database.read() as connection:
            row = (await connection.execute(statement, {"key": key})).first()
            parameters = {"member_id": row.id if row else _NOBODY, "since": since}
            addresses = (await connection.execute(_ADDRESSES, parameters)).scalars().all()
        if row is None:
            return None
        return StoredCredentials(MemberId(row.id), row.password_hash, bool(row.is_active), frozenset(addresses))


def _looked_up(login: Login) -> tuple[Select[Any], object]:
    if login.telegram_id is not None:
        # PostgreSQL refuses what is no 64-bit integer; nobody has the id 0.
        return _BY_TELEGRAM_ID, login.telegram_id if 0 < login.telegram_id <= MAX_TELEGRAM_ID else 0
    if login.email is not None:
        return _BY_EMAIL, folded(login.email)
    return _BY_USERNAME, folded(login.username or "")
