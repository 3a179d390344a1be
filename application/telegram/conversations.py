"""The chat session that a private chat goes on in: the same conversation as on the web."""

from enum import Enum

from application.allowances import Allowance
from application.chat.messages import MessageService
from application.ports.chat import ChatQueries, LanguageModels, PostedMessage
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.chat import (
    ChatSession,
    ChatSessionId,
    LLMProvider,
    MessageRole,
    MessageStatus,
    SessionSettings,
    SessionSnapshot,
    checked_content,
)
from domain.errors import Conflict, NotFound
from domain.identity import Actor

LOOKED_BACK = 20
MAX_TITLE = 60


class Stopped(Enum):
    """What there was to stop."""

    A_REPLY = "a reply"
    NOTHING = "nothing"
    NO_CONVERSATION = "no conversation"


class Conversations:
    """A private chat's current session: the one chosen, or begun with its first message.

    One that was closed, deleted, or is no longer the member's is none. All of it bears repeating.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: ChatQueries,
        messages: MessageService,
        models: LanguageModels,
        begun: Allowance,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._messages = messages
        self._models = models
        self._begun = begun
        self._clock = clock
        self._ids = ids

    async def current(self, actor: Actor, telegram_id: int) -> SessionSnapshot | None:
        """The session that the next message goes into; None when it will begin one."""
        async with self._unit_of_work() as work:
            session_id = await work.telegram_conversations.current(telegram_id)
        if session_id is None:
            return None
        session = await self._queries.session(actor.require_member(), session_id)
        return session if session is not None and session.is_active else None

    async def choose(self, actor: Actor, telegram_id: int, session_id: ChatSessionId) -> SessionSnapshot:
        """Go on in this one; raises `NotFound`, and `Conflict` for a closed one."""
        session = await self._queries.session(actor.require_member(), session_id)
        if session is None:
            raise NotFound("There is no such chat session.")
        if not session.is_active:
            message = "This conversation is closed; open it again on the web."
            raise Conflict(message, session_id=str(session_id), rule="conversation_closed")
        async with self._unit_of_work() as work:
            await work.telegram_conversations.choose(telegram_id, session_id, self._clock.now())
            await work.commit()
        return session

    async def leave(self, telegram_id: int) -> None:
        """The next message begins a new session."""
        async with self._unit_of_work() as work:
            await work.telegram_conversations.leave(telegram_id)
            await work.commit()

    async def post(self, actor: Actor, telegram_id: int, content: str, key: str) -> PostedMessage:
        """Write to the assistant in the current session, or in a new one, named after the message.

        The same `key` gives the same answer, whichever session is current by now. Raises `Invalid` and
        `TooManyRequests`.
        """
        content = checked_content(content)
        session = await self.current(actor, telegram_id)
        session_id = await self._begin(actor, telegram_id, content) if session is None else session.id
        try:
            return await self._messages.post(actor, session_id, content, idempotency_key=key)
        except Conflict:
            earlier = await self._messages.posted(actor, key)
            if earlier is None:
                raise
            return earlier

    async def stop(self, actor: Actor, telegram_id: int) -> Stopped:
        """Stop the replies of the current session, those that wait too; what arrived is kept."""
        session = await self.current(actor, telegram_id)
        if session is None:
            return Stopped.NO_CONVERSATION
        found = await self._queries.messages(session.id, before=None, after=None, limit=LOOKED_BACK)
        replies = [message for message in found if message.role is MessageRole.ASSISTANT]
        running = [message for message in replies if message.status is MessageStatus.STREAMING]
        for message in reversed(running):  # the one that runs last: the next must not begin meanwhile
            await self._messages.cancel(actor, message.id)
        # After a crash it is asked again, and was stopped already.
        is_stopped = running or (replies and replies[-1].status is MessageStatus.CANCELLED)
        return Stopped.A_REPLY if is_stopped else Stopped.NOTHING

    async def _begin(self, actor: Actor, telegram_id: int, content: str) -> ChatSessionId:
        """A new session and the choice of it, in one transaction: a crash leaves both or neither."""
        now, provider = self._clock.now(), LLMProvider.LOCAL
        await self._begun.take(actor)
        session = ChatSession.start(
            ChatSessionId(self._ids.new()),
            actor.require_member(),
            now,
            title=_title(content),
            llm_provider=provider,
            llm_model=self._models[provider].default_model,
            settings=SessionSettings(),
        )
        async with self._unit_of_work() as work:
            await work.chat_sessions.add(session)
            await work.telegram_conversations.choose(telegram_id, session.id, now)
            await work.commit()
        return session.id


def _title(content: str) -> str:
    """The beginning of the message, on one line."""
    words = " ".join("".join(char if char.isprintable() else " " for char in content).split())
    return words if len(words) <= MAX_TITLE else f"{words[: MAX_TITLE - 1].rstrip()}…"
