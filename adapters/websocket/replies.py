"""Running replies on their way to the sockets of a session: snapshots, then deltas without a gap."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from adapters.websocket.feed import ChannelFeed, Subscription
from adapters.websocket.frames import frame
from application.ports.realtime import ReplyDelta, ReplySnapshot, Subscriptions
from domain.chat import ChatMessageId

REMEMBERED = 64


class _Message(msgspec.Struct):
    id: UUID
    generation: int


class _Completed(msgspec.Struct):
    message: _Message


_completed = msgspec.json.Decoder(_Completed)


@dataclass(slots=True, eq=False)
class _Reply:
    """One generation of a reply. Its followers were told everything up to `told`, in code points."""

    generation: int
    told: int = 0
    pending: list[str] = field(default_factory=list)
    pending_length: int = 0
    followers: set[Subscription] = field(default_factory=set)
    lost_step: bool = False
    ended: bool = False


class RunningReplyFeed:
    """The running replies of one channel.

    A socket gets deltas only from where its own snapshot ended. When a delta was lost on the way, everybody gets a
    new snapshot instead of a gap.
    """

    __slots__ = ("_feed", "_replies", "_subscriptions")

    def __init__(self, feed: ChannelFeed, subscriptions: Subscriptions) -> None:
        self._feed = feed
        self._subscriptions = subscriptions
        self._replies: dict[ChatMessageId, _Reply] = {}

    def hear(self, delta: ReplyDelta) -> None:
        """Take the next piece; it leaves with the next flush."""
        reply = self._replies.get(delta.message_id)
        if reply is None or reply.generation < delta.generation:
            reply = self._remember(delta.message_id, _Reply(delta.generation, followers=set(self._feed.live())))
        elif reply.generation > delta.generation or reply.ended:
            return
        end = reply.told + reply.pending_length
        if delta.position > end:
            reply.lost_step = True
        elif text := delta.text[end - delta.position :]:
            reply.pending.append(text)
            reply.pending_length += len(text)

    def flush(self) -> None:
        """Send what arrived since the last flush, one frame a reply."""
        for message_id, reply in self._replies.items():
            if reply.lost_step:
                self._start_over(message_id, reply)
            elif reply.pending:
                self._tell_pending(message_id, reply)

    def join(self, subscription: Subscription) -> None:
        """Give a subscription that just went live its snapshots; deltas follow from there."""
        self.flush()
        for snapshot in self._subscriptions.snapshots(self._feed.channel):
            reply = self._replies.get(snapshot.message_id)
            if reply is not None and (
                reply.generation > snapshot.generation or (reply.ended and reply.generation == snapshot.generation)
            ):
                continue
            if reply is None or reply.generation < snapshot.generation or reply.told != len(snapshot.text):
                reply = self._remember(snapshot.message_id, _Reply(snapshot.generation))
                self._tell_snapshot(reply, snapshot, self._feed.live())
            else:
                self._tell_snapshot(reply, snapshot, (subscription,))

    def leave(self, subscription: Subscription) -> None:
        """Forget a subscription."""
        for reply in self._replies.values():
            reply.followers.discard(subscription)

    def complete(self, payload: bytes) -> None:
        """A reply's end was told: whatever still arrives of that generation is late."""
        message = _completed.decode(payload).message
        message_id = ChatMessageId(message.id)
        reply = self._replies.get(message_id)
        if reply is None or reply.generation <= message.generation:
            self._remember(message_id, _Reply(message.generation, ended=True))

    def _remember(self, message_id: ChatMessageId, reply: _Reply) -> _Reply:
        self._replies.pop(message_id, None)
        self._replies[message_id] = reply
        if len(self._replies) > REMEMBERED:
            ended = next((known for known, other in self._replies.items() if other.ended), None)
            if ended is not None:
                del self._replies[ended]
        return reply

    def _tell_pending(self, message_id: ChatMessageId, reply: _Reply) -> None:
        text = "".join(reply.pending)
        delta = frame(
            "message_delta",
            channel=self._feed.channel,
            message_id=str(message_id),
            generation=reply.generation,
            position=reply.told,
            text=text,
        )
        reply.told += reply.pending_length
        reply.pending, reply.pending_length = [], 0
        for subscription in reply.followers:
            subscription.connection.outbox.put(delta)

    def _tell_snapshot(self, reply: _Reply, snapshot: ReplySnapshot, to: Iterable[Subscription]) -> None:
        text = frame(
            "message_snapshot",
            channel=self._feed.channel,
            message_id=str(snapshot.message_id),
            generation=snapshot.generation,
            text=snapshot.text,
        )
        reply.told, reply.lost_step = len(snapshot.text), False
        reply.pending, reply.pending_length = [], 0
        for subscription in to:
            reply.followers.add(subscription)
            subscription.connection.outbox.put(text)

    def _start_over(self, message_id: ChatMessageId, reply: _Reply) -> None:
        reply.followers.clear()
        for snapshot in self._subscriptions.snapshots(self._feed.channel):
            if snapshot.message_id == message_id and snapshot.generation == reply.generation:
                self._tell_snapshot(reply, snapshot, self._feed.live())
