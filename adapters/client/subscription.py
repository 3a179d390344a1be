"""One channel of a client: its place in the log, and what was heard and not yet taken."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from adapters.client.errors import SubscriptionRefused
from adapters.client.events import Event, Place, event_of, place_of

PASSING = frozenset({"too_many_requests", "unavailable", "internal"})


class Subscription(AsyncIterator[Event]):
    """The events of a channel, in order, each once, over any number of broken connections.

    A break is not seen. Where the server cannot tell what was missed, an event `resync_required` comes instead: read
    the state anew, say with `move_to` which place that reading names, and go on. Iteration ends when the subscription
    does, and `ended` says why; it raises `SubscriptionRefused` when the server refuses the channel, and `SignedOut`.

    At most about `limit` events wait to be taken; beyond it the channel pauses at the server, and what it says
    meanwhile is fetched once those are taken. One task at a time iterates.
    """

    def __init__(
        self, channel: str, place: Place | None, say: Callable[[Mapping[str, object]], None], limit: int
    ) -> None:
        self.channel = channel
        self.ended: str | None = None
        self._say = say
        self._limit = limit
        self._received = place
        self._floor: Place | None = None
        self._events: deque[Event] = deque()
        self._wake = asyncio.Event()
        self._error: Exception | None = None
        self._is_live = False
        self._is_paused = False

    @property
    def place(self) -> Place | None:
        """The place of the last event that was heard: where a connection would go on."""
        return self._received

    def move_to(self, place: Place) -> None:
        """The state was read as of that place: what lies before it is passed over."""
        self._floor = place
        if self._received is None or self._received.epoch != place.epoch or self._received.offset < place.offset:
            self._received = place

    def resubscribe(self) -> None:
        """Ask the server again from the present place: it sends what is missing, and each running reply whole."""
        self._is_live = False
        place = self._received
        asked = {} if place is None else {"epoch": place.epoch, "offset": place.offset}
        self._say({"type": "subscribe", "channel": self.channel, **asked})

    def connected(self) -> None:
        """There is a new connection."""
        if not self._is_paused and not self.is_over:
            self.resubscribe()

    @property
    def is_over(self) -> bool:
        """Whether no further event will be heard."""
        return self.ended is not None or self._error is not None

    def hear(self, frame: Mapping[str, Any]) -> bool:
        """Take a frame of the channel; False when it was refused for now and has to be asked for again."""
        match frame["type"]:
            case "subscribed":
                self._is_live = True
                if self._received is None:
                    self._received = place_of(frame)
            case "unsubscribed":
                # What was asked for here is either a pause or an end that is known already.
                if frame.get("reason") != "requested":
                    self.end(str(frame.get("reason", "")))
            case "error":
                if frame.get("error_code") in PASSING:
                    return False
                self.fail(SubscriptionRefused(str(frame.get("error_code")), str(frame.get("error_message"))))
            case _:
                self._keep(event_of(frame))
        return True

    def end(self, reason: str) -> None:
        """Nothing comes any more; what was heard can still be taken."""
        self.ended = reason
        self._wake.set()

    def fail(self, error: Exception) -> None:
        """Nothing comes any more, because of the error."""
        self._error = self._error or error
        self._wake.set()

    async def __anext__(self) -> Event:
        """The next event; waits for it."""
        while True:
            while self._events:
                event = self._events.popleft()
                if not self._is_before_floor(event):
                    return event
            if self._error is not None:
                raise self._error
            if self.ended is not None:
                raise StopAsyncIteration
            if self._is_paused:
                self._is_paused = False
                self.resubscribe()
            self._wake.clear()
            await self._wake.wait()

    def _keep(self, event: Event) -> None:
        if not self._is_live or self.is_over:
            return
        place, received = event.place, self._received
        if place is not None:
            is_known = received is not None and received.epoch == place.epoch and place.offset <= received.offset
            if is_known and not event.is_resync:
                return
            self._received = place
        self._events.append(event)
        self._wake.set()
        if len(self._events) > self._limit:
            self._pause()

    def _pause(self) -> None:
        self._is_paused, self._is_live = True, False
        self._say({"type": "unsubscribe", "channel": self.channel})

    def _is_before_floor(self, event: Event) -> bool:
        floor, place = self._floor, event.place
        return floor is not None and place is not None and place.epoch == floor.epoch and place.offset <= floor.offset
