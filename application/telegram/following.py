"""Following replies: what the bus tells of them at once, and what the database knows each second."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from application.ports.answering import AnswerQueries
from application.ports.realtime import Announcement, Bus, LoggedEvent, ReplyDelta, ReplyStopped, RunningReplies
from application.ports.system import Clock
from application.telegram.growing import End, Ended, Growing
from application.telegram.waking import Doorbell
from domain.chat import ChatMessageId, MessageCompleted, MessageSnapshot, MessageStatus
from domain.errors import Unavailable
from domain.events import Channel, session_channel

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Followed:
    """A generation of a reply, and the answer that grows with it."""

    message_id: ChatMessageId
    generation: int
    growing: Growing = field(default_factory=Growing)


class ReplyFollower:
    """Makes answers grow with their replies.

    Pieces come by the bus, and all that arrived from the replies that run in this process. Where announcements are
    lost, or the reply runs elsewhere, the database is read each second, once for all. It alone says what the end is.
    """

    def __init__(
        self,
        queries: AnswerQueries,
        running: RunningReplies,
        bus: Bus,
        clock: Clock,
        poll: timedelta = timedelta(seconds=1),
    ) -> None:
        self._queries = queries
        self._running = running
        self._bus = bus
        self._clock = clock
        self._poll = poll
        self._followed: dict[ChatMessageId, list[_Followed]] = {}
        self._channels: dict[Channel, set[ChatMessageId]] = {}
        self._stale: set[ChatMessageId] = set()
        self._doorbell = Doorbell(clock)

    @contextmanager
    def follow(self, message_id: ChatMessageId, generation: int) -> Iterator[Growing]:
        """An answer that grows with this generation of a reply, within the context."""
        followed = _Followed(message_id, generation)
        self._followed.setdefault(message_id, []).append(followed)
        self._look_at(message_id)
        try:
            yield followed.growing
        finally:
            self._followed[message_id].remove(followed)
            if not self._followed[message_id]:
                self._forget(message_id)

    async def run(self) -> None:
        """Follow until cancelled."""
        unlisten = self._bus.listen(self._hear)
        try:
            while True:
                due = self._clock.now() + self._poll
                self._stale.update(self._followed)
                while (left := due - self._clock.now()) > timedelta():
                    self._doorbell.reset()
                    await self._look()
                    await self._doorbell.wait(left)
        finally:
            unlisten()

    def _hear(self, announcement: Announcement) -> None:
        match announcement:
            case ReplyDelta(message_id=message_id):
                for followed in self._followed.get(message_id, ()):
                    if followed.generation == announcement.generation:
                        self._append(followed, announcement)
            case ReplyStopped(message_id=message_id) if message_id in self._followed:
                self._look_at(message_id)
            case LoggedEvent(type=MessageCompleted.type, channel=channel):
                for message_id in self._channels.get(channel, ()):
                    self._look_at(message_id)

    def _append(self, followed: _Followed, delta: ReplyDelta) -> None:
        known = followed.growing.text
        if delta.position <= len(known):
            followed.growing.grow(known[: delta.position] + delta.text)
        else:  # a piece before it was lost
            self._look_at(followed.message_id)

    def _look_at(self, message_id: ChatMessageId) -> None:
        self._stale.add(message_id)
        self._doorbell.ring()

    async def _look(self) -> None:
        """Read the replies of which more may be known."""
        wanted, self._stale = self._stale & self._followed.keys(), set()
        if not wanted:
            return
        try:
            stored = await self._queries.replies(sorted(wanted))
        except Unavailable as error:
            _log.warning("replies_not_read", extra={"reason": error.message})
            return
        except Exception:  # noqa: BLE001 - they are read again within the second, whatever it is
            _log.exception("replies_not_read")
            return
        for message_id in wanted:
            for followed in self._followed.get(message_id, ()):
                self._see(followed, stored.get(message_id))

    def _see(self, followed: _Followed, reply: MessageSnapshot | None) -> None:
        growing = followed.growing
        if reply is None:
            growing.end(Ended(End.GONE))
        elif reply.generation != followed.generation:
            growing.end(Ended(End.REPLACED))
        elif reply.status is not MessageStatus.STREAMING:
            growing.end(Ended(End(reply.status.value), reply.content, reply.citations))
        else:
            self._channels.setdefault(session_channel(reply.session_id), set()).add(reply.id)
            growing.grow(reply.content)
            for running in self._running.of_session(reply.session_id):
                if (running.message_id, running.generation) == (reply.id, reply.generation):
                    growing.grow(running.text)

    def _forget(self, message_id: ChatMessageId) -> None:
        del self._followed[message_id]
        for channel in [name for name, ids in self._channels.items() if message_id in ids]:
            self._channels[channel].discard(message_id)
            if not self._channels[channel]:
                del self._channels[channel]
