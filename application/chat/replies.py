"""Producing replies: claimed from the queue under a lease, streamed, stored, and never lost half-way."""

import logging
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from application.chat.grounding import Grounding, Grounds, citations_used
from application.chat.running import RunningReply, RunningReplyRegistry
from application.ports.chat import (
    LanguageModels,
    ModelError,
    ModelFailure,
    ModelRequest,
    PromptMessage,
    ReplyEnd,
    ReplyJob,
)
from application.ports.observability import ReplyMetrics
from application.ports.system import Clock
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.chat import ChatMessage, MessageRole, MessageSnapshot, MessageStatus, SessionSnapshot
from domain.errors import NotFound, Unavailable

HISTORY_MESSAGES = 20
STORE_PAUSE_SECONDS = 1.0
APOLOGY = "Sorry, I could not answer that just now. Please try again in a moment."

_SPOKEN = frozenset({MessageStatus.COMPLETE, MessageStatus.CANCELLED, MessageStatus.INTERRUPTED})

_log = logging.getLogger(__name__)

_Ending = Callable[[ChatMessage, datetime], None]


@dataclass(frozen=True, slots=True)
class _Turn:
    """What a reply is made from, as it stood when its turn came."""

    session: SessionSnapshot
    reply: MessageSnapshot
    conversation: Sequence[PromptMessage]


