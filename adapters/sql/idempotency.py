"""Answers given before."""

from datetime import datetime

from sqlalchemy import bindparam, select
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.tables import idempotency_keys
from adapters.sql.transaction import Transaction
from application.ports.chat import IDEMPOTENCY_LIFETIME, IdempotencyKeys
from domain.chat import ChatMessageId
from domain.errors import Conflict
from domain.identity import MemberId

_FIND = select(idempotency_keys.c.fingerprint, idempotency_keys.c.message_id).where(
    idempotency_keys.c.member_id == bindparam("b_member_id"),
    idempotency_keys.c.key == bindparam("b_key"),
    idempotency_keys.c.created_at > bindparam("since"),
)


def _put(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    return insert.on_conflict_do_update(
        index_elements=[idempotency_keys.c.member_id, idempotency_keys.c.key],
        set_={name: insert.excluded[name] for name in ("fingerprint", "message_id", "created_at")},
        where=idempotency_keys.c.created_at <= bindparam("expired", type_=idempotency_keys.c.created_at.type),
    )


_PUT = {True: _put(sqlite.insert(idempotency_keys)), False: _put(postgresql.insert(idempotency_keys))}


class SqlIdempotencyKeys(IdempotencyKeys):
    """A row a member and key."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    async def find(self, member_id: MemberId, key: str, since: datetime) -> tuple[str, ChatMessageId] | None:
        row = await self._transaction.first(_FIND, {"b_member_id": member_id, "b_key": key, "since": since})
        return None if row is None else (row.fingerprint, ChatMessageId(row.message_id))

    async def put(
        self, member_id: MemberId, key: str, fingerprint: str, message_id: ChatMessageId, now: datetime
    ) -> None:
        row = {
            "member_id": member_id,
            "key": key,
            "fingerprint": fingerprint,
            "message_id": message_id,
            "created_at": now,
            "expired": now - IDEMPOTENCY_LIFETIME,
        }
        if (await self._transaction.execute(_PUT[self._transaction.is_sqlite], row)).rowcount != 1:
            raise Conflict("A request with this idempotency key was answered just now; send it again.", key=key)
