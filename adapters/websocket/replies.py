"""Running replies on their way to the sockets of a session: snapshots, then deltas without a gap."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import msgspec

from adapters.websocket.feed import ChannelFeed, Subscription
from adapters.websocket.frames import delta_frame, delta_head, frame
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
    """One generation of a reply. Its followers were told everything up to `told`, in code points.

    `head` is what all its deltas begin with, once there is one.
    """

    generation: int
    head: str = ""
    told: int = 0
    followers: set[Subscription] = field(default_factory=set)
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
        """Pass the next piece on."""
        reply = self._replies.get(delta.message_id)
        if reply is None or reply.generation < delta.generation:
            reply = self._remember(delta.message_id, _Reply(delta.generation, followers=set(self._feed.live())))
        elif reply.generation > delta.generation or reply.ended:
            return
        if delta.position > reply.told:
            self._start_over(delta.message_id, reply)
        elif text := delta.text[reply.told - delta.position :]:
            self._tell_piece(delta.message_id, reply, text)

    def join(self, subscription: Subscription) -> None:
        """Give a subscription that just went live its snapshots; deltas follow from there."""
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

    def _tell_piece(self, message_id: ChatMessageId, reply: _Reply, text: str) -> None:
        if not reply.head:
            reply.head = delta_head(self._feed.channel, str(message_id), reply.generation)
        delta = delta_frame(reply.head, reply.told, text)
        reply.told += len(text)
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
        reply.told = len(snapshot.text)
        for subscription in to:
            reply.followers.add(subscription)
            subscription.connection.outbox.put(text)

    def _start_over(self, message_id: ChatMessageId, reply: _Reply) -> None:
        reply.followers.clear()
        for snapshot in self._subscriptions.snapshots(self._feed.channel):
            # Taking it announces what was not announced yet, so that everybody may have been told already.
            is_its = (snapshot.message_id, snapshot.generation) == (message_id, reply.generation)
            if is_its and reply.told < len(snapshot.text):
                self._tell_snapshot(reply, snapshot, self._feed.live())
