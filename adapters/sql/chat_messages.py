"""Messages of chat sessions."""

from collections.abc import Sequence

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.sql.chat_rows import message_from_row, message_snapshot, message_to_row
from adapters.sql.chat_usage import Usage, count
from adapters.sql.tables import chat_message_words, chat_messages
from adapters.sql.transaction import Transaction
from application.ports.chat import Arrived, ChatMessageRepository
from application.words import indexed_words
from domain.chat import ChatMessage, ChatMessageId, ChatSessionId, MessageSnapshot
from domain.errors import NotFound

_GET = select(chat_messages).where(chat_messages.c.id == bindparam("key")).with_for_update()
_UPDATE = update(chat_messages).where(
    chat_messages.c.id == bindparam("b_id"), chat_messages.c.version == bindparam("b_version")
)
_CHECKPOINT = (
    update(chat_messages)
    .where(
        chat_messages.c.id == bindparam("key"),
        chat_messages.c.generation == bindparam("b_generation"),
        chat_messages.c.is_streaming,
    )
    .values(content=bindparam("text"))
)
_HISTORY = (
    select(chat_messages)
    .where(chat_messages.c.session_id == bindparam("key"), chat_messages.c.seq < bindparam("before"))
    .order_by(chat_messages.c.seq.desc())
    .limit(bindparam("count"))
)


def _indexing(insert: sqlite.Insert | postgresql.Insert) -> sqlite.Insert | postgresql.Insert:
    return insert.on_conflict_do_update(
        index_elements=[chat_message_words.c.message_id], set_={"words": insert.excluded.words}
    )


_INDEX = {True: _indexing(sqlite.insert(chat_message_words)), False: _indexing(postgresql.insert(chat_message_words))}


class SqlChatMessageRepository(ChatMessageRepository):
    """A message is written with its words for the search and its share of the statistics."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._stored: dict[ChatMessageId, tuple[Usage, str]] = {}

    async def add(self, message: ChatMessage) -> None:
        await self._transaction.execute(insert(chat_messages), message_to_row(message))
        self._transaction.loaded(message.id, message.version)
        await self._written(message, before=None, indexed="")

    async def get(self, message_id: ChatMessageId) -> ChatMessage:
        message = await self._load(message_id)
        if message is None:
            raise NotFound("There is no such message.", message_id=str(message_id))
        self._transaction.loaded(message.id, message.version)
        return message

    async def save(self, message: ChatMessage) -> None:
        if message.id not in self._stored:
            await self._load(message.id)
        await self._transaction.update(_UPDATE, message.id, message.version, message_to_row(message))
        before, indexed = self._stored[message.id]
        await self._written(message, before, indexed)

    async def checkpoint(self, replies: Sequence[Arrived]) -> None:
        rows = [{"key": reply.message_id, "b_generation": reply.generation, "text": reply.content} for reply in replies]
        if rows:
            await self._transaction.execute(_CHECKPOINT, rows)

    async def history(self, session_id: ChatSessionId, before_seq: int, limit: int) -> Sequence[MessageSnapshot]:
        rows = await self._transaction.all(_HISTORY, {"key": session_id, "before": before_seq, "count": limit})
        return [message_snapshot(row) for row in reversed(rows)]

    async def _load(self, message_id: ChatMessageId) -> ChatMessage | None:
        row = await self._transaction.first(_GET, {"key": message_id})
        if row is None:
            return None
        message = message_from_row(row)
        # A running reply's content comes from checkpoints, which are not indexed.
        self._stored[message.id] = Usage.of(message), "" if message.is_streaming else message.content
        return message

    async def _written(self, message: ChatMessage, before: Usage | None, indexed: str) -> None:
        after = Usage.of(message)
        await count(self._transaction, before, after)
        if message.content != indexed:
            row = {"message_id": message.id, "words": " ".join(indexed_words(message.content))}
            await self._transaction.execute(_INDEX[self._transaction.is_sqlite], row)
        self._stored[message.id] = after, message.content
        self._transaction.collect(message)
