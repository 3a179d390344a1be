"""Writing to the assistant: posting, stopping and regenerating."""

from hashlib import sha256

from application.allowances import Allowance
from application.ports.chat import IDEMPOTENCY_LIFETIME, ChatQueries, PostedMessage, ReplyJob
from application.ports.observability import ReplyMetrics
from application.ports.realtime import ReplyStopped, ReplyWaiting, RunningReplies
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWork, UnitOfWorkFactory
from domain.chat import (
    ChatMessage,
    ChatMessageId,
    ChatSession,
    ChatSessionId,
    MessageRole,
    MessageSnapshot,
    MessageStatus,
    checked_content,
)
from domain.errors import Conflict, Invalid, NotFound
from domain.identity import Actor, MemberId

MAX_IDEMPOTENCY_KEY = 200


class MessageService:
    """What participants do with messages. A reply is asked for in the same transaction as the message it answers.

    While a reply streams, the next one of the session waits its turn.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: ChatQueries,
        running: RunningReplies,
        clock: Clock,
        ids: Ids,
        metrics: ReplyMetrics,
        allowance: Allowance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._running = running
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._allowance = allowance

    async def post(
        self,
        actor: Actor,
        session_id: ChatSessionId,
        content: str,
        *,
        ask_assistant: bool = True,
        idempotency_key: str | None = None,
    ) -> PostedMessage:
        """Add a member's message and the reply to come.

        The same `idempotency_key` with the same message gives the same answer for 24 hours, with another message it
        raises `Conflict`. Raises `NotFound`, `Invalid`, `Conflict` in a closed session, and `TooManyRequests`, but
        never for a message that is written already.
        """
        member_id, now = actor.require_member(), self._clock.now()
        content = checked_content(content)
        fingerprint = _fingerprint(session_id, content, ask_assistant=ask_assistant)
        async with self._unit_of_work() as work:
            session = _shared(await work.chat_sessions.get(session_id), member_id)
            if idempotency_key is not None:
                earlier = await self._earlier(work, member_id, _checked_key(idempotency_key), fingerprint)
                if earlier is not None:
                    return earlier
            session.require_active()
            await self._allowance.take(actor)
            seq = await work.chat_sessions.allocate_seq(session_id, 2 if ask_assistant else 1, now)
            message = ChatMessage.by_member(ChatMessageId(self._ids.new()), session_id, seq, member_id, content, now)
            await work.chat_messages.add(message)
            reply = await self._ask(work, session, seq + 1) if ask_assistant else None
            if idempotency_key is not None:
                await work.idempotency_keys.put(member_id, idempotency_key, fingerprint, message.id, now)
            await work.commit()
        return PostedMessage(message.snapshot(), reply.id if reply else None)

    async def posted(self, actor: Actor, idempotency_key: str) -> PostedMessage | None:
        """What was posted under this key in the last 24 hours, whatever it was."""
        member_id = actor.require_member()
        async with self._unit_of_work() as work:
            found = await self._known(work, member_id, _checked_key(idempotency_key))
            return None if found is None else await self._answer(work, found[1])

    async def cancel(self, actor: Actor, message_id: ChatMessageId) -> MessageSnapshot:
        """Stop a reply, keeping what arrived; one that has ended stays as it is."""
        session_id = await self._session_of(actor, message_id)
        async with self._unit_of_work() as work:
            session, message = await self._load(work, actor, session_id, message_id)
            if message.status is MessageStatus.STREAMING:
                message.cancel(self._arrived(session.id, message), self._clock.now())
                await work.reply_queue.cancel(message_id)
                await work.chat_messages.save(message)
                work.announce(ReplyStopped(message_id, message.generation))
                work.announce(ReplyWaiting())
                await work.commit()
                self._count(message)
        return message.snapshot()

    async def regenerate(self, actor: Actor, message_id: ChatMessageId) -> MessageSnapshot:
        """Ask for a reply again: the same message, the next generation. Counts as a message of the actor's.

        Raises `Conflict` while it streams, and `TooManyRequests`.
        """
        session_id = await self._session_of(actor, message_id)
        async with self._unit_of_work() as work:
            session, message = await self._load(work, actor, session_id, message_id)
            session.require_active()
            message.regenerate(session)
            await self._allowance.take(actor)
            await work.chat_messages.save(message)
            await work.reply_queue.put(ReplyJob(message.id, session.id, message.generation), self._clock.now())
            work.announce(ReplyWaiting())
            await work.commit()
        return message.snapshot()

    async def _ask(self, work: UnitOfWork, session: ChatSession, seq: int) -> ChatMessage:
        now = self._clock.now()
        reply = ChatMessage.reply(ChatMessageId(self._ids.new()), session, seq, now)
        await work.chat_messages.add(reply)
        await work.reply_queue.put(ReplyJob(reply.id, session.id, reply.generation), now)
        work.announce(ReplyWaiting())
        return reply

    async def _earlier(self, work: UnitOfWork, member_id: MemberId, key: str, fingerprint: str) -> PostedMessage | None:
        found = await self._known(work, member_id, key)
        if found is None:
            return None
        if found[0] != fingerprint:
            raise Conflict("This Idempotency-Key was used for another message; use a new key.")
        return await self._answer(work, found[1])

    async def _known(self, work: UnitOfWork, member_id: MemberId, key: str) -> tuple[str, ChatMessageId] | None:
        return await work.idempotency_keys.find(member_id, key, self._clock.now() - IDEMPOTENCY_LIFETIME)

    async def _answer(self, work: UnitOfWork, message_id: ChatMessageId) -> PostedMessage:
        message = (await work.chat_messages.get(message_id)).snapshot()
        following = await work.chat_messages.history(message.session_id, message.seq + 2, 1)
        asked = following and following[-1].seq == message.seq + 1 and following[-1].role is MessageRole.ASSISTANT
        return PostedMessage(message, following[-1].id if asked else None)

    async def _session_of(self, actor: Actor, message_id: ChatMessageId) -> ChatSessionId:
        # Asked before the unit of work: a query inside one holds two connections, and enough of them starve the pool.
        seen = await self._queries.message(actor.require_member(), message_id)
        if seen is None:
            raise NotFound("There is no such message.")
        return seen.session_id

    async def _load(
        self, work: UnitOfWork, actor: Actor, session_id: ChatSessionId, message_id: ChatMessageId
    ) -> tuple[ChatSession, ChatMessage]:
        session = _shared(await work.chat_sessions.get(session_id), actor.require_member())
        return session, await work.chat_messages.get(message_id)

    def _count(self, reply: ChatMessage) -> None:
        self._metrics.reply_finished(reply.status, str(reply.llm_provider), (reply.response_time_ms or 0) / 1000)

    def _arrived(self, session_id: ChatSessionId, message: ChatMessage) -> str:
        for reply in self._running.of_session(session_id):
            if reply.message_id == message.id and reply.generation == message.generation:
                return reply.text
        return message.content


def _shared(session: ChatSession, member_id: MemberId) -> ChatSession:
    if member_id not in session.participants:
        raise NotFound("There is no such chat session.")
    return session


def _fingerprint(session_id: ChatSessionId, content: str, *, ask_assistant: bool) -> str:
    return sha256(f"{session_id}\n{ask_assistant}\n{content}".encode()).hexdigest()


def _checked_key(key: str) -> str:
    if not 1 <= len(key) <= MAX_IDEMPOTENCY_KEY or not key.isascii() or not key.isprintable():
        raise Invalid.of("Idempotency-Key", f"expected 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters")
    return key