class ReplyWriter:
    """Writes one claimed reply from its first word to its last.

    What was streamed is what is stored. Before the first word a failing model makes the reply `failed`, after it
    `interrupted` with what arrived. Nothing is written once the claim is lost.
    """

    def __init__(
        self,
        unit_of_work: UnitOfWorkFactory,
        grounding: Grounding,
        models: LanguageModels,
        running: RunningReplyRegistry,
        metrics: ReplyMetrics,
        clock: Clock,
    ) -> None:
        self._unit_of_work = unit_of_work
        self._grounding = grounding
        self._models = models
        self._running = running
        self._metrics = metrics
        self._clock = clock

    async def write(self, job: ReplyJob) -> None:
        """Produce the reply; returns when its end is stored, or when somebody else ended it."""
        try:
            await self._write(job)
        except NotFound:
            _log.info("reply_session_gone", extra={"message_id": str(job.message_id)})

    async def _write(self, job: ReplyJob) -> None:
        turn = await self._begin(job)
        if turn is None:
            return
        running = self._running.start(job, self._clock.now())
        try:
            ending = await self._produce(turn, running)
            # The last words wait for nothing, least of all for the database.
            running.tell()
            await self._store(job, ending)
        finally:
            self._running.stop(running)

    async def interrupt(self, running: RunningReply, reason: str) -> None:
        """End a reply that cannot go on here, keeping what arrived."""

        def interrupted(reply: ChatMessage, now: datetime) -> None:
            reply.interrupt(running.text, reason, now, running.first_token_at)

        try:
            await self._end(running.job, interrupted)
        finally:
            self._running.stop(running)

    async def recover(self, job: ReplyJob, reason: str) -> None:
        """End a reply whose process is gone, keeping what was stored; one that was not begun waits again."""
        try:
            if not await self._released(job):
                await self._end(job, lambda reply, now: reply.interrupt(reply.content, reason, now))
        except NotFound:
            _log.info("reply_session_gone", extra={"message_id": str(job.message_id)})

    async def _released(self, job: ReplyJob) -> bool:
        async with self._unit_of_work() as work:
            await work.chat_sessions.get(job.session_id)
            reply = await work.chat_messages.get(job.message_id)
            if reply.status is not MessageStatus.STREAMING or reply.is_streaming:
                return False
            await work.reply_queue.release(job)
            await work.commit()
            return True

    async def _begin(self, job: ReplyJob) -> _Turn | None:
        async with self._unit_of_work() as work:
            session = await work.chat_sessions.get(job.session_id)
            reply = await work.chat_messages.get(job.message_id)
            if reply.status is not MessageStatus.STREAMING or reply.generation != job.generation:
                await work.reply_queue.finish(job)
                await work.commit()
                return None
            reply.begin(self._clock.now())
            await work.chat_messages.save(reply)
            history = await work.chat_messages.history(job.session_id, reply.seq, HISTORY_MESSAGES)
            await work.commit()
        return _Turn(session.snapshot(), reply.snapshot(), _conversation(history))

    async def _produce(self, turn: _Turn, running: RunningReply) -> _Ending:
        try:
            grounds = await self._grounding.grounds(turn.session, turn.conversation)
            end = await self._stream(turn, grounds, running)
        except ModelError as error:
            return _failed(running, error)
        except Exception as error:  # noqa: BLE001 - a defect in a model adapter ends this reply, not the worker
            _log.exception("reply_failed", extra={"message_id": str(turn.reply.id)})
            return _failed(running, ModelError(ModelFailure.BROKEN, f"internal error: {type(error).__name__}"))
        if end is None:
            return _failed(running, ModelError(ModelFailure.BROKEN, "the stream ended before the answer did"))
        if not running.text.strip():
            return _failed(running, ModelError(ModelFailure.EMPTY, "the model gave an empty answer"))
        return _completed(running, grounds, end)

    async def _stream(self, turn: _Turn, grounds: Grounds, running: RunningReply) -> ReplyEnd | None:
        settings = turn.session.settings
        model = self._models.get(turn.session.llm_provider)
        if model is None:
            raise ModelError(ModelFailure.UNREACHABLE, f"{turn.session.llm_provider} is not configured")
        request = ModelRequest(
            model=turn.session.llm_model,
            messages=_prompt(settings.system_prompt, turn.conversation),
            passages=grounds.passages,
            grounded=settings.grounding,
            temperature=settings.temperature,
            max_tokens=settings.max_tokens,
            near=grounds.near,
            links=True,
        )
        async with aclosing(model.stream(request)) as events:
            async for event in events:
                if isinstance(event, ReplyEnd):
                    return event
                running.append(event.text, self._clock.now)
        return None

    async def _store(self, job: ReplyJob, ending: _Ending) -> None:
        """Store the end; while the database does not answer it is tried again, as long as the claim is held."""
        while True:
            try:
                return await self._end(job, ending)
            except Unavailable:
                _log.warning("reply_end_not_stored", extra={"message_id": str(job.message_id)}, exc_info=True)
                await self._clock.sleep(STORE_PAUSE_SECONDS)

    async def _end(self, job: ReplyJob, ending: _Ending) -> None:
        # Whoever touches a reply locks its session first, so that two never wait for each other.
        async with self._unit_of_work() as work:
            await work.chat_sessions.get(job.session_id)
            if not await work.reply_queue.finish(job):
                _log.info("reply_claim_lost", extra={"message_id": str(job.message_id)})
                return
            reply = await work.chat_messages.get(job.message_id)
            ending(reply, self._clock.now())
            await work.chat_messages.save(reply)
            await work.commit()
        self._metrics.reply_finished(reply.status, str(reply.llm_provider), (reply.response_time_ms or 0) / 1000)


def _completed(running: RunningReply, grounds: Grounds, end: ReplyEnd) -> _Ending:
    def ending(reply: ChatMessage, now: datetime) -> None:
        reply.complete(
            running.text,
            now,
            citations=citations_used(running.text, grounds.passages),
            tokens_used=end.tokens_used,
            first_token_at=running.first_token_at,
        )

    return ending


def _failed(running: RunningReply, error: ModelError) -> _Ending:
    reason = f"{error.failure}: {error}"

    def ending(reply: ChatMessage, now: datetime) -> None:
        if running.text.strip():
            reply.interrupt(running.text, reason, now, running.first_token_at)
        else:
            reply.fail(APOLOGY, reason, now)

    return ending


def _conversation(history: Sequence[MessageSnapshot]) -> Sequence[PromptMessage]:
    return [
        PromptMessage(message.role, message.content)
        for message in history
        if message.content and message.status in _SPOKEN
    ]


def _prompt(system_prompt: str, conversation: Sequence[PromptMessage]) -> Sequence[PromptMessage]:
    if not system_prompt:
        return conversation
    return [PromptMessage(MessageRole.SYSTEM, system_prompt), *conversation]
