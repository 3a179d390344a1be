"""The replies that stream in this process, with every character that arrived."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime

from application.ports.chat import ReplyJob
from application.ports.realtime import Bus, ReplyDelta, ReplySnapshot, RunningReplies
from domain.chat import ChatSessionId


class RunningReply:
    """One reply on its way: what arrived, what of it was announced, and what of it is stored."""

    def __init__(
        self, job: ReplyJob, started_at: datetime, bus: Bus, on_grown: "Callable[[RunningReply], None]"
    ) -> None:
        self.job = job
        self.started_at = self.renewed_at = started_at
        self.first_token_at: datetime | None = None
        self.stored_length = 0
        self._bus = bus
        self._on_grown = on_grown
        self._told: list[str] = []
        self._untold: list[str] = []
        self._length = 0

    @property
    def length(self) -> int:
        """How many code points arrived."""
        return self._length

    @property
    def text(self) -> str:
        """All that arrived."""
        if len(self._told) > 1:
            self._told = ["".join(self._told)]
        return "".join((*self._told, *self._untold))

    def append(self, text: str, now: Callable[[], datetime]) -> None:
        """Add the next piece. The first one is announced at once, later ones with the next `tell`."""
        if not text:
            return
        self._untold.append(text)
        self._length += len(text)
        if self.first_token_at is None:
            self.first_token_at = now()
            self.tell()
        elif len(self._untold) == 1:
            self._on_grown(self)

    def tell(self) -> None:
        """Announce what arrived since the last time, as one piece."""
        if not self._untold:
            return
        text, self._untold = "".join(self._untold), []
        self._told.append(text)
        job = self.job
        delta = ReplyDelta(job.session_id, job.message_id, job.generation, self._length - len(text), text)
        self._bus.publish(delta)


class RunningReplyRegistry(RunningReplies):
    """All running replies of this process, by session.

    `grown` is set while a piece waits to be announced: whoever keeps the replies going waits a moment and calls `tell`.
    """

    def __init__(self, bus: Bus) -> None:
        self.grown = asyncio.Event()
        self._bus = bus
        self._replies: dict[ChatSessionId, list[RunningReply]] = {}
        self._waiting: dict[RunningReply, None] = {}

    def start(self, job: ReplyJob, now: datetime) -> RunningReply:
        """Begin to keep a reply's text."""
        reply = RunningReply(job, now, self._bus, self._has_grown)
        self._replies.setdefault(job.session_id, []).append(reply)
        return reply

    def stop(self, reply: RunningReply) -> None:
        """Forget a reply that ended; forgetting twice changes nothing."""
        self._waiting.pop(reply, None)
        kept = [other for other in self._replies.get(reply.job.session_id, []) if other is not reply]
        if kept:
            self._replies[reply.job.session_id] = kept
        else:
            self._replies.pop(reply.job.session_id, None)

    def tell(self) -> None:
        """Announce the pieces that wait, one a reply."""
        self.grown.clear()
        waiting, self._waiting = self._waiting, {}
        for reply in waiting:
            reply.tell()

    def all(self) -> list[RunningReply]:
        """Every running reply."""
        return [reply for replies in self._replies.values() for reply in replies]

    def of_session(self, session_id: ChatSessionId) -> Sequence[ReplySnapshot]:
        replies = self._replies.get(session_id, [])
        for reply in replies:
            # What a snapshot holds was announced before it, so that only what follows it comes later.
            reply.tell()
        return [ReplySnapshot(session_id, reply.job.message_id, reply.job.generation, reply.text) for reply in replies]

    def _has_grown(self, reply: RunningReply) -> None:
        self._waiting[reply] = None
        self.grown.set()
