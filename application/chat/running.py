"""The replies that stream in this process, with every character that arrived."""

from collections.abc import Sequence
from datetime import datetime

from application.ports.chat import ReplyJob
from application.ports.realtime import Bus, ReplyDelta, ReplySnapshot, RunningReplies
from domain.chat import ChatSessionId


class RunningReply:
    """One reply on its way: what arrived, and what of it is stored."""

    def __init__(self, job: ReplyJob, started_at: datetime, bus: Bus) -> None:
        self.job = job
        self.started_at = self.renewed_at = started_at
        self.first_token_at: datetime | None = None
        self.stored_length = 0
        self._bus = bus
        self._pieces: list[str] = []
        self._length = 0

    @property
    def length(self) -> int:
        """How many code points arrived."""
        return self._length

    @property
    def text(self) -> str:
        """All that arrived."""
        if len(self._pieces) > 1:
            self._pieces = ["".join(self._pieces)]
        return self._pieces[0] if self._pieces else ""

    def append(self, text: str, now: datetime) -> None:
        """Add the next piece and announce it."""
        if not text:
            return
        if self.first_token_at is None:
            self.first_token_at = now
        position = self._length
        self._pieces.append(text)
        self._length += len(text)
        job = self.job
        self._bus.publish(ReplyDelta(job.session_id, job.message_id, job.generation, position, text))


class RunningReplyRegistry(RunningReplies):
    """All running replies of this process, by session."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._replies: dict[ChatSessionId, list[RunningReply]] = {}

    def start(self, job: ReplyJob, now: datetime) -> RunningReply:
        """Begin to keep a reply's text."""
        reply = RunningReply(job, now, self._bus)
        self._replies.setdefault(job.session_id, []).append(reply)
        return reply

    def stop(self, reply: RunningReply) -> None:
        """Forget a reply that ended; forgetting twice changes nothing."""
        kept = [other for other in self._replies.get(reply.job.session_id, []) if other is not reply]
        if kept:
            self._replies[reply.job.session_id] = kept
        else:
            self._replies.pop(reply.job.session_id, None)

    def all(self) -> list[RunningReply]:
        """Every running reply."""
        return [reply for replies in self._replies.values() for reply in replies]

    def of_session(self, session_id: ChatSessionId) -> Sequence[ReplySnapshot]:
        return [
            ReplySnapshot(session_id, reply.job.message_id, reply.job.generation, reply.text)
            for reply in self._replies.get(session_id, [])
        ]
