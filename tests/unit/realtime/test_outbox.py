"""A socket's queue: bounded, in order, several at once when it lags, closed in time."""

import asyncio
import json

from adapters.websocket.outbox import Outbox, OutboxLimits
from tests.unit.realtime.world import FakeSocket, turns


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
