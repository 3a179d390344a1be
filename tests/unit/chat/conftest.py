"""Chat on the in-memory adapters, with a scripted model and a clock that stands still."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest

from adapters.memory.bus import InMemoryBus
from adapters.memory.chat import InMemoryChatQueries
from adapters.memory.event_log import InMemoryEventLog
from adapters.memory.identity import InMemoryMemberQueries
from adapters.memory.language_model import Script, ScriptedLanguageModel
from adapters.memory.passages import InMemoryPassageQueries
from adapters.memory.store import MemoryStore
from adapters.memory.system import ManualClock, SequentialIds
from adapters.memory.unit_of_work import InMemoryUnitOfWork
from application.chat.grounding import Grounding
from application.chat.messages import MessageService
from application.chat.replies import ReplyWriter
from application.chat.running import RunningReplyRegistry
from application.chat.sessions import ChatSessionService
from application.chat.worker import ReplyTimes, ReplyWorker
from application.guides.library import GuideLibrary
from application.guides.search import PassageFinder
from application.ports.realtime import Announcement, LoggedEvent, ReplyDelta
from domain.chat import ChatMessageId, ChatSessionId, LLMProvider, MessageSnapshot
from domain.guides import DEFAULT_CATEGORIES
from domain.identity import Actor, Grant, GrantId, GrantSource, Member, MemberId, Role, User, UserId
from tests.support.analyzer import ANALYZER
from tests.support.limits import unlimited

TIMES = ReplyTimes(lease=timedelta(seconds=12), checkpoint=timedelta(milliseconds=250), poll=timedelta(seconds=1))


@dataclass
class Counted:
    """Metrics that remember what they were told."""

    replies: list[tuple[str, str]] = field(default_factory=list)

    def reply_finished(self, status: str, provider: str, seconds: float) -> None:
        """Remember it."""
        self.replies.append((status, provider))


class ChatWorld:
    """Everything a chat needs, and the short ways that tests take through it."""

    def __init__(self) -> None:
        self.store, self.bus, self.clock, self.ids = MemoryStore(), InMemoryBus(), ManualClock(), SequentialIds()
        self.model = ScriptedLanguageModel()
        self.metrics = Counted()
        self.heard: list[Announcement] = []
        self.bus.listen(self.heard.append)
        self.queries = InMemoryChatQueries(self.store)
        self.members = InMemoryMemberQueries(self.store)
        self.event_log = InMemoryEventLog(self.store)
        self.running = RunningReplyRegistry(self.bus)
        self.models = {LLMProvider.LOCAL: self.model}
        self.messages = MessageService(
            self.unit_of_work, self.queries, self.running, self.clock, self.ids, self.metrics, unlimited()
        )
        self.sessions = ChatSessionService(
            self.unit_of_work,
            self.queries,
            self.event_log,
            self.models,
            self.running,
            self.clock,
            self.ids,
            unlimited(),
            unlimited(),
        )
        self.library = GuideLibrary(self.unit_of_work, ANALYZER, self.clock, self.ids, DEFAULT_CATEGORIES)
        finder = PassageFinder(InMemoryPassageQueries(self.store), ANALYZER)
        self.writer = ReplyWriter(
            self.unit_of_work,
            Grounding(finder, self.members, self.clock),
            self.models,
            self.running,
            self.metrics,
            self.clock,
        )
        self.worker = self.new_worker()

    def unit_of_work(self) -> InMemoryUnitOfWork:
        """A new unit of work."""
        return InMemoryUnitOfWork(self.store, self.bus, self.clock)

    def new_worker(self) -> ReplyWorker:
        """A worker as another process would have it."""
        return ReplyWorker(self.unit_of_work, self.writer, self.running, self.bus, self.clock, self.ids, TIMES)

    def script(self, *scripts: Script) -> None:
        """What the model says from now on."""
        self.model.scripts = list(scripts)
        self.model.requests.clear()

    async def member(self, name: str, role: Role = Role.PUBLIC) -> Actor:
        """A new member of this role."""
        now = self.clock.now()
        user = User(UserId(self.ids.new()), None, name, "hash", created_at=now, updated_at=now)
        grants = [Grant(GrantId(self.ids.new()), role, GrantSource.MANUAL, None, "test", None, now)] if role else []
        member = Member(MemberId(self.ids.new()), created_at=now, updated_at=now, user=user, grants=grants)
        async with self.unit_of_work() as work:
            await work.members.add(member, now)
            await work.commit()
        return Actor(member.id, role)

    async def ask(self, actor: Actor, session_id: ChatSessionId, content: str) -> ChatMessageId:
        """Post a message; the id of the reply to come."""
        posted = await self.messages.post(actor, session_id, content)
        assert posted.reply_id is not None
        return posted.reply_id

    async def reply(self, actor: Actor, message_id: ChatMessageId) -> MessageSnapshot:
        """The reply as it is stored now."""
        return await self.sessions.message(actor, message_id)

    async def until(self, holds: Callable[[], bool], rounds: int = 500) -> None:
        """Let other tasks run until the condition holds."""
        for _ in range(rounds):
            if holds():
                return
            await asyncio.sleep(0)
        raise AssertionError("the condition never held")

    async def settled(self, actor: Actor, message_id: ChatMessageId, rounds: int = 500) -> MessageSnapshot:
        """The reply once it has ended."""
        for _ in range(rounds):
            message = await self.reply(actor, message_id)
            if message.status != "streaming":
                return message
            await asyncio.sleep(0)
        raise AssertionError("the reply never ended")

    def deltas(self, message_id: ChatMessageId) -> Sequence[ReplyDelta]:
        """What was announced of a reply."""
        return [heard for heard in self.heard if isinstance(heard, ReplyDelta) and heard.message_id == message_id]

    def events(self, type_: str) -> Sequence[LoggedEvent]:
        """The durable events of one type, in order."""
        return [heard for heard in self.heard if isinstance(heard, LoggedEvent) and heard.type == type_]


@pytest.fixture
def world() -> ChatWorld:
    """A chat without a running worker."""
    return ChatWorld()


@pytest.fixture
async def working(world: ChatWorld) -> AsyncIterator[ChatWorld]:
    """A chat whose worker runs."""
    task = asyncio.create_task(world.worker.run())
    await asyncio.sleep(0)
    yield world
    task.cancel()
    await asyncio.wait({task})
