"""The Python client against a real server over real sockets."""

import asyncio

import pytest

from adapters.client import Backoff, Event, Place, RealtimeClient, SignedOut, Subscription, SubscriptionRefused
from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from domain.identity import Actor, Role
from tests.integration.realtime.site import PATIENCE, Site

SOON = Backoff(first=0.01, longest=0.05)


async def no_tokens(renew: bool) -> str:
    return "nobody's"


def connected(site: Site, token: str, limit: int = 10_000) -> RealtimeClient:
    async def tokens(renew: bool) -> str:
        return token

    backoff = Backoff(first=0.01, longest=0.05)
    return RealtimeClient(f"ws://127.0.0.1:{site.port}/api/v1/ws", tokens, backoff=backoff, limit=limit)


async def take(subscription: Subscription, count: int) -> list[Event]:
    async with asyncio.timeout(PATIENCE):
        return [await anext(subscription) for _ in range(count)]


def offsets(events: list[Event]) -> list[int]:
    return [event.place.offset for event in events if event.place is not None]


async def drop_sockets(site: Site) -> None:
    """The connections break, as in a tunnel that ends."""
    connections = site.hub.manager.all()
    for connection in connections:
        connection.outbox.close(1011, "broken")
    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(connection.outbox.gone() for connection in connections))


async def test_python_client_broken_again_and_again_hears_every_event_once(site: Site) -> None:
    ada = await site.signed_in()
    async with connected(site, ada.access_token) as client:
        subscription = client.subscribe("guides", Place(site.hub.epoch, 0))
        heard: list[Event] = []
        for number in range(5):
            site.guide_changed()
            heard += await take(subscription, 1)
            await drop_sockets(site)
            for _ in range(number):
                site.guide_changed()
            heard += await take(subscription, number)

    assert offsets(heard) == list(range(1, 16))


async def test_python_client_message_of_a_session_is_written_once_and_heard(site: Site) -> None:
    ada = await site.signed_in()
    session = await site.session(Actor(member_id=ada.member_id, role=Role.PUBLIC))
    async with connected(site, ada.access_token) as client:
        subscription = client.subscribe(f"session:{session.id}", Place(site.hub.epoch, 0))
        first = await client.send_message(session.id, "How much should I risk?", "r-1")
        again = await client.send_message(session.id, "How much should I risk?", "r-1")
        events = await take(subscription, 3)

    assert first == again
    assert [event.type for event in events] == ["presence", "new_message", "new_message"]
    assert events[1].body["message"]["content"] == "How much should I risk?"


async def test_python_client_reader_who_lags_misses_nothing() -> None:
    async with Site(HubSettings(outbox=OutboxLimits(frames=5_000))) as site:
        ada = await site.signed_in()
        async with connected(site, ada.access_token, limit=50) as client:
            subscription = client.subscribe("guides", Place(site.hub.epoch, 0))
            site.guide_changed()
            await take(subscription, 1)
            for _ in range(1_000):
                site.guide_changed()
            await asyncio.sleep(0.2)
            rest = await take(subscription, 1_000)

    assert offsets(rest) == list(range(2, 1_002))


async def test_python_client_of_many_channels_says_no_more_at_once_than_the_server_takes(site: Site) -> None:
    ada = await site.signed_in()
    sessions = [await site.session(Actor(ada.member_id, Role.PUBLIC)) for _ in range(100)]
    async with connected(site, ada.access_token) as client:
        for session in sessions:
            client.subscribe(f"session:{session.id}")
        async with asyncio.timeout(PATIENCE):
            # Answered after all that was said before it, over the same socket.
            await client.send_message(sessions[0].id, "Is everybody here?")
        subscribed = [len(connection.subscriptions) for connection in site.hub.manager.all()]

    assert subscribed == [len(sessions)]


async def test_python_client_channel_above_the_role_is_refused(site: Site) -> None:
    ada = await site.signed_in()
    async with connected(site, ada.access_token) as client:
        with pytest.raises(SubscriptionRefused) as refusal:
            await take(client.subscribe("alerts"), 1)

    assert refusal.value.code == "not_allowed"


async def test_python_client_without_a_sign_in_is_told(site: Site) -> None:
    url = f"ws://127.0.0.1:{site.port}/api/v1/ws"
    async with RealtimeClient(url, no_tokens, backoff=SOON) as client:
        with pytest.raises(SignedOut):
            await take(client.subscribe("guides"), 1)


async def test_python_client_of_a_house_that_restarts_hears_what_happened_meanwhile(site: Site) -> None:
    ada = await site.signed_in()
    async with connected(site, ada.access_token) as client:
        subscription = client.subscribe("guides", Place(site.hub.epoch, 0))
        site.guide_changed()
        before = await take(subscription, 1)
        await site.restart()
        site.guide_changed()
        after = await take(subscription, 1)

    assert offsets(before + after) == [1, 2]


async def test_python_client_of_another_history_is_told_to_read_anew(site: Site) -> None:
    ada = await site.signed_in()
    async with connected(site, ada.access_token) as client:
        subscription = client.subscribe("guides", Place("an epoch of yesterday", 7))
        (event,) = await take(subscription, 1)

    assert event.is_resync
    assert event.place == Place(site.hub.epoch, 0)
