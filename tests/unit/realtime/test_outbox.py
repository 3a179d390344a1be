"""A socket's queue: bounded, in order, several at once when it lags, closed in time."""

import asyncio
import json
from collections.abc import Callable

import pytest

from adapters.websocket.end_of_turn import EndOfTurn
from adapters.websocket.outbox import Outbox, OutboxLimits
from adapters.websocket.signal import Signal
from tests.unit.realtime.world import FakeSocket, turns


class ReadyPeer(FakeSocket):
    """A peer that takes frames at once, as long as it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.waited_for: list[str] = []

    @property
    def at_once(self) -> Callable[[str], bool]:
        return self._take

    async def send_text(self, text: str) -> None:
        self.waited_for.append(text)
        await super().send_text(text)

    def _take(self, text: str) -> bool:
        if self.is_gone or not self._reads.is_set():
            return False
        self._keep(text)
        return True


def frames(count: int, first: int = 0) -> list[str]:
    return [json.dumps({"type": "n", "n": number}) for number in range(first, first + count)]


def numbers(peer: FakeSocket) -> list[int]:
    return [frame["n"] for frame in peer.frames if frame["type"] == "n"]


async def test_outbox_lagging_peer_gets_several_at_once() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(batch_frames=4))
    for text in frames(10):
        outbox.put(text)
    task = asyncio.ensure_future(outbox.run())
    await turns(5)
    outbox.close(1000, "done")
    await task

    assert [len(json.loads(text)) for text in peer.writes] == [4, 4, 2]
    assert numbers(peer) == list(range(10))
    assert peer.closed == (1000, "done")


async def test_outbox_batches_stay_below_their_size() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(batch_size=50))
    for text in frames(4):
        outbox.put(text)
    outbox.close(1000, "done")
    await outbox.run()

    assert [len(text) < 55 for text in peer.writes] == [True, True]


async def test_outbox_full_drops_all_and_says_so() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(frames=5))
    for text in frames(7):
        outbox.put(text)
    await outbox.run()

    assert peer.frames == [{"type": "resync_required", "reason": "too_slow"}]
    assert peer.closed is not None
    assert peer.closed[0] == 4008


async def test_outbox_too_large_in_all_is_too_slow() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(size=100))
    outbox.put("x" * 101)
    await outbox.run()

    assert peer.frames == [{"type": "resync_required", "reason": "too_slow"}]


async def test_outbox_recovered_events_are_no_lag() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(frames=5))
    outbox.put_recovered(frames(20))
    for text in frames(5, first=20):
        outbox.put(text)
    outbox.close(1000, "done")
    await outbox.run()

    assert numbers(peer) == list(range(25))


async def test_outbox_live_events_beyond_recovered_are_bounded() -> None:
    outbox = Outbox(FakeSocket(), OutboxLimits(frames=5))
    outbox.put_recovered(frames(20))
    for text in frames(6):
        outbox.put(text)

    assert outbox.closing is not None


async def test_outbox_room_comes_when_recovered_events_left() -> None:
    outbox = Outbox(FakeSocket(), OutboxLimits())
    outbox.put_recovered(frames(3))
    waiting = asyncio.ensure_future(outbox.room())
    await turns(3)
    waited = not waiting.done()
    task = asyncio.ensure_future(outbox.run())
    await turns(5)
    outbox.close(1000, "done")
    await task

    assert waited
    assert waiting.done()


async def test_outbox_deaf_peer_does_not_hold_up_the_end() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(close_seconds=0))
    outbox.put("{}")
    task = asyncio.ensure_future(outbox.run())
    peer.stop_reading()
    await turns(3)
    outbox.close(1012, "going away")
    await asyncio.gather(task, outbox.gone())

    assert peer.closed is None


async def test_outbox_gone_peer_ends_it_quietly() -> None:
    peer = FakeSocket()
    peer.is_gone = True
    outbox = Outbox(peer, OutboxLimits())
    outbox.put("{}")
    await outbox.run()
    outbox.put("{}")

    assert outbox.closing == (1006, "the peer is gone")


async def test_outbox_first_reason_to_close_counts() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits())
    outbox.close(4001, "not signed in")
    outbox.close(1012, "going away")
    outbox.put("{}")
    outbox.put_recovered(["{}"])
    await outbox.run()

    assert (peer.closed, peer.frames) == ((4001, "not signed in"), [])


async def test_outbox_slow_send_is_stalled_at_the_second_look() -> None:
    peer = FakeSocket()
    outbox = Outbox(peer, OutboxLimits(close_seconds=0))
    peer.stop_reading()
    outbox.put("{}")
    task = asyncio.ensure_future(outbox.run())
    await turns(3)
    looks = [outbox.is_stalled(), outbox.is_stalled()]
    peer.read_on()
    await turns(3)
    looks.append(outbox.is_stalled())
    outbox.close(1000, "done")
    await task

    assert looks == [False, True, False]


async def test_outbox_reading_peer_gets_a_turn_as_one_frame() -> None:
    peer = ReadyPeer()
    outbox = Outbox(peer, OutboxLimits())
    task = asyncio.ensure_future(outbox.run())
    await turns(3)
    for first in (0, 3):
        for text in frames(3, first):
            outbox.put(text)
        await turns(2)
    outbox.put('{"type": "n", "n": 6}')
    outbox.close(1000, "done")
    await task

    assert [len(json.loads(text)) for text in peer.writes[:2]] == [3, 3]
    assert numbers(peer) == list(range(7))
    assert peer.closed == (1000, "done")


async def test_outbox_peer_that_stops_reading_loses_nothing() -> None:
    peer = ReadyPeer()
    outbox = Outbox(peer, OutboxLimits())
    task = asyncio.ensure_future(outbox.run())
    await turns(3)
    peer.stop_reading()
    for number in range(4):
        outbox.put(frames(1, number)[0])
        await turns(2)
    waited = len(peer.waited_for)
    peer.read_on()
    await turns(5)
    outbox.put(frames(1, 4)[0])
    await turns(2)
    outbox.close(1000, "done")
    await task

    assert waited == 1
    assert numbers(peer) == list(range(5))


async def test_outbox_peer_that_never_reads_is_closed_as_too_slow() -> None:
    peer = ReadyPeer()
    outbox = Outbox(peer, OutboxLimits(frames=5, close_seconds=0))
    task = asyncio.ensure_future(outbox.run())
    peer.stop_reading()
    for text in frames(20):
        outbox.put(text)
        await turns(2)
    await task

    assert outbox.closing is not None
    assert outbox.closing[0] == 4008
    assert peer.frames == []


async def test_outbox_abandoned_in_mid_send_ends_at_once() -> None:
    peer = ReadyPeer()
    outbox = Outbox(peer, OutboxLimits(close_seconds=3_600))
    task = asyncio.ensure_future(outbox.run())
    peer.stop_reading()
    outbox.put("{}")
    await turns(3)
    outbox.abandon()
    await asyncio.gather(task, outbox.gone())

    assert (peer.writes, outbox.closing) == ([], (1006, "the peer is gone"))


async def test_outbox_abandoned_before_it_runs_sends_nothing() -> None:
    peer = ReadyPeer()
    outbox = Outbox(peer, OutboxLimits())
    outbox.put("{}")
    outbox.abandon()
    await outbox.run()

    assert (peer.writes, peer.closed) == ([], None)


async def test_end_of_turn_one_that_fails_keeps_no_other_from_its_frames(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(ReadyPeer):
        def _take(self, text: str) -> bool:
            raise RuntimeError(text)

    turn, broken, sound = EndOfTurn(), Broken(), ReadyPeer()
    outboxes = [Outbox(peer, OutboxLimits(close_seconds=0), turn) for peer in (broken, sound)]
    tasks = [asyncio.ensure_future(outbox.run()) for outbox in outboxes]
    await turns(3)
    for outbox in outboxes:
        outbox.put("{}")
    await turns(2)
    for outbox in outboxes:
        outbox.close(1000, "done")
    await asyncio.gather(*tasks)

    assert sound.writes == ["{}"]
    assert "frames_not_written" in caplog.text


async def test_signal_lets_all_go_who_wait_and_none_who_comes_later() -> None:
    signal = Signal()
    waiting = [asyncio.ensure_future(signal.wait()) for _ in range(3)]
    await turns(2)
    waiting[0].cancel()
    signal.set()
    signal.clear()
    await turns(2)
    later = asyncio.ensure_future(signal.wait())
    await turns(2)
    ended = [task.done() for task in (*waiting, later)]
    later.cancel()

    assert ended == [True, True, True, False]
    assert waiting[0].cancelled()
