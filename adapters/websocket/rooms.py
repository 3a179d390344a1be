"""The channels that somebody of this process hears, kept true to the log."""

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec

from adapters.websocket.feed import ChannelFeed, Subscription
from adapters.websocket.frames import frame
from adapters.websocket.replies import RunningReplyFeed
from adapters.websocket.rights_log import RightsLog
from application.ports.realtime import EventLog, LoggedEvent, ReplyDelta, Subscriptions, Transient
from domain.events import RIGHTS, Channel, session_channel

PAGE = 500

logger = logging.getLogger(__name__)


class _Change(msgspec.Struct):
    change: str = ""


_change = msgspec.json.Decoder(_Change)


class Room:
    """A channel that is heard: its durable events and its running replies."""

    __slots__ = ("feed", "replies")

    def __init__(self, feed: ChannelFeed, replies: RunningReplyFeed) -> None:
        self.feed = feed
        self.replies = replies


class Rooms:
    """Brings each channel's log to its sockets: announced events at once, lost ones by reading the log.

    `on_session_changed` hears of every change of a session, with whether the session is gone;
    `on_told` of how many sockets got an event. `rights` is looked at whenever the log is.
    """

    def __init__(
        self,
        event_log: EventLog,
        subscriptions: Subscriptions,
        rights: RightsLog,
        held_back_limit: int,
        on_session_changed: Callable[[Channel, bool], None],
        on_told: Callable[[int], None],
    ) -> None:
        self._event_log = event_log
        self._subscriptions = subscriptions
        self._rights = rights
        self._held_back_limit = held_back_limit
        self._on_session_changed = on_session_changed
        self._on_told = on_told
        self._rooms: dict[Channel, Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self.epoch = ""

    def enter(self, subscription: Subscription) -> Room:
        """Register a subscription; until it is live, what happens is held back for it."""
        room = self._rooms.get(subscription.channel)
        if room is None:
            feed = ChannelFeed(subscription.channel, self._held_back_limit)
            room = self._rooms[subscription.channel] = Room(feed, RunningReplyFeed(feed, self._subscriptions))
        room.feed.subscriptions[subscription.connection.connection_id] = subscription
        return room

    def leave(self, channel: Channel, connection_id: str) -> bool:
        """End a subscription; False when there was none."""
        room = self._rooms.get(channel)
        subscription = room.feed.subscriptions.pop(connection_id, None) if room else None
        if room is None or subscription is None:
            return False
        subscription.ended = True
        room.replies.leave(subscription)
        if not room.feed.subscriptions:
            del self._rooms[channel]
        return True

    async def open(self, room: Room) -> None:
        """Ask the log where a channel stands that nobody heard until now."""
        feed = room.feed
        if feed.last is None:
            position = (await self._event_log.positions([feed.channel])).get(feed.channel, 0)
            if feed.last is None:
                feed.last = position
                self._catch_up(room)

    def on_event(self, event: LoggedEvent) -> None:
        """An event was announced: tell it when it is the next one, else read what lies before it."""
        if event.channel == RIGHTS:
            self._rights.hear(event)
            return
        room = self._rooms.get(event.channel)
        if room is None:
            return
        if room.feed.is_next(event.offset):
            self._tell(room, event)
        else:
            room.feed.heard_of(event.offset)
            self._catch_up(room)

    def on_delta(self, delta: ReplyDelta) -> None:
        """A piece of a running reply was announced."""
        room = self._rooms.get(session_channel(delta.session_id))
        if room is not None:
            room.replies.hear(delta)

    def on_transient(self, event: Transient) -> None:
        """A passing event was announced."""
        self.pass_on(event.channel, event.type, event.payload)

    def pass_on(self, channel: Channel, kind: str, fields: Mapping[str, object]) -> None:
        """Tell a channel's sockets what is not in the log."""
        room = self._rooms.get(channel)
        if room is not None:
            text = frame(kind, channel=channel, **fields)
            for subscription in room.feed.live():
                subscription.connection.outbox.put(text)

    async def compare_with_log(self) -> None:
        """Find what was never announced here: lost announcements, changes by other processes, another history."""
        epoch = await self._event_log.epoch()
        rooms = dict(self._rooms)
        positions = await self._event_log.positions((RIGHTS, *rooms))
        for channel, room in rooms.items():
            if epoch != self.epoch:
                self._restart(room.feed, positions.get(channel, 0), epoch, "epoch_changed")
            else:
                room.feed.heard_of(positions.get(channel, 0))
                self._catch_up(room)
        is_other, self.epoch = epoch != self.epoch, epoch
        await self._rights.look(positions[RIGHTS], is_other_history=is_other)

    async def stop(self) -> None:
        """End the reading that is under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _tell(self, room: Room, event: LoggedEvent) -> None:
        self._on_told(room.feed.tell(event, self.epoch))
        try:
            if event.type == "message_completed":
                room.replies.complete(event.payload)
            elif event.type == "session_updated" and event.channel.startswith("session:"):
                self._on_session_changed(event.channel, _change.decode(event.payload).change == "deleted")
        except msgspec.MsgspecError as error:
            logger.warning("event_payload_unreadable", extra={"type": event.type, "reason": str(error)})

    def _catch_up(self, room: Room) -> None:
        if room.feed.is_behind and not room.feed.reading:
            room.feed.reading = True
            task = asyncio.get_running_loop().create_task(self._read_log(room))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _read_log(self, room: Room) -> None:
        feed = room.feed
        try:
            while feed.is_behind and feed.subscriptions:
                after, epoch = feed.last or 0, self.epoch
                part = await self._event_log.read(feed.channel, after, PAGE)
                positions = {} if part.complete else await self._event_log.positions([feed.channel])
                if epoch != self.epoch:
                    continue
                if not part.complete:
                    self._restart(feed, positions.get(feed.channel, 0), epoch, "log_pruned")
                    return
                for event in part.events:
                    if feed.is_next(event.offset):
                        self._tell(room, event)
                if feed.last == after:
                    return
        except Exception:
            logger.exception("channel_read_failed", extra={"channel": feed.channel})
        finally:
            feed.reading = False

    def _restart(self, feed: ChannelFeed, position: int, epoch: str, reason: str) -> None:
        text = frame("resync_required", channel=feed.channel, epoch=epoch, offset=position, reason=reason)
        for subscription in feed.restart(position):
            subscription.connection.outbox.put(text)
