"""Whatever a client sends is answered, and where it goes on, the socket is closed."""

import json

import pytest

from adapters.websocket import HubSettings
from adapters.websocket.outbox import OutboxLimits
from domain.events import GUIDES
from entrypoints.http.socket_limits import SocketLimits
from tests.integration.realtime.site import Site
from tests.unit.realtime.world import turns

UUID = "019b0000-0001-7000-8000-000000000001"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("", "malformed"),
        ("{", "malformed"),
        ("null", "malformed"),
        ("[]", "malformed"),
        ("[" * 20_000, "malformed"),
        (b'{"type":"ping"}', "malformed"),
        (b"\xff\xfe", "malformed"),
        ("{}", "invalid"),
        ('{"type":"nosuch"}', "invalid"),
        ('{"type":7}', "invalid"),
        ('{"type":"ping","extra":1}', "invalid"),
        ('{"type":"subscribe"}', "invalid"),
        ('{"type":"subscribe","channel":7}', "malformed"),
        ('{"type":"subscribe","channel":""}', "invalid"),
        ('{"type":"subscribe","channel":"nosuch"}', "invalid"),
        ('{"type":"subscribe","channel":"session:x"}', "invalid"),
        ('{"type":"subscribe","channel":"guides","offset":1}', "invalid"),
        ('{"type":"subscribe","channel":"guides","epoch":"e","offset":-1}', "invalid"),
        ('{"type":"subscribe","channel":"guides","epoch":"e","offset":99999999999999999999}', "invalid"),
        ('{"type":"subscribe","channel":"alerts"}', "not_allowed"),
        (f'{{"type":"subscribe","channel":"user:{UUID}"}}', "not_allowed"),
        (f'{{"type":"subscribe","channel":"session:{UUID}"}}', "not_found"),
        ('{"type":"send_message","session_id":"x","content":"y","request_id":"z"}', "malformed"),
        (f'{{"type":"send_message","session_id":"{UUID}","content":"y","request_id":"z"}}', "not_found"),
        (f'{{"type":"send_message","session_id":"{UUID}","content":"  ","request_id":"z"}}', "invalid"),
        (f'{{"type":"send_message","session_id":"{UUID}","content":"y","request_id":"\\u00e9"}}', "invalid"),
        (f'{{"type":"cancel","message_id":"{UUID}"}}', "not_found"),
        (f'{{"type":"typing_start","session_id":"{UUID}"}}', "not_found"),
        ('{"type":"ping","pad":"' + "x" * 200_000 + '"}', "too_large"),
        ("\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16") * 40_000, "too_large"),
    ],
    ids=range(30),
)
async def test_socket_bad_frame_is_answered_and_survived(site: Site, frame: str | bytes, code: str) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        await client.connection.send(frame)
        error = await client.next()
        await client.say("ping")
        after = await client.next()

    assert (error["type"], error["error_code"]) == ("error", code)
    assert error["error_message"]
    assert after == {"type": "pong"}


async def test_socket_refused_frame_names_its_request(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        await client.say("send_message", session_id="x", content="y", request_id="r-1")
        message = await client.next()
        await client.say("subscribe", channel="nosuch")
        channel = await client.next()

    assert (message["request_id"], channel["channel"]) == ("r-1", "nosuch")


async def test_socket_endless_nonsense_is_closed_as_flood(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        for _ in range(30):
            await client.connection.send("nonsense")
        code, frames = await client.closed()

    assert code == 4029
    assert [frame["error_code"] for frame in frames] == ["malformed"] * 11 + ["too_many_requests"]


async def test_socket_flood_is_told_and_then_closed(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        for _ in range(400):
            await client.connection.send('{"type":"ping"}')
        code, frames = await client.closed()

    assert code == 4029
    assert frames[0] == {"type": "pong"}
    assert frames[-1]["error_code"] == "too_many_requests"
    assert frames[-1]["retry_after_ms"] > 0


async def test_socket_short_burst_is_fine(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        for _ in range(60):
            await client.say("ping")
        frames = [await client.next() for _ in range(60)]

    assert frames == [{"type": "pong"}] * 60


async def test_socket_failure_of_ours_is_told_and_survived(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.hear("welcome")
        site.log.failure = RuntimeError("the disk is full")
        await client.say("subscribe", channel="guides")
        error = await client.next()
        site.log.failure = None
        await client.say("subscribe", channel="guides")
        subscribed = await client.hear("subscribed")

    assert (error["error_code"], error["channel"]) == ("internal", "guides")
    assert subscribed["channel"] == "guides"


async def test_socket_too_many_subscriptions_are_refused() -> None:
    async with Site(HubSettings(max_subscriptions=1)) as site:
        ada = await site.signed_in()
        async with site.open(ada.access_token) as client:
            await client.say("subscribe", channel="guides")
            await client.say("subscribe", channel="system")
            await client.say("subscribe", channel="guides")
            await client.hear("welcome")
            frames = [await client.next() for _ in range(3)]

    assert [frame["type"] for frame in frames] == ["subscribed", "error", "subscribed"]


async def test_socket_that_never_reads_delays_nobody() -> None:
    limits = OutboxLimits(frames=50, close_seconds=0.2)
    async with Site(HubSettings(outbox=limits)) as site:
        ada, ben = await site.signed_in(), await site.signed_in("ben")
        async with (
            site.open(ada.access_token, max_queue=1, close_timeout=0.1, compression=None) as deaf,
            site.open(ben.access_token) as client,
        ):
            for each in (deaf, client):
                await each.say("subscribe", channel=GUIDES)
                await each.hear("subscribed")
            told, (slow,) = 0, site.hub.manager.of_user(ada.member_id)
            while slow.outbox.closing is None:
                for _ in range(20):
                    site.hub.manager.broadcast_to_channel(GUIDES, "system_update", {"pad": "x" * 50_000})
                for _ in range(20):
                    await client.hear("system_update")
                told += 20
            await slow.outbox.gone()
            await turns(5)
            stats = site.hub.manager.stats()

    assert told < 2_000
    assert stats.connections_by_user == {ben.member_id: 1}
    assert stats.connections_by_channel == {GUIDES: 1}


async def test_socket_that_lags_is_told_to_resync_and_closed() -> None:
    async with Site(HubSettings(outbox=OutboxLimits(frames=20))) as site:
        ada = await site.signed_in()
        async with site.open(ada.access_token) as client:
            await client.say("subscribe", channel=GUIDES)
            await client.hear("subscribed")
            for _ in range(30):
                site.guide_changed()
            code, frames = await client.closed()
        async with site.open(ada.access_token) as client:
            await client.say("subscribe", channel=GUIDES, epoch=site.store.epoch, offset=0)
            await client.hear("subscribed")
            missed = [await client.hear("guide_updated") for _ in range(30)]

    assert code == 4008
    assert frames == [{"type": "resync_required", "reason": "too_slow"}]
    assert [frame["offset"] for frame in missed] == list(range(1, 31))


async def test_socket_lagging_frames_come_several_at_once(site: Site) -> None:
    ada = await site.signed_in()

    async with site.open(ada.access_token) as client:
        await client.say("subscribe", channel=GUIDES)
        await client.hear("subscribed")
        for _ in range(10):
            site.guide_changed()
        together = json.loads(await client.connection.recv())

    assert [frame["offset"] for frame in together] == list(range(1, 11))


async def test_socket_limits_hold_the_longest_message() -> None:
    widest = json.dumps(
        {"type": "send_message", "session_id": UUID, "content": "\U0001f600" * 10_000, "request_id": "r" * 200}
    )

    assert len(widest) <= SocketLimits().max_frame_bytes
