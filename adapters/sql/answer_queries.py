"""Reads of the replies that chats wait for."""

from collections.abc import Mapping, Sequence

from sqlalchemy import bindparam, select

from adapters.sql.chat_rows import message_snapshot
from adapters.sql.database import Database
from adapters.sql.tables import chat_messages
from application.ports.answering import AnswerQueries
from domain.chat import ChatMessageId, MessageSnapshot

_REPLIES = select(chat_messages).where(chat_messages.c.id.in_(bindparam("keys", expanding=True)))


class SqlAnswerQueries(AnswerQueries):
    """One statement for all that are asked for."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def replies(self, message_ids: Sequence[ChatMessageId]) -> Mapping[ChatMessageId, MessageSnapshot]:
        async with self._database.read() as connection:
            rows = (await connection.execute(_REPLIES, {"keys": list(message_ids)})).all()
        return {ChatMessageId(row.id): message_snapshot(row) for row in rows}
