"""What a client hears of a channel: in order, once, over any number of breaks."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.client import Event, RealtimeClient, Subscription, SubscriptionRefused
from tests.support.apart import run_apart
from tests.unit.client.server import EPOCH, PlayedServer, offsets, place, settled


@pytest.fixture
def server() -> PlayedServer:
    return PlayedServer()


@pytest.fixture
async def client(server: PlayedServer) -> AsyncIterator[RealtimeClient]:
    async with server.client(limit=5) as connected:
        await settled()
        server.socket.welcome()
        await settled()
        yield connected


async def taken(subscription: Subscription) -> list[Event]:
    """All that can be taken without waiting."""
    events: list[Event] = []
    while True:
        taking = asyncio.ensure_future(anext(subscription))
        await settled()
        if not taking.done():
            taking.cancel()
            return events
        events.append(taking.result())


async def heard(server: PlayedServer, client: RealtimeClient, *, until: int = 2) -> Subscription:
    """A subscription that has heard and given out the events up to that offset."""
    subscription = client.subscribe("guides")
    await settled()
    server.socket.subscribed(0)
    for offset in range(1, until + 1):
        server.socket.event(offset)
    await settled()
    assert offsets(await taken(subscription)) == list(range(1, until + 1))
    return subscription


async def test_subscription_before_the_connection_is_asked_for_once_there_is_one(server: PlayedServer) -> None:
    async with server.client() as client:
        client.subscribe("guides")
        await settled()
        said_before = list(server.socket.said)
        server.socket.welcome()
        await settled()

    assert said_before == []
    assert server.socket.said == [{"type": "subscribe", "channel": "guides"}]


async def test_subscription_from_a_place_asks_for_what_was_missed(server: PlayedServer, client: RealtimeClient) -> None:
    client.subscribe("guides", place(7))
    await settled()

    assert server.socket.said == [{"type": "subscribe", "channel": "guides", "epoch": EPOCH, "offset": 7}]


async def test_subscription_after_a_break_goes_on_where_it_was_without_repeats(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    server.socket.cut()
    socket = await server.reconnect()
    asked = socket.of_type("subscribe")
    socket.event(9, kind="stray")
    socket.subscribed(4, recovered=True)
    for offset in (2, 3, 4, 5):
        socket.event(offset)
    await settled()

    assert asked == [{"type": "subscribe", "channel": "guides", "epoch": EPOCH, "offset": 2}]
    assert offsets(await taken(subscription)) == [3, 4, 5]


async def test_subscription_that_heard_nothing_yet_resumes_from_where_it_began(
    server: PlayedServer, client: RealtimeClient
) -> None:
    client.subscribe("guides")
    await settled()
    server.socket.subscribed(4)
    await settled()
    server.socket.cut()
    socket = await server.reconnect()

    assert socket.of_type("subscribe") == [{"type": "subscribe", "channel": "guides", "epoch": EPOCH, "offset": 4}]


async def test_subscription_events_that_come_together_are_taken_apart(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    frames = ",".join(f'{{"type":"x","channel":"guides","epoch":"{EPOCH}","offset":{n}}}' for n in (3, 4))
    server.socket.tell_text(f"[{frames}]")
    await settled()

    assert offsets(await taken(subscription)) == [3, 4]


async def test_subscription_that_cannot_be_recovered_says_so_in_its_place(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    server.socket.tell("resync_required", channel="guides", epoch="e2", offset=1, reason="epoch_changed")
    server.socket.tell("guide_updated", channel="guides", epoch="e2", offset=2)
    await settled()

    events = await taken(subscription)
    assert [event.is_resync for event in events] == [True, False]
    assert subscription.place == events[1].place


async def test_subscription_read_anew_passes_over_what_the_reading_holds(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    server.socket.event(4, kind="resync_required", reason="log_pruned")
    for offset in (5, 6, 7):
        server.socket.event(offset)
    await settled()

    resync = await anext(subscription)
    subscription.move_to(place(6))
    assert resync.is_resync
    assert offsets(await taken(subscription)) == [7]


async def test_subscription_of_a_reader_who_lags_pauses_and_misses_nothing(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    for offset in range(3, 12):
        server.socket.event(offset)
    await settled()
    paused = server.socket.of_type("unsubscribe")
    server.socket.tell("unsubscribed", channel="guides", reason="requested")
    first = offsets(await taken(subscription))
    asked = server.socket.of_type("subscribe")[-1]
    server.socket.subscribed(11, recovered=True)
    for offset in range(first[-1] + 1, 12):
        server.socket.event(offset)
    await settled()

    assert paused == [{"type": "unsubscribe", "channel": "guides"}]
    assert asked["offset"] == first[-1]
    assert first + offsets(await taken(subscription)) == list(range(3, 12))


async def test_subscription_paused_over_a_break_is_asked_for_only_when_the_reader_comes(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    for offset in range(3, 12):
        server.socket.event(offset)
    await settled()
    server.socket.cut()
    socket = await server.reconnect()
    before = socket.of_type("subscribe")
    first = offsets(await taken(subscription))

    assert before == []
    assert [frame["offset"] for frame in socket.of_type("subscribe")] == [first[-1]]


async def test_subscription_refused_raises_what_the_server_said(server: PlayedServer, client: RealtimeClient) -> None:
    subscription = client.subscribe("alerts")
    server.socket.tell("error", channel="alerts", error_code="not_allowed", error_message="ADMIN only.")

    with pytest.raises(SubscriptionRefused, match="ADMIN only") as refusal:
        await anext(subscription)
    assert refusal.value.code == "not_allowed"
    assert client.subscribe("alerts") is not subscription


async def test_subscription_refused_for_now_is_asked_for_again(server: PlayedServer, client: RealtimeClient) -> None:
    client.subscribe("guides")
    await settled()
    server.socket.tell("error", channel="guides", error_code="unavailable", error_message="Later.")
    await settled()
    server.wake()
    await settled()

    assert len(server.socket.of_type("subscribe")) == 2


async def test_subscription_whose_right_is_lost_ends_and_says_why(server: PlayedServer, client: RealtimeClient) -> None:
    subscription = await heard(server, client)
    server.socket.event(3)
    server.socket.tell("unsubscribed", channel="guides", reason="not_allowed")
    await settled()

    assert offsets([event async for event in subscription]) == [3]
    assert subscription.ended == "not_allowed"


async def test_subscription_ended_by_the_client_is_told_to_the_server(
    server: PlayedServer, client: RealtimeClient
) -> None:
    subscription = await heard(server, client)
    client.unsubscribe(subscription)
    client.unsubscribe(subscription)
    await settled()

    assert [event async for event in subscription] == []
    assert server.socket.of_type("unsubscribe") == [{"type": "unsubscribe", "channel": "guides"}]


async def test_subscription_to_a_channel_twice_is_refused(client: RealtimeClient) -> None:
    client.subscribe("guides")

    with pytest.raises(ValueError, match="guides is subscribed already"):
        client.subscribe("guides")


async def test_subscription_of_a_closed_client_ends(server: PlayedServer) -> None:
    async with server.client() as client:
        subscription = client.subscribe("guides")
        await settled()

    assert [event async for event in subscription] == []
    assert subscription.ended == "closed"
    assert server.socket.is_closed


class LoggedServer(PlayedServer):
    """A server that follows the protocol: a log, and answers from it to what the client says."""

    def __init__(self) -> None:
        super().__init__()
        self.log = 0
        self._answered = 0
        self._is_heard = False

    async def publish(self) -> None:
        self.log += 1
        if self._is_heard:
            self.socket.event(self.log)

    async def cut(self) -> None:
        self.socket.cut()
        await self.reconnect()
        self._answered, self._is_heard = 0, False

    async def serve(self) -> None:
        await settled()
        for frame in self.socket.said[self._answered :]:
            self._is_heard = frame["type"] == "subscribe"
            if self._is_heard:
                self.socket.subscribed(self.log, recovered=True)
                for offset in range(frame["offset"] + 1, self.log + 1):
                    self.socket.event(offset)
            else:
                self.socket.tell("unsubscribed", channel="guides", reason="requested")
        self._answered = len(self.socket.said)
        await settled()


@given(st.lists(st.sampled_from(["publish", "publish", "publish", "cut", "take", "serve"]), max_size=60))
def test_subscription_over_any_breaks_and_pauses_gives_every_event_once_in_order(steps: list[str]) -> None:
    got, published = run_apart(_played(steps))

    assert got == list(range(1, published + 1))


async def _played(steps: list[str]) -> tuple[list[int], int]:
    """The offsets that the reader took, and how many events there were."""
    server, got = LoggedServer(), list[int]()
    async with server.client(limit=4) as client:
        subscription = client.subscribe("guides", place(0))
        await settled()
        server.socket.welcome()
        does = {"publish": server.publish, "cut": server.cut, "serve": server.serve}
        for step in steps:
            if step == "take":
                got += offsets(await taken(subscription))
            else:
                await does[step]()
        for _ in range(server.log + 2):
            await server.serve()
            got += offsets(await taken(subscription))
    return got, server.log
