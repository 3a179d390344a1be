"""What one socket has still to be told, and how it is told."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from adapters.websocket.end_of_turn import EndOfTurn
from adapters.websocket.frames import frame, several
from adapters.websocket.signal import Signal

TOO_SLOW = 4008
GONE = (1006, "the peer is gone")


class Transport(Protocol):
    """The socket itself. Sending and closing raise `OSError` when the peer is gone."""

    @property
    def at_once(self) -> Callable[[str], bool] | None:
        """Sends one frame without waiting and never raises; False where the peer does not keep up or is gone: nothing
        was sent. None where the transport can only wait.
        """
        return None

    async def send_text(self, text: str) -> None:
        """Send one frame; waits while the peer does not read."""
        ...

    async def close(self, code: int, reason: str) -> None:
        """Send a close frame."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """How far a socket may lag. Sizes are in characters.

    `close_seconds` is what a closing socket gets to take the rest.

    One frame carries at most `batch_frames` events, of about `batch_size` in all.
    """

    frames: int = 1_000
    size: int = 4 * 1024 * 1024
    batch_frames: int = 100
    batch_size: int = 256 * 1024
    close_seconds: float = 5.0


class Outbox:
    """A bounded queue of prebuilt frames. Whoever puts a frame never waits.

    To a peer that reads, what was put in one turn of the loop is written at its end, without waking anybody. Only for
    one that does not, and for closing, `run` wakes and waits. A peer that falls too far behind loses everything queued,
    is told `resync_required` and closed with 4008.
    """

    __slots__ = (
        "_allowance",
        "_allowed_size",
        "_at_once",
        "_closing",
        "_gone",
        "_has_room",
        "_in_flight",
        "_is_abandoned",
        "_is_idle",
        "_limit",
        "_limits",
        "_queue",
        "_refused",
        "_seen_sends",
        "_sends",
        "_size",
        "_transport",
        "_turn",
        "_wake",
    )

    def __init__(self, transport: Transport, limits: OutboxLimits, turn: EndOfTurn | None = None) -> None:
        self._transport = transport
        self._at_once = transport.at_once
        self._turn = turn or EndOfTurn()
        self._refused: str | None = None
        self._limits = limits
        self._queue: list[str] = []
        self._size = 0
        self._allowance = self._allowed_size = 0
        self._wake, self._has_room, self._gone = Signal(), Signal(is_set=True), Signal()
        self._closing: tuple[int, str] | None = None
        self._limit: asyncio.Timeout | None = None
        self._in_flight = False
        self._is_idle = self._is_abandoned = False
        self._sends, self._seen_sends = 0, -1

    @property
    def closing(self) -> tuple[int, str] | None:
        """Code and reason once the socket is to be closed."""
        return self._closing

    def put(self, text: str) -> None:
        """Queue a frame; on a closing socket it is dropped."""
        if self._closing is not None:
            return
        self._queue.append(text)
        self._size += len(text)
        limits = self._limits
        if len(self._queue) > limits.frames + self._allowance or self._size > limits.size + self._allowed_size:
            self.overflow()
        elif self._is_idle:
            self._is_idle = False
            self._turn.add(self)

    def put_recovered(self, frames: Sequence[str]) -> None:
        """Queue what a subscription missed: bounded by the recovery itself, it does not count as lag."""
        if self._closing is None and frames:
            size = sum(map(len, frames))
            self._allowance += len(frames)
            self._allowed_size += size
            self._queue.extend(frames)
            self._size += size
            self._has_room.clear()
            if self._is_idle:
                self._is_idle = False
                self._turn.add(self)

    def overflow(self) -> None:
        """Give up on a peer that does not keep up."""
        if self._closing is None:
            self._queue.clear()
            self._queue.append(frame("resync_required", reason="too_slow"))
            self._size = len(self._queue[0])
            self.close(TOO_SLOW, "too slow: reconnect and subscribe from the last offset you have")

    def close(self, code: int, reason: str) -> None:
        """Close after what is queued, within the limit; the first code counts."""
        if self._closing is None:
            self._closing = (code, reason)
            self._has_room.set()
            self._wake.set()
            self._hurry()

    def abandon(self) -> None:
        """Send nothing more: the peer is gone. What is being sent is torn off."""
        self._closing = self._closing or GONE
        self._is_abandoned = True
        if self._limit is not None and not self._gone.is_set():
            self._limit.reschedule(asyncio.get_running_loop().time())

    def is_stalled(self) -> bool:
        """Whether the send that was under way at the last look still is."""
        stalled = self._in_flight and self._sends == self._seen_sends
        self._seen_sends = self._sends
        return stalled

    async def room(self) -> None:
        """Wait until an earlier recovery has left, or the socket closes."""
        await self._has_room.wait()

    async def gone(self) -> None:
        """Wait until the sender has ended."""
        await self._gone.wait()

    async def run(self) -> None:
        """Send until closed or until the peer is gone. Nothing is sent before; one task runs this, once."""
        try:
            async with asyncio.timeout(None) as self._limit:
                if self._is_abandoned:
                    return
                if self._closing is not None:
                    self._hurry()
                await self._send_all()
        except (TimeoutError, OSError):
            self._queue.clear()
        finally:
            self._closing = self._closing or GONE
            self._has_room.set()
            self._gone.set()

    def write(self) -> None:
        """Send what was put; what the peer does not take at once is left to the task."""
        if self._in_flight or self._gone.is_set():
            return
        while self._queue:
            text = self._take()
            if self._at_once is None or not self._at_once(text):
                self._refused = text
                self._wake.set()
                return
        if self._closing is None:
            self._all_sent()

    async def _send_all(self) -> None:
        while True:
            while (text := self._next()) is not None:
                self._in_flight = True
                await self._transport.send_text(text)
                self._in_flight = False
                self._sends += 1
            if self._closing is not None:
                await self._transport.close(*self._closing)
                return
            self._all_sent()
            self._wake.clear()
            await self._wake.wait()
            self._is_idle = False

    def _next(self) -> str | None:
        if self._refused is not None:
            text, self._refused = self._refused, None
            return text
        return self._take() if self._queue else None

    def _all_sent(self) -> None:
        self._is_idle = True
        if not self._has_room.is_set():
            self._allowance = self._allowed_size = 0
            self._has_room.set()

    def _take(self) -> str:
        """The next frame: all that is queued, as far as one frame goes."""
        queue, limits = self._queue, self._limits
        if len(queue) == 1 and not self._allowance and not self._allowed_size:
            self._size = 0
            return queue.pop()
        count, size = 1, len(queue[0])
        while count < min(len(queue), limits.batch_frames) and size + len(queue[count]) <= limits.batch_size:
            size += len(queue[count])
            count += 1
        batch = queue[:count]
        del queue[:count]
        self._size -= size
        self._allowance = max(0, self._allowance - count)
        self._allowed_size = max(0, self._allowed_size - size)
        return batch[0] if count == 1 else several(batch)

    def _hurry(self) -> None:
        if self._limit is not None and not self._gone.is_set():
            self._limit.reschedule(asyncio.get_running_loop().time() + self._limits.close_seconds)
