"""Chat sessions: beginning, listing, changing, deleting and searching them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from application.allowances import Allowance
from application.ports.chat import (
    ChatQueries,
    ChatStats,
    LanguageModels,
    MessageHit,
    SessionFilter,
    SessionPage,
)
from application.ports.realtime import EventLog, ReplyStopped, RunningReplies
from application.ports.system import Clock, Ids
from application.ports.unit_of_work import UnitOfWorkFactory
from application.words import words
from domain.chat import (
    ChatMessageId,
    ChatSession,
    ChatSessionId,
    LLMProvider,
    MessageSnapshot,
    SessionSettings,
    SessionSnapshot,
)
from domain.errors import Invalid, NotFound
from domain.events import session_channel
from domain.identity import Actor


@dataclass(frozen=True, slots=True)
class SessionChanges:
    """What to change in a session; None leaves it as it is."""

    title: str | None = None
    llm_provider: LLMProvider | None = None
    llm_model: str | None = None
    settings: SessionSettings | None = None
    is_active: bool | None = None


@dataclass(frozen=True, slots=True)
class MessagePage:
    """Messages ascending, with the place in the channel's log from which live events continue them."""

    messages: Sequence[MessageSnapshot]
    epoch: str
    offset: int
    has_more: bool


class ChatSessionService:
    """A member's conversations. Somebody else's session is `NotFound`."""

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        queries: ChatQueries,
        event_log: EventLog,
        models: LanguageModels,
        running: RunningReplies,
        clock: Clock,
        ids: Ids,
        begun: Allowance,
        searches: Allowance,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._queries = queries
        self._event_log = event_log
        self._models = models
        self._running = running
        self._clock = clock
        self._ids = ids
        self._begun = begun
        self._searches = searches

    async def create(
        self,
        actor: Actor,
        *,
        title: str | None = None,
        llm_provider: LLMProvider = LLMProvider.LOCAL,
        llm_model: str | None = None,
        settings: SessionSettings | None = None,
    ) -> SessionSnapshot:
        """Begin a session; raises `Invalid` that names each field, also for a provider that is not configured.

        Raises `TooManyRequests` where the member begins too many.
        """
        owner = actor.require_member()
        self._require_configured(llm_provider)
        session = ChatSession.start(
            ChatSessionId(self._ids.new()),
            owner,
            self._clock.now(),
            title=title,
            llm_provider=llm_provider,
            llm_model=llm_model if llm_model is not None else self._models[llm_provider].default_model,
            settings=settings or SessionSettings(),
        )
        await self._begun.take(actor)
        async with self._unit_of_work() as work:
            await work.chat_sessions.add(session)
            await work.commit()
        return session.snapshot()

    async def page(
        self, actor: Actor, where: SessionFilter, *, page: int = 1, page_size: int = 50, cursor: str | None = None
    ) -> SessionPage:
        """One's sessions, newest first, by page number (from 1) or by cursor."""
        return await self._queries.sessions(
            actor.require_member(), where, limit=page_size, offset=(page - 1) * page_size, cursor=cursor
        )

    async def get(self, actor: Actor, session_id: ChatSessionId) -> SessionSnapshot:
        """One session; raises `NotFound`."""
        session = await self._queries.session(actor.require_member(), session_id)
        if session is None:
            raise NotFound("There is no such chat session.")
        return session

    async def update(
        self, actor: Actor, session_id: ChatSessionId, changes: SessionChanges, expected_version: int | None = None
    ) -> SessionSnapshot:
        """Change a session, by its owner; raises `StaleVersion` when it changed since it was read."""
        if changes.llm_provider is not None:
            self._require_configured(changes.llm_provider)
        async with self._unit_of_work() as work:
            session = _own(await work.chat_sessions.get(session_id), actor)
            session.revise(
                self._clock.now(),
                title=changes.title,
                llm_provider=changes.llm_provider,
                llm_model=changes.llm_model,
                settings=changes.settings,
                is_active=changes.is_active,
                expected_version=expected_version,
            )
            await work.chat_sessions.save(session)
            await work.commit()
        return session.snapshot()

    async def delete(self, actor: Actor, session_id: ChatSessionId) -> None:
        """Remove a session with its messages, by its owner; running replies stop and its sockets end."""
        async with self._unit_of_work() as work:
            session = _own(await work.chat_sessions.get(session_id), actor)
            session.delete()
            await work.chat_sessions.delete(session)
            for reply in self._running.of_session(session_id):
                work.announce(ReplyStopped(reply.message_id, reply.generation))
            await work.commit()

    async def messages(
        self,
        actor: Actor,
        session_id: ChatSessionId,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int = 50,
    ) -> MessagePage:
        """A stretch of the conversation, ascending; without a bound the last `limit` messages.

        The log's place is taken before the messages are read, so that no event falls between the two.
        """
        await self.get(actor, session_id)
        channel = session_channel(session_id)
        epoch = await self._event_log.epoch()
        offset = (await self._event_log.positions([channel]))[channel]
        found = await self._queries.messages(session_id, before=before, after=after, limit=limit + 1)
        has_more = len(found) > limit
        kept = found[:limit] if after is not None else found[-limit:]
        return MessagePage(kept, epoch, offset, has_more)

    async def message(self, actor: Actor, message_id: ChatMessageId) -> MessageSnapshot:
        """One message of a session one takes part in; raises `NotFound`."""
        message = await self._queries.message(actor.require_member(), message_id)
        if message is None:
            raise NotFound("There is no such message.")
        return message

    async def search(self, actor: Actor, query: str, limit: int = 20) -> Sequence[MessageHit]:
        """Full text over one's own conversations; raises `Invalid` for a query without a word, `TooManyRequests`."""
        terms = words(query)
        if not terms:
            raise Invalid.of("q", "expected at least one word to search for")
        member_id = actor.require_member()
        await self._searches.take(actor)
        return await self._queries.search(member_id, terms, limit)

    async def stats(self, actor: Actor) -> ChatStats:
        """One's figures; "today" is the day in UTC."""
        return await self._queries.stats(actor.require_member(), _start_of_day(self._clock.now()))

    def _require_configured(self, provider: LLMProvider) -> None:
        if provider not in self._models:
            names = ", ".join(self._models)
            raise Invalid.of("llm_provider", f"{provider} is not configured here; expected one of {names}")


def _own(session: ChatSession, actor: Actor) -> ChatSession:
    if session.user_id != actor.require_member():
        raise NotFound("There is no such chat session.")
    return session


def _start_of_day(now: datetime) -> datetime:
    return now.replace(hour=0, minute=0, second=0, microsecond=0)
